"""``Idempotency-Key``: a request that creates something may be repeated without harm."""

import hashlib
import hmac
import re
from collections.abc import Callable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy.orm import Session

from config import Settings
from desk import idempotency
from desk.errors import Invalid
from desk.idempotency import Answer, Repeatable
from server import keys
from server.contract import ETAG, LOCATION
from server.routing import now

P = ParamSpec("P")
T = TypeVar("T")

HEADER = "Idempotency-Key"
REPEATED = "Idempotency-Replayed"
KEY = re.compile(r"[ -~]{1,64}")
KEPT_HEADERS = (ETAG, LOCATION)


async def once(
    request: web.Request,
    given: BaseModel,
    write: Callable[[T], web.Response],
    rule: Callable[Concatenate[Session, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> web.Response:
    """Runs the rule and writes its answer; for a repeat of the request, the first answer again."""
    desk, key = request.app[keys.desk], _key(request)
    if key is None:
        return write(await desk.run(rule, *args, **kwargs))
    asked = Repeatable(
        request[keys.actor].id,
        key,
        f"{request.method} {request.path}",
        _hashes(request.app[keys.settings], given),
    )

    def work(session: Session) -> Answer:
        result = rule(session, *args, **kwargs)
        session.flush()  # The answer shows ids that are given by now.
        return _answer(write(result))

    answer = await desk.run(idempotency.once, asked, now(), work)
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
    sent = request.headers.getall(HEADER, [])
    if not sent:
        return None
    if len(sent) > 1 or not KEY.fullmatch(sent[0]):
        raise Invalid("invalid", f"{HEADER}: send one of 1 to 64 printable ASCII characters")
    return sent[0]


def _hashes(settings: Settings, given: BaseModel) -> tuple[bytes, ...]:
    """Keyed, so that nobody who reads the table can try passwords against them."""
    body = given.model_dump_json().encode()
    secrets = (settings.jwt_secret_key, settings.jwt_previous_secret_key)
    digest = partial(hmac.digest, msg=b"idempotency:" + body, digest=hashlib.sha256)
    return tuple(digest(secret.encode()) for secret in secrets if secret)
