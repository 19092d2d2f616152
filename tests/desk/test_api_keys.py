"""Keys for programs: shown once, and never good for more than who made them may do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import administration, api_keys, customers, key_text
from desk.accounts.administration import UserChange
from desk.accounts.api_keys import ApiKeyView, KeyHolder, NewApiKey
from desk.assignment import absences, agents, assignment, routing, teams
from desk.assignment.absences import Away
from desk.assignment.assignment import Assign
from desk.assignment.routing import Change
from desk.assignment.teams import NewTeam
from desk.errors import Conflict, DeskError, Forbidden, Invalid, NotFound
from desk.outbox import outbox
from desk.statements import ids
from desk.tickets import fast_path, followers, messages
from desk.tickets.messages import NewMessage
from desk.tickets.views import TicketView
from models import ApiKey, Notification, Rating, Role, Scope, Status, Ticket, User, UserKind
from tests.conftest import Backend, engine_of
from tests.desk.races import overlapping
from tests.factories import an_actor, now

SECRET = bytes(range(32))
KEY = key_text.written(SECRET)


@pytest.fixture
def admin(session: Session) -> Actor:
    return an_actor(session, Role.ADMIN)


def a_key(
    session: Session,
    maker: Actor,
    role: Role = Role.CSR,
    secret: bytes = SECRET,
    expires_at: datetime | None = None,
) -> ApiKeyView:
    new = {"name": "Import", "role": role.value, "scopes": [Scope.TICKETS_READ]}
    parts = key_text.parts(key_text.written(secret))
    assert parts is not None
    return api_keys.add(
        session, maker, NewApiKey.model_validate(new | {"expires_at": expires_at}), parts, now()
    )


def holder(session: Session, key: ApiKeyView) -> KeyHolder:
    found = api_keys.BY_IDS.first(session, key_ids=ids([key.id]))
    assert found is not None
    return found


def program(key: ApiKeyView) -> Actor:
    return Actor(key.user_id, key.role, key.id, key.name, scopes=frozenset(Scope))


def test_a_key_is_written_so_that_a_typo_shows() -> None:
    assert len(KEY) == 4 + 43 + 6
    assert len(key_text.written(b"\xff" * 32)) == len(key_text.written(b"\0" * 32)) == len(KEY)
    parts = key_text.parts(KEY)
    assert parts is not None
    assert parts.prefix == KEY[:12]
    wrong = [KEY[:20] + ("x" if KEY[20] != "x" else "y") + KEY[21:], KEY[:-1], KEY + "0", "tdk_"]
    wrong += [
        KEY.swapcase(),
        f" {KEY}",
        KEY.replace("tdk_", "tdk-"),
        "",
        "\0",
        "tdk_" + "\ud800" * 49,
    ]
    assert [key_text.parts(text) for text in wrong] == [None] * len(wrong)


def test_only_the_hash_is_kept_and_the_beginning_shown(session: Session, admin: Actor) -> None:
    shown = a_key(session, admin)
    assert KEY not in repr(outbox(session).audited)
    assert (shown.prefix, shown.role, shown.created_by) == (KEY[:12], Role.CSR, admin.id)
    stored = session.scalars(select(ApiKey)).one()
    columns = inspect(ApiKey).columns
    assert KEY not in repr([getattr(stored, column.key) for column in columns])
    assert api_keys.api_keys(session, now(), 10, None) == [shown]
    found = api_keys.BY_PREFIX.first(session, prefix=KEY[:12])
    assert found is not None
    assert (found.hash, found.stopped(now())) == (stored.hash, None)
    assert found.actor == Actor(
        shown.user_id, Role.CSR, shown.id, "Import", scopes=frozenset({Scope.TICKETS_READ})
    )


def test_a_key_ends_by_the_clock(session: Session, admin: Actor) -> None:
    with pytest.raises(Invalid, match="over"):
        a_key(session, admin, expires_at=now())
    until = now() + timedelta(days=1)
    key = holder(session, a_key(session, admin, expires_at=until))
    assert key.stopped(until - timedelta(seconds=1)) is None
    assert key.stopped(until) == "key_expired"


@pytest.mark.parametrize(
    ("role", "change", "stopped"),
    [
        (Role.CSR, UserChange(is_active=False), "creator_inactive"),
        (Role.CSR, UserChange(role=Role.USER), "creator_inactive"),
        (Role.CSR, UserChange(role=Role.CSR), None),
        (Role.ADMIN, UserChange(role=Role.CSR), "creator_inactive"),
    ],
)
def test_a_key_may_do_no_more_than_who_made_it(
    session: Session, admin: Actor, role: Role, change: UserChange, stopped: str | None
) -> None:
    key = a_key(session, admin, role)
    other = an_actor(session, Role.ADMIN)
    administration.change(session, other, admin.id, change, now())
    assert holder(session, key).stopped(now()) == stopped
    assert [shown.stopped_because for shown in api_keys.api_keys(session, now(), 9, None)] == [
        stopped
    ]


def test_who_ends_a_program_by_sql_ends_its_key(session: Session, admin: Actor) -> None:
    key = a_key(session, admin)
    session.get_one(User, key.user_id).is_active = False
    assert api_keys.BY_PREFIX.all(session, prefix=key.prefix) == []


def test_a_deleted_key_is_out_and_its_name_stays(session: Session, admin: Actor) -> None:
    key = a_key(session, admin)
    api_keys.remove(session, admin, key.id)
    assert outbox(session).ended == {key.id: "key_deleted"}
    assert api_keys.BY_PREFIX.all(session, prefix=key.prefix) == []
    assert administration.show(session, key.user_id).full_name == "Import"
    with pytest.raises(NotFound):
        api_keys.remove(session, admin, key.id)


def test_its_use_is_noted_once_a_minute(session: Session, admin: Actor) -> None:
    key, first = a_key(session, admin), now()
    for seconds in (0, 59, 60):
        at = first + timedelta(seconds=seconds)
        assert holder(session, key).is_use_noted(at) == (seconds == 59)
        api_keys.note_use(session, key.id, at)
    assert holder(session, key).last_used_at == first + timedelta(seconds=60)


def test_a_program_is_nobody_who_works_here(
    session: Session, admin: Actor, ticket: TicketView
) -> None:
    key = a_key(session, admin, Role.ADMIN)
    refused: list[Callable[[], object]] = [
        lambda: assignment.assign(
            session, admin, ticket.id, Assign(assignee_id=key.user_id), now()
        ),
        lambda: followers.follow(session, admin, ticket.id, key.user_id),
        lambda: messages.post(
            session, admin, ticket.id, NewMessage(content="hi", mentions=(key.user_id,)), now()
        ),
        lambda: teams.add(session, NewTeam(name="Robots", members=[key.user_id])),
        lambda: absences.set_away(
            session, key.user_id, Away(until=now() + timedelta(days=1)), now()
        ),
        lambda: customers.show(session, key.user_id),
        lambda: administration.change(
            session, admin, key.user_id, UserChange(is_active=False), now()
        ),
    ]
    codes = []
    for attempt in refused:
        with pytest.raises(DeskError) as error:
            attempt()
        codes.append(error.value.code)
    assert codes == [
        "not_assignable",
        "not_staff",
        "not_mentionable",
        "not_staff",
        "user_not_found",
        "customer_not_found",
        "program",
    ]
    assert key.user_id not in {
        agent.user_id for agent in agents.agents(session, limit=100, after=None)
    }
    everybody: dict[str, Any] = {"role": None, "is_active": None, "email": None, "q": None}
    listed = administration.accounts(session, **everybody, limit=100, before=None)
    assert key.user_id not in {account.id for account in listed}
    programs = administration.accounts(
        session, **everybody, kind=UserKind.PROGRAM, limit=100, before=None
    )
    assert [account.id for account in programs] == [key.user_id]


def test_the_last_admin_is_a_person(session: Session, admin: Actor) -> None:
    for other in session.scalars(select(User).where(User.id != admin.id)):
        other.is_active = False
    robot = program(a_key(session, admin, Role.ADMIN))
    with pytest.raises(Conflict) as refused:
        administration.change(session, robot, admin.id, UserChange(role=Role.USER), now())
    assert refused.value.code == "last_admin"
    assert robot.session_id is not None
    api_keys.remove(session, admin, robot.session_id)
    with pytest.raises(Forbidden):
        administration.change(session, robot, admin.id, UserChange(), now())


def test_what_a_program_says_stands_under_its_name(
    session: Session, admin: Actor, customer: Actor, ticket: TicketView
) -> None:
    robot = program(a_key(session, admin))
    posted = messages.post(session, robot, ticket.id, NewMessage(content="Paid"), now())
    assert posted.event.actor_id == robot.id
    told = select(Notification.user_id).where(Notification.ticket_id == ticket.id)
    assert session.scalars(told).all() == [customer.id]


def test_what_a_program_does_is_nobodys_answer_and_nobodys_work(
    session: Session, admin: Actor, ticket: TicketView
) -> None:
    robot = program(a_key(session, admin))
    messages.post(session, robot, ticket.id, NewMessage(content="Seen"), now())
    single = fast_path.posting(robot, ticket.id, NewMessage(content="Seen again"), now())
    assert single.statement.all(session, **single.values)
    row = session.get_one(Ticket, ticket.id, populate_existing=True)
    assert (row.last_seq, row.first_response_at) == (3, None)
    routing.change(session, robot, ticket.id, Change(status=Status.RESOLVED), now())
    assert session.get(Rating, ticket.id) is None
    messages.post(session, admin, ticket.id, NewMessage(content="Hello"), now())
    assert row.first_response_at is not None


def test_nobody_logs_in_as_a_program(session: Session, admin: Actor) -> None:
    key = a_key(session, admin)
    session.get_one(User, key.user_id).visitor_email = "robot@desk.test"
    with pytest.raises(IntegrityError, match="program_has_key_alone"):
        session.flush()


def test_there_are_so_many_keys_and_no_more(
    make_backend: Callable[[], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MOST_KEYS", 1)
    with engine_of(make_backend()) as engine:
        with Session(engine) as session, session.begin():
            maker = an_actor(session, Role.ADMIN)
        _, second = overlapping(
            engine,
            lambda session: a_key(session, maker),
            lambda session: a_key(session, maker, secret=bytes(32)),
        )
        assert isinstance(second.exception(), Conflict)
