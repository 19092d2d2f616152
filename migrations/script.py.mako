"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}

An index on a table that is there already: `create_index` and `drop_index` of
`migrations.operations`, in a migration of its own.
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import set_timeouts
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_timeouts()
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    set_timeouts()
    ${downgrades if downgrades else "pass"}
