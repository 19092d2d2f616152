"""Addresses are confirmed by a link; the staff's, which came from an admin, count as confirmed

Revision ID: e6a40b19d873
Revises: d1f3a86c52e7
"""

import sqlalchemy as sa
from alembic import op

revision = "e6a40b19d873"
down_revision = "d1f3a86c52e7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("users", sa.Column("email_verified_at", sa.TIMESTAMP(timezone=True)))
    op.execute("update users set email_verified_at = now() where role <> 'user'")
    op.add_column("notifications", sa.Column("is_neutral", sa.Boolean()))
    op.create_table(
        "email_confirmations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True)),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("others", sa.SmallInteger(), nullable=False),
        sa.Column("others_since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_email_confirmations_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_email_confirmations")),
        sa.UniqueConstraint("hash", name=op.f("uq_email_confirmations_hash")),
        sa.UniqueConstraint("mail_id", name=op.f("uq_email_confirmations_mail_id")),
    )
    op.create_index(
        "ix_email_confirmations_due",
        "email_confirmations",
        ["due_at"],
        postgresql_where="done_at is null",
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index("ix_email_confirmations_due", table_name="email_confirmations")
    op.drop_table("email_confirmations")
    op.drop_column("notifications", "is_neutral")
    op.drop_column("users", "email_verified_at")
