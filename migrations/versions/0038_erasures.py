"""Erasures of people: whose account is nobody's, and how far that is

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import set_timeouts

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

KNOWN = "ck_users_visitor_known"
BEFORE = (
    "kind = 'program' or "
    "(email is null) = (visitor_email is not null or identity_subject is not null)"
)
CHECKS = {
    KNOWN: (
        "kind = 'program' or (email is null and erased_at is null) = "
        "(visitor_email is not null or identity_subject is not null)"
    ),
    "ck_users_erased_is_nobody": "erased_at is null or (email is null and not is_active)",
}


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "erasures",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("keep_tickets", sa.Boolean(), nullable=False),
        sa.Column("was_staff", sa.Boolean(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.Uuid()),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_erasures_user_id")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["users.id"], name=op.f("fk_erasures_asked_by_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_erasures")),
    )
    op.add_column("users", sa.Column("erased_at", sa.TIMESTAMP(timezone=True)))
    op.drop_constraint(KNOWN, "users")
    _check(CHECKS)


def downgrade() -> None:
    """Whoever was erased becomes an account that nobody can log in to."""
    set_timeouts()
    op.execute("delete from deadlines where kind = 'erasure'")
    for name in CHECKS:
        op.drop_constraint(name, "users")
    op.execute(
        "update users set email = id || '@erased.invalid', password_hash = '' "
        "where erased_at is not null"
    )
    op.drop_column("users", "erased_at")
    _check({KNOWN: BEFORE})
    op.drop_table("erasures")


def _check(conditions: dict[str, str]) -> None:
    """Writers wait only until they stand: the rows are read under a weaker lock."""
    for name, condition in conditions.items():
        op.execute(f"alter table users add constraint {name} check ({condition}) not valid")
    for name in conditions:
        op.execute(f"alter table users validate constraint {name}")
