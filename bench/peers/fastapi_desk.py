"""Peer: FastAPI, the SQLAlchemy ORM on asyncpg, under uvicorn."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import bcrypt
import jwt
from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_chat import NewMessage, Rooms, may_see, post
from fastapi_shapes import Login, TicketOut, Token
from fastapi_tables import Event, ReadCursor, Ticket, User
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
app = FastAPI()
rooms = Rooms()


async def database() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Database = Annotated[AsyncSession, Depends(database)]


async def user_of(session: AsyncSession, token: str) -> User | None:
    """The active account behind a token; None for any other token."""
    try:
        claims = jwt.decode(
            token, SECRET, algorithms=["HS256"], audience="ticket-desk", issuer="ticket-desk"
        )
    except jwt.PyJWTError:
        return None
    user = await session.get(User, UUID(claims["sub"]))
    return user if user is not None and user.is_active else None


async def current_user(
    session: Database, given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> User:
    if (user := await user_of(session, given.credentials)) is None:
        raise HTTPException(401, "The token is not valid")
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


@app.get("/api/v1/users/tickets/{ticket_id}")
async def show_ticket(session: Database, user: CurrentUser, ticket_id: UUID) -> TicketOut:
    found = await session.execute(own_tickets(user).where(Ticket.id == ticket_id))
    if (row := found.one_or_none()) is None:
        raise HTTPException(404, "Ticket not found")
    return shown(*row)


@app.websocket("/ws/tickets/{ticket_id}")
async def chat(socket: WebSocket, ticket_id: UUID, token: str = "") -> None:
    async with sessions() as session:
        user = await user_of(session, token)
        if user is None or not await may_see(session, user, ticket_id):
            await socket.close(1008)
            return
    await socket.accept()
    rooms.enter(ticket_id, socket)
    try:
        while True:
            new = NewMessage.model_validate_json(await socket.receive_text())
            async with sessions() as session:
                message = await post(session, user, ticket_id, new)
            await rooms.broadcast(ticket_id, message)
    except WebSocketDisconnect:
        pass
    finally:
        rooms.leave(ticket_id, socket)
