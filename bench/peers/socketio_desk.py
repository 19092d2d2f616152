"""Peer: stock python-socketio with its Redis manager, under uvicorn. Ephemeral events only."""

import os
from typing import Any

import jwt
import socketio

SECRET = os.environ["JWT_SECRET_KEY"]
NAMESPACE = "/tickets"

manager = socketio.AsyncRedisManager(os.environ["REDIS_URL"])
sio = socketio.AsyncServer(async_mode="asgi", client_manager=manager, namespaces=[NAMESPACE])
app = socketio.ASGIApp(sio)


@sio.event(namespace=NAMESPACE)
async def connect(sid: str, _: dict[str, Any], auth: dict[str, str]) -> None:
    try:
        claims = jwt.decode(
            auth["token"],
            SECRET,
            algorithms=["HS256"],
            audience="ticket-desk",
            issuer="ticket-desk",
        )
    except (jwt.PyJWTError, KeyError, TypeError) as error:
        raise socketio.exceptions.ConnectionRefusedError("not authenticated") from error
    await sio.save_session(sid, {"user_id": claims["sub"]}, namespace=NAMESPACE)


@sio.event(namespace=NAMESPACE)
async def join_ticket(sid: str, given: dict[str, Any]) -> dict[str, bool]:
    await sio.enter_room(sid, given["ticket_id"], namespace=NAMESPACE)
    return {"ok": True}


@sio.event(namespace=NAMESPACE)
async def typing(sid: str, given: dict[str, Any]) -> None:
    ticket_id = given["ticket_id"]
    if ticket_id not in sio.rooms(sid, namespace=NAMESPACE):
        return
    session = await sio.get_session(sid, namespace=NAMESPACE)
    shown = {**given, "user_id": session["user_id"]}
    await sio.emit("typing", shown, room=ticket_id, skip_sid=sid, namespace=NAMESPACE)
