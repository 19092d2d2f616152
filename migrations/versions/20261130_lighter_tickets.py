"""A message moves nothing that is in an index of tickets; a ticket knows its last message

Revision ID: b1c7d20e94fa
Revises: f2b8d41c6e05
"""

from collections.abc import Iterable

from alembic import op

revision = "b1c7d20e94fa"
down_revision = "f2b8d41c6e05"
branch_labels = None
depends_on = None

INDEXES: dict[str, tuple[str, ...]] = {
    "ix_tickets_user_updated": ("user_id", "public_updated"),
    "ix_tickets_updated": ("updated",),
    "ix_tickets_status_updated": ("status", "updated"),
    "ix_tickets_assignee_updated": ("assigned_to_id", "updated"),
    "ix_tickets_unassigned_updated": ("updated",),
}
BUCKET = (
    "timestamp generated always as (date_bin(interval '15 minutes', "
    "timezone('UTC', {}), timestamp '2000-01-01')) stored"
)
LAST_MESSAGE = """
    create function pg_temp.last_message(id uuid) returns events language sql stable as
    $$select * from events where ticket_id = id and kind = 'message_posted'
    order by seq desc limit 1$$
"""
LAST_SIDE = """
    create function pg_temp.last_side(id uuid, customer uuid) returns varchar language sql stable as
    $$select case when said.actor_id = customer then 'customer' when said.seq > 0 then 'staff' end
    from pg_temp.last_message(id) said$$
"""


def upgrade() -> None:
    """Writes the table and its indexes anew, once for all of it, with nobody reading meanwhile."""
    op.execute("set local lock_timeout = '5s'")
    _drop_indexes()
    op.execute("alter table tickets set (fillfactor = 85)")
    op.execute(
        "alter table tickets add column last_message_seq bigint, "
        "add column last_message_by varchar(32)"
    )
    op.execute(LAST_MESSAGE)
    op.execute(LAST_SIDE)
    op.execute(
        f"""
        alter table tickets
            add column updated_bucket {BUCKET.format("updated_at")} not null,
            add column public_updated_bucket {BUCKET.format("public_updated_at")} not null,
            alter column last_message_seq type bigint using (pg_temp.last_message(id)).seq,
            alter column last_message_by type varchar(32) using pg_temp.last_side(id, user_id),
            add constraint ck_tickets_last_message_by
                check (last_message_by in ('customer', 'staff')),
            add constraint ck_tickets_last_message_whole
                check ((last_message_seq is null) = (last_message_by is null))
        """
    )
    op.execute("drop function pg_temp.last_side, pg_temp.last_message")
    _create_indexes("_bucket", ())


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    _drop_indexes()
    for column in (
        "last_message_by",
        "last_message_seq",
        "public_updated_bucket",
        "updated_bucket",
    ):
        op.drop_column("tickets", column)
    op.execute("alter table tickets reset (fillfactor)")
    _create_indexes("_at", ("id",))


def _drop_indexes() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="tickets")


def _create_indexes(ending: str, more: Iterable[str]) -> None:
    for name, (*leading, last) in INDEXES.items():
        op.create_index(
            name,
            "tickets",
            [*leading, last + ending, *more],
            postgresql_where="assigned_to_id is null" if "unassigned" in name else None,
        )
