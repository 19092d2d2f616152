"""``manage demo``."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from models import Attachment, Event, MacroCount, Notification, Status, TeamMember, Ticket, User
from server.identity.passwords import matches
from tests.conftest import Backend
from tests.factories import database, now
from tests.manage.conftest import Manage, refusal


def test_it_makes_a_desk_that_has_lived_for_days_and_only_once(
    manage: Manage, make_backend: Callable[[], Backend], tmp_path: Path
) -> None:
    backend = make_backend()
    files = tmp_path / "files"
    embedded = {**backend.environment, "EMBEDDED": "1", "FILES_URL": files.as_uri()}
    first = manage("demo", **embedded)
    assert first.returncode == 0, first.stderr
    accounts = json.loads((tmp_path / ".data/demo.json").read_text())
    assert Counter(account["role"] for account in accounts) == {"admin": 1, "csr": 3, "user": 6}

    with database(backend.settings) as session:
        hashes = {user.email: user.password_hash for user in session.scalars(select(User))}
        assert hashes.keys() == {account["email"] for account in accounts}
        assert matches(accounts[0]["password"], hashes[accounts[0]["email"]])
        assert accounts[0]["password"] in first.stdout

        tickets = session.scalars(select(Ticket).order_by(Ticket.number)).all()
        assert len(tickets) == 36
        assert {ticket.status for ticket in tickets} == set(Status)
        assert [t.created_at for t in tickets] == sorted(t.created_at for t in tickets)
        assert all(ticket.assigned_to_id for ticket in tickets)
        in_team = {ticket.category for ticket in tickets if ticket.team_id}
        assert in_team == {"billing", "shipping"}
        members = select(TeamMember).where(
            TeamMember.team_id == Ticket.team_id, TeamMember.user_id == Ticket.assigned_to_id
        )
        outside = select(Ticket.id).where(Ticket.team_id.is_not(None), ~members.exists())
        assert session.scalars(outside).all() == []
        for ticket in tickets:
            events = session.scalars(
                select(Event).where(Event.ticket_id == ticket.id).order_by(Event.seq)
            ).all()
            assert [event.seq for event in events] == list(range(1, ticket.last_seq + 1))
            times = [event.at for event in events]
            assert times == sorted(times)
            assert times[0] == ticket.created_at
            assert times[-1] == ticket.updated_at < now()
        assert session.scalar(select(func.count()).where(Notification.done_at.is_(None))) == 0
        said = select(Event.ticket_id).where(Event.cause["type"].astext == "macro")
        closed = {ticket.id for ticket in tickets if ticket.status is Status.CLOSED}
        assert {*session.scalars(said)} <= closed
        assert session.scalar(select(func.sum(MacroCount.uses)))
        kept = session.scalars(select(Attachment)).all()
        assert {str(file.file_id) for file in kept} == {path.name for path in files.iterdir()}
        assert all(file.event_seq for file in kept)

    second = manage("demo", "--tickets", "5", **embedded)
    assert second.stdout == "The demo data is there already; nothing was changed\n"
    with database(backend.settings) as session:
        assert session.scalar(select(func.count(Ticket.id))) == 36


def test_it_leaves_a_database_alone_that_is_not_embedded(
    manage: Manage, make_backend: Callable[[], Backend]
) -> None:
    backend = make_backend()
    assert "--not-embedded" in refusal(manage("demo", **backend.environment))
    with database(backend.settings) as session:
        assert session.scalar(select(func.count(User.id))) == 0
    done = manage("demo", "--tickets", "2", "--not-embedded", **backend.environment)
    assert done.returncode == 0, done.stderr
