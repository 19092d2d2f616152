"""What others have of a person's tickets beside these: how they were called when something was
told, and answers that could be given once more.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.erasure.words import TITLE

ERASE_TITLES = text(
    """
    update notifications set data = data || jsonb_build_object('title', cast(:title as text))
    where ticket_id in (select id from tickets where user_id = :me) and data ->> 'title' <> :title
    """
)
ERASE_SNAPSHOTS = text(
    """
    update webhook_deliveries
    set ticket = ticket || jsonb_build_object('title', cast(:title as text), 'fields', '{}'::jsonb)
    where ticket ->> 'user_id' = :name
    """
)
# Whoever is named in an answer is so by their id, too.
FORGET_ANSWERS = text(
    "delete from idempotency_keys where position(convert_to(:name, 'UTF8') in answer) > 0"
)


def erase_titles(session: Session, user_id: UUID) -> None:
    """Of the tickets that they opened. Harmless to repeat."""
    session.execute(ERASE_TITLES, {"me": user_id, "title": TITLE})
    session.execute(ERASE_SNAPSHOTS, {"name": str(user_id), "title": TITLE})


def forget_answers(session: Session, user_id: UUID) -> None:
    """Deletes those that name them, whoever was given them."""
    session.execute(FORGET_ANSWERS, {"name": str(user_id)})
