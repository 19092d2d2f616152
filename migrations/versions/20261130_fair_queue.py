"""Indexes by which customers take turns in the assignment, and where the last look ended

Revision ID: c92d4e7b10a5
Revises: b7d3e05a91c6
"""

import sqlalchemy as sa
from alembic import op

revision = "c92d4e7b10a5"
down_revision = "b7d3e05a91c6"
branch_labels = None
depends_on = None

IS_ACTIVE = "status in ('open', 'in_progress')"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("assignment_cursor", sa.Column("looked_at", sa.Uuid()))
    op.create_index(
        "ix_tickets_user_waiting",
        "tickets",
        ["user_id", "created_at", "id"],
        postgresql_where=f"assigned_to_id is null and {IS_ACTIVE}",
    )
    op.create_index(
        "ix_tickets_user_held",
        "tickets",
        ["user_id"],
        postgresql_where=f"assigned_to_id is not null and {IS_ACTIVE}",
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index("ix_tickets_user_held", table_name="tickets")
    op.drop_index("ix_tickets_user_waiting", table_name="tickets")
    op.drop_column("assignment_cursor", "looked_at")
