"""Second factors: codes of an app with recovery codes, and passkeys

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import set_timeouts

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

RETENTION, DESK = "retention_challenges", "00000000-0000-0000-0000-000000000000"
TABLES = ("totp", "recovery_codes", "login_challenges", "passkeys", "passkey_challenges")


def of(table: str, column: str, target: str, *, null: bool = False) -> list[sa.schema.SchemaItem]:
    """A column that names a row of another table, and goes with it."""
    return [
        sa.Column(column, sa.Uuid(), nullable=null),
        sa.ForeignKeyConstraint(
            [column],
            [f"{target}.id"],
            name=op.f(f"fk_{table}_{column}"),
            ondelete="CASCADE",
        ),
    ]


def at(column: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(column, sa.TIMESTAMP(timezone=True), nullable=null)


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "totp",
        *of("totp", "user_id", "users"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        at("created_at"),
        at("confirmed_at", null=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.SmallInteger(), nullable=False),
        at("failed_since", null=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp")),
    )
    op.create_table(
        "recovery_codes",
        *of("recovery_codes", "user_id", "users"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "hash", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "login_challenges",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        *of("login_challenges", "user_id", "users"),
        sa.Column("password", sa.LargeBinary(), nullable=False),
        at("expires_at"),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_login_challenges")),
    )
    op.create_index("ix_login_challenges_expires_at", "login_challenges", ["expires_at"])
    op.create_index("ix_login_challenges_user_id", "login_challenges", ["user_id"])
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        *of("passkeys", "user_id", "users"),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", ARRAY(sa.String(length=32)), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        at("created_at"),
        at("last_used_at", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])
    op.create_table(
        "passkey_challenges",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        *of("passkey_challenges", "session_id", "auth_sessions", null=True),
        at("expires_at"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_passkey_challenges")),
    )
    op.create_index("ix_passkey_challenges_expires_at", "passkey_challenges", ["expires_at"])
    op.execute(
        "insert into deadlines (id, kind, subject_id, due_at, data, attempts) "
        f"values (gen_random_uuid(), '{RETENTION}', '{DESK}', now(), '{{}}', 0)"
    )


def downgrade() -> None:
    set_timeouts()
    op.execute(f"delete from deadlines where kind = '{RETENTION}'")
    for table in reversed(TABLES):
        op.drop_table(table)
