"""Requests made up from the contract: whatever is sent, the answer is a declared one.

`make fuzz` asks for longer.
"""

import asyncio
import os
import warnings
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from models import Role
from server.contract import Route
from server.routes import ROUTES
from server.routing import PREFIX
from tests.conftest import Backend
from tests.contract import rest
from tests.factories import people

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.mark.timeout(120 + EXAMPLES)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_made_up_request_gets_a_declared_answer(
    web_url: str, backend: Backend, route: Route
) -> None:
    (admin,) = people(backend.settings, Role.ADMIN)
    operation = schemathesis.openapi.from_dict(rest().document)[PREFIX + route.path][route.method]
    headers = {"Authorization": f"Bearer {admin.token}"}

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        # The short run asks the same each time.
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case[Any]) -> None:
        with warnings.catch_warnings():
            # Of the library's own making.
            warnings.simplefilter("ignore")
            case.call_and_validate(base_url=web_url, headers=headers, checks=CHECKS)

    # In a thread: the server runs in this one's loop.
    await asyncio.to_thread(ask)
