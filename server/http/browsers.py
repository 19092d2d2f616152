"""What browsers are told: which pages may call us, and what our answers must not be used for."""

from aiohttp import web

from server.services import SERVICES

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
# Where the answers have tokens in them.
SECRET = ("/api/v1/auth", "/web/")
PREFLIGHT_SECONDS = "600"
METHODS = "GET, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = (
    "Authorization, Content-Disposition, Content-Type, Idempotency-Key, "
    "If-Match, If-None-Match, If-Range, Range"
)
EXPOSED = (
    "Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Link, Location, "
    "Retry-After, X-Total-Count, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)
HSTS = "max-age=31536000; includeSubDomains"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The last touch to every answer."""
    headers = response.headers
    headers.popall("Server", None)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    # It knows no list of origins, as the policy does.
    if "frame-ancestors 'none'" not in headers["Content-Security-Policy"]:
        headers.popall("X-Frame-Options")
    is_secret = request.path.startswith(SECRET)
    headers.setdefault("Cache-Control", NO_CACHE if is_secret else CACHE)
    if request.app[SERVICES].settings.public_url.startswith("https:"):
        headers["Strict-Transport-Security"] = HSTS
    if (origin := request.app[SERVICES].origins.listed(request)) and not request.path.startswith(
        "/socket.io"
    ):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers.add("Vary", "Origin")


def preflight(request: web.Request) -> web.Response | None:
    """The answer to what a browser asks before it lets a page of another origin call us."""
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not asks or request.path.startswith("/socket.io"):
        return None
    allowed = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": PREFLIGHT_SECONDS,
    }
    return web.Response(
        status=204, headers=allowed if request.app[SERVICES].origins.listed(request) else {}
    )
