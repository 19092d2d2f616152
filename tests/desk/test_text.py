"""Text that is made to cost more than it is long, or to show nothing."""

import unicodedata

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from desk.accounts.full_names import FullName
from desk.accounts.passwords import GivenPassword
from desk.text import (
    MOST_MARKS,
    Content,
    Description,
    Email,
    Moment,
    Tag,
    Title,
)


class Given(BaseModel):
    password: GivenPassword = ""
    description: Description = "x"
    email: Email = "a@b.test"


# As much of it as a body holds. The last three are no marks by their combining class.
MARKS = ["\u0315\u0300", "\u0344", "\u0f73", "\u0f75", "\u0f81"]
LONGEST = 240_000


@pytest.mark.parametrize("marks", MARKS, ids=ascii)
@pytest.mark.parametrize("field", ["password", "description", "email"])
def test_endless_marks_are_refused_before_they_are_put_in_order(field: str, marks: str) -> None:
    """Which takes the square of their number."""
    text = "a" + marks * (LONGEST // len((marks).encode()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unicodedata, "normalize", None)
        for given in (text, text[:50_000]):
            with pytest.raises(ValidationError):
                Given.model_validate({field: given})


def test_whatever_unicode_reorders_counts_as_a_mark() -> None:
    for character in map(chr, range(0x110000)):
        decomposed = unicodedata.normalize("NFD", character)
        if unicodedata.combining(decomposed[0]):
            assert unicodedata.category(character)[0] == "M"


def test_text_that_shrinks_to_its_bound_is_taken() -> None:
    decomposed = unicodedata.normalize("NFD", "\u1f82") * 20_000
    assert Given(description=decomposed).description == "\u1f82" * 20_000


def test_as_many_marks_as_anybody_writes_are_taken() -> None:
    assert Given(description="Z" + "\u0300" * MOST_MARKS).description


@pytest.mark.parametrize(
    "text", ["\u200b", "\u3164", "\u2800", "\u2060 \ufe0f", "\u00ad\u200d\u115f"]
)
def test_text_that_shows_nothing_is_empty(text: str) -> None:
    for kind in (Title, Content, FullName, Tag):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_whose_year_in_utc_nothing_can_hold_is_refused(at: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(at)


@pytest.mark.parametrize("at", ["0002-01-01T00:00:00Z", "9998-12-31T23:59:59-00:00"])
def test_any_other_time_is_taken(at: str) -> None:
    assert TypeAdapter(Moment).validate_python(at)
