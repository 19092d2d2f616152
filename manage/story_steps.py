"""A ticket on its way through a story: what each side does, by the rules, at a given time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from random import Random
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.assignment import assignment, routing
from desk.assignment.assignment import Strategy
from desk.assignment.routing import Change
from desk.files.content_types import TEXT
from desk.macros import macros, use
from desk.macros.macros import NewMacro
from desk.macros.use import Use
from desk.outbox import outbox
from desk.tickets import attachments, fields, messages, ratings, reading, tickets
from desk.tickets.attachments import Stored
from desk.tickets.fields import NewField
from desk.tickets.messages import NewMessage
from desk.tickets.ratings import Rate
from desk.tickets.tickets import NewTicket
from manage.demo_stories import CAUSE, FIELDS, MACROS, ORDER, PLAN, PLANS, Story, Turn
from models import CustomField, Macro, MacroScope, Notification, Outcome, Role, Status, Ticket
from wire.files import FileStore

AGAIN: Turn = ("customer", "The new one is broken as well. What now?")
# What customers say of a resolution; None: nothing.
OPINIONS: Sequence[tuple[int, str | None] | None] = (
    None, None, (5, None), (5, "Quick and friendly, thank you."), (4, None),
    (3, "It took a while."), (1, "I had to ask three times."),
)  # fmt: skip
NO_TEAMS: Mapping[str, UUID] = {}


def define_fields(session: Session, now: datetime) -> None:
    """The custom fields that stories set, where they are not there."""
    known = set(session.scalars(select(CustomField.key)))
    for each in FIELDS:
        if each["key"] not in known:
            fields.add(session, NewField.model_validate(each), now)


def make_macros(session: Session, admin: Actor, now: datetime) -> dict[str, UUID]:
    """Everyone's macros by their names, made if they are not there."""
    everyones = select(Macro.name, Macro.id).where(Macro.scope == MacroScope.EVERYONE)
    known = {row.name: row.id for row in session.execute(everyones)}
    for each in MACROS:
        if each["name"] not in known:
            new = NewMacro.model_validate(each | {"scope": "everyone"})
            known[new.name] = macros.add(session, admin, new, now).id
    return known


@dataclass(order=True, slots=True)
class Step:
    """Something that somebody does at a time."""

    at: datetime
    act: Callable[[datetime], object] = field(compare=False)


class Course:
    """A ticket on its way through a story. ``number``: what ``{n}`` in its texts becomes.

    ``store``: where its file is kept, without one it has none. ``mover``: who puts it into the
    team of its category, of ``teams``. ``farewell``: the macro by which it is closed in the end.
    """

    id: UUID

    def __init__(
        self,
        session: Session,
        random: Random,
        customer: Actor,
        story: Story,
        number: object,
        store: FileStore | None = None,
        mover: Actor | None = None,
        teams: Mapping[str, UUID] = NO_TEAMS,
        farewell: UUID | None = None,
    ) -> None:
        self._session = session
        self._random = random
        self._customer = customer
        self._story = story
        self._number = number
        self._farewell = farewell
        self._store = store
        self._mover = mover
        self._team_id = teams.get(story.category)

    def steps(self, begin: datetime) -> Iterator[Step]:
        at = begin
        yield Step(at, self.open)
        yield Step(at + self._pause(0.03, 0.1), self._assign)
        for position, turn in enumerate(self._story.turns):
            at += self._pause(10, 240)
            if position == 0:
                yield Step(at - timedelta(minutes=2), self._triage)
            yield Step(at, partial(self._say, turn, has_file=position == 0))
        if self._story.ending in ("resolved", "closed", "reopened"):
            at += self._pause(5, 90)
            yield Step(at, partial(self._set, Status.RESOLVED))
        if self._story.ending in ("resolved", "closed"):
            yield Step(at + self._pause(5, 240), self._rate)
        at += self._pause(24 * 60, 40 * 60)
        if self._story.ending == "closed":
            yield Step(at, partial(self._set, Status.CLOSED))
        elif self._story.ending == "reopened":
            yield Step(at, partial(self._say, AGAIN))
        elif self._story.ending in ("open", "waiting"):
            # What nobody comes back to does not fill the desk for ever.
            at += self._pause(36 * 60, 48 * 60)
            yield Step(at, self._say_farewell)

    def open(self, now: datetime) -> None:
        new = NewTicket(
            title=self._text(self._story.title),
            description=self._text(self._story.description),
            category=self._story.category,
            type=self._story.type,
            fields={ORDER: self._text("A-{n}")},
        )
        self.id = tickets.open_ticket(self._session, self._customer, new, now).id

    def _pause(self, shortest: float, longest: float) -> timedelta:
        return timedelta(minutes=self._random.uniform(shortest, longest))

    def _plan(self) -> str:
        return self._random.choices(list(PLANS), list(PLANS.values()))[0]

    def _text(self, text: str) -> str:
        return text.replace("{n}", str(self._number))

    def _assign(self, now: datetime) -> None:
        session, team_id = self._session, self._team_id
        if team_id and self._mover:
            ticket = tickets.held(session, self._mover, self.id)
            routing.set_team(session, self._mover, ticket, team_id, now)
            session.flush()
        strategy = Strategy.ROUND_ROBIN
        assignment.drain(session, strategy, now, self._random, only=self.id, team_id=team_id)

    @property
    def _csr(self) -> Actor | None:
        """Who has the ticket; None where all were at their capacity."""
        assignee = self._session.get_one(Ticket, self.id).assigned_to_id
        return Actor(assignee, Role.CSR) if assignee else None

    def _triage(self, now: datetime) -> None:
        if csr := self._csr:
            change = Change(
                status=Status.IN_PROGRESS,
                priority=self._story.priority,
                tags=list(self._story.tags),
                fields={PLAN: self._plan(), CAUSE: ["we"] if self._story.priority else None},
            )
            routing.change(self._session, csr, self.id, change, now)

    def _say(self, turn: Turn, now: datetime, *, has_file: bool = False) -> None:
        speaker, text = turn
        actor = self._customer if speaker == "customer" else self._csr
        if actor is None:
            return
        new = NewMessage(
            content=self._text(text),
            internal=speaker == "note",
            attachment_ids=self._attached(actor) if has_file else (),
        )
        event = messages.post(self._session, actor, self.id, new, now).event
        # Who answers has read what was there.
        self._session.flush()
        seq = event.seq if actor.is_staff else event.public_seq
        reading.mark_read(self._session, actor, self.id, seq or 0)

    def _attached(self, actor: Actor) -> tuple[UUID, ...]:
        """The story's file, uploaded by who sends it."""
        if self._store is None or self._story.file is None:
            return ()
        name, text = map(self._text, self._story.file)
        content = text.encode()
        file_id = attachments.begin(self._session, actor, self.id)
        asyncio.run(self._store.put(file_id, _whole(content)))
        digest = sha256(content).hexdigest()
        stored = Stored(name=name, size=len(content), type=TEXT, sha256=digest, picture=None)
        return (attachments.add(self._session, actor, self.id, file_id, stored).id,)

    def _rate(self, now: datetime) -> None:
        """Some customers say what they think of how it was resolved."""
        session, customer = self._session, self._customer
        opinion = self._random.choice(OPINIONS)
        if opinion and ratings.show(session, customer, self.id, now).until:
            score, comment = opinion
            ratings.rate(session, customer, self.id, Rate(score=score, comment=comment), now)

    def _set(self, status: Status, now: datetime) -> None:
        if csr := self._csr:
            routing.change(self._session, csr, self.id, Change(status=status), now)

    def _say_farewell(self, now: datetime) -> None:
        if (csr := self._csr) and self._farewell:
            once = Use(client_id="farewell")
            use.apply(self._session, csr, self.id, self._farewell, once, "", None, now)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


def mail_nothing(session: Session) -> None:
    """What the courses in a session told people is old: it stays in the inbox alone."""
    session.flush()
    told = [notification.id for notification in outbox(session).notifications]
    over = update(Notification).where(Notification.id.in_(told))
    session.execute(over.values(done_at=Notification.created_at, outcome=Outcome.READ))
