"""Names that show what they hold, and are not the desk's."""

# ruff: noqa: RUF001 - they are what is tested

import pytest
from pydantic import TypeAdapter, ValidationError

from desk.accounts.full_names import LIKE, LOOKS, FullName, require_own
from desk.errors import Invalid

NAME: TypeAdapter[str] = TypeAdapter(FullName)


@pytest.mark.parametrize(
    "name",
    [
        *(f"Ann{c}Lee" for c in "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e"),
        *(f"Ann{c}Lee" for c in "\u2066\u2067\u2068\u2069"),
        *(f"Ann{c}Lee" for c in "\u200b\u200c\u200d\u2060\u2064\ufeff\u00ad\u180e\ufffb"),
        *(f"Ann{c}Lee" for c in "\u034f\u115f\u1160\u17b4\u2800\u3164\uffa0\U000e0041"),
        *(f"Ann{c}Lee" for c in "\ufe00\ufe0f\u180b\U000e0100"),
        "\u200dAnn",
        "Ann\u200d",
        "\u0639\u200c\u200c\u0644",
        "\u0639\u200b\u0644",
        "\u202e\u0639\u0644\u06cc",
        "\U0001f469\u200dAnn",
        "\U0001f3f4\U000e0067",
        "\u200b",
        "\u3164\u2800",
    ],
    ids=ascii,
)
def test_what_hides_or_turns_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(name)


@pytest.mark.parametrize(
    "name",
    [
        "Ann Lee",
        "José Ángel Núñez",
        "O’Brien-Smith, Jr.",
        "Ngũgĩ wa Thiong'o",
        "علی‌رضا محمدی",  # With a non-joiner between two letters.
        "נועם כהן",
        "श्रीमान् शर्मा",
        "क्\u200dष",  # A joiner, and a non-joiner, after a virama.
        "राज\u094d\u200cकुमार",
        "മോഹന്\u200d",
        "ශ්\u200dරී",
        "葛\U000e0100城 花子",
        "山田\u3000太郎",
        "ᠮᠣᠩᠭ\u180bᠣᠯ",
        "ᠰᠠᠷ\u180eᠠ",  # The last vowel stands apart.
        "สมชาย ใจดี",
        "နိုင်",
        "Ann \U0001f469\u200d\U0001f4bb",
        "Ann \U0001f468\U0001f3fd\u200d\u2695\ufe0f",
        "Ann \u2764\ufe0f\u200d\U0001f525",
        "Ann \U0001f3f3\ufe0f\u200d\U0001f308",
        "Owen \U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
        "Ann 1\ufe0f\u20e3",
        "Ann \u00a9\ufe0f",
        "Ann \U0001f642\u200d\u2194\ufe0f",
    ],
    ids=ascii,
)
def test_names_of_all_scripts_and_emoji_are_taken(name: str) -> None:
    assert NAME.validate_python(name)


@pytest.mark.parametrize(
    "name",
    [
        "Support",
        "SUPPORT",
        "Customer Support",
        "Support Team",
        "The Support-Team!",
        "Technical Support Agent",
        "Help Desk",
        "Helpdesk",
        "Admin",
        "Administrator",
        "Moderator",
        "System",
        "no-reply Service",
        "S u p p o r t",
        "5upp0rt",
        "Adm1n",
        "Admin1",
        "Support 24/7",
        "Support\u00b2",
        "2 Customer Support 0017",
        "Adrnin",
        "AdmIn",
        "Admln",
        "Ａｄｍｉｎ",
        "Súppört",
        "Suррort",  # Two Cyrillic letters.
        "Аdmin",
        "Sυppοrt",  # Two Greek ones.
        "𝐒𝐮𝐩𝐩𝐨𝐫𝐭",
        "Acme",
        "ACME Support",
        "Acme Help-Desk",
        "A c m e",
        "Асmе",
    ],
)
def test_a_customer_is_not_called_as_the_desk(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_own(name, "Acme")
    assert (refused.value.code, refused.value.pointer) == ("name_reserved", "/full_name")


@pytest.mark.parametrize(
    "name",
    [
        "Ann Lee",
        "Ann Service",
        "Ann of Acme",
        "Support Ann",
        "Helper",
        "Root",
        "Theo Desk",
        "Mia",
        "It",
        "User",
        "Care",
        "Tech",
        "IT Team",
        "No Reply Ann",
        "Ann 2",
        "1337",
        "Staffan",
        "Adminah",
        "李",
        "\U0001f469",
        "-",
    ],
)
def test_people_are_called_what_they_are_called(name: str) -> None:
    require_own(name, "Acme")
    require_own(name, "")


def test_a_desk_may_have_no_name_before_its_address() -> None:
    with pytest.raises(Invalid):
        require_own("Support", "")
    with pytest.raises(Invalid):
        require_own("Ticket desk", "Ticket desk")


def test_each_letter_has_its_look() -> None:
    assert len(LOOKS) == sum(map(len, LIKE.values()))
    assert LIKE.keys().isdisjoint(map(chr, LOOKS))
