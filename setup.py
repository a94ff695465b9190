"""Package metadata, entry points and the ranges of what we depend on; ``requirements*.txt`` pin what was tested."""

from setuptools import find_packages, setup

setup(
    name="harvest_assets",
    version="0.1.0",
    description="Collect what others publish and publish it again, as dataset versions that can be trusted.",
    license="Apache-2.0",
    packages=find_packages(include=["harvest_assets", "harvest_assets.*"]),
    package_data={"harvest_assets": ["py.typed"]},
    python_requires=">=3.11",
    install_requires=[
        "dagster>=1.13.27,<1.14",
        "dagster-webserver>=1.13.27,<1.14",
        "dagster-postgres>=0.29.27,<0.30",
        "dagster-aws>=0.29.27,<0.30",
        "sqlalchemy<2.1",  # 2.1 makes psycopg 3 the default driver, with which dagster-postgres fails
        "click>=8.1",
        "croniter>=3",
        "duckdb>=1.4",
        "filelock>=3.16",
        "loky>=3.4",
        "lxml>=6",
        "obstore>=0.9",
        "orjson>=3.10",
        "pandas>=2.2",
        "pillow>=12",
        "pyarrow>=20",
        "pydantic>=2.10",
        "pyyaml>=6",
        "requests>=2.32",
        "rich>=13",
    ],
    extras_require={
        "dev": [
            "cryptography",  # certificates for the TLS tests
            "dagster-dg-cli",
            "hypothesis",
            "import-linter",
            "lxml-stubs",
            "moto[server]",
            "oai-repo",
            "pandas-stubs",
            "pyoai",
            "pypdfium2",  # reads the PDFs that the loopback universe makes
            "pyright",
            "pytest",
            "pytest-cov",
            "pytest-randomly",
            "pytest-timeout",
            "pytest-xdist",
            "ruff",
            "sickle",
            "syrupy",
            "types-PyYAML",
            "types-requests",
        ],
    },
    entry_points={
        "console_scripts": ["harvest = harvest_assets.cli:main"],
        "harvest_assets.protocols": [
            "oai-pmh = harvest_assets.harvest.oai_pmh:OaiPmh",
            "json = harvest_assets.harvest.json_api:JsonApi",
            "sitemap = harvest_assets.harvest.sitemap:Sitemap",
            "feed = harvest_assets.harvest.feed:Feed",
            "files = harvest_assets.harvest.files:Files",
        ],
        "harvest_assets.extractors": [
            "oai_dc = harvest_assets.extract.oai_dc:OaiDc",
            "mapping = harvest_assets.extract.mapping:Mapping",
        ],
        "harvest_assets.document_tasks": [
            "url_checks = harvest_assets.derive.url_checks:UrlChecks",
            "image_previews = harvest_assets.derive.image_previews:ImagePreviews",
        ],
    },
)
