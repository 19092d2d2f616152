"""Any name may be an event's kind; an event without a public number is the staff's alone

Revision ID: f3b1c07d5e92
Revises: e6a40b19d873
"""

from alembic import op

revision = "f3b1c07d5e92"
down_revision = "e6a40b19d873"
branch_labels = None
depends_on = None

# As they were: the kinds that processes of the release before this one write.
CHECKS = {
    "kind": (
        "kind in ('ticket_created', 'message_posted', 'note_posted', 'status_changed', "
        "'assigned', 'priority_changed', 'tags_changed', 'category_changed')"
    ),
    "staff_only_has_no_public_seq": (
        "(public_seq is null) = (kind in ('note_posted', 'tags_changed'))"
    ),
}


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for name in CHECKS:
        op.execute(f"alter table events drop constraint ck_events_{name}")


def downgrade() -> None:
    """For rows from now on: what was stored meanwhile stays, and is not read through for this."""
    op.execute("set local lock_timeout = '5s'")
    for name, check in CHECKS.items():
        op.execute(f"alter table events add constraint ck_events_{name} check ({check}) not valid")
