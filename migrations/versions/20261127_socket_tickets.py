"""Socket tickets: what opens a plain WebSocket once

Revision ID: b7d3e05a91c6
Revises: a61f7c02d9e4
"""

import sqlalchemy as sa
from alembic import op

revision = "b7d3e05a91c6"
down_revision = "a61f7c02d9e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "socket_tickets",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("socket_until", sa.TIMESTAMP(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_socket_tickets_{column}"),
                ondelete="CASCADE",
            )
            for column, table in (
                ("user_id", "users"),
                ("session_id", "auth_sessions"),
                ("ticket_id", "tickets"),
            )
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_socket_tickets")),
    )
    op.create_index("ix_socket_tickets_expires_at", "socket_tickets", ["expires_at"])


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index("ix_socket_tickets_expires_at", table_name="socket_tickets")
    op.drop_table("socket_tickets")
