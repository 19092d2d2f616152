"""Where sessions were opened, tokens that are good once, and mails about accounts

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import set_timeouts

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

DESK = "00000000-0000-0000-0000-000000000000"
RETENTIONS = ("retention_one_time_tokens", "retention_account_mails")
CLIENT = {"browser": (64, ""), "network": (64, ""), "signed_in_by": (32, "password")}


def upgrade() -> None:
    set_timeouts()
    for name, (length, default) in CLIENT.items():
        column = sa.Column(name, sa.String(length=length), server_default=default, nullable=False)
        op.add_column("auth_sessions", column)
    op.create_table(
        "one_time_tokens",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_one_time_tokens_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_one_time_tokens")),
        sa.UniqueConstraint("purpose", "key", name=op.f("uq_one_time_tokens_purpose_key")),
    )
    op.create_index("ix_one_time_tokens_user", "one_time_tokens", ["user_id"])
    op.create_index("ix_one_time_tokens_expires_at", "one_time_tokens", ["expires_at"])
    op.create_table(
        "account_mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("to_email", sa.String(length=254), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_mails_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_mails")),
    )
    op.create_index(
        "ix_account_mails_due", "account_mails", ["due_at"], postgresql_where="done_at is null"
    )
    op.create_index("ix_account_mails_user", "account_mails", ["user_id"])
    op.create_index("ix_account_mails_created_at", "account_mails", ["created_at"])
    for kind in RETENTIONS:
        op.execute(
            "insert into deadlines (id, kind, subject_id, due_at, data, attempts) "
            f"values (gen_random_uuid(), '{kind}', '{DESK}', now(), '{{}}', 0)"
        )


def downgrade() -> None:
    set_timeouts()
    for kind in RETENTIONS:
        op.execute(f"delete from deadlines where kind = '{kind}'")
    op.drop_table("account_mails")
    op.drop_table("one_time_tokens")
    for name in reversed(CLIENT):
        op.drop_column("auth_sessions", name)
