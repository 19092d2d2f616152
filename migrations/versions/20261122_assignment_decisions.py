"""Why each ticket went where it did, and who is catching up

Revision ID: 5d0c7a3e9b42
Revises: 1b9efb792ac0
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5d0c7a3e9b42"
down_revision = "1b9efb792ac0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "assignment_decisions",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("strategy", sa.String(length=32), nullable=False),
        sa.Column("candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id", "seq"],
            ["events.ticket_id", "events.seq"],
            name=op.f("fk_assignment_decisions_ticket_id_seq"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_assignment_decisions")),
    )
    # Who was here before this migration was here all the time.
    op.add_column(
        "users",
        sa.Column("catching_up", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.alter_column("users", "catching_up", server_default=None)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("users", "catching_up")
    op.drop_table("assignment_decisions")
