"""Where a command finds the servers: the environment, ``.env``, or the embedded ones that run."""

import os
from pathlib import Path

import click

from dev.settings import given
from embedded.servers import running

STATE = Path(".data")


def enter() -> None:
    """Completes the environment from the embedded servers that run here.

    Raises `ClickException` where there is no database to work with.
    """
    known = given(Path.cwd())
    found = running(STATE) or {}
    if "DATABASE_URL" not in known | found.keys():
        raise click.ClickException(
            "there is no database to work with: start `make run` first, or set DATABASE_URL"
        )
    if "DATABASE_URL" in known & found.keys():
        return  # What runs here belongs to another database than the one that was asked for.
    if "DATABASE_URL" in found:  # An owner who was set is that of another database.
        known -= {"MIGRATION_DATABASE_URL"}
    os.environ.update({name: value for name, value in found.items() if name not in known})


def is_embedded() -> bool:
    """Whether the database is our own one, after `enter`."""
    return os.environ.get("EMBEDDED") == "1"
