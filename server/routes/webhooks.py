"""Webhooks, for admins."""

import asyncio
import base64
import secrets
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web
from pydantic import MISSING

from desk.errors import Invalid
from desk.webhooks import webhooks
from server.clock import now
from server.http.audited import audited, fields_of
from server.http.contract import (
    KEYED,
    NOTHING,
    PREFIX,
    TOTAL,
    At,
    Gives,
    Right,
    done,
    listed,
    made,
    ok,
)
from server.http.guard import ACTOR
from server.http.idempotency import REPEATED, earlier, once
from server.http.input import MIDDLING_BODY, Paged, body, id_after, no_body, path_id, query
from server.http.output import counted, page_of, reply
from server.services import SERVICES
from wire.addresses import AddressRefused, Allowed, addresses
from wire.codec import encode, loads

SECRET_BYTES = 32
RESOLVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class NewWebhookWithSecret(webhooks.WebhookView):
    """A new webhook. Only here its secret is shown."""

    secret: str


@dataclass(frozen=True, slots=True)
class Redelivery:
    delivery_id: UUID


async def list_webhooks(request: web.Request) -> web.Response:
    params = query(request, Paged)
    rows = await request.app[SERVICES].desk.read(
        webhooks.webhooks, params.limit + 1, id_after(params.cursor)
    )
    total = await counted(request, params, webhooks.count)
    return page_of(request, rows, params.limit, lambda row: (row.id,), total)


async def add(request: web.Request) -> web.Response:
    """With an `Idempotency-Key`, a repeat shows the secret too, as long as the webhook is there."""
    new = await body(request, webhooks.NewWebhook, MIDDLING_BODY)
    desk, actor = request.app[SERVICES].desk, request[ACTOR]
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()

    def write(webhook: webhooks.WebhookView) -> web.Response:
        # Kept for repeats, and so without the secret: that is stored once, with the webhook.
        return reply(webhook, 201, {"Location": f"{PREFIX}/admin/webhooks/{webhook.id}"})

    answer = await earlier(request, new)
    if answer is None:
        await _require_callable(request, new.url)
        add = audited(request, webhooks.add, "webhook_added", "webhook")
        answer = await once(request, new, write, add, actor, new, secret, now())
    webhook_id = UUID(answer.headers["Location"].rpartition("/")[2])
    if REPEATED in answer.headers:
        secret = await desk.read(webhooks.secret, webhook_id)
    answer.body = encode({**loads(answer.text or ""), "secret": secret})
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def change(request: web.Request) -> web.Response:
    changed = await body(request, webhooks.WebhookChange, MIDDLING_BODY)
    if changed.url is not MISSING:
        await _require_callable(request, changed.url)
    webhook_id = _webhook_id(request)
    said = {**fields_of(changed), **changed.model_dump(include={"is_active"})}
    change = audited(request, webhooks.change, "webhook_changed", "webhook", webhook_id, said)
    return reply(await request.app[SERVICES].desk.run(change, webhook_id, changed))


async def remove(request: web.Request) -> web.Response:
    await no_body(request)
    desk, webhook_id = request.app[SERVICES].desk, _webhook_id(request)
    # Once that is committed no event waits for the end of it, which is that of all its deliveries.
    await desk.run(webhooks.change, webhook_id, webhooks.WebhookChange(is_active=False))
    remove = audited(request, webhooks.remove, "webhook_removed", "webhook", webhook_id)
    await desk.run(remove, webhook_id)
    return web.Response(status=204)


async def attempts(request: web.Request) -> web.Response:
    params = query(request, Paged)
    rows = await request.app[SERVICES].desk.read(
        webhooks.attempts, _webhook_id(request), params.limit + 1, id_after(params.cursor)
    )
    total = await counted(request, params, webhooks.count_attempts, _webhook_id(request))
    return page_of(request, rows, params.limit, lambda row: (row.id,), total)


async def redeliver(request: web.Request) -> web.Response:
    await no_body(request)
    webhook_id = _webhook_id(request)
    delivery_id = await request.app[SERVICES].desk.run(
        audited(request, webhooks.redeliver, "webhook_redelivered", "webhook", webhook_id),
        webhook_id,
        path_id(request, "attempt_id", "Attempt"),
        now(),
    )
    return reply(Redelivery(delivery_id), 202)


def _webhook_id(request: web.Request) -> UUID:
    return path_id(request, "webhook_id", "Webhook")


async def _require_callable(request: web.Request, url: str) -> None:
    """Refuses what the worker would not call: it checks again whenever it connects."""
    settings = request.app[SERVICES].settings
    allowed = Allowed(settings.may_call_private, settings.may_call_http)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            await asyncio.to_thread(addresses, url, allowed)
    except AddressRefused as refused:
        raise _refused(str(refused)) from None
    except (OSError, UnicodeError):
        raise _refused("This name cannot be resolved") from None


def _refused(detail: str) -> Invalid:
    return Invalid("address_refused", detail, pointer="/url")


ROUTES = (
    At("GET", "/admin/webhooks", list_webhooks, Right.ADMIN).says(
        "List webhooks, the oldest first",
        Paged,
        listed(webhooks.WebhookView, TOTAL, names="webhook_id"),
        refuses=(),
    ),
    At("POST", "/admin/webhooks", add, Right.ADMIN).says(
        "Make a webhook; its secret is shown only here",
        webhooks.NewWebhook,
        made(NewWebhookWithSecret, names="webhook_id"),
        refuses=("409 too_many_webhooks", "409 webhook_removed", "422 address_refused", *KEYED),
    ),
    At("PATCH", "/admin/webhooks/{webhook_id}", change, Right.ADMIN).says(
        "Change a webhook",
        webhooks.WebhookChange,
        ok(webhooks.WebhookView),
        refuses=("422 address_refused",),
    ),
    At("DELETE", "/admin/webhooks/{webhook_id}", remove, Right.ADMIN).says(
        "Remove a webhook, with its attempts", NOTHING, done(), refuses=()
    ),
    At("GET", "/admin/webhooks/{webhook_id}/attempts", attempts, Right.ADMIN).says(
        "List the attempts of a webhook, the newest first",
        Paged,
        listed(webhooks.AttemptView, TOTAL, names="attempt_id"),
        refuses=(),
    ),
    At(
        "POST",
        "/admin/webhooks/{webhook_id}/attempts/{attempt_id}/redeliver",
        redeliver,
        Right.ADMIN,
    ).says(
        "Deliver what an attempt told once more",
        NOTHING,
        Gives(202, Redelivery, (), "It is due again"),
        refuses=("409 webhook_inactive",),
    ),
)
