"""Who is in which room."""

from collections.abc import Callable

import pytest

from server.transport.membership import Membership

NAMESPACE = "/tickets"


@pytest.fixture
def membership() -> Membership:
    return Membership()


@pytest.fixture
def arrive(membership: Membership) -> Callable[[str], str]:
    def enter(name: str) -> str:
        for room in (None, name):
            membership.basic_enter_room(name, NAMESPACE, room, f"eio-{name}")
        return name

    return enter


def test_a_socket_has_a_room_of_its_own(
    membership: Membership, arrive: Callable[[str], str]
) -> None:
    ann = arrive("ann")
    arrive("bob")
    assert membership.get_participants(NAMESPACE, ann) == [("ann", "eio-ann")]
    assert membership.sid_from_eio_sid("eio-ann", NAMESPACE) == ann
    assert membership.get_participants(NAMESPACE, "nobody") == []
    assert membership.get_participants("/other", ann) == []


def test_who_leaves_a_room_is_still_in_the_others(
    membership: Membership, arrive: Callable[[str], str]
) -> None:
    ann, bob = arrive("ann"), arrive("bob")
    for room in ("one", "two"):
        for who in (ann, bob, ann):
            membership.basic_enter_room(who, NAMESPACE, room)
    membership.basic_leave_room(ann, NAMESPACE, "one")
    membership.basic_leave_room(ann, NAMESPACE, "one")
    assert membership.get_participants(NAMESPACE, "one") == [("bob", "eio-bob")]
    assert len(membership.get_participants(NAMESPACE, "two")) == 2


def test_who_is_gone_is_nowhere_and_leaves_nothing(
    membership: Membership, arrive: Callable[[str], str]
) -> None:
    ann, bob = arrive("ann"), arrive("bob")
    for room in ("one", "two"):
        membership.basic_enter_room(ann, NAMESPACE, room)
    membership.basic_enter_room(bob, NAMESPACE, "two")
    membership.pre_disconnect(ann, NAMESPACE)
    membership.basic_disconnect(ann, NAMESPACE)
    assert not membership.is_connected(ann, NAMESPACE)
    assert membership.get_participants(NAMESPACE, "two") == [("bob", "eio-bob")]
    membership.basic_disconnect(bob, NAMESPACE)
    assert membership.rooms == {}
    assert membership._rooms_of == {}
