"""Customers rate how their tickets were resolved

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import allow, disallow, set_timeouts

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "ratings",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid()),
        sa.Column("team_id", sa.Uuid()),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asked_seq", sa.BigInteger()),
        sa.Column("score", sa.SmallInteger()),
        sa.Column("comment", sa.String(length=2000)),
        sa.Column("rated_at", sa.TIMESTAMP(timezone=True)),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ratings_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["users.id"], name=op.f("fk_ratings_agent_id")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_ratings_team_id"), ondelete="SET NULL"
        ),
        sa.CheckConstraint("score between 1 and 5", name=op.f("ck_ratings_score")),
        sa.CheckConstraint("(score is null) = (rated_at is null)", name=op.f("ck_ratings_rated")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ratings")),
    )
    op.create_table(
        "rating_requests",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_rating_requests_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_rating_requests")),
    )
    allow("notifications", "kind", "rated")


def downgrade() -> None:
    set_timeouts()
    disallow("notifications", "kind", "rated")
    op.drop_table("rating_requests")
    op.drop_table("ratings")
