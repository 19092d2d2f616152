"""``Idempotency-Key``: a request that creates something may be repeated without harm."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

import structlog
from aiohttp import web
from pydantic import BaseModel
from sqlalchemy.orm import Session

from config import Settings
from desk import idempotency
from desk.errors import Invalid
from desk.idempotency import Answer, Repeatable
from desk.statements import SingleStatement
from server.background import attempt, end
from server.clock import now
from server.database.transaction import Desk
from server.http.contract import ETAG, LOCATION
from server.http.guard import ACTOR
from server.services import SERVICES

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger("server.http.idempotency")

# Twice may fail before a claim is over.
RENEW_SECONDS = idempotency.CLAIM.total_seconds() / 3
HEADER = "Idempotency-Key"
REPEATED = "Idempotency-Replayed"
KEY = re.compile(r"[ -~]{1,64}")
KEPT_HEADERS = (ETAG, LOCATION)
NOBODY = UUID(int=0)
# In place of the header, for a form that cannot send one.
FORM_KEY: web.RequestKey[str] = web.RequestKey("form_key")


async def once(
    request: web.Request,
    body: BaseModel,
    write: Callable[[T], web.Response],
    rule: Callable[Concatenate[Session, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> web.Response:
    """Runs the rule and writes its answer; for a repeat of the request, the first answer again."""
    desk, repeatable = request.app[SERVICES].desk, _asked(request, body)
    if repeatable is None:
        return write(await desk.run(rule, *args, **kwargs))

    def work(session: Session) -> Answer:
        result = rule(session, *args, **kwargs)
        session.flush()  # The answer shows ids that are given by now.
        return _answer(write(result))

    return _response(await desk.run(idempotency.once, repeatable, now(), work))


async def once_as_statement(
    request: web.Request,
    given: BaseModel,
    write: Callable[[T], web.Response],
    single: SingleStatement[T],
) -> web.Response:
    """As `once`; a request without a key needs no transaction where the statement does it all."""
    if _key(request) is not None:
        return await once(request, given, write, single.otherwise)
    return write(await request.app[SERVICES].desk.run_statement(single))


async def once_in_steps(
    request: web.Request, body: BaseModel, work: Callable[[], Awaitable[web.Response]]
) -> web.Response:
    """As `once`, for work that is many transactions. The key is claimed before the first one, and
    the claim renewed while the work goes on.

    Where the process dies in between, a repeat does all of it again once the claim is over.
    """
    desk, repeatable = request.app[SERVICES].desk, _asked(request, body)
    if repeatable is None:
        return await work()
    if (first := await desk.run(idempotency.begin, repeatable, now())) is not None:
        return _response(first)
    try:
        async with _renewed(desk, repeatable):
            response = await work()
    except BaseException:
        await desk.run(idempotency.forget, repeatable)
        raise
    await desk.run(idempotency.keep, repeatable, _answer(response))
    return response


@asynccontextmanager
async def _renewed(desk: Desk, claimed: Repeatable) -> AsyncIterator[None]:
    async def renew_forever() -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await attempt(desk.run(idempotency.renew, claimed, now()), log, "claim not renewed")

    renewing = asyncio.create_task(renew_forever())
    try:
        yield
    finally:
        await end([renewing])


async def earlier(request: web.Request, body: BaseModel) -> web.Response | None:
    """The first answer, if the request is a repeat: before a route asks what may have changed."""
    if (repeatable := _asked(request, body)) is None:
        return None
    answer = await request.app[SERVICES].desk.read(idempotency.earlier, repeatable, now())
    return _response(answer) if answer else None


def _asked(request: web.Request, body: BaseModel) -> Repeatable | None:
    actor = request[ACTOR]
    # Who has left the staff since is not answered again what staff may read.
    return _repeatable(request, body, actor.id, " as staff" if actor.is_staff else "")


def asked_by_nobody(request: web.Request, body: BaseModel) -> Repeatable | None:
    """Of a request that makes its actor: the rule puts them in."""
    return _repeatable(request, body, NOBODY)


def _repeatable(
    request: web.Request, body: BaseModel, actor_id: UUID, side: str = ""
) -> Repeatable | None:
    if (key := _key(request)) is None:
        return None
    hashes = _hashes(request.app[SERVICES].settings, body)
    return Repeatable(actor_id, key, f"{request.method} {request.path}{side}", hashes)


def _response(answer: Answer) -> web.Response:
    repeated = {REPEATED: "true"} if answer.is_repeated else {}
    return web.Response(
        body=answer.body,
        status=answer.status,
        headers={**answer.headers, **repeated},
        content_type="application/json",
    )


def _answer(response: web.Response) -> Answer:
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(response.status, kept, bytes(response.body or b""))  # type: ignore[arg-type]


def _key(request: web.Request) -> str | None:
    sent = [request[FORM_KEY]] if FORM_KEY in request else request.headers.getall(HEADER, [])
    if not sent:
        return None
    if len(sent) > 1 or not KEY.fullmatch(sent[0]):
        raise Invalid("invalid", f"{HEADER}: send one of 1 to 64 printable ASCII characters")
    return sent[0]


def _hashes(settings: Settings, model: BaseModel) -> tuple[bytes, ...]:
    """Keyed, so that nobody who reads the table can try passwords against them."""
    body = model.model_dump_json().encode()
    secrets = (settings.jwt_secret_key, settings.jwt_previous_secret_key)
    digest = partial(hmac.digest, msg=b"idempotency:" + body, digest=hashlib.sha256)
    return tuple(digest(secret.encode()) for secret in secrets if secret)
