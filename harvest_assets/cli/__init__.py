"""``harvest``: the command line. It says in words what the stages did; the work is done below."""

from harvest_assets.cli.group import main

__all__ = ["main"]
