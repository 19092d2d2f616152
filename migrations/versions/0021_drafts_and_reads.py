"""What a person keeps of a ticket: drafts, and how far they have read it at all

Revision ID: 0021
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import create_index, drop_index, set_timeouts

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEX = "ix_read_cursors_ticket"


def upgrade() -> None:
    create_index(INDEX, "read_cursors", ["ticket_id"])
    set_timeouts()
    op.add_column("read_cursors", sa.Column("furthest_seq", sa.BigInteger()))
    op.create_table(
        "drafts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("base_seq", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_drafts_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_drafts_ticket_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind in ('reply', 'note')", name=op.f("ck_drafts_kind")),
        sa.PrimaryKeyConstraint("user_id", "ticket_id", "kind", name=op.f("pk_drafts")),
    )


def downgrade() -> None:
    set_timeouts()
    op.drop_table("drafts")
    op.drop_column("read_cursors", "furthest_seq")
    drop_index(INDEX, "read_cursors")
