"""``manage export``."""

import json
from pathlib import Path
from typing import Any

import pytest

from desk.access import Audience
from desk.assignment import routing
from desk.assignment.routing import Change
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from manage import export as command
from models import Role
from tests.conftest import Backend
from tests.factories import Person, a_ticket, database, now, people
from tests.manage.conftest import Manage, refusal

Story = tuple[int, str, Person, Person]


@pytest.fixture
def story(backend: Backend) -> Story:
    """A ticket's number and id, its customer, and a CSR who noted and tagged."""
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    with database(backend.settings) as session:
        ticket = a_ticket(session, customer.actor, title="Größe ✂")
        for actor, content, internal in (
            (customer.actor, "Hello?", False),
            (csr.actor, "a secret note", True),
            (csr.actor, "Hello!", False),
        ):
            new = NewMessage(content=content, internal=internal)
            messages.post(session, actor, ticket.id, new, now())
        routing.change(session, csr.actor, ticket.id, Change(tags=["secret-tag"]), now())
    return ticket.number, str(ticket.id), customer, csr


def test_the_staff_get_all_of_it(
    manage: Manage, backend: Backend, story: Story, tmp_path: Path
) -> None:
    number, ticket_id, customer, csr = story
    to = tmp_path / "ticket.json"
    done = manage("export", str(number), "--output", str(to), DATABASE_URL=backend.database_url)
    assert done.returncode == 0, done.stderr
    found = json.loads(to.read_text())
    assert (found["ticket"]["id"], found["ticket"]["title"]) == (ticket_id, "Größe ✂")
    assert found["ticket"]["tags"] == ["secret-tag"]
    assert [event["seq"] for event in found["timeline"]] == [1, 2, 3, 4, 5]
    people = {person["id"]: person["email"] for person in found["people"]}
    assert people == {str(customer.id): customer.email, str(csr.id): csr.email}


def test_a_customers_copy_has_nothing_of_the_staffs_own(
    manage: Manage, backend: Backend, story: Story
) -> None:
    _, ticket_id, customer, csr = story
    asked = ("export", ticket_id, "--for", "customer")
    done = manage(*asked, DATABASE_URL=backend.database_url)
    found: dict[str, Any] = json.loads(done.stdout)
    assert [event["seq"] for event in found["timeline"]] == [1, 2, 3]
    assert customer.email in done.stdout
    assert "secret" not in done.stdout
    assert csr.email not in done.stdout


def test_a_long_timeline_is_whole(
    backend: Backend, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PAGE", 2)
    with database(backend.settings) as session:
        number = story[0]
        found = command._found(session, number, Audience.CUSTOMER)
        assert [event.seq for event in found["timeline"]] == [1, 2, 3]


@pytest.mark.parametrize("name", ["999999999", "00000000-0000-7000-8000-000000000000"])
def test_what_there_is_not_is_said(manage: Manage, backend: Backend, name: str) -> None:
    done = manage("export", name, DATABASE_URL=backend.database_url)
    assert "there is no ticket" in refusal(done)


@pytest.mark.parametrize("name", ["٣", "12x", "1" * 30, "-1"])
def test_what_is_no_name_is_refused(manage: Manage, backend: Backend, name: str) -> None:
    done = manage("export", "--", name, DATABASE_URL=backend.database_url)
    assert done.returncode == 2
    assert "neither a number nor an id" in done.stderr
