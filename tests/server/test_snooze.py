"""Snoozing over HTTP: what is asked, answered and refused."""

from datetime import timedelta

from models import Role
from tests.api import Api
from tests.conftest import Backend
from tests.factories import now, people


async def test_a_ticket_sleeps_and_is_woken(api: Api, backend: Backend) -> None:
    customer, csr = people(backend.settings, Role.USER, Role.CSR)
    ticket = await api.a_ticket(customer)
    path = f"/csr/tickets/{ticket['id']}/snooze"
    until = (now() + timedelta(days=1)).isoformat()
    asleep = await api.call("POST", path, csr, json={"until": until, "note": "Their holidays"})
    assert asleep.json["snoozed_until"] == until.replace("+00:00", "Z")
    listed = await api.call("GET", f"/csr/tickets?snoozed=true&user_id={customer.id}", csr)
    assert [each["id"] for each in listed.json] == [ticket["id"]]
    awake = await api.call("DELETE", path, csr)
    assert awake.json["snoozed_until"] is None
    timeline = await api.call("GET", f"/tickets/{ticket['id']}/timeline", csr)
    happened = [(event["kind"], event["data"]) for event in timeline.json[1:]]
    assert [kind for kind, _ in happened] == ["note_posted", "snoozed", "woke"]
    assert happened[-1][1] == {"by": str(csr.id)}
