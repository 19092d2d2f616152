"""What becomes one mail is looked for by the person first: their assignments are told together

Revision ID: d1f3a86c52e7
Revises: c92d4e7b10a5
"""

from alembic import op

revision = "d1f3a86c52e7"
down_revision = "c92d4e7b10a5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("user_id", "ticket_id")


def downgrade() -> None:
    _index("ticket_id", "user_id")


def _index(*columns: str) -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index("ix_notifications_gathered", table_name="notifications")
    op.create_index(
        "ix_notifications_gathered",
        "notifications",
        list(columns),
        postgresql_where="done_at is null",
    )
