"""``harvest intake``: wait for records that are sent to us."""

import logging
import sys

import click

from harvest_assets.cli.output import say, warn
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.installation import Installation


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8780, show_default=True, help="Port to listen at.")
def intake(host: str, port: int) -> None:
    """Take in single records that sources send, until Ctrl-C; a run of Dagster lays them into their latest day."""
    from harvest_assets.cli.intake_app import build_app, open_doors  # noqa: PLC0415 - loads the web server
    from harvest_assets.cli.intake_server import serve  # noqa: PLC0415 - as above

    installation = Installation.open()
    doors, problems = open_doors(installation)
    for problem in problems:
        warn(problem)
    if not doors:
        raise ConfigurationError("no source takes records in; give one the key intake: {secret: '${ENV:NAME}'}")
    for slug in doors:
        say(f"POST http://{host}:{port}/intake/{slug}")
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(message)s")
    serve(build_app(installation, doors), host, port)
