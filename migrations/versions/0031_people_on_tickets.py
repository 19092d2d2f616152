"""Customers on copy of a ticket, and who follows it

Revision ID: 0031
Revises: 0027
"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import create_index, drop_index, set_timeouts

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None

PEOPLE = ("participant_ids", "follower_ids")


def upgrade() -> None:
    set_timeouts()
    for name in PEOPLE:
        column: sa.Column[list[UUID]] = sa.Column(
            name,
            ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'"),
            nullable=False,
        )
        op.add_column("tickets", column)
    create_index(
        "ix_tickets_participants",
        "tickets",
        ["participant_ids"],
        postgresql_using="gin",
        postgresql_where="participant_ids <> '{}'",
        postgresql_with={"fastupdate": "off"},
    )


def downgrade() -> None:
    set_timeouts()
    drop_index("ix_tickets_participants", "tickets")
    for name in PEOPLE:
        op.drop_column("tickets", name)
