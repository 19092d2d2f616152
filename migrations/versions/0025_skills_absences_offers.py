"""Skills of people and of tickets, absences, how long an offer stands, what is fair in a team

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import create_index, drop_index, set_timeouts

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

DECISIONS = "ix_assignment_decisions_team"
LISTS = {
    ("users", "skills"): "varchar(32)",
    ("tickets", "required_skills"): "varchar(32)",
    ("tickets", "offered_to"): "uuid",
}


def upgrade() -> None:
    set_timeouts()
    for (table, name), kind in LISTS.items():
        op.execute(f"alter table {table} add column {name} {kind}[] default '{{}}' not null")
    op.add_column("teams", sa.Column("answer_within_minutes", sa.BigInteger()))
    op.create_table(
        "absences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200)),
        sa.Column("reassign", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_absences_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_absences")),
    )
    op.create_table(
        "available_spells",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_available_spells_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_available_spells")),
    )
    op.create_index("ix_available_spells_user", "available_spells", ["user_id", "started_at"])
    op.create_index(
        "uq_available_spells_open",
        "available_spells",
        ["user_id"],
        unique=True,
        postgresql_where="ended_at is null",
    )
    op.execute(
        "insert into available_spells (id, user_id, started_at) "
        "select gen_random_uuid(), id, now() from users "
        "where role <> 'user' and is_active and available"
    )
    op.add_column("assignment_decisions", sa.Column("team_id", sa.Uuid()))
    op.add_column("assignment_decisions", sa.Column("at", sa.TIMESTAMP(timezone=True)))
    in_team = {"postgresql_where": "team_id is not null"}
    create_index(DECISIONS, "assignment_decisions", ["team_id", "at"], **in_team)


def downgrade() -> None:
    set_timeouts()
    drop_index(DECISIONS, "assignment_decisions")
    op.drop_column("assignment_decisions", "at")
    op.drop_column("assignment_decisions", "team_id")
    op.drop_table("available_spells")
    op.drop_table("absences")
    op.drop_column("teams", "answer_within_minutes")
    for table, name in LISTS:
        op.drop_column(table, name)
