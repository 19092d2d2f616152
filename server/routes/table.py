"""The table of routes: everything that can be asked for under ``/api/v1``, and by whom."""

from server.http.contract import Route
from server.routes import (
    addresses,
    admin,
    agents,
    auth,
    away,
    bulk,
    customers,
    drafts,
    labels,
    notifications,
    people,
    socket_tickets,
    staff_tickets,
    teams,
    tickets,
    views,
    webhooks,
)

ROUTES: tuple[Route, ...] = (
    *auth.ROUTES,
    *addresses.ROUTES,
    *tickets.ROUTES,
    *drafts.ROUTES,
    *socket_tickets.ROUTES,
    *staff_tickets.ROUTES,
    *bulk.ROUTES,
    *views.ROUTES,
    *agents.ROUTES,
    *away.ROUTES,
    *people.ROUTES,
    *customers.ROUTES,
    *labels.ROUTES,
    *notifications.ROUTES,
    *admin.ROUTES,
    *teams.ROUTES,
    *webhooks.ROUTES,
)
