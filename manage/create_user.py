"""``create-user``: makes an account, of the staff too."""

import contextlib
import sys
from collections.abc import Set as AbstractSet
from functools import partial

import click
from pydantic import ValidationError

from config import Database, Misconfigured, read, settings
from desk import audit
from desk.accounts import accounts
from desk.accounts.accounts import Signup
from desk.accounts.passwords import require_own
from desk.errors import Invalid
from desk.jobs import Job
from desk.outbox import outbox
from manage.database import transaction
from manage.timeouts import within
from models import Role
from server.identity.breaches import breach_list
from server.identity.new_passwords import require_unbreached
from server.identity.passwords import hashed
from wire.broker import celery_app, wake

WAKE_SECONDS = 2.0
# Stands in until the password is asked for, so that a wrong address is told before.
NOT_YET = "-" * 8


@click.command()
@click.option("--email", required=True)
@click.option("--full-name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
def create_user(email: str, full_name: str, role: str, password_stdin: bool) -> None:
    """Create an account.

    Asks for the password, twice, unless it comes on the standard input.
    """
    _checked(email, full_name, NOT_YET)
    new = _checked(email, full_name, _from_stdin() if password_stdin else _asked())
    with transaction() as session:
        made = accounts.create(
            session,
            new.email,
            new.full_name,
            _hashed(new),
            Role(role),
            read(Database).default_capacity,
        )
        audit.record(
            session,
            "user_added",
            actor_id=None,
            subject_type="user",
            subject_id=made.id,
            data={"role": made.role},
        )
        wakes = outbox(session).wakes
    _hasten(wakes)
    click.echo(f"Created {made.role} {made.email} ({made.full_name}) with id {made.id}")


def _checked(email: str, full_name: str, password: str) -> Signup:
    try:
        return Signup(email=email, full_name=full_name, password=password)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise click.ClickException(f"{name}: {first['msg']}") from None


def _hashed(new: Signup) -> str:
    """Refuses what the pages refuse."""
    breaches = breach_list(read(Database).password_breach_list)
    try:
        require_own(new.password, "/password", new.email, new.full_name, "")
        require_unbreached(new.password, "/password", breaches)
    except Invalid as error:
        raise click.ClickException(f"password: {error.detail}") from None
    return hashed(new.password)


def _asked() -> str:
    if not sys.stdin.isatty():
        raise click.ClickException("There is no terminal to ask on: use --password-stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _from_stdin() -> str:
    """All of it, without the line's end."""
    try:
        given = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise click.ClickException("password: is not UTF-8") from None
    return given.removesuffix("\n").removesuffix("\r")


def _hasten(jobs: AbstractSet[Job]) -> None:
    """Wakes a worker, as a web process does after its commit. May fail: beat comes by anyway."""
    with contextlib.suppress(Exception, Misconfigured):
        app = celery_app(settings().broker_url, settings().key_prefix)
        for job in jobs:
            within(WAKE_SECONDS, partial(wake, app, job))
