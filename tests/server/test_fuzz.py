"""Requests made up from the contract: whatever anybody sends, the answer is a declared one.

Route by route, and along the links of the contract, from what one answer shows to the next
request. `make fuzz` asks for longer.
"""

import asyncio
import copy
import itertools
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    use_after_free,
)
from sqlalchemy import select, text

from config import Settings
from desk.assignment import assignment
from desk.tickets import messages
from desk.webhooks import webhook_queue, webhooks
from desk.webhooks.webhook_queue import Answer, Outgoing
from models import Event, Role, WebhookDelivery
from server.http.contract import PREFIX, Route
from server.routes.table import ROUTES
from tests.conftest import Backend
from tests.contract import rest
from tests.factories import Person, a_ticket, database, now, people
from tests.server.conftest import serving

IS_LONG = "FUZZ_EXAMPLES" in os.environ
# Of each role, over all routes: three quarters route by route.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "240"))
EXAMPLES_OF_A_ROUTE = EXAMPLES * 3 // 4 // len(ROUTES)
STEPS_ALONG_LINKS = EXAMPLES // 4
# The short run asks the same each time.
SEED = time.time_ns() if IS_LONG else 0
STEPS = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PUBLIC = "https://8.8.8.8/hook"
sent: Counter[Role] = Counter()

# Most that is made up has no address, and no webhook would ever be made.
schemathesis.openapi.format(
    "uri",
    st.sampled_from(
        [
            PUBLIC,
            "https://1.1.1.1:8080/?a=b",
            "http://1.1.1.1/",
            "http://10.0.0.1/",
            "https://[::1]/#x",
        ]
    )
    | st.text(max_size=20).map("https://{}".format),
)


@dataclass(frozen=True)
class Desk:
    url: str
    settings: Settings


def schema() -> Any:
    """Of a copy: the library writes its own links into what it is given."""
    return schemathesis.openapi.from_dict(copy.deepcopy(rest().document))


@pytest.fixture(scope="module")
def routes() -> Any:
    """Read once for all routes."""
    return schema()


@pytest.fixture(scope="module")
async def desk(make_backend: Callable[[], Backend]) -> AsyncIterator[Desk]:
    backend = make_backend()
    async with serving(backend.settings) as (_, api):
        yield Desk(api.url, backend.settings)


def somebody(desk: Desk, role: Role) -> Person:
    """Somebody on a new desk, where there is a ticket, notifications, and a webhook with attempts.

    New, so that the same requests get the same answers: what is made up next depends on them.
    """
    with database(desk.settings) as session:
        session.execute(text("truncate users restart identity cascade"))
    cast = {person.actor.role: person for person in people(desk.settings, *Role)}
    staff = cast[Role.ADMIN if role is Role.ADMIN else Role.CSR].actor
    admin, customer = cast[Role.ADMIN].actor, cast[Role.USER].actor
    new = webhooks.NewWebhook.model_validate({"url": PUBLIC, "events": ["ticket_created"]})
    with database(desk.settings) as session:
        webhooks.add(session, admin, new, "whsec_", now())
    with database(desk.settings) as session:
        ticket = a_ticket(session, customer)
    with database(desk.settings) as session:
        to_staff = assignment.Assign(assignee_id=staff.id)
        assignment.assign(session, admin, ticket.id, to_staff, now())
        for actor in (customer, staff):
            messages.post(session, actor, ticket.id, messages.NewMessage(content="Hi"), now())
        delivery = session.scalars(select(WebhookDelivery)).one()
        event = session.get_one(Event, (ticket.id, 1))
        told = Outgoing(delivery.id, delivery.webhook_id, PUBLIC, "", event, {})
        webhook_queue.answered(session, told, Answer(now(), 12, 500, None))
    return cast[role]


class Asker:
    """Asks as one of a role, and as the next one where that has ended the session."""

    def __init__(self, desk: Desk, role: Role) -> None:
        self._desk, self._role = desk, role
        self._person = somebody(desk, role)

    def ask(self, case: Case[Any]) -> Response:
        headers = {"Authorization": f"Bearer {self._person.token}"}
        response = case.call(base_url=self._desk.url, headers=headers)
        sent[self._role] += 1
        if b"session_ended" in response.content:
            self._person = somebody(self._desk, self._role)
        return response


def asked() -> list[Any]:
    """Each route, by each role; in the short run by one, in turns."""
    turns = [[role] for role in Role]
    return [
        pytest.param(route, role, id=f"{route.method} {route.path} {role.value}")
        for route, turn in zip(ROUTES, itertools.cycle(turns), strict=False)
        for role in (Role if IS_LONG else turn)
    ]


def lasting(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.timeout(120 + EXAMPLES)
@pytest.mark.parametrize(("route", "role"), asked())
async def test_a_made_up_request_gets_a_declared_answer(
    desk: Desk, routes: Any, route: Route, role: Role
) -> None:
    operation = routes[PREFIX + route.path][route.method]
    asker = Asker(desk, role)

    @seed(SEED)
    @given(case=operation.as_strategy())
    @lasting(EXAMPLES_OF_A_ROUTE)
    def ask(case: Case[Any]) -> None:
        with warnings.catch_warnings():
            # Of the library's own making.
            warnings.simplefilter("ignore")
            case.validate_response(asker.ask(case), checks=CHECKS)

    # In a thread: the server runs in this one's loop.
    await asyncio.to_thread(ask)


@pytest.mark.timeout(120 + EXAMPLES)
@pytest.mark.parametrize("role", Role)
async def test_along_the_links_every_answer_is_a_declared_one(
    desk: Desk, role: Role, capsys: pytest.CaptureFixture[str]
) -> None:
    machine: Any = schema().as_state_machine()
    wrong: list[FailureGroup] = []
    made: set[str] = set()
    # What some routes have too little choice for is made up for here.
    enough = max(sent[role] + STEPS_ALONG_LINKS, EXAMPLES if IS_LONG else 0)

    class Walk(machine):  # type: ignore[misc]
        def setup(self) -> None:
            self.asker = Asker(desk, role)

        def call(self, case: Case[Any], **_: Any) -> Response:
            return self.asker.ask(case)

        def validate_response(self, response: Response, case: Case[Any], **_: Any) -> None:
            if response.status_code < 300:
                made.add(case.operation.label)
            # Of drafts none are left, and that is what is shown.
            is_list = case.operation.path.endswith("/draft")
            checks = CHECKS if is_list else [*CHECKS, use_after_free]
            try:
                case.validate_response(response, checks=checks, recorder=self.recorder)
            except FailureGroup as group:
                # Kept and not raised: no walk can be repeated for certain, as ids differ.
                wrong.append(group)

    def walk() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attempts = itertools.count(SEED)
            while sent[role] < enough:
                scenarios = (enough - sent[role]) // STEPS + 1
                with suppress(Flaky):
                    seed(next(attempts))(Walk).run(settings=lasting(scenarios))

    await asyncio.to_thread(walk)
    assert not wrong, "\n".join(str(failure) for group in wrong for failure in group.exceptions)
    if IS_LONG:  # A short walk may happen to meet refusals alone.
        assert any("{" in label for label in made), "no link led to anything"
        with capsys.disabled():
            sys.stdout.write(f"\n{sent[role]} requests as {role.value}; done: {sorted(made)}\n")
