"""``harvest verify``: whether the store holds what was written to it."""

import click

from harvest_assets.cli.options import json_option
from harvest_assets.cli.output import print_json, say
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.verification import Verification


@click.command()
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@json_option
@click.pass_context
def verify(ctx: click.Context, sources: tuple[str, ...], *, as_json: bool) -> None:
    """Read the current documents and the files of the current versions, and compare them with their SHA-256 and index.

    Exit 1 when something is wrong.
    """
    installation = Installation.open()
    known = installation.store.manifests.scopes("documents")
    for source in set(sources) - set(known):
        installation.catalog.source(source)
    verification = Verification(installation)
    problems = [problem for source in sources or known for problem in verification.check_source(source)]
    problems += [problem for dataset in installation.catalog.datasets for problem in verification.check_version(dataset, sources)]
    if as_json:
        print_json({"files": verification.files, "problems": problems})
    else:
        for problem in problems:
            say(problem)
        say(f"{verification.files} files read, {len(problems) or 'no'} {'problem' if len(problems) == 1 else 'problems'}")
    ctx.exit(1 if problems else 0)
