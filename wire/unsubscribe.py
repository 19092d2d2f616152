"""The link in a mail that ends the mails, for whoever holds it: no login, no end of validity."""

from collections.abc import Iterable
from uuid import UUID

from wire import signed_ids

PATH = "/unsubscribe"
PURPOSE = b"unsubscribe from mail, 1"


def link(base_url: str, secret: str, user_id: UUID) -> str:
    return f"{base_url}{PATH}?token={token(secret, user_id)}"


def token(secret: str, user_id: UUID) -> str:
    return signed_ids.token(secret, PURPOSE, user_id)


def reader(secrets: Iterable[str], given: str) -> UUID | None:
    """Whose token it is; None if none of the secrets made it."""
    return signed_ids.read(secrets, PURPOSE, given)
