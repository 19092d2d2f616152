"""Teams, each with a queue of its own; a ticket is in one, or in none

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import create_index, drop_index, set_timeouts

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

IS_WAITING = "assigned_to_id is null and status in ('open', 'in_progress')"
QUEUE = sa.text("coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid)")
IN_TEAM = "team_id is not null"
TEAM_LISTS = {
    "ix_tickets_team_created": ["team_id", "created_at", "id"],
    "ix_tickets_team_updated": ["team_id", "updated_bucket"],
    "ix_tickets_team_priority": ["team_id", "priority_rank", "id"],
    "ix_tickets_team_number": ["team_id", "number"],
}


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "teams",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(length=32)),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
    )
    op.create_index("uq_teams_name", "teams", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "team_members",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("catching_up", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_team_members_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_members")),
    )
    op.create_index("ix_team_members_user", "team_members", ["user_id"])
    op.add_column("tickets", sa.Column("team_id", sa.Uuid()))
    # Not checked for the rows that are there, which have no team: so nobody waits for that.
    op.create_foreign_key(
        op.f("fk_tickets_team_id"),
        "tickets",
        "teams",
        ["team_id"],
        ["id"],
        postgresql_not_valid=True,
    )
    op.execute("alter table tickets validate constraint fk_tickets_team_id")
    waiting = {"postgresql_where": IS_WAITING}
    create_index("ix_tickets_queue", "tickets", [QUEUE, "created_at", "id"], **waiting)
    create_index(
        "ix_tickets_user_queue", "tickets", [QUEUE, "user_id", "created_at", "id"], **waiting
    )
    for name, columns in TEAM_LISTS.items():
        create_index(name, "tickets", columns, postgresql_where=IN_TEAM)
    drop_index("ix_tickets_waiting", "tickets")
    drop_index("ix_tickets_user_waiting", "tickets")


def downgrade() -> None:
    set_timeouts()
    waiting = {"postgresql_where": IS_WAITING}
    create_index("ix_tickets_waiting", "tickets", ["created_at", "id"], **waiting)
    create_index("ix_tickets_user_waiting", "tickets", ["user_id", "created_at", "id"], **waiting)
    for name in ("ix_tickets_queue", "ix_tickets_user_queue", *TEAM_LISTS):
        drop_index(name, "tickets")
    op.drop_column("tickets", "team_id")
    op.drop_table("team_members")
    op.drop_table("teams")
