"""Tickets: the present state. What happened to them is in `models.event`."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    Text,
    Uuid,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of
from models.columns import Filter, use, uses
from models.field import CustomField, FieldAccess, Values


class Status(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


# These are work for somebody; as SQL, too, because partial indexes need the literal text.
ACTIVE_STATUSES = (Status.OPEN, Status.IN_PROGRESS)
IS_ACTIVE = "status in ({})".format(", ".join(f"'{status}'" for status in ACTIVE_STATUSES))

UNASSIGNED = "assigned_to_id is null"
# What sleeps is work again when it wakes.
IS_AWAKE = "snoozed_until is null"
IS_WAITING = f"{UNASSIGNED} and {IS_ACTIVE} and {IS_AWAKE}"
# Which queue a ticket waits in: its team's, or the one without. Not null, as no index would lead
# through what is null in order. Written as PostgreSQL shows it.
QUEUE = "coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid)"
IN_TEAM = "team_id is not null"
HAS_PARTICIPANTS = "participant_ids <> '{}'"
IS_MERGED = "merged_into_id is not null"
IS_SNOOZED = "snoozed_until is not null"

RANKS: dict[Priority | None, int] = {
    Priority.LOW: 1,
    Priority.MEDIUM: 2,
    Priority.HIGH: 3,
    Priority.URGENT: 4,
}
RANK = "case priority {} else 0 end".format(
    " ".join(f"when '{priority}' then {rank}" for priority, rank in RANKS.items())
)

TAGS = ARRAY(String(32))


def bucket(time: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """The quarter of an hour that a time is in.

    Written as PostgreSQL shows it, or Alembic would take the columns for others.
    """
    return func.date_bin(
        literal_column("'00:15:00'::interval"),
        func.timezone(literal_column("'UTC'::text"), time),
        literal_column("'2000-01-01 00:00:00'::timestamp without time zone"),
    )


def without_hidden(fields: Any) -> ColumnElement[Any]:
    """The values of a ticket's fields that customers may see, as the fields are defined now."""
    hidden = select(CustomField.key).where(CustomField.customers == FieldAccess.HIDDEN)
    keys = cast(func.array(hidden.correlate(None).scalar_subquery()), ARRAY(Text))
    shown: ColumnElement[Any] = fields.op("-", return_type=JSONB())(keys)
    return shown


class Ticket(Base):
    __tablename__ = "tickets"
    # A message writes nothing into an index of these, nor into another page while there is room:
    # no index has a column that a message moves.
    __table_args__ = (
        # A customer's numbering is part of the staff's.
        CheckConstraint("last_public_seq <= last_seq", name="public_within_all"),
        # The queues: what waits for an assignee, oldest first.
        Index(
            "ix_tickets_awake_queue", text(QUEUE), "created_at", "id", postgresql_where=IS_WAITING
        ),
        # The same, customer by customer; and how much of each is worked on.
        Index(
            "ix_tickets_user_awake_queue",
            text(QUEUE),
            "user_id",
            "created_at",
            "id",
            postgresql_where=IS_WAITING,
        ),
        Index(
            "ix_tickets_user_held",
            "user_id",
            postgresql_where=f"assigned_to_id is not null and {IS_ACTIVE}",
        ),
        # Open tickets per CSR, counted at each assignment: of those, which are asleep.
        Index(
            "ix_tickets_awake_load", "assigned_to_id", "snoozed_until", postgresql_where=IS_ACTIVE
        ),
        # A customer's own list, by each of its sorts.
        Index("ix_tickets_user_created", "user_id", "created_at", "id"),
        Index("ix_tickets_user_updated", "user_id", "public_updated_bucket"),
        Index("ix_tickets_user_priority", "user_id", "priority_rank", "id"),
        Index("ix_tickets_user_number", "user_id", "number"),
        # The staff's list, by each of its sorts.
        Index("ix_tickets_created", "created_at", "id"),
        Index("ix_tickets_updated", "updated_bucket"),
        Index("ix_tickets_priority", "priority_rank", "id"),
        # The filters that go with the age or the urgency of a ticket, by each sort: of old
        # tickets none are open, so along the whole list the first open one may be far.
        Index("ix_tickets_status_created", "status", "created_at", "id"),
        Index("ix_tickets_status_updated", "status", "updated_bucket"),
        Index("ix_tickets_status_priority", "status", "priority_rank", "id"),
        Index("ix_tickets_status_number", "status", "number"),
        Index("ix_tickets_assignee_created", "assigned_to_id", "created_at", "id"),
        Index("ix_tickets_assignee_updated", "assigned_to_id", "updated_bucket"),
        Index("ix_tickets_assignee_priority", "assigned_to_id", "priority_rank", "id"),
        Index("ix_tickets_assignee_number", "assigned_to_id", "number"),
        Index("ix_tickets_unassigned_created", "created_at", "id", postgresql_where=UNASSIGNED),
        Index("ix_tickets_unassigned_updated", "updated_bucket", postgresql_where=UNASSIGNED),
        Index("ix_tickets_unassigned_priority", "priority_rank", "id", postgresql_where=UNASSIGNED),
        Index("ix_tickets_unassigned_number", "number", postgresql_where=UNASSIGNED),
        Index("ix_tickets_category_created", "category", "created_at", "id"),
        Index("ix_tickets_category_priority", "category", "priority_rank", "id"),
        Index("ix_tickets_type_created", "type", "created_at", "id"),
        Index("ix_tickets_type_priority", "type", "priority_rank", "id"),
        # A team's list, by each of its sorts; nothing where there are no teams.
        Index("ix_tickets_team_created", "team_id", "created_at", "id", postgresql_where=IN_TEAM),
        Index("ix_tickets_team_updated", "team_id", "updated_bucket", postgresql_where=IN_TEAM),
        Index(
            "ix_tickets_team_priority", "team_id", "priority_rank", "id", postgresql_where=IN_TEAM
        ),
        Index("ix_tickets_team_number", "team_id", "number", postgresql_where=IN_TEAM),
        # What sleeps, by each sort of the staff's list; it is never much.
        Index("ix_tickets_snoozed_created", "created_at", "id", postgresql_where=IS_SNOOZED),
        Index("ix_tickets_snoozed_updated", "updated_bucket", postgresql_where=IS_SNOOZED),
        Index("ix_tickets_snoozed_priority", "priority_rank", "id", postgresql_where=IS_SNOOZED),
        Index("ix_tickets_snoozed_number", "number", postgresql_where=IS_SNOOZED),
        Index("ix_tickets_tags", "tags", postgresql_using="gin"),
        # Whose list it is on besides. At once in its place: a list would go through what waits.
        Index(
            "ix_tickets_participants",
            "participant_ids",
            postgresql_using="gin",
            postgresql_where=HAS_PARTICIPANTS,
            postgresql_with={"fastupdate": "off"},
        ),
        # What was merged into a ticket.
        Index("ix_tickets_merged_into", "merged_into_id", postgresql_where=IS_MERGED),
        {"postgresql_with": {"fillfactor": 85}},
    )

    # Of several filters a list is led by the first one here: a person has the fewest tickets.
    id: Mapped[Key] = mapped_column(info=use(in_webhooks=True))
    number: Mapped[int] = mapped_column(
        Identity(always=True), unique=True, info=use(sort="number", in_webhooks=True)
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id"),
        info=use(filters=[Filter("user_id", always_leads=True)], in_webhooks=True),
    )
    assigned_to_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id"),
        info=use(
            filters=[
                Filter("assigned_to", always_leads=True),
                Filter("unassigned", "is_null", always_leads=True),
            ],
            in_webhooks=True,
        ),
    )
    # Who is on copy: it is theirs as it is its customer's. Of the staff, who is told of what the
    # assignee is told of. In the row, as a message is posted by one statement: of what it waited
    # for it sees the locked row alone as it is by then.
    participant_ids: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid), default=list, server_default=text("'{}'")
    )
    follower_ids: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid), default=list, server_default=text("'{}'")
    )
    # Until then it is no work, whatever its status; null: it is awake. Only what is active sleeps.
    snoozed_until: Mapped[datetime | None] = mapped_column(
        info=use(
            for_customers=lambda: cast(null(), TIMESTAMP(timezone=True)),
            filters=[Filter("snoozed", "is_set", always_leads=True)],
        )
    )
    # Whether it wakes as its customer writes.
    wakes_on_reply: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    title: Mapped[str] = mapped_column(String(200), info=use(in_webhooks=True))
    description: Mapped[str]
    status: Mapped[Status] = mapped_column(
        one_of(Status, "status"),
        default=Status.OPEN,
        info=use(filters=[Filter("status", always_leads=True)], in_webhooks=True),
    )
    # Whose members the desk gives it to; null: to any CSR.
    team_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("teams.id"),
        info=use(
            for_customers=lambda: cast(null(), Uuid),
            filters=[
                Filter("team", always_leads=True),
                Filter("no_team", "is_null"),
                Filter("my_teams", "is_members"),
            ],
            in_webhooks=True,
        ),
    )
    priority: Mapped[Priority | None] = mapped_column(
        one_of(Priority, "priority"), info=use(in_webhooks=True)
    )
    priority_rank: Mapped[int] = mapped_column(
        SmallInteger,
        Computed(RANK, persisted=True),
        info=use(sort="priority", filters=[Filter("priority", leads_in=("priority",))]),
    )
    category: Mapped[str] = mapped_column(
        String(64),
        info=use(
            filters=[Filter("category", leads_in=("created_at", "priority"))], in_webhooks=True
        ),
    )
    type: Mapped[str] = mapped_column(
        String(64),
        info=use(filters=[Filter("type", leads_in=("created_at", "priority"))], in_webhooks=True),
    )
    tags: Mapped[list[str]] = mapped_column(
        TAGS,
        default=list,
        server_default=text("'{}'"),
        info=use(
            for_customers=lambda: literal([], TAGS),
            filters=[Filter("tag", "contains")],
            in_webhooks=True,
        ),
    )

    # Values of custom fields by their keys; where there is none, the key is not there either.
    fields: Mapped[Values] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info=use(for_customers=lambda: without_hidden(Ticket.fields), in_webhooks=True),
    )

    # Only who has all of them is given it by the desk.
    required_skills: Mapped[list[str]] = mapped_column(
        TAGS,
        default=list,
        server_default=text("'{}'"),
        info=use(for_customers=lambda: literal([], TAGS), in_webhooks=True),
    )
    # Who was given it by the desk and neither read nor answered it in time.
    offered_to: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid), default=list, server_default=text("'{}'")
    )

    # The ticket that this one is a part of, which itself is a part of none. It is closed, then.
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))

    created_at: Mapped[datetime] = mapped_column(info=use(sort="created_at"))
    # The customer's copy of updated_at does not move with a staff note.
    updated_at: Mapped[datetime] = mapped_column(
        info=use(
            for_customers=lambda: Ticket.public_updated_at,
            sort="updated_at",
            filters=[Filter("updated_after", "after", leads_in=("updated_at",))],
        )
    )
    public_updated_at: Mapped[datetime]
    # What the lists that are sorted by these times are led by.
    updated_bucket: Mapped[datetime] = mapped_column(
        TIMESTAMP, Computed(bucket(column("updated_at")), persisted=True)
    )
    public_updated_bucket: Mapped[datetime] = mapped_column(
        TIMESTAMP, Computed(bucket(column("public_updated_at")), persisted=True)
    )
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    # The newest event, in the staff's numbering and in the customer's.
    last_seq: Mapped[int] = mapped_column(
        default=0, info=use(for_customers=lambda: Ticket.last_public_seq)
    )
    last_public_seq: Mapped[int] = mapped_column(default=0)
    # The newest message that is no note, in the staff's numbering, and whose it is: while the
    # ticket is work, it waits for the other side; for the staff, where nothing was said yet. No
    # check says that both are there or none: PostgreSQL would parse it for each message.
    last_message_seq: Mapped[int | None]
    last_message_from_staff: Mapped[bool | None] = mapped_column(
        info=use(filters=[Filter("waiting_on", "waits")])
    )
    # The newest message or note, and whose it is, so that the unread of a whole desk are counted
    # without its events: 0 where nothing was said, null where nobody has looked since there is
    # this column. No foreign key: it would be checked at each message, and the event has it.
    last_said_seq: Mapped[int | None] = mapped_column(default=0, server_default=text("0"))
    last_said_by: Mapped[UUID | None]


IN_WEBHOOKS = [column.name for column, use in uses(Ticket) if use.in_webhooks]


class ReadCursor(Base):
    """How far a person has read a ticket, in the numbering of the staff (`events.seq`)."""

    __tablename__ = "read_cursors"
    # Who has read a ticket.
    __table_args__ = (Index("ix_read_cursors_ticket", "ticket_id"),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    ticket_id: Mapped[UUID] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int]
    # How far they had come before they moved ``seq`` back, where they have: what others are told
    # of never goes back.
    furthest_seq: Mapped[int | None]
