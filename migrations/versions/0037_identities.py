"""Single sign-on: accounts at an identity provider, and accounts here that have no password

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import set_timeouts

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

CHECK = "ck_users_login_whole"


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_identities_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index("uq_identities_user", "identities", ["user_id", "issuer"], unique=True)
    _check("email is not null or password_hash is null")


def downgrade() -> None:
    """Who has no password keeps the account, and cannot log in."""
    set_timeouts()
    op.execute(
        "update users set password_hash = '' where email is not null and password_hash is null"
    )
    _check("(email is null) = (password_hash is null)")
    op.drop_table("identities")


def _check(condition: str) -> None:
    """Writers wait only until it stands: the rows that are there are read under a weaker lock."""
    op.drop_constraint(CHECK, "users")
    op.execute(f"alter table users add constraint {CHECK} check ({condition}) not valid")
    op.execute(f"alter table users validate constraint {CHECK}")
