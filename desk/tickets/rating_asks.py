"""When a customer is asked what they think of how a ticket was resolved."""

from datetime import timedelta

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.access import owns
from desk.events import Entry, StatusChanged
from desk.tickets import people
from models import Rating, RatingRequest, Status

# For so long after a person has resolved a ticket its customer may rate that.
LIFETIME = timedelta(days=14)
# A customer is asked again after so long, whichever ticket it is.
PAUSE = timedelta(days=7)


def ask_for_rating(session: Session, entry: Entry) -> None:
    """Lets the customer rate what somebody of the staff has resolved; what the desk itself has, a
    program, or they themselves, is nobody's work.
    """
    ticket, row = entry.ticket, entry.row
    match entry.event:
        case StatusChanged(to=Status.RESOLVED) if row.actor_id and not owns(ticket, row.actor_id):
            pass
        case _:
            return
    if people.is_program(session, row.actor_id):
        return
    # Of two tickets that are resolved at once, the second waits here and is not asked for.
    asking = insert(RatingRequest).values(user_id=ticket.user_id, asked_at=row.at)
    asking = asking.on_conflict_do_update(
        index_elements=["user_id"],
        set_={"asked_at": row.at},
        where=RatingRequest.asked_at <= row.at - PAUSE,
    )
    is_asked = session.scalar(asking.returning(RatingRequest.user_id)) is not None
    resolved = {
        "agent_id": row.actor_id,
        "team_id": ticket.team_id,
        "expires_at": row.at + LIFETIME,
        "asked_seq": row.seq if is_asked else None,
    }
    rateable = insert(Rating).values(ticket_id=ticket.id, **resolved)
    # Who was asked before, of the same ticket, may answer yet.
    still = func.coalesce(rateable.excluded.asked_seq, Rating.asked_seq)
    resolved_again = {**resolved, "asked_seq": still}
    session.execute(
        rateable.on_conflict_do_update(index_elements=["ticket_id"], set_=resolved_again)
    )
