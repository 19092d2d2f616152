"""Events whose words are not in the search's documents yet

Revision ID: c4b07e95a1d2
Revises: 3f9a61d0c7e5
"""

import sqlalchemy as sa
from alembic import op

revision = "c4b07e95a1d2"
down_revision = "3f9a61d0c7e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "unindexed_events",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id", "seq"],
            ["events.ticket_id", "events.seq"],
            name=op.f("fk_unindexed_events_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name=op.f("pk_unindexed_events")),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    # What is still to be indexed is indexed, as nothing would come back to it.
    op.execute(
        """
        insert into ticket_search as document (ticket_id, public, staff)
        select t.id, to_tsvector('simple', concat(opened, said.publicly)),
            to_tsvector('simple', concat(opened, said.by_all))
        from (
            select ticket_id, bool_or(seq = 1) as is_new,
                left(string_agg(E'\\n' || content, '' order by seq)
                    filter (where public_seq is not null), 40000) as publicly,
                left(string_agg(E'\\n' || content, '' order by seq), 40000) as by_all
            from unindexed_events join events using (ticket_id, seq)
            group by ticket_id
        ) said
        join tickets t on t.id = said.ticket_id,
        lateral (select case when is_new
            then concat_ws(E'\\n', t.number, t.title, t.description) end as opened) o
        on conflict (ticket_id) do update set
            public = case when pg_column_size(document.public || '') < 500000
                then document.public || excluded.public else document.public end,
            staff = case when pg_column_size(document.staff || '') < 500000
                then document.staff || excluded.staff else document.staff end
        """
    )
    op.drop_table("unindexed_events")
