"""Views; and a ticket knows who said something last, notes among it, for the counts of the unread

Revision ID: 0022
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Where nothing is known of it, as of tickets that are over, it is looked for among the events.
LAST_SAID = """
    update tickets set last_said_seq = coalesce(said.seq, 0), last_said_by = said.actor_id
    from tickets t left join lateral (
        select seq, actor_id from events
        where ticket_id = t.id and kind in ('message_posted', 'note_posted')
        order by seq desc limit 1
    ) said on true
    where t.id = tickets.id and t.status in ('open', 'in_progress')
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid()),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_views_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_views")),
    )
    op.create_index("ix_views_owner", "views", ["owner_id", "id"])
    op.add_column("tickets", sa.Column("last_said_seq", sa.BigInteger()))
    op.add_column("tickets", sa.Column("last_said_by", sa.Uuid()))
    # Of those there are nothing is known; of new ones, that nobody has said anything.
    op.alter_column("tickets", "last_said_seq", server_default="0")
    op.execute(LAST_SAID)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("tickets", "last_said_by")
    op.drop_column("tickets", "last_said_seq")
    op.drop_table("views")
