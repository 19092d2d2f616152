"""``export``: one ticket with all that happened to it, as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.access import Audience
from desk.rows import EventRow
from desk.tickets import timeline
from desk.tickets.views import columns
from manage.database import transaction
from models import ADDRESS, Role, Ticket, User
from wire.codec import encode
from wire.shapes import timeline_event

PAGE = 1000


class TicketName(click.ParamType[int | UUID]):
    """A ticket's number or its id."""

    name = "ticket"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | UUID:
        text = str(value).removeprefix("#")
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        try:
            return UUID(text)
        except ValueError:
            self.fail(f"{value} is neither a number nor an id", param, ctx)


@click.command()
@click.argument("ticket", type=TicketName())
@click.option(
    "--for",
    "audience",
    type=click.Choice([audience.value for audience in Audience]),
    default=Audience.STAFF.value,
    show_default=True,
    help="With notes and tags, or as the customer may see it.",
)
@click.option("--output", type=click.File("wb", atomic=True), default="-", help="A file.")
def export(ticket: int | UUID, audience: str, output: Any) -> None:
    """Write a ticket as JSON: its fields, the people in it, its timeline.

    TICKET is a number or an id.
    """
    with transaction() as session:
        found = _found(session, ticket, Audience(audience))
    output.write(encode(found) + b"\n")


def _found(session: Session, name: int | UUID, audience: Audience) -> dict[str, Any]:
    wanted = Ticket.number == name if isinstance(name, int) else Ticket.id == name
    row = session.execute(select(*columns(audience)).where(wanted)).one_or_none()
    if row is None:
        raise click.ClickException(f"there is no ticket {name}")
    events = list(_events(session, row.id, audience))
    people = {row.user_id, row.assigned_to_id, *(event.actor_id for event in events)}
    return {
        "exported_at": datetime.now(UTC),
        "ticket": row._asdict(),
        "people": _people(session, people - {None}, audience),
        "timeline": [timeline_event(event, audience) for event in events],
    }


def _events(session: Session, ticket_id: UUID, audience: Audience) -> Iterator[EventRow]:
    seq = 0
    while events := timeline.after(session, ticket_id, seq, PAGE, audience):
        yield from events
        seq = timeline_event(events[-1], audience).seq


def _people(session: Session, ids: set[UUID], audience: Audience) -> list[dict[str, Any]]:
    """Who took part; the addresses of the staff are not for customers."""
    query = select(User.id, User.full_name, User.role, ADDRESS.label("email")).where(
        User.id.in_(ids)
    )
    people = [row._asdict() for row in session.execute(query.order_by(User.id))]
    for person in people:
        if audience is Audience.CUSTOMER and person["role"] is not Role.USER:
            del person["email"]
    return people
