"""Notifications and deliveries have keys that follow from their cause, and fewer indexes

Processes of the version before go on writing `dedupe_key` while this one is rolled out.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

PENDING = "done_at is null"
ORDER = ["webhook_id", "ticket_id", "seq"]


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_constraint("uq_notifications_dedupe_key", "notifications")
    op.alter_column("notifications", "dedupe_key", nullable=True)
    op.drop_index("ix_notifications_gathered", table_name="notifications")
    op.drop_index("ix_notifications_mail", table_name="notifications")
    op.drop_constraint("uq_webhook_deliveries_webhook_id_ticket_id_seq", "webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_done_at", table_name="webhook_deliveries")
    op.create_index(
        "ix_webhook_deliveries_done",
        "webhook_deliveries",
        ["done_at"],
        postgresql_where="done_at is not null",
    )
    for table in ("notifications", "webhook_deliveries"):
        op.execute(f"alter table {table} set (fillfactor = 85)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in ("notifications", "webhook_deliveries"):
        op.execute(f"alter table {table} reset (fillfactor)")
    op.drop_index("ix_webhook_deliveries_done", table_name="webhook_deliveries")
    op.create_index("ix_webhook_deliveries_done_at", "webhook_deliveries", ["done_at"])
    op.create_unique_constraint(
        "uq_webhook_deliveries_webhook_id_ticket_id_seq", "webhook_deliveries", ORDER
    )
    op.create_index("ix_notifications_mail", "notifications", ["mail_id"], postgresql_where=PENDING)
    op.create_index(
        "ix_notifications_gathered",
        "notifications",
        ["user_id", "ticket_id"],
        postgresql_where=PENDING,
    )
    op.execute("update notifications set dedupe_key = id::text where dedupe_key is null")
    op.alter_column("notifications", "dedupe_key", nullable=False)
    op.create_unique_constraint("uq_notifications_dedupe_key", "notifications", ["dedupe_key"])
