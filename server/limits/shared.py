"""Rate limits: counted in Redis for all processes together, here alone while Redis is down."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import hiredis
import structlog
from aiohttp import web
from limits import RateLimitItem, parse

from config import Settings
from desk.errors import RateLimited
from server.limits.addresses import LONGEST_KNOWN, MOST_KNOWN, client_address
from server.limits.local import Counted, Leases, LocalWindow
from server.limits.redis_windows import Asked, RedisWindows

log = structlog.get_logger("server.limits.shared")

# After a failure Redis is left alone for this long, so that no request waits for it in vain.
REDIS_REST_SECONDS = 5.0
# Redis does not answer.
LOST = (hiredis.HiredisError, OSError)
# What a socket spends is asked of Redis in so many parts of the limit: the process has one in hand.
PARTS = 100
# Where limits are off.
OFF = Counted(is_allowed=True, left=0, seconds=0.0)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of one thing somebody may do in a time. ``name`` tells the counts apart."""

    name: str
    item: RateLimitItem


# Wrong passwords, for one account: from one address, from each of the networks around it, from
# anywhere; and from a browser that signed in before.
WRONG_PASSWORD_HERE = Limit("wrong-password-here", parse("10 per 5 minutes"))
WRONG_PASSWORD_NEAR = Limit("wrong-password-near", parse("30 per hour"))
WRONG_PASSWORD = Limit("wrong-password", parse("100 per hour"))
WRONG_PASSWORD_DEVICE = Limit("wrong-password-device", parse("10 per hour"))
# Of failed sign-ins, those that have an entry of their own in the audit log: from one network, for
# one account, and of all.
FAILURES_NEAR = Limit("failures-near", parse("10 per minute"))
FAILURES_ACCOUNT = Limit("failures-account", parse("10 per minute"))
FAILURES = Limit("failures", parse("300 per minute"))
# A check takes a quarter of a second of a core: what one address may ask for is well under half of
# what one core can do, and an office of 300 is in within minutes.
LOGIN = Limit("login", parse("100 per minute"))
# Refreshing and logging out.
TOKENS = Limit("tokens", parse("1200 per minute"))
# Two checks each.
PASSWORD = Limit("password", parse("20 per hour"))
# Steps of adding a passkey.
PASSKEY = Limit("passkey", parse("60 per hour"))
# Each change has an entry in the audit log.
PROFILE = Limit("profile", parse("60 per hour"))
# Of a customer, and of everybody behind an address: staff who import tickets are not counted.
OPEN = Limit("open", parse("100 per hour"))
OPEN_ADDRESS = Limit("open-address", parse("2000 per hour"))
SIGNUP = Limit("signup", parse("300 per 10 minutes"))
SIGNUP_ADDRESS = Limit("signup-address", parse("10 per 10 minutes"))
# First messages of visitors, who sign up for nothing: as often.
VISIT = Limit("visit", SIGNUP.item)
VISIT_ADDRESS = Limit("visit-address", SIGNUP_ADDRESS.item)
# Tokens by which sites name their visitors, tried from one address.
IDENTIFY = Limit("identify", parse("600 per minute"))
# Single sign-ons begun and ended from one address: an ended one asks the provider.
SIGN_ON = Limit("sign-on", parse("300 per minute"))
POST = Limit("post", parse("600 per minute"))
POST_SOCKET = Limit("post-socket", parse("200 per 10 seconds"))
TYPING = Limit("typing", parse("30 per 10 seconds"))
READ = Limit("read", parse("60 per 10 seconds"))
# Of an account, on all of its sockets.
TYPING_ACCOUNT = Limit("typing-account", parse("120 per 10 seconds"))
READ_ACCOUNT = Limit("read-account", parse("300 per 10 seconds"))
# Drafts that are kept as they are written, in all of an account's tabs.
DRAFT = Limit("draft", parse("600 per minute"))
# Files, of a customer and of somebody of the staff.
UPLOAD = Limit("upload", parse("20 per hour"))
UPLOAD_STAFF = Limit("upload-staff", parse("200 per hour"))
# Of an admin: each is all that there is of a person.
EXPORT = Limit("export", parse("60 per hour"))
# A list that is scrolled names other tickets each time.
WATCH = Limit("watch", parse("100 per 10 seconds"))
IDLE = Limit("idle", parse("30 per 10 seconds"))
JOIN = Limit("join", parse("600 per minute"))
# Frames of one socket that are no events; then it is over.
REFUSED = Limit("refused", parse("60 per 10 seconds"))
# What sockets of an account send beyond the other limits: refused, too; then the socket is over.
# Well over what a client sends at once that was offline.
BEYOND = Limit("beyond", parse("2000 per 10 seconds"))
# Of an account: each of its sockets takes a new token a few times an hour.
REFRESH_AUTH = Limit("refresh-auth", parse("300 per minute"))
# Of a customer: what an index leads through, in each process; what is looked for; what is counted.
# Staff's programs read as much as they like.
LOOK = Limit("look", parse("30000 per minute"))
SEARCH = Limit("search", parse("120 per minute"))
COUNT = Limit("count", parse("600 per minute"))
CONNECT = Limit("connect", parse("120 per minute"))
SOCKET_TICKET = Limit("socket-ticket", parse("120 per minute"))
# Socket tickets tried from one address: each is a question to the database.
TRY_SOCKET_TICKET = Limit("try-socket-ticket", parse("600 per minute"))
# Keys of programs looked up for one address: each is asked for once a second at most while it is
# used, and what was never one each time.
TRY_KEY = Limit("try-key", parse("6000 per minute"))
# Mails with a link that an account asks for: the address may be a stranger's.
CONFIRM = Limit("confirm", parse("5 per day"))
# Mails that whoever asks has sent to one address, whether or not it has an account: links for a new
# password, to a new address, of a sign-up.
MAILED = Limit("mailed", parse("3 per hour"))
# Links for a new password, asked for from one address.
FORGOT_ADDRESS = Limit("forgot-address", parse("20 per hour"))
# Links to a new address, of an account.
CHANGE_EMAIL = Limit("change-email", parse("5 per day"))
# Links tried from one address.
VERIFY = Limit("verify", parse("120 per minute"))


class Spent(NamedTuple):
    """So much of a limit, by somebody."""

    limit: Limit
    who: tuple[str, ...]
    cost: int = 1

    @property
    def key(self) -> tuple[str, ...]:
        return (self.limit.name, *self.who)


class RateLimits:
    """Counts what somebody does against a `Limit` and refuses what is beyond it."""

    def __init__(self, settings: Settings) -> None:
        self._is_on = settings.rate_limits == "on"
        self._address = partial(client_address, settings.proxies)
        self._known_address = lru_cache(MOST_KNOWN)(self._address)
        self._prefix = f"{settings.key_prefix}limits"
        self._together = RedisWindows(settings.redis_url)
        self._here = LocalWindow()
        self._leases = Leases()
        self._redis_rests_until = 0.0

    def close(self) -> None:
        self._together.close()

    async def hit(self, limit: Limit, *who: str) -> dict[str, str]:
        """Counts one; the headers that tell what is left. Raises `RateLimited`."""
        return await self.hit_each(Spent(limit, who))

    async def hit_each(self, *spent: Spent) -> dict[str, str]:
        """Counts one after the other, until one is refused; the headers are those of the last."""
        counted = await self._count(*spent)
        for one, found in zip(spent, counted, strict=True):
            if not found.is_allowed:
                raise _refused(_headers(one.limit, found))
        return _headers(spent[-1].limit, counted[-1]) if self._is_on else {}

    async def spend(self, limit: Limit, *who: str) -> None:
        """As `hit`, for sockets: no headers, and Redis is asked once for a hundredth of the limit.

        What a process has left of that is lost to the others.
        """
        key = (limit.name, *who)
        if self._leases.take(key):
            return
        if (part := limit.item.amount // PARTS) > 1:
            [counted] = await self._count(Spent(limit, who, part))
            if counted.is_allowed:
                self._leases.hold(limit.item, key, part - 1)
                return
        await self.hit(limit, *who)

    def spend_here(self, limit: Limit, who: str) -> None:
        """As `spend`, for what costs this process alone: counted in it, without a question."""
        if self._is_on and not self._here.take(limit.item, limit.name, who):
            raise _refused({})

    async def require(self, limit: Limit, *who: str) -> None:
        """Raises `RateLimited` where the next `hit` would. Counts nothing."""
        await self.hit_each(Spent(limit, who, cost=0))

    async def clear(self, limit: Limit, *who: str) -> None:
        """Forgets what was counted."""
        spent = Spent(limit, who)
        with suppress(*LOST):  # Who counts here alone begins anew soon anyway.
            await self._together.clear(self._asked(spent).key)
        self._here.clear(spent.key)

    async def _count(self, *spent: Spent) -> Sequence[Counted]:
        """What came of each; after one that is refused all are."""
        if not self._is_on:
            return [OFF] * len(spent)
        if time.monotonic() >= self._redis_rests_until:
            try:
                return await self._together.count([self._asked(one) for one in spent])
            except LOST as error:
                # Many may have waited: it is said once.
                if time.monotonic() >= self._redis_rests_until:
                    log.warning("limits are counted here alone", error=repr(error))
                self._redis_rests_until = time.monotonic() + REDIS_REST_SECONDS
        return self._counted_here(spent)

    def _asked(self, spent: Spent) -> Asked:
        item = spent.limit.item
        return Asked(item, f"{self._prefix}:{item.key_for(*spent.key)}", spent.cost)

    def _counted_here(self, spent: Sequence[Spent]) -> Sequence[Counted]:
        found: list[Counted] = []
        for one in spent:
            is_over = bool(found) and not found[-1].is_allowed
            found.append(
                found[-1] if is_over else self._here.count(one.limit.item, one.key, one.cost)
            )
        return found

    def address(self, request: web.Request) -> str:
        """Where a request comes from, as one customer's network."""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        find = self._known_address if len(forwarded) <= LONGEST_KNOWN else self._address
        return find(request.remote or "", forwarded)


def _headers(limit: Limit, counted: Counted) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(limit.item.amount),
        "RateLimit-Remaining": str(counted.left),
        "RateLimit-Reset": str(max(1, round(counted.seconds))),
    }


def _refused(headers: dict[str, str]) -> RateLimited:
    refused = RateLimited("rate_limited", "Too many requests; wait and try again")
    refused.headers = {**headers, "Retry-After": headers.get("RateLimit-Reset", "1")}
    return refused
