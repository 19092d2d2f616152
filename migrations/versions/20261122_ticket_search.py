"""The words that tickets are found by, with those of the tickets that are there already

Revision ID: 8e41b6d9c230
Revises: 5d2a7c81f0b4
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8e41b6d9c230"
down_revision = "5d2a7c81f0b4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "ticket_search",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("public", postgresql.TSVECTOR(), nullable=False),
        sa.Column("staff", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_search_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_search")),
    )
    op.execute(
        """
        insert into ticket_search (ticket_id, public, staff)
        select t.id, to_tsvector('simple', t.words || coalesce(said.public, '')),
            to_tsvector('simple', t.words || coalesce(said.staff, ''))
        from (
            select id, number || E'\\n' || title || E'\\n' || description as words from tickets
        ) t
        left join (
            select ticket_id,
                left(string_agg(E'\\n' || content, '' order by seq)
                    filter (where kind = 'message_posted'), 100000) as public,
                left(string_agg(E'\\n' || content, '' order by seq), 100000) as staff
            from events where content is not null group by ticket_id
        ) said on said.ticket_id = t.id
        """
    )
    op.create_index("ix_ticket_search_public", "ticket_search", ["public"], postgresql_using="gin")
    op.create_index("ix_ticket_search_staff", "ticket_search", ["staff"], postgresql_using="gin")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_index("ix_ticket_search_staff", table_name="ticket_search", postgresql_using="gin")
    op.drop_index("ix_ticket_search_public", table_name="ticket_search", postgresql_using="gin")
    op.drop_table("ticket_search")
