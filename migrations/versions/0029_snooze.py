"""Tickets sleep until a time, and are no work meanwhile; people are reminded of them

Revision ID: 0029
Revises: 0028
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.operations import allow, create_index, disallow, drop_index, set_timeouts

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

QUEUE = sa.text("coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid)")
IS_ACTIVE = "status in ('open', 'in_progress')"
IS_WAITING = f"assigned_to_id is null and {IS_ACTIVE}"
KINDS = ("woke", "reminder")
IS_AWAKE = "snoozed_until is null"
# The columns of each, and what is in it.
Indexes = dict[str, tuple[list[Any], str]]
BEFORE: Indexes = {
    "ix_tickets_queue": ([QUEUE, "created_at", "id"], IS_WAITING),
    "ix_tickets_user_queue": ([QUEUE, "user_id", "created_at", "id"], IS_WAITING),
    "ix_tickets_load": (["assigned_to_id"], IS_ACTIVE),
}
# Under other names, as the processes of the version before use theirs until they end.
AFTER: Indexes = {
    "ix_tickets_awake_queue": ([QUEUE, "created_at", "id"], f"{IS_WAITING} and {IS_AWAKE}"),
    "ix_tickets_user_awake_queue": (
        [QUEUE, "user_id", "created_at", "id"],
        f"{IS_WAITING} and {IS_AWAKE}",
    ),
    "ix_tickets_awake_load": (["assigned_to_id", "snoozed_until"], IS_ACTIVE),
    **{
        f"ix_tickets_snoozed_{sort}": (columns, "snoozed_until is not null")
        for sort, columns in (
            ("created", ["created_at", "id"]),
            ("updated", ["updated_bucket"]),
            ("priority", ["priority_rank", "id"]),
            ("number", ["number"]),
        )
    },
}


def upgrade() -> None:
    set_timeouts()
    op.add_column("tickets", sa.Column("snoozed_until", sa.TIMESTAMP(timezone=True)))
    op.add_column(
        "tickets",
        sa.Column("wakes_on_reply", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    # Views of open tickets go on to show what is work now.
    op.execute(
        """
        update views set query = query || '{"snoozed": false}'
        where query->'status' <@ '["open", "in_progress"]' and not query ? 'snoozed'
        """
    )
    op.create_table(
        "reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(length=200)),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_reminders_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_reminders_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint("ticket_id", "user_id", name=op.f("uq_reminders_ticket_id_user_id")),
    )
    for kind in KINDS:
        allow("notifications", "kind", kind)
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    set_timeouts()
    op.execute("update views set query = query - 'snoozed'")
    _replace(AFTER, BEFORE)
    for kind in KINDS:
        disallow("notifications", "kind", kind)
    op.drop_table("reminders")
    op.drop_column("tickets", "wakes_on_reply")
    op.drop_column("tickets", "snoozed_until")


def _replace(these: Indexes, by: Indexes) -> None:
    for name, (columns, where) in by.items():
        create_index(name, "tickets", columns, postgresql_where=where)
    for name in these:
        drop_index(name, "tickets")
