"""What is not indexed yet has no index of its own, and locks its ticket instead of its event

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE, COLUMNS = "unindexed_events", ["ticket_id", "seq"]
REFERENCE, KEY = "fk_unindexed_events_ticket_id", "pk_unindexed_events"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_constraint(REFERENCE, TABLE)
    op.create_foreign_key(REFERENCE, TABLE, "tickets", ["ticket_id"], ["id"], ondelete="CASCADE")
    op.drop_constraint(KEY, TABLE)
    # Logical replication finds rows by all of their columns where they have no key.
    op.execute(f"alter table {TABLE} replica identity full")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(f"alter table {TABLE} replica identity default")
    op.create_primary_key(KEY, TABLE, COLUMNS)
    op.drop_constraint(REFERENCE, TABLE)
    op.create_foreign_key(REFERENCE, TABLE, "events", COLUMNS, COLUMNS, ondelete="CASCADE")
