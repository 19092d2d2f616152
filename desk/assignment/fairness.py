"""Fairness: how a team's tickets were shared out among its members."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import with_config
from sqlalchemy.orm import Session

from desk.assignment import teams
from desk.assignment.strategies import Strategy
from desk.statements import Statement


@with_config(title="TeamShare")
@dataclass(frozen=True, slots=True)
class Share:
    """What a member was given by the desk, and what was taken from them by anybody.

    ``share`` and ``fair_share``: of all that the desk gave in the team, 0 to 1; the fair one is
    what it would have been had each ticket been shared by all who had room for it just then.
    """

    user_id: UUID
    given: int
    taken_away: int
    available_hours: float
    share: float
    fair_share: float


STRATEGIES = ", ".join(f"'{strategy}'" for strategy in Strategy)
# A candidate: [user_id, available, open_tickets, capacity, turn], and what bars them.
HAD_ROOM = "(c->>1)::bool and (c->>2)::int < (c->>3)::int and c->>5 is null"
REPORT = Statement(
    f"""
    with decided as (
        select d.strategy, d.candidates, e.data->>'from' as was, e.data->>'to' as given_to
        from assignment_decisions d join events e using (ticket_id, seq)
        where d.team_id = %(team_id)s and d.at >= %(since)s and d.at < %(until)s
    ),
    desk as (select * from decided where strategy in ({STRATEGIES})),
    fair as (
        select c->>0 as user_id, sum(1.0 / among) as parts
        from desk, lateral (
            select count(*) as among from jsonb_array_elements(candidates) c where {HAD_ROOM}
        ) counted, jsonb_array_elements(candidates) c
        where {HAD_ROOM}
        group by 1
    )
    select m.user_id,
        (select count(*) from desk where given_to = m.user_id::text),
        (select count(*) from decided where was = m.user_id::text),
        (
            select coalesce(sum(extract(epoch from
                least(coalesce(ended_at, %(until)s), %(until)s) - greatest(started_at, %(since)s)
            )), 0)::float / 3600
            from available_spells s
            where s.user_id = m.user_id and started_at < %(until)s
                and coalesce(ended_at, %(until)s) > %(since)s
        ),
        coalesce((select parts from fair where user_id = m.user_id::text), 0)::float,
        (select count(*) from desk)
    from team_members m where m.team_id = %(team_id)s order by m.user_id
    """,
    lambda *row: row,
)


def report(session: Session, team_id: UUID, days: int, now: datetime) -> list[Share]:
    """Of the present members, over the last days. Raises `NotFound`."""
    teams.show(session, team_id)
    since = now - timedelta(days=days)
    rows = REPORT.all(session, team_id=team_id, since=since, until=now)
    return [
        Share(
            user_id, given, taken, round(hours, 2), given / (of or 1), round(parts / (of or 1), 4)
        )
        for user_id, given, taken, hours, parts, of in rows
    ]
