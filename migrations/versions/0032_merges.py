"""Merges of tickets, and files that several tickets have

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import allow, create_index, disallow, drop_index, set_timeouts

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "merges",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("into_seq", sa.BigInteger(), nullable=False),
        sa.Column("source_status", sa.String(length=32), nullable=False),
        sa.Column("participants_added", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("followers_added", ARRAY(sa.Uuid()), nullable=False),
        sa.CheckConstraint(
            "source_status in ('open', 'in_progress', 'resolved', 'closed')",
            name=op.f("ck_merges_source_status"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["tickets.id"], name=op.f("fk_merges_source_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["into_id"], ["tickets.id"], name=op.f("fk_merges_into_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_merges")),
    )
    op.create_index("ix_merges_into", "merges", ["into_id"])
    allow("notifications", "kind", "merged")
    op.add_column("tickets", sa.Column("merged_into_id", sa.Uuid()))
    # Not checked for the rows that are there, which have none: so nobody waits for that.
    op.create_foreign_key(
        op.f("fk_tickets_merged_into_id"),
        "tickets",
        "tickets",
        ["merged_into_id"],
        ["id"],
        postgresql_not_valid=True,
    )
    op.execute("alter table tickets validate constraint fk_tickets_merged_into_id")
    create_index(
        "ix_tickets_merged_into",
        "tickets",
        ["merged_into_id"],
        postgresql_where="merged_into_id is not null",
    )
    op.add_column("ticket_links", sa.Column("merged_from_id", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_ticket_links_merged_from_id"),
        "ticket_links",
        "tickets",
        ["merged_from_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "ix_ticket_links_merged",
        "ticket_links",
        ["merged_from_id"],
        postgresql_where="merged_from_id is not null",
    )
    create_index("ix_attachments_file", "attachments", ["file_id"])


def downgrade() -> None:
    set_timeouts()
    drop_index("ix_attachments_file", "attachments")
    op.drop_column("ticket_links", "merged_from_id")
    drop_index("ix_tickets_merged_into", "tickets")
    op.drop_column("tickets", "merged_into_id")
    disallow("notifications", "kind", "merged")
    op.drop_table("merges")
