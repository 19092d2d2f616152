"""Peer: FastAPI, the SQLAlchemy ORM on asyncpg, Celery for the wake-up, under uvicorn."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import bcrypt
import jwt
from celery import Celery
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_tables import Event, ReadCursor, Ticket, User
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

SECRET = os.environ["JWT_SECRET_KEY"]
# Checked where there is no such account, so that it takes as long.
NOBODY = b"$2b$12$EzXM1SbhDvUXhaMntPw4zuf7TpUsn26iet/HwriqNymBNY90lNpRC"
engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=16,
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
celery = Celery("desk", broker=os.environ["REDIS_URL"])
app = FastAPI()


class NewTicket(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(min_length=1, max_length=20_000)
    category: str = Field(min_length=1, max_length=64)
    type: str = Field(min_length=1, max_length=64)


class TicketOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    number: int
    title: str
    description: str
    category: str
    type: str
    status: str
    priority: str | None
    tags: list[str]
    user_id: UUID
    assigned_to_id: UUID | None
    created_at: datetime
    updated_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    version: int = Field(validation_alias="last_seq")
    seq: int = Field(validation_alias="last_seq")
    unread: int = 0


class Login(BaseModel):
    email: str
    password: str


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


async def database() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Database = Annotated[AsyncSession, Depends(database)]


async def current_user(
    session: Database, given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> User:
    try:
        claims = jwt.decode(
            given.credentials,
            SECRET,
            algorithms=["HS256"],
            audience="ticket-desk",
            issuer="ticket-desk",
        )
    except jwt.PyJWTError as error:
        raise HTTPException(401, "The token is not valid") from error
    user = await session.get(User, UUID(claims["sub"]))
    if user is None or not user.is_active:
        raise HTTPException(401, "There is no such account")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def own_tickets(user: User) -> Select[Any]:
    read = select(ReadCursor.seq).where(
        ReadCursor.user_id == user.id, ReadCursor.ticket_id == Ticket.id
    )
    unread = select(func.count()).where(
        Event.ticket_id == Ticket.id,
        Event.seq > func.coalesce(read.correlate(Ticket).scalar_subquery(), 0),
        Event.kind == "message_posted",
        Event.actor_id != user.id,
    )
    columns = (Ticket, unread.correlate(Ticket).scalar_subquery())
    return select(*columns).where(Ticket.user_id == user.id)


def shown(ticket: Ticket, unread: int) -> TicketOut:
    found = TicketOut.model_validate(ticket)
    found.unread = unread
    return found


@app.get("/health/ready")
async def ready(session: Database) -> dict[str, int]:
    return {"ready": await session.scalar(select(1)) or 0}


@app.post("/api/v1/auth/login")
async def login(session: Database, given: Login) -> Token:
    user = await session.scalar(select(User).where(User.email == given.email))
    digest = base64.b64encode(hashlib.sha256(given.password.encode()).digest())
    stored = user.password_hash.encode() if user else NOBODY
    if not await run_in_threadpool(bcrypt.checkpw, digest, stored) or user is None:
        raise HTTPException(401, "Invalid credentials")
    claims = {"sub": str(user.id), "exp": datetime.now(UTC) + timedelta(minutes=15)}
    expected = {"aud": "ticket-desk", "iss": "ticket-desk"}
    return Token(access_token=jwt.encode(claims | expected, SECRET))


@app.get("/api/v1/users/tickets")
async def list_tickets(
    session: Database, user: CurrentUser, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[TicketOut]:
    query = own_tickets(user).order_by(Ticket.created_at.desc(), Ticket.id.desc()).limit(limit)
    return [shown(*row) for row in await session.execute(query)]


@app.get("/api/v1/users/tickets/{ticket_id}")
async def show_ticket(session: Database, user: CurrentUser, ticket_id: UUID) -> TicketOut:
    found = await session.execute(own_tickets(user).where(Ticket.id == ticket_id))
    if (row := found.one_or_none()) is None:
        raise HTTPException(404, "Ticket not found")
    return shown(*row)


@app.post("/api/v1/users/tickets", status_code=201)
async def open_ticket(session: Database, user: CurrentUser, new: NewTicket) -> TicketOut:
    ticket = Ticket(**new.model_dump(), user_id=user.id, last_seq=1)
    session.add(ticket)
    await session.flush()
    session.add(Event(ticket_id=ticket.id, seq=1, kind="ticket_created", actor_id=user.id))
    await session.commit()
    celery.send_task("desk.assign", [str(ticket.id)], queue="peer-assignment", ignore_result=True)
    return TicketOut.model_validate(ticket)
