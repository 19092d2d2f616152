"""Deadlines: what the desk does by the clock; its retention is the first of them

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# What is deleted when it is over, an hour after the last time. Of the whole desk: no subject.
RETENTION = ("sessions", "idempotency_keys", "socket_tickets", "webhook_deliveries")
DESK = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "deadlines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ticket_id", sa.Uuid()),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("last_error", sa.String(length=200)),
        sa.Column("dead_at", sa.TIMESTAMP(timezone=True)),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_deadlines_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_deadlines_kind_subject_id")),
        postgresql_with={"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.01},
    )
    op.create_index("ix_deadlines_due", "deadlines", ["due_at"], postgresql_where="dead_at is null")
    op.create_index(
        "ix_deadlines_dead", "deadlines", ["dead_at"], postgresql_where="dead_at is not null"
    )
    for name in RETENTION:
        op.execute(
            "insert into deadlines (id, kind, subject_id, due_at, data, attempts) "
            f"values (gen_random_uuid(), 'retention_{name}', '{DESK}', now(), '{{}}', 0)"
        )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_table("deadlines")
