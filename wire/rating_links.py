"""The links in a mail by which a ticket is rated, for whoever holds them: no login.

For how long they are good is the ticket's matter (`desk.tickets.rating_asks.LIFETIME`).
"""

from collections.abc import Iterable
from uuid import UUID

from wire import signed_ids

PATH = "/rate"
PURPOSE = b"rate a ticket, 1"
SCORES = range(1, 6)


def links(base_url: str, secret: str, ticket_id: UUID) -> dict[int, str]:
    """By the score that is chosen on the page already."""
    page = f"{base_url}{PATH}/{token(secret, ticket_id)}"
    return {score: f"{page}?score={score}" for score in SCORES}


def token(secret: str, ticket_id: UUID) -> str:
    return signed_ids.token(secret, PURPOSE, ticket_id)


def ticket_of(secrets: Iterable[str], given: str) -> UUID | None:
    """The ticket that the token is of; None if none of the secrets made it."""
    return signed_ids.read(secrets, PURPOSE, given)
