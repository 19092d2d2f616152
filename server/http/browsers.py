"""What browsers are told: which pages may call us, and what our answers must not be used for."""

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from config import Settings
from server import keys

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Answers are for one person; a browser asks again whether its copy still holds.
CACHE = "private, no-cache"
NO_CACHE = "no-store"
PREFLIGHT_SECONDS = "600"
METHODS = "GET, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key"
EXPOSED = (
    "ETag, Idempotency-Replayed, Link, Location, Retry-After, X-Total-Count, "
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)
HSTS = "max-age=31536000; includeSubDomains"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The last touch to every answer."""
    headers = response.headers
    headers.popall("Server", None)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    is_secret = request.path.startswith("/api/v1/auth")
    headers.setdefault("Cache-Control", NO_CACHE if is_secret else CACHE)
    if request.app[keys.settings].public_url.startswith("https:"):
        headers["Strict-Transport-Security"] = HSTS
    if (origin := _listed(request)) and not request.path.startswith("/socket.io"):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers.add("Vary", "Origin")


@web.middleware
async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers what a browser asks before it lets a page of another origin call us."""
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not asks or request.path.startswith("/socket.io"):
        return await handler(request)
    allowed = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": PREFLIGHT_SECONDS,
    }
    return web.Response(status=204, headers=allowed if _listed(request) else {})


def _listed(request: web.Request) -> str | None:
    origin = request.headers.get("Origin")
    settings: Settings = request.app[keys.settings]
    return origin if origin and (origin in settings.origins or "*" in settings.origins) else None


def is_welcome(request: web.Request) -> bool:
    """Whether a page may open a socket: browsers leave that decision to us.

    No origin: no browser. Ours or a listed one: welcome.
    """
    origin = request.headers.get("Origin")
    return origin is None or _listed(request) is not None or _is_ours(origin, request)


def _is_ours(origin: str, request: web.Request) -> bool:
    try:
        if urlsplit(origin).netloc == request.host:
            return True
    except ValueError:
        return False
    return origin == request.app[keys.settings].public_url.rstrip("/")
