"""Cursors: whoever holds one assigns from its queue. One a team, and one for what has no team.

The order of all locks of the assignment: cursors (the one without a team, then the teams' by their
ids), tickets, users by their ids, memberships. A cursor is taken by

- a drain, of its queue, whose turn and place it moves on,
- who changes a team's members, of the team, as a drain takes them for granted,
- who changes what somebody is: every one, as they lock admins and the person, in no order with the
  members whom a drain locks (`lock_all`),
- who takes back what somebody departed still has: every one, lest they come back meanwhile.

By hand a ticket is given under its own lock and that of who gets it. A drain locks all who may get
anything, and only then counts what they have: whatever they take meanwhile is counted, or comes
after it. Two drains of two teams hold different cursors and tickets, so that they meet at a user
alone, whom both want in the same order.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AssignmentCursor, Team

# Where the assignment from a queue stands: the number of the last one (``turn``), and the customer
# whom the last look ended with (``looked_at``).
Cursor = AssignmentCursor | Team


def lock_cursor(
    session: Session, team_id: UUID | None = None, *, skip: bool = False
) -> Cursor | None:
    """Waits until nobody else assigns from the queue. None: there is no such team (any more).

    In a statement of its own, so that whatever is read next is read after the wait. Read in the
    same statement it would be as old as the wait was long, and the counts no longer fair.
    ``skip``: does not wait; None if somebody does assign from it.
    """
    if team_id is None:
        return session.scalar(select(AssignmentCursor).with_for_update(skip_locked=skip))
    query = select(Team).where(Team.id == team_id)
    locked = query.with_for_update(key_share=True, skip_locked=skip)
    return session.scalar(locked.execution_options(populate_existing=True))


def lock_all(session: Session) -> None:
    """For who changes what somebody is, one after the other: they may be of any team."""
    lock_cursor(session)
    teams = select(Team.id).order_by(Team.id).with_for_update(key_share=True)
    session.scalars(teams).all()
