"""The table of routes: everything that can be asked for under ``/api/v1``, and by whom."""

from server.contract import Route
from server.routes import admin, auth, csr, notifications, tickets

ROUTES: tuple[Route, ...] = (
    *auth.ROUTES,
    *tickets.ROUTES,
    *csr.ROUTES,
    *notifications.ROUTES,
    *admin.ROUTES,
)
