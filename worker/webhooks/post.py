"""One POST to a webhook: to a checked address, signed, without redirects, within bounds."""

import base64
import binascii
import contextlib
import hashlib
import hmac
import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from typing import BinaryIO
from urllib.parse import urlsplit

from desk.webhooks.webhook_queue import Answer, Outgoing
from wire.addresses import AddressRefused, Allowed, addresses, destination
from wire.codec import encode
from wire.shapes import Recorded

# For each step, and for all of it.
STEP_SECONDS = 5.0
ALL_SECONDS = 10.0
# Of a name's addresses; together they have one step's time to connect.
MOST_ADDRESSES = 3
# Interim answers (1xx) before the answer.
MOST_INTERIM = 10
LONGEST_STATUS_LINE = 8192
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9][0-9])(?: [^\r\n]*)?\r?\n")
SWITCHING = 101
# Receivers that say with these when to come again.
ASKS_TO_WAIT = (429, 503)
SECRET_PREFIX = "whsec_"
USER_AGENT = "ticket-desk-webhooks"


def payload(told: Outgoing) -> bytes:
    """The body, the same at every attempt: the event as the staff see it, and its ticket then."""
    event = Recorded.of(told.event).event
    return encode(
        {
            "type": event.kind,
            "timestamp": event.at,
            "data": {"event": event, "ticket": told.ticket},
        }
    )


def signed(told: Outgoing, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over ``id.timestamp.body``."""
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(told.secret.removeprefix(SECRET_PREFIX))
    content = f"{told.delivery_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {
        "webhook-id": str(told.delivery_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
        "user-agent": USER_AGENT,
    }


def post(told: Outgoing, *, allowed: Allowed) -> Answer:
    """Tells a webhook of an event. Never raises; never says more of an error than its kind."""
    at, began = datetime.now(UTC), time.monotonic()
    status, error, wait = None, None, None
    try:
        body = payload(told)
        status, headers = _exchange(told.url, body, signed(told, body, at), allowed)
        if 300 <= status < 400:
            error = "redirect_not_followed"
        elif not 200 <= status < 300:
            error = "refused_by_receiver"
        if status in ASKS_TO_WAIT:
            wait = _retry_after(headers.get("retry-after", ""), at)
    except Exception as failure:
        error = _reason(failure)
    return Answer(at, round((time.monotonic() - began) * 1000), status, error, wait)


def _exchange(
    url: str, body: bytes, headers: Mapping[str, str], allowed: Allowed
) -> tuple[int, Message]:
    """The status and headers of the answer; not a byte of its body is read.

    By hand, from the socket on, because the address, the name and the time are all our business:
    the connection goes to the address that was checked, the certificate is that of the name.
    """
    host, port = destination(url)
    found = addresses(url, allowed)
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _connected(found, port) as plain, _cut_off(plain):
        secure = parts.scheme == "https"
        with _tls().wrap_socket(plain, server_hostname=host) if secure else plain as connected:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = connected
            connection.request("POST", path, body, {"host": parts.netloc, **headers})
            with contextlib.closing(connection), connected.makefile("rb") as stream:
                return _answer(stream)


def _connected(found: Sequence[str], port: int) -> socket.socket:
    """A connection to the first of the addresses that can be reached."""
    tried = found[:MOST_ADDRESSES]
    failure = OSError("a name without an address")
    for address in tried:
        try:
            connected = socket.create_connection((address, port), STEP_SECONDS / len(tried))
        except OSError as unreachable:
            failure = unreachable
        else:
            connected.settimeout(STEP_SECONDS)
            return connected
    raise failure


def _answer(stream: BinaryIO) -> tuple[int, Message]:
    """The final answer: what may come before it is skipped (RFC 9110, 15.2)."""
    for _ in range(MOST_INTERIM + 1):
        line = stream.readline(LONGEST_STATUS_LINE)
        matched = STATUS_LINE.fullmatch(line)
        if matched is None:
            raise http.client.BadStatusLine(repr(line[:100]))
        status, headers = int(matched[1]), http.client.parse_headers(stream)
        if status >= 200 or status == SWITCHING:
            return status, headers
    raise http.client.HTTPException("too many interim answers")


def _retry_after(text: str, at: datetime) -> timedelta | None:
    """How long a receiver asks to be left alone: seconds or a date (RFC 9110, 10.2.3)."""
    if re.fullmatch("[0-9]{1,9}", text, re.ASCII):
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(until.replace(tzinfo=until.tzinfo or UTC) - at, timedelta(0))


@contextmanager
def _cut_off(connected: socket.socket) -> Iterator[None]:
    """Ends a connection that takes too long in all: a timeout counts from byte to byte only."""
    is_late = threading.Event()

    def cut() -> None:
        is_late.set()
        with contextlib.suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    # A handle of its own: that of the caller passes to the TLS around it.
    with connected.dup() as handle:
        watchdog = threading.Timer(ALL_SECONDS, cut)
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()
            watchdog.join()
            # A cut may also look like the end of an answer.
            if is_late.is_set():
                raise TimeoutError


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(failure: Exception) -> str:
    match failure:
        case AddressRefused():
            return "address_refused"
        case socket.gaierror() | UnicodeError():
            return "name_not_found"
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls_failed"
        case ConnectionRefusedError():
            return "not_connected"
        case binascii.Error():
            return "unusable_secret"
        case _:
            return "connection_lost"
