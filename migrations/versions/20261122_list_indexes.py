"""Indexes for the lists of a desk with a million tickets, and fresher statistics

Revision ID: 3f9a61d0c7e5
Revises: 8e41b6d9c230
"""

from alembic import op

revision = "3f9a61d0c7e5"
down_revision = "8e41b6d9c230"
branch_labels = None
depends_on = None

NEW = {
    "ix_tickets_status_updated": ("tickets", ["status", "updated_at", "id"]),
    "ix_tickets_status_priority": ("tickets", ["status", "priority_rank", "id"]),
    "ix_tickets_status_number": ("tickets", ["status", "number"]),
    "ix_tickets_assignee_updated": ("tickets", ["assigned_to_id", "updated_at", "id"]),
    "ix_tickets_assignee_priority": ("tickets", ["assigned_to_id", "priority_rank", "id"]),
    "ix_tickets_assignee_number": ("tickets", ["assigned_to_id", "number"]),
    "ix_tickets_category_priority": ("tickets", ["category", "priority_rank", "id"]),
    "ix_tickets_type_priority": ("tickets", ["type", "priority_rank", "id"]),
    "ix_users_created": ("users", ["created_at", "id"]),
    "ix_users_role_created": ("users", ["role", "created_at", "id"]),
    "ix_users_active_created": ("users", ["is_active", "created_at", "id"]),
}
UNASSIGNED = {
    "ix_tickets_unassigned_created": ["created_at", "id"],
    "ix_tickets_unassigned_updated": ["updated_at", "id"],
    "ix_tickets_unassigned_priority": ["priority_rank", "id"],
    "ix_tickets_unassigned_number": ["number"],
}
# By default statistics are made after a tenth of a table has changed: on a large one that is
# weeks, in which the planner knows nothing of what is new.
GROWING = ("tickets", "events", "ticket_search", "notifications")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for name, (table, columns) in NEW.items():
        op.create_index(name, table, columns)
    for name, columns in UNASSIGNED.items():
        op.create_index(name, "tickets", columns, postgresql_where="assigned_to_id is null")
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["user_id", "created_at", "id"],
        postgresql_where="read_at is null",
    )
    for table in GROWING:
        op.execute(f"alter table {table} set (autovacuum_analyze_scale_factor = 0.01)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for table in GROWING:
        op.execute(f"alter table {table} reset (autovacuum_analyze_scale_factor)")
    op.drop_index("ix_notifications_unread", table_name="notifications")
    for name in reversed(UNASSIGNED):
        op.drop_index(name, table_name="tickets")
    for name, (table, _) in reversed(NEW.items()):
        op.drop_index(name, table_name=table)
