"""What a browser that goes somewhere is shown where nothing is, or something fails."""

from aiohttp import web
from aiohttp.typedefs import Handler

from server.http.accepts import prefers_html
from server.web.forms import PROBLEM
from server.web.pages import page

# By status, what the page says.
SAID = {
    404: "error.not_found",
    405: "error.not_found",
    500: "error.other",
    503: "error.busy",
}
# What programs alone ask for, whatever they say that they take.
PROGRAMS = ("/api/", "/assets/", "/web/", "/ws/", "/socket.io", "/health", "/metrics")
KEPT_HEADERS = ("Allow", "Retry-After")


@web.middleware
async def problem_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Puts a page in the place of a problem, for browsers."""
    response = await handler(request)
    if (said := SAID.get(response.status)) is None:
        return response
    if response.content_type != "application/problem+json" or not _is_for_people(request):
        return response
    shown = page(request, PROBLEM, {"errors": [[said]]}, status=response.status)
    shown.headers["Vary"] += ", Accept"
    for name in KEPT_HEADERS:
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown


def _is_for_people(request: web.Request) -> bool:
    path = request.path
    if path.startswith(PROGRAMS) or path.endswith(".json"):
        return False
    return prefers_html(",".join(request.headers.getall("Accept", ())))
