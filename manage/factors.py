"""``remove-factors`` and ``reseal-factors``: what an operator does about second factors."""

from datetime import UTC, datetime

import click
from sqlalchemy import select

from config import Settings, read
from desk.factors import administration, totp
from manage import environment
from manage.database import transaction
from models import User


@click.command()
@click.option("--email", required=True)
def remove_factors(email: str) -> None:
    """Take away somebody's second factor and passkeys.

    For who has lost them, where no other admin is there to do it. Their sessions end, and they are
    mailed.
    """
    with transaction() as session:
        user_id = session.scalar(select(User.id).where(User.email == email.strip().lower()))
        if user_id is None:
            raise click.ClickException(f"There is no account with the address {email}")
        administration.remove(session, user_id, datetime.now(UTC), actor_id=None)
    click.echo("Done: the password alone signs in, and every session is over")


@click.command()
def reseal_factors() -> None:
    """Seal the secrets of second factors under the newest key.

    After a change of JWT_SECRET_KEY, while JWT_PREVIOUS_SECRET_KEY is still set.
    """
    environment.enter()
    keys = read(Settings).secrets
    with transaction() as session:
        done, lost = totp.reseal(session, keys)
    click.echo(f"{done:7} secrets sealed anew")
    if lost:
        click.echo(
            f"{lost:7} open with neither key: their people need a recovery code, or an admin"
        )
