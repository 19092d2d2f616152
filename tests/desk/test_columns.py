"""A ticket's columns are declared once; what has to be written out besides agrees with that."""

from typing import get_args, get_type_hints

from desk.access import Audience
from desk.tickets import keyset, views
from desk.tickets.filters import Filters
from desk.tickets.views import TicketRow
from models import IN_WEBHOOKS, Ticket
from models.columns import uses


def test_a_field_has_the_type_of_its_column() -> None:
    shown, stored = get_type_hints(TicketRow), get_type_hints(Ticket)
    for name, column in views.FIELDS.items():
        assert get_args(stored[column.key]) == (shown[name],), name


def test_every_declared_filter_can_be_asked_for_and_no_other() -> None:
    in_no_column = {keyset.WORDS, keyset.UNREAD, "fields"}
    # Two words in place of a team.
    declared = keyset.FILTERS.keys() - {keyset.NO_TEAM, keyset.MY_TEAMS}
    assert declared | in_no_column == Filters.model_fields.keys()


def test_what_customers_see_of_a_column_has_its_type() -> None:
    for column, _ in uses(Ticket):
        assert type(views.shown_to(Audience.CUSTOMER, column).type) is type(column.type)


def test_a_sort_goes_by_what_is_shown() -> None:
    assert keyset.SORTS.keys() <= views.FIELDS.keys()


def test_webhooks_tell_nothing_that_the_staff_are_not_shown() -> None:
    assert set(IN_WEBHOOKS) <= views.FIELDS.keys()
