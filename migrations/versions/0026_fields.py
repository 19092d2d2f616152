"""Custom fields: their definitions, and tickets with values

Revision ID: 0026
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.operations import set_timeouts

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KINDS = ("text", "number", "boolean", "date", "choice", "choices", "url")
ACCESSES = ("hidden", "read", "write")
NEEDS = ("never", "to_open", "to_resolve")


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    set_timeouts()
    op.create_table(
        "fields",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("kind", _one_of("kind", *KINDS), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("customers", _one_of("customers", *ACCESSES), nullable=False),
        sa.Column("required", _one_of("required", *NEEDS), nullable=False),
        sa.Column("category", sa.String(length=64)),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("removed_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(
            "required <> 'to_open' or customers = 'write'",
            name=op.f("ck_fields_asked_for_is_shown"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields")),
        sa.UniqueConstraint("number", name=op.f("uq_fields_number")),
        sa.UniqueConstraint("key", name=op.f("uq_fields_key")),
    )
    op.create_table(
        "field_values",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("field_number", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.String(length=200, collation="C"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_field_values_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["field_number"], ["fields.number"], name=op.f("fk_field_values_field_number")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "field_number", "value", name=op.f("pk_field_values")),
    )
    op.create_index(
        "ix_field_values_value",
        "field_values",
        ["field_number", "value", "created_at", "ticket_id"],
    )
    # A default that is constant: no row is written.
    fields = sa.Column("fields", postgresql.JSONB(), server_default="{}", nullable=False)
    op.add_column("tickets", fields)


def downgrade() -> None:
    set_timeouts()
    op.drop_column("tickets", "fields")
    op.drop_table("field_values")
    op.drop_table("fields")
