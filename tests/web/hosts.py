"""A site that has the widget: pages on another host than the desk's, with a policy of their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

# Not of the same site as 127.0.0.1.
HOST = "localhost"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/shop.css">
<script type="module" src="{desk}/widget.js?lang=en"></script></head>
<body><main><h1>A shop</h1><p><a href="/">Kettles</a></p></main></body></html>
"""
# As strict as a site can be, and as rude.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src {desk}; frame-src {desk}; "
    "require-trusted-types-for 'script'"
)
SHEET = """
* { display: none !important; color: red !important; font-size: 3px !important; }
html, head, body, main, h1, p, a { display: block !important; }
button, iframe, desk-support { display: none !important; visibility: hidden !important;
  opacity: 0 !important; transform: scale(0) !important; pointer-events: none !important; }
"""


# Of a page whose reader is signed in on the site: it names them by tokens that it gets for them.
NAMING = """
import {{ identify }} from "{desk}/widget.js?lang=en";
identify(async () => (await fetch("/token" + location.search)).text());
addEventListener("sign-out", () => identify(null));
"""


@asynccontextmanager
async def a_site(
    port: int, desk: str, token: Callable[[str], str] | None = None
) -> AsyncIterator[str]:
    """Its address. ``token``: what it says of who is signed in: ``/?who=ann``."""

    async def show(request: web.Request) -> web.Response:
        policy, page = POLICY.format(desk=desk), PAGE.format(desk=desk)
        if "who" in request.query:
            policy = policy.replace("script-src", "connect-src 'self'; script-src 'self'")
            page = page.replace(
                "</head>", '<script type="module" src="/naming.js"></script></head>'
            )
        headers = {"Content-Security-Policy": policy}
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def naming(_: web.Request) -> web.Response:
        return web.Response(text=NAMING.format(desk=desk), content_type="text/javascript")

    async def sign(request: web.Request) -> web.Response:
        assert token is not None
        return web.Response(text=token(request.query["who"]))

    async def sheet(_: web.Request) -> web.Response:
        return web.Response(text=SHEET, content_type="text/css")

    async def nothing(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_get("/shop.css", sheet)
    app.router.add_get("/favicon.ico", nothing)
    app.router.add_get("/naming.js", naming)
    app.router.add_get("/token", sign)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        await runner.cleanup()
