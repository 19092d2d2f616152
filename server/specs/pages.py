"""The contract for machines and people: OpenAPI, AsyncAPI, and the pages that show them; and the
page behind the links that confirm addresses.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path

from aiohttp import web

from server.http.compression import VARY, gzipped, takes_gzip
from server.http.contract import PREFIX
from server.routes.table import ROUTES
from server.services import SERVICES
from server.specs import asyncapi, openapi
from wire import confirm
from wire.codec import encode

BEST = 9
STATIC = Path(__file__).parents[1] / "static"
# Each page from the files beside it: no other host, no script in the page itself.
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGES = {
    confirm.PATH: ("verify.html", POLICY.format(scripts="'self'", styles="'self'")),
    "/docs": ("docs.html", POLICY.format(scripts="'self'", styles="'self'")),
    # Redoc writes its styles into the page.
    "/redoc": ("redoc.html", POLICY.format(scripts="'self'", styles="'self' 'unsafe-inline'")),
    # The AsyncAPI parser compiles schemas. This page has no tokens and shows nothing of anybody's.
    "/asyncapi": ("asyncapi.html", POLICY.format(scripts="'self' 'unsafe-eval'", styles="'self'")),
}


def add_docs(app: web.Application) -> None:
    base_url = app[SERVICES].settings.base_url
    json = "application/json"
    _add(app, f"{PREFIX}/openapi.json", json, lambda: encode(openapi.document(ROUTES)))
    _add(app, "/asyncapi.json", json, lambda: encode(asyncapi.document(base_url)))
    for path, (name, policy) in PAGES.items():
        _add(app, path, "text/html", (STATIC / "pages" / name).read_bytes, policy)
    app.router.add_static("/static", STATIC)


def _add(
    app: web.Application,
    path: str,
    content_type: str,
    make: Callable[[], bytes],
    policy: str | None = None,
) -> None:
    """Something that stays as it is while the process runs. The first who asks waits for it."""
    headers = {"Content-Security-Policy": policy} if policy else {}
    headers["Vary"] = VARY
    made = cache(make)
    made_short = cache(lambda: gzipped(made(), BEST))

    async def show(request: web.Request) -> web.Response:
        is_short = takes_gzip(request)
        body = await asyncio.to_thread(made_short if is_short else made)
        coding = {"Content-Encoding": "gzip"} if is_short else {}
        return web.Response(
            body=body, content_type=content_type, charset="utf-8", headers=headers | coding
        )

    app.router.add_get(path, show)
