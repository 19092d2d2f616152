"""Mails: what is told in one, why it is over, and the cause by its number

Revision ID: 5d0c7a91e3b4
Revises: 5d0c7a3e9b42
"""

import sqlalchemy as sa
from alembic import op

revision = "5d0c7a91e3b4"
down_revision = "5d0c7a3e9b42"
branch_labels = None
depends_on = None

OUTCOMES = ("sent", "present", "read", "unwanted", "dead")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("notifications", sa.Column("event_seq", sa.BigInteger(), nullable=True))
    # The key of what is there names its cause: ticket, number, kind, person.
    op.execute("update notifications set event_seq = split_part(dedupe_key, ':', 2)::bigint")
    op.alter_column("notifications", "event_seq", nullable=False)
    op.add_column("notifications", sa.Column("mail_id", sa.Uuid(), nullable=True))
    op.add_column("notifications", sa.Column("last_error", sa.String(length=64), nullable=True))
    op.add_column(
        "notifications",
        sa.Column(
            "outcome",
            sa.Enum(
                *OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
    )
    op.execute("update notifications set outcome = 'sent' where done_at is not null")
    op.create_index(
        "ix_notifications_gathered",
        "notifications",
        ["ticket_id", "user_id"],
        unique=False,
        postgresql_where="done_at is null",
    )
    op.create_index(
        "ix_notifications_mail",
        "notifications",
        ["mail_id"],
        unique=False,
        postgresql_where="done_at is null",
    )
    op.create_index(
        "ix_notifications_dead",
        "notifications",
        ["done_at"],
        unique=False,
        postgresql_where="outcome = 'dead'",
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index(
        "ix_notifications_dead", table_name="notifications", postgresql_where="outcome = 'dead'"
    )
    op.drop_index(
        "ix_notifications_mail", table_name="notifications", postgresql_where="done_at is null"
    )
    op.drop_index(
        "ix_notifications_gathered", table_name="notifications", postgresql_where="done_at is null"
    )
    # The dead would be taken for due again, at the end of their attempts: they stay done.
    op.drop_column("notifications", "outcome")
    op.drop_column("notifications", "last_error")
    op.drop_column("notifications", "mail_id")
    op.drop_column("notifications", "event_seq")
