"""Typed keys of what the application and its requests carry."""

from aiohttp import web

from config import Settings
from desk.access import Actor
from server.identity import Identity
from server.live import Live
from server.passwords import Passwords
from server.rooms import Rooms
from server.tokens import Tokens
from server.transaction import Desk

settings = web.AppKey("settings", Settings)
desk = web.AppKey("desk", Desk)
live = web.AppKey("live", Live)
rooms = web.AppKey("rooms", Rooms)
identity = web.AppKey("identity", Identity)
passwords = web.AppKey("passwords", Passwords)
tokens = web.AppKey("tokens", Tokens)

actor = web.RequestKey("actor", Actor)
