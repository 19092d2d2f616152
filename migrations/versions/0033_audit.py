"""The audit log

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import set_timeouts

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

# An entry is of now, and unsealed; then two changes of it alone are allowed, whoever asks.
REFUSE = """
create function refuse_audit_change() returns trigger language plpgsql as $$
declare
    allowed record;
begin
    if tg_op = 'INSERT' then
        if new.chain is null and new.at between clock_timestamp() - interval '1 minute'
            and clock_timestamp() + interval '1 minute'
        then
            return new;
        end if;
    elsif tg_op = 'UPDATE' then
        allowed := old;
        if old.chain is null then
            allowed.chain := new.chain;
            allowed.hash := new.hash;
        end if;
        if new.address is null then
            allowed.address := null;
            allowed.address_salt := null;
        end if;
        if new is not distinct from allowed then
            return new;
        end if;
    end if;
    raise exception 'the audit log is only ever added to' using errcode = 'insufficient_privilege';
end
$$
"""
# The head goes on along the chain, and may be said to be in the log.
REFUSE_HEAD = """
create function refuse_audit_head_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if new.chain > old.chain or (new.chain, new.hash) = (old.chain, old.hash) then
            return new;
        end if;
    end if;
    raise exception 'the audit log is only ever added to' using errcode = 'insufficient_privilege';
end
$$
"""
# With the rights of the tables' owner: the role that works with the tables cannot make any. A
# month whose rows are in the default partition already keeps them there.
ADD_PARTITIONS = """
create function add_audit_partitions() returns void language plpgsql
security definer set search_path = public, pg_temp set lock_timeout = '1s' as $$
declare
    first timestamp;
    name text;
begin
    perform pg_advisory_xact_lock(hashtext('add_audit_partitions'));
    for first in
        select date_trunc('month', now() at time zone 'UTC') + n * interval '1 month'
        from generate_series(0, 2) n
    loop
        name := 'audit_' || to_char(first, 'YYYY_MM');
        continue when to_regclass(name) is not null;
        begin
            execute format('create table %I (like audit including all)', name);
            execute format(
                'create trigger audit_not_truncated before truncate on %I '
                'for each statement execute function refuse_audit_change()', name);
            execute format(
                'alter table audit attach partition %I for values from (%L) to (%L)', name,
                first at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
        exception when check_violation then
            raise notice 'audit_default has rows of %', name;
        end;
    end loop;
end
$$
"""


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "audit",
        sa.Column(
            "at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=100)),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("address", sa.String(length=64)),
        sa.Column("address_salt", sa.LargeBinary()),
        sa.Column("address_hash", sa.LargeBinary()),
        sa.Column("chain", sa.BigInteger()),
        sa.Column("hash", sa.LargeBinary()),
        sa.CheckConstraint("(chain is null) = (hash is null)", name=op.f("ck_audit_sealed_whole")),
        sa.CheckConstraint(
            "(address is null) = (address_salt is null)", name=op.f("ck_audit_address_salted")
        ),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_audit")),
        postgresql_partition_by="range (at)",
    )
    op.create_index("ix_audit_actor", "audit", ["actor_id", "at", "id"])
    op.create_index("ix_audit_action", "audit", ["action", "at", "id"])
    op.create_index("ix_audit_subject", "audit", ["subject_id", "at", "id"])
    op.create_index("ix_audit_chain", "audit", ["chain"])
    op.create_index("ix_audit_unsealed", "audit", ["at", "id"], postgresql_where="chain is null")
    op.execute("create table audit_default partition of audit default")
    op.execute(REFUSE)
    op.execute(
        "create trigger audit_only_added_to before insert or update or delete on audit "
        "for each row execute function refuse_audit_change()"
    )
    for table in ("audit", "audit_default"):  # A partition does not inherit this one.
        op.execute(
            f"create trigger audit_not_truncated before truncate on {table} "
            "for each statement execute function refuse_audit_change()"
        )
    op.execute(ADD_PARTITIONS)
    op.execute("select add_audit_partitions()")
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("logged_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.execute("insert into audit_head values (1, 0, decode(repeat('00', 32), 'hex'), null)")
    op.execute(REFUSE_HEAD)
    for when, each in (("update or delete", "row"), ("truncate", "statement")):
        op.execute(
            f"create trigger audit_head_only_forward_{each} before {when} on audit_head "
            f"for each {each} execute function refuse_audit_head_change()"
        )


def downgrade() -> None:
    set_timeouts()
    op.drop_table("audit_head")
    op.drop_table("audit")
    op.execute("drop function add_audit_partitions()")
    op.execute("drop function refuse_audit_change()")
    op.execute("drop function refuse_audit_head_change()")
