"""Macros, what was written together, and the cause of an event

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.operations import set_timeouts

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

HOLDER = "coalesce(owner_id, team_id, '00000000-0000-0000-0000-000000000000'::uuid)"


def _scope() -> sa.Enum:
    return sa.Enum(
        *("own", "team", "everyone"),
        name="scope",
        native_enum=False,
        create_constraint=True,
        length=32,
    )


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "macros",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("scope", _scope(), nullable=False),
        sa.Column("owner_id", sa.Uuid()),
        sa.Column("team_id", sa.Uuid()),
        sa.Column("message", postgresql.JSONB()),
        sa.Column("actions", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(scope = 'own') = (owner_id is not null)", name=op.f("ck_macros_own_has_owner")
        ),
        sa.CheckConstraint(
            "(scope = 'team') = (team_id is not null)", name=op.f("ck_macros_teams_has_team")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_macros_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_macros_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macros")),
    )
    op.create_index(
        "uq_macros_name", "macros", [sa.text(HOLDER), sa.text("lower(name)")], unique=True
    )
    op.create_table(
        "macro_counts",
        sa.Column("macro_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["macro_id"], ["macros.id"], name=op.f("fk_macro_counts_macro_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_macro_counts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("macro_id", "user_id", name=op.f("pk_macro_counts")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=64)),
        sa.Column("cause_type", sa.String(length=32), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_batches_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_batches_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(
        "uq_batches_client_id", "batches", ["ticket_id", "actor_id", "client_id"], unique=True
    )
    op.create_index(
        "uq_batches_undone",
        "batches",
        ["cause_id"],
        unique=True,
        postgresql_where="cause_type = 'undo'",
    )
    # Nullable and without a default: no row is written.
    op.add_column("events", sa.Column("cause", postgresql.JSONB()))


def downgrade() -> None:
    set_timeouts()
    op.drop_column("events", "cause")
    op.drop_table("batches")
    op.drop_table("macro_counts")
    op.drop_table("macros")
