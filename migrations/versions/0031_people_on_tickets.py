"""Customers on copy of a ticket, who follows it, and what it is linked with

Revision ID: 0031
Revises: 0030
"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import allow, create_index, disallow, drop_index, set_timeouts

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

PEOPLE = ("participant_ids", "follower_ids")
# Kinds of notifications.
KINDS = ("added", "mentioned")


def upgrade() -> None:
    set_timeouts()
    for name in PEOPLE:
        column: sa.Column[list[UUID]] = sa.Column(
            name,
            ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'"),
            nullable=False,
        )
        op.add_column("tickets", column)
    create_index(
        "ix_tickets_participants",
        "tickets",
        ["participant_ids"],
        postgresql_using="gin",
        postgresql_where="participant_ids <> '{}'",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "ticket_links",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("ticket_id <> other_id", name=op.f("ck_ticket_links_of_two")),
        sa.CheckConstraint(
            "kind in ('related', 'duplicate', 'blocks')", name=op.f("ck_ticket_links_kind")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_links_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["tickets.id"], name=op.f("fk_ticket_links_other_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_ticket_links_by_id")),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", "kind", name=op.f("pk_ticket_links")),
    )
    pair = ("least(ticket_id, other_id)", "greatest(ticket_id, other_id)")
    op.create_index(
        "uq_ticket_links_pair", "ticket_links", [*map(sa.text, pair), "kind"], unique=True
    )
    op.create_index("ix_ticket_links_other", "ticket_links", ["other_id"])
    for kind in KINDS:
        allow("notifications", "kind", kind)


def downgrade() -> None:
    set_timeouts()
    op.drop_table("ticket_links")
    for kind in KINDS:
        disallow("notifications", "kind", kind)
    drop_index("ix_tickets_participants", "tickets")
    for name in PEOPLE:
        op.drop_column("tickets", name)
