"""The command ``harvest`` as a whole: its commands, and how errors end it.

Exit codes: 0 done, 1 something failed or a check found problems, 2 wrong usage or configuration. Dagster is imported by the commands that
start runs, when they start one: it takes two seconds.
"""

import click

from harvest_assets.cli.changes import changes
from harvest_assets.cli.demo import demo
from harvest_assets.cli.dev import dev
from harvest_assets.cli.doctor import doctor
from harvest_assets.cli.explain import explain
from harvest_assets.cli.intake import intake
from harvest_assets.cli.plan import plan
from harvest_assets.cli.preview import preview
from harvest_assets.cli.promotions import promote, rollback
from harvest_assets.cli.quarantine import quarantine
from harvest_assets.cli.reset import reset
from harvest_assets.cli.run import accept, release, run
from harvest_assets.cli.sources import sources
from harvest_assets.cli.status import status
from harvest_assets.cli.tasks import tasks
from harvest_assets.cli.verify import verify
from harvest_assets.errors import ConfigurationError, HarvestError

FAILED = 1
WRONG_USAGE = 2


class Commands(click.Group):
    """Commands whose errors are one line on standard error; a defect of ours keeps its traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command and end with its exit code."""
        try:
            return super().invoke(ctx)
        except HarvestError as error:
            click.echo(f"harvest: {' '.join(str(error).split())}", err=True)
            ctx.exit(WRONG_USAGE if isinstance(error, ConfigurationError) else FAILED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="harvest_assets", prog_name="harvest")
def main() -> None:
    """Collect what others publish and publish it again, as dataset versions that can be trusted."""


for command in (
    sources,
    preview,
    plan,
    run,
    release,
    status,
    tasks,
    quarantine,
    reset,
    accept,
    promote,
    rollback,
    changes,
    explain,
    verify,
    demo,
    dev,
    doctor,
    intake,
):
    main.add_command(command)
