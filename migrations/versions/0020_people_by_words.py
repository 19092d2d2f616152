"""People are found by the words of their names and addresses

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import create_index, drop_index, set_timeouts

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEX = "ix_users_words"
# Letters are compared without case and accents; signs, as in an address, stand between words.
WORDS = r"""
    create or replace function person_words(full_name text, email text) returns tsvector
    language sql immutable parallel safe strict
    return to_tsvector(
        'simple',
        translate(
            lower(regexp_replace(
                normalize(full_name || ' ' || email, NFKD), '[\u0300-\u036f]', '', 'g'
            )),
            '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~',
            '                                '
        )
    )
"""


def upgrade() -> None:
    set_timeouts()
    op.execute(WORDS)
    create_index(
        INDEX, "users", [sa.text("person_words(full_name, email)")], postgresql_using="gin"
    )


def downgrade() -> None:
    set_timeouts()
    drop_index(INDEX, "users")
    op.execute("drop function person_words(text, text)")
