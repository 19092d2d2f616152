"""Tickets learn of the last messages that were posted by a version that did not keep them

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Each batch is a transaction. What is written meanwhile stays: it has a higher number.
FILL = """
    do $$
    declare
        first uuid := '00000000-0000-0000-0000-000000000000';
        last uuid;
    begin
        loop
            select id into last
            from (select id from tickets where id > first order by id limit 10000) batch
            order by id desc limit 1;
            exit when last is null;
            update tickets
            set last_message_seq = said.seq, last_message_from_staff = said.actor_id <> user_id
            from (
                select t.id as ticket_id, newest.seq, newest.actor_id
                from tickets t, lateral (
                    select seq, actor_id from events
                    where ticket_id = t.id and seq > coalesce(t.last_message_seq, 0)
                        and kind = 'message_posted'
                    order by seq desc limit 1
                ) newest
                where t.id > first and t.id <= last
            ) said
            where tickets.id = said.ticket_id and said.seq > coalesce(last_message_seq, 0);
            commit;
            first := last;
        end loop;
    end $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(FILL)


def downgrade() -> None:
    """What is known of the last messages is right for the version before, too."""
