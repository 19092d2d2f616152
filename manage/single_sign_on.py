"""Single sign-on: takes a link to the identity provider back."""

import click

from desk.accounts import single_sign_on
from manage.database import transaction


@click.command("unlink-identity")
@click.argument("email")
def unlink_identity(email: str) -> None:
    """Takes the link to the identity provider off the account with an address.

    The next who signs in with the address, verified, gets the link: for somebody whom the provider
    has made anew.
    """
    with transaction() as session:
        unlinked = single_sign_on.unlink(session, email)
    click.echo(f"{unlinked} identities unlinked")
