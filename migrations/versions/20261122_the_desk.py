"""The desk: people, sessions, tickets with their timeline, the assignment turn, notifications

Revision ID: 1b9efb792ac0
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "1b9efb792ac0"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "assignment_cursor",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_assignment_cursor_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_cursor")),
    )
    op.execute("insert into assignment_cursor (id, turn) values (1, 0)")
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=100), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "user",
                "csr",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("notify_email", sa.Boolean(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("last_assigned_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_users_capacity_not_negative")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index(
        "ix_users_staff", "users", ["role", "id"], unique=False, postgresql_where="role <> 'user'"
    )
    op.create_table(
        "auth_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("issued", postgresql.ARRAY(sa.TIMESTAMP(timezone=True)), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_auth_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_sessions")),
    )
    op.create_index("ix_auth_sessions_expires_at", "auth_sessions", ["expires_at"], unique=False)
    op.create_index(
        "ix_auth_sessions_live",
        "auth_sessions",
        ["user_id"],
        unique=False,
        postgresql_where="ended_at is null",
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "in_progress",
                "resolved",
                "closed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "low",
                "medium",
                "high",
                "urgent",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "priority_rank",
            sa.SmallInteger(),
            sa.Computed(
                "case priority when 'low' then 1 when 'medium' then 2 "
                "when 'high' then 3 when 'urgent' then 4 else 0 end",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "tags",
            postgresql.ARRAY(sa.String(length=32)),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_to_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("public_updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("first_response_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_public_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "last_public_seq <= last_seq", name=op.f("ck_tickets_public_within_all")
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to_id"], ["users.id"], name=op.f("fk_tickets_assigned_to_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tickets_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index(
        "ix_tickets_assignee_created",
        "tickets",
        ["assigned_to_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_tickets_category_created", "tickets", ["category", "created_at", "id"], unique=False
    )
    op.create_index("ix_tickets_created", "tickets", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_tickets_load",
        "tickets",
        ["assigned_to_id"],
        unique=False,
        postgresql_where="status in ('open', 'in_progress')",
    )
    op.create_index("ix_tickets_priority", "tickets", ["priority_rank", "id"], unique=False)
    op.create_index(
        "ix_tickets_status_created", "tickets", ["status", "created_at", "id"], unique=False
    )
    op.create_index("ix_tickets_tags", "tickets", ["tags"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_tickets_type_created", "tickets", ["type", "created_at", "id"], unique=False
    )
    op.create_index("ix_tickets_updated", "tickets", ["updated_at", "id"], unique=False)
    op.create_index(
        "ix_tickets_user_created", "tickets", ["user_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_tickets_user_number", "tickets", ["user_id", "number"], unique=False)
    op.create_index(
        "ix_tickets_user_priority", "tickets", ["user_id", "priority_rank", "id"], unique=False
    )
    op.create_index(
        "ix_tickets_user_updated", "tickets", ["user_id", "public_updated_at", "id"], unique=False
    )
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["created_at", "id"],
        unique=False,
        postgresql_where="assigned_to_id is null and status in ('open', 'in_progress')",
    )
    op.create_table(
        "events",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_seq", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ticket_created",
                "message_posted",
                "note_posted",
                "status_changed",
                "assigned",
                "priority_changed",
                "tags_changed",
                "category_changed",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("content", sa.String(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "(public_seq is null) = (kind in ('note_posted', 'tags_changed'))",
            name=op.f("ck_events_staff_only_has_no_public_seq"),
        ),
        sa.CheckConstraint("seq > 0 and public_seq > 0", name=op.f("ck_events_seq_positive")),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_events_actor_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_events_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_events")),
        sa.UniqueConstraint(
            "ticket_id",
            "actor_id",
            "client_id",
            name=op.f("uq_events_ticket_id_actor_id_client_id"),
        ),
        sa.UniqueConstraint("ticket_id", "public_seq", name=op.f("uq_events_ticket_id_public_seq")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "assigned",
                "message_posted",
                "status_changed",
                "reopened",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_notifications_actor_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_notifications_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notifications_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_notifications_dedupe_key")),
    )
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["due_at"],
        unique=False,
        postgresql_where="done_at is null",
    )
    op.create_index(
        "ix_notifications_inbox", "notifications", ["user_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "read_cursors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_read_cursors_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_read_cursors_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "ticket_id", name=op.f("pk_read_cursors")),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_table("read_cursors")
    op.drop_index("ix_notifications_inbox", table_name="notifications")
    op.drop_index(
        "ix_notifications_due", table_name="notifications", postgresql_where="done_at is null"
    )
    op.drop_table("notifications")
    op.drop_table("events")
    op.drop_index(
        "ix_tickets_waiting",
        table_name="tickets",
        postgresql_where="assigned_to_id is null and status in ('open', 'in_progress')",
    )
    op.drop_index("ix_tickets_user_updated", table_name="tickets")
    op.drop_index("ix_tickets_user_priority", table_name="tickets")
    op.drop_index("ix_tickets_user_number", table_name="tickets")
    op.drop_index("ix_tickets_user_created", table_name="tickets")
    op.drop_index("ix_tickets_updated", table_name="tickets")
    op.drop_index("ix_tickets_type_created", table_name="tickets")
    op.drop_index("ix_tickets_tags", table_name="tickets", postgresql_using="gin")
    op.drop_index("ix_tickets_status_created", table_name="tickets")
    op.drop_index("ix_tickets_priority", table_name="tickets")
    op.drop_index(
        "ix_tickets_load",
        table_name="tickets",
        postgresql_where="status in ('open', 'in_progress')",
    )
    op.drop_index("ix_tickets_created", table_name="tickets")
    op.drop_index("ix_tickets_category_created", table_name="tickets")
    op.drop_index("ix_tickets_assignee_created", table_name="tickets")
    op.drop_table("tickets")
    op.drop_index(
        "ix_auth_sessions_live", table_name="auth_sessions", postgresql_where="ended_at is null"
    )
    op.drop_index("ix_auth_sessions_expires_at", table_name="auth_sessions")
    op.drop_table("auth_sessions")
    op.drop_index("ix_users_staff", table_name="users", postgresql_where="role <> 'user'")
    op.drop_table("users")
    op.drop_table("assignment_cursor")
