"""The widget on other sites: the module that they load, and the page that it frames."""

from aiohttp import web

from server.services import SERVICES
from server.web import assets
from server.web.pages import Shell, page
from server.web.visitor import COOKIE, labels

LOADER = "widget/loader.js"
WIDGET = Shell(
    "widget.html", "widget/main.js", ("css/base.css", "css/widget.css"), ("common", "widget")
)
# Its address has no release in it: sites name it once.
LOADER_HEADERS = {
    # Any site may load it; what may frame the page says the page.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def add_widget(app: web.Application) -> None:
    app.router.add_get("/widget.js", show_loader)
    app.router.add_get("/widget", show_page)


async def show_loader(request: web.Request) -> web.Response:
    response = await assets.unversioned(request, LOADER)
    response.headers.update(LOADER_HEADERS)
    return response


async def show_page(request: web.Request) -> web.Response:
    """It is told who may frame it, and whether the browser has a visitor's session here."""
    settings = request.app[SERVICES].settings
    origins, (category, kind) = settings.widget_hosts, labels(settings)
    values = {
        "origins": " ".join(origins),
        "is_known": COOKIE in request.cookies,
        "category": category,
        "type": kind,
    }
    return page(request, WIDGET, values, ancestors=" ".join(origins) or "'none'")
