"""Visitors: customers who have no log-in, with an address that only they are known by

Revision ID: 0023
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import create_index, drop_index, set_timeouts

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CHECKS = {
    "ck_users_login_whole": "(email is null) = (password_hash is null)",
    "ck_users_visitor_known": (
        "(email is null) = (visitor_email is not null or identity_subject is not null)"
    ),
    "ck_users_visitor_email_lower": "visitor_email = lower(visitor_email)",
    "ck_users_visitor_is_customer": "email is not null or role = 'user'",
}
EMAIL = "ix_users_visitor_email"
# People are found by the words of their addresses, whichever they are.
CALLED, CALLED_BEFORE = "ix_users_called", "ix_users_words"
WORDS = "full_name, coalesce(email, visitor_email, '')"
UNIQUE = ("visitor_key", "identity_subject")
# Each of a site's tokens is good once; what is over is deleted as what else is.
SPENT, DESK = "spent_identity_tokens", "00000000-0000-0000-0000-000000000000"
RETENTION = "retention_identity_tokens"


def upgrade() -> None:
    set_timeouts()
    op.add_column("users", sa.Column("visitor_email", sa.String(length=254)))
    op.add_column("users", sa.Column("visitor_key", sa.LargeBinary()))
    op.add_column("users", sa.Column("identity_subject", sa.String(length=255)))
    for column in ("email", "password_hash"):
        op.alter_column("users", column, nullable=True)
    for name, condition in CHECKS.items():
        op.execute(f"alter table users add constraint {name} check ({condition}) not valid")
    for name in CHECKS:
        op.execute(f"alter table users validate constraint {name}")
    op.create_table(
        SPENT,
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=f"pk_{SPENT}"),
    )
    op.create_index(f"ix_{SPENT}_expires_at", SPENT, ["expires_at"])
    op.execute(
        "insert into deadlines (id, kind, subject_id, due_at, data, attempts) "
        f"values (gen_random_uuid(), '{RETENTION}', '{DESK}', now(), '{{}}', 0)"
    )
    for column in UNIQUE:
        options = {"unique": True, "postgresql_where": f"{column} is not null"}
        create_index(f"uq_users_{column}", "users", [column], **options)
    create_index(CALLED, "users", [sa.text(f"person_words({WORDS})")], postgresql_using="gin")
    drop_index(CALLED_BEFORE, "users")
    given = "visitor_email is not null"
    create_index(EMAIL, "users", ["visitor_email", "created_at"], postgresql_where=given)


def downgrade() -> None:
    """Their tickets stay; they become accounts that nobody can log in to."""
    before = sa.text("person_words(full_name, email)")
    create_index(CALLED_BEFORE, "users", [before], postgresql_using="gin")
    drop_index(CALLED, "users")
    drop_index(EMAIL, "users")
    for column in UNIQUE:
        drop_index(f"uq_users_{column}", "users")
    set_timeouts()
    op.execute(f"delete from deadlines where kind = '{RETENTION}'")
    op.drop_table(SPENT)
    for name in CHECKS:
        op.drop_constraint(name, "users")
    op.execute(
        "update users set email = id || '@visitor.invalid', password_hash = '', is_active = false, "
        "notify_email = false where email is null"
    )
    for column in ("email", "password_hash"):
        op.alter_column("users", column, nullable=False)
    op.drop_column("users", "identity_subject")
    op.drop_column("users", "visitor_key")
    op.drop_column("users", "visitor_email")
