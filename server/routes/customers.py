"""The customers, as the staff look them up."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import Field, TypeAdapter

from desk.accounts import customers
from desk.text import Words
from models import Scope
from server.http.contract import NOTHING, TOTAL, At, Right, listed, ok
from server.http.input import Paged, Query, decode_cursor, path_id, query
from server.http.output import counted, page_of, reply
from server.services import SERVICES

POSITION = TypeAdapter(tuple[datetime, UUID])


class CustomerQuery(Paged):
    q: Words | None = Field(
        None, description="How words of the name or the address begin: each of these one of them"
    )


async def list_customers(request: web.Request) -> web.Response:
    params = query(request, CustomerQuery)
    found = await request.app[SERVICES].desk.read(
        customers.page,
        q=params.q,
        limit=params.limit + 1,
        before=decode_cursor(params.cursor, POSITION),
    )
    total = await counted(request, params, customers.count, q=params.q)
    return page_of(request, found, params.limit, lambda each: (each.created_at, each.id), total)


async def show_customer(request: web.Request) -> web.Response:
    query(request, Query)
    customer_id = path_id(request, "customer_id", "Customer")
    return reply(await request.app[SERVICES].desk.read(customers.show, customer_id))


ROUTES = (
    At("GET", "/csr/customers", list_customers, Right.STAFF, Scope.PEOPLE_READ).says(
        "List customers, the newest first",
        CustomerQuery,
        listed(customers.Customer, TOTAL, names="customer_id"),
        refuses=(),
    ),
    At("GET", "/csr/customers/{customer_id}", show_customer, Right.STAFF, Scope.PEOPLE_READ).says(
        "Show a customer, with the number of their tickets",
        NOTHING,
        ok(customers.CustomerDetails),
        refuses=(),
    ),
)
