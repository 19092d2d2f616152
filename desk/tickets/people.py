"""Which people a ticket's timeline names for its customer.

Who of the staff only looks at a ticket, or writes notes, is nothing that a customer learns.
Which names people may have is in `desk.accounts.full_names`.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from desk.events import Assigned
from desk.statements import Statement, ids

# Whether a ``person`` of the outer query has the ticket, opened it, or did something on it that its
# customer is shown.
IS_NAMED = """
    exists (
        select from tickets
        where id = %(ticket_id)s and person in (user_id, assigned_to_id)
    ) or exists (
        select from events
        where ticket_id = %(ticket_id)s and actor_id = person and public_seq is not null
    )
"""
NAMED: Statement[UUID] = Statement(
    f"select person from unnest(%(user_ids)s::uuid[]) person where {IS_NAMED}",
    lambda user_id: user_id,
)


def is_named(session: Session, ticket_id: UUID, user_id: UUID) -> bool:
    return bool(NAMED.all(session, ticket_id=ticket_id, user_ids=ids([user_id])))


def named_by(kind: str, actor_id: UUID | None, data: dict[str, object]) -> set[UUID]:
    """The people whom an event that customers are shown names from now on."""
    named = {actor_id} if actor_id else set()
    if kind == Assigned.kind and isinstance(to := data.get("to"), str):
        named.add(UUID(to))
    return named
