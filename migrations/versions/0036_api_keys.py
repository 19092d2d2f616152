"""Keys for programs, and the accounts by whose names they act

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import set_timeouts

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

VISITOR_KNOWN = "(email is null) = (visitor_email is not null or identity_subject is not null)"
VISITOR_IS_CUSTOMER = "email is not null or role = 'user'"
# Those that are there before stand first as they were, then as they are.
CHECKS = {
    "ck_users_visitor_known": (VISITOR_KNOWN, f"kind = 'program' or {VISITOR_KNOWN}"),
    "ck_users_visitor_is_customer": (
        VISITOR_IS_CUSTOMER,
        f"kind = 'program' or {VISITOR_IS_CUSTOMER}",
    ),
}
NEW_CHECKS = {
    "ck_users_kind": "kind in ('person', 'program')",
    "ck_users_program_has_key_alone": (
        "kind <> 'program' or (role <> 'user' and "
        "coalesce(email, password_hash, visitor_email, identity_subject) is null)"
    ),
}


def upgrade() -> None:
    set_timeouts()
    op.add_column(
        "users",
        sa.Column("kind", sa.String(length=32), nullable=False, server_default="person"),
    )
    for name in CHECKS:
        op.drop_constraint(name, "users")
    after = {name: condition for name, (_, condition) in CHECKS.items()}
    _add_checks({**NEW_CHECKS, **after})
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", ARRAY(sa.String(length=32)), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True)),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_api_keys_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("user_id", name=op.f("uq_api_keys_user_id")),
    )
    op.create_index("ix_api_keys_prefix", "api_keys", ["prefix"])


def downgrade() -> None:
    """What programs did stays, by accounts that nobody can log in to."""
    set_timeouts()
    op.drop_table("api_keys")
    for name in (*CHECKS, *NEW_CHECKS):
        op.drop_constraint(name, "users")
    op.execute(
        "update users set email = id || '@program.invalid', password_hash = '', "
        "is_active = false, notify_email = false where kind = 'program'"
    )
    op.drop_column("users", "kind")
    _add_checks({name: condition for name, (condition, _) in CHECKS.items()})


def _add_checks(checks: dict[str, str]) -> None:
    """Writers wait only until they stand: the rows that are there are read under a weaker lock."""
    for name, condition in checks.items():
        op.execute(f"alter table users add constraint {name} check ({condition}) not valid")
    for name in checks:
        op.execute(f"alter table users validate constraint {name}")
