"""Words of the search that we cut ourselves; the documents there are wait to be made anew

Revision ID: a61f7c02d9e4
Revises: c4b07e95a1d2
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a61f7c02d9e4"
down_revision = "c4b07e95a1d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("unindexed_events", sa.Column("words", postgresql.TSVECTOR()))
    # With a default no row is written: the workers find the old ones by the index.
    op.add_column(
        "ticket_search",
        sa.Column("edition", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
    )
    op.create_index(
        "ix_ticket_search_old",
        "ticket_search",
        ["ticket_id"],
        postgresql_where=sa.text("edition < 2"),
    )
    op.execute(
        """
        create aggregate joined_words(tsvector) (
            sfunc = tsvector_concat, stype = tsvector, initcond = ''
        )
        """
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop aggregate joined_words(tsvector)")
    op.drop_index("ix_ticket_search_old", table_name="ticket_search")
    op.drop_column("ticket_search", "edition")
    op.drop_column("unindexed_events", "words")
