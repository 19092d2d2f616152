"""A conversation over Socket.IO, within one process."""

from typing import Any

from tests.api import Api
from tests.factories import Person
from tests.sockets import Client


async def test_both_sides_see_the_same_in_the_same_order(
    web_url: str, api: Api, customer: Person, csr: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    async with Client(web_url, customer) as ann, Client(web_url, csr) as bob:
        await ann.join(ticket_id)
        await bob.join(ticket_id)
        await ann.say(ticket_id, "hello?")
        await bob.say(ticket_id, "hello!")
        await ann.until(lambda: len(ann.timeline) == 3)
        await bob.until(lambda: len(bob.timeline) == 3)
    assert ann.seen["timeline"] == bob.seen["timeline"]
    assert [number for number, _ in ann.timeline] == [1, 2, 3]


async def test_both_sides_are_shown_the_ticket_as_it_changes(
    web_url: str, api: Api, customer: Person, csr: Person
) -> None:
    async with Client(web_url, customer) as ann, Client(web_url, csr) as bob:
        ticket = await api.a_ticket(customer)
        ticket_id = ticket["id"]

        def shown(client: Client) -> dict[str, Any]:
            mine = [t for t in client.seen["ticket_changed"] if t["id"] == ticket_id]
            return mine[-1] if mine else {}

        row = {name: value for name, value in ticket.items() if name != "description"}
        await ann.until(lambda: shown(ann) == row)
        await bob.until(lambda: shown(bob).get("seq") == 1)
        await ann.say(ticket_id, "hello?")
        await bob.until(lambda: shown(bob).get("unread") == 1)
        await ann.until(lambda: (shown(ann)["seq"], shown(ann)["unread"]) == (2, 0))
        for client in (ann, bob):
            last = {"by": "customer", "preview": "hello?", "at": shown(client)["updated_at"]}
            assert (shown(client)["last_message"], shown(client)["waiting_on"]) == (last, "staff")
            joined = await client.join(ticket_id)
            assert joined["ticket"] == shown(client) | {"description": ticket["description"]}
