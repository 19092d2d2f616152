"""Attachments, and the files that belong to none

Revision ID: 0027
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import set_timeouts

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("uploader_id", sa.Uuid(), nullable=False),
        sa.Column("event_seq", sa.BigInteger()),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("width", sa.BigInteger()),
        sa.Column("height", sa.BigInteger()),
        sa.Column("scan", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_attachments_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["uploader_id"], ["users.id"], name=op.f("fk_attachments_uploader_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id", "event_seq"],
            ["events.ticket_id", "events.seq"],
            name=op.f("fk_attachments_ticket_id_event_seq"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("size >= 0", name=op.f("ck_attachments_size_positive")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_attachments_sha256_whole")),
        sa.CheckConstraint(
            "scan in ('pending', 'clean', 'infected')", name=op.f("ck_attachments_scan")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index("ix_attachments_same", "attachments", ["ticket_id", "sha256"])
    op.create_index(
        "ix_attachments_pending", "attachments", ["file_id"], postgresql_where="scan = 'pending'"
    )
    op.create_table(
        "loose_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loose_files")),
    )
    op.create_index("ix_loose_files_due", "loose_files", ["due_at"])


def downgrade() -> None:
    set_timeouts()
    op.drop_table("loose_files")
    op.drop_table("attachments")
