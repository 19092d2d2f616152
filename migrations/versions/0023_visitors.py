"""Visitors: customers who have no log-in, with an address that only they are known by

Revision ID: 0023
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import create_index, drop_index, set_timeouts

revision = "0023"
down_revision = "0018"
branch_labels = None
depends_on = None

CHECKS = {
    "ck_users_login_whole": "(email is null) = (password_hash is null)",
    "ck_users_visitor_email": "(email is null) = (visitor_email is not null)",
    "ck_users_visitor_email_lower": "visitor_email = lower(visitor_email)",
    "ck_users_visitor_is_customer": "email is not null or role = 'user'",
}
KEY, EMAIL = "uq_users_visitor_key", "ix_users_visitor_email"


def upgrade() -> None:
    set_timeouts()
    op.add_column("users", sa.Column("visitor_email", sa.String(length=254)))
    op.add_column("users", sa.Column("visitor_key", sa.LargeBinary()))
    for column in ("email", "password_hash"):
        op.alter_column("users", column, nullable=True)
    for name, condition in CHECKS.items():
        op.execute(f"alter table users add constraint {name} check ({condition}) not valid")
    for name in CHECKS:
        op.execute(f"alter table users validate constraint {name}")
    options = {"unique": True, "postgresql_where": "visitor_key is not null"}
    create_index(KEY, "users", ["visitor_key"], **options)
    given = "visitor_email is not null"
    create_index(EMAIL, "users", ["visitor_email", "created_at"], postgresql_where=given)


def downgrade() -> None:
    """Their tickets stay; they become accounts that nobody can log in to."""
    drop_index(EMAIL, "users")
    drop_index(KEY, "users")
    set_timeouts()
    for name in CHECKS:
        op.drop_constraint(name, "users")
    op.execute(
        "update users set email = id || '@visitor.invalid', password_hash = '', is_active = false, "
        "notify_email = false where email is null"
    )
    for column in ("email", "password_hash"):
        op.alter_column("users", column, nullable=False)
    op.drop_column("users", "visitor_key")
    op.drop_column("users", "visitor_email")
