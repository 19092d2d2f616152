"""Assembles the application: its services, routes and middlewares."""

import asyncio

from aiohttp import web

from config import Settings
from server.http.browsers import add_headers
from server.http.contract import PREFIX
from server.http.guard import guarded
from server.http.input import LONGEST_BODY
from server.http.middleware import around, as_problem, bad_request, refusals
from server.routes import health, metrics, unsubscribe
from server.routes.table import ROUTES
from server.services import SERVICES, Services
from server.sockets.commands import TicketNamespace
from server.sockets.events import EVENTS
from server.sockets.plain import close_all, ticket_socket
from server.specs.pages import add_docs
from server.transport import bad_requests
from server.web.account import add_account_page
from server.web.assets import add_assets
from server.web.attachments import add_attachments
from server.web.customer import add_customer_pages
from server.web.exports import add_exports
from server.web.pages import add_pages
from server.web.problems import problem_pages
from server.web.rating import add_rating_page
from server.web.recovery import add_recovery_pages
from server.web.second_factor import add_second_factor_page
from server.web.session import add_session
from server.web.session_factors import add_session_factors
from server.web.sign_on import add_sign_on
from server.web.visitor import add_visitor
from server.web.widget import add_widget


def create_app(settings: Settings) -> web.Application:
    app = web.Application(
        middlewares=[around, problem_pages, refusals],
        client_max_size=LONGEST_BODY,
        # Nothing inflates a body, nor what is read away of it after an early answer.
        handler_args={"auto_decompress": False},
    )
    app[SERVICES] = services = Services(settings)
    services.sockets.register_namespace(TicketNamespace(services, EVENTS))
    _add_routes(app)
    bad_requests.install(bad_request)
    app.on_response_prepare.append(as_problem)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(services.run)
    app.on_shutdown.append(_close_sockets)
    return app


def _add_routes(app: web.Application) -> None:
    for route in ROUTES:
        methods = ("GET", "HEAD") if route.method == "GET" else (route.method,)
        for method in methods:
            app.router.add_route(method, PREFIX + route.path, guarded(route))
    add_docs(app)
    add_assets(app)
    add_session(app)
    add_session_factors(app)
    add_sign_on(app)
    add_attachments(app)
    add_exports(app)
    add_pages(app)
    add_visitor(app)
    add_widget(app)
    add_customer_pages(app)
    add_account_page(app)
    add_second_factor_page(app)
    add_rating_page(app)
    add_recovery_pages(app)
    app.router.add_get("/health/live", health.live)
    app.router.add_get("/health/ready", health.ready)
    app.router.add_get("/metrics", metrics.show)
    app.router.add_get(unsubscribe.PATH, unsubscribe.ask)
    app.router.add_post(unsubscribe.PATH, unsubscribe.end)
    app.router.add_get("/ws/tickets/{ticket_id}", ticket_socket)
    app[SERVICES].sockets.attach(app)


async def _close_sockets(app: web.Application) -> None:
    services = app[SERVICES]
    await asyncio.gather(services.sockets.eio.close_all(), close_all(services))
