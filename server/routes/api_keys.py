"""Keys for programs, for admins: no key manages keys."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from desk.accounts import api_keys, key_text
from server.clock import now
from server.http.contract import KEYED, NOTHING, PREFIX, TOTAL, At, Right, done, listed, made
from server.http.guard import ACTOR
from server.http.idempotency import REPEATED, once
from server.http.input import MIDDLING_BODY, Paged, body, id_after, no_body, path_id, query
from server.http.output import counted, page_of, reply
from server.identity import key_lookup
from server.services import SERVICES
from wire.codec import encode, loads


@dataclass(frozen=True, slots=True)
class NewApiKeyWithKey(api_keys.ApiKeyView):
    """A new key. Only here it is shown: ``key`` is null where the answer is repeated, as nobody
    keeps it.
    """

    key: str | None


async def list_keys(request: web.Request) -> web.Response:
    params = query(request, Paged)
    rows = await request.app[SERVICES].desk.read(
        api_keys.api_keys, now(), params.limit + 1, id_after(params.cursor)
    )
    total = await counted(request, params, api_keys.count)
    return page_of(request, rows, params.limit, lambda row: (row.id,), total)


async def add(request: web.Request) -> web.Response:
    """With an `Idempotency-Key`, a repeat tells which key was made, without the key itself: delete
    it and make another.
    """
    new = await body(request, api_keys.NewApiKey, MIDDLING_BODY)
    key = key_text.written(secrets.token_bytes(key_text.SECRET_BYTES))

    def write(made: api_keys.ApiKeyView) -> web.Response:
        # Kept for repeats, and so without the key.
        return reply(made, 201, {"Location": f"{PREFIX}/admin/api_keys/{made.id}"})

    answer = await once(
        request, new, write, api_keys.add, request[ACTOR], new, key_lookup.parts(key), now()
    )
    shown = None if REPEATED in answer.headers else key
    answer.body = encode({**loads(answer.text or ""), "key": shown})
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def remove(request: web.Request) -> web.Response:
    await no_body(request)
    key_id = _key_id(request)
    await request.app[SERVICES].desk.run(api_keys.remove, request[ACTOR], key_id)
    request.app[SERVICES].authenticator.forget(key_id)
    return web.Response(status=204)


def _key_id(request: web.Request) -> UUID:
    return path_id(request, "key_id", "Key")


ROUTES = (
    At("GET", "/admin/api_keys", list_keys, Right.ADMIN).says(
        "List the keys of programs, the oldest first",
        Paged,
        listed(api_keys.ApiKeyView, TOTAL, names="key_id"),
        refuses=(),
    ),
    At("POST", "/admin/api_keys", add, Right.ADMIN).says(
        "Make a key for a program; it is shown only here",
        api_keys.NewApiKey,
        made(NewApiKeyWithKey, names="key_id"),
        refuses=("409 too_many_keys", "422 in_the_past", *KEYED),
    ),
    At("DELETE", "/admin/api_keys/{key_id}", remove, Right.ADMIN).says(
        "Delete a key, which is no longer good at once", NOTHING, done(), refuses=()
    ),
)
