"""A real HTTP server for the tests that keeps what it is told and answers as it is asked to."""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import orjson


@dataclass(frozen=True)
class Told:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def ticket_and_seq(self) -> tuple[str, int]:
        event = self.json["data"]["event"]
        return event["ticket_id"], event["seq"]

    def is_signed_with(self, secret: str) -> bool:
        """Checked as the Standard Webhooks say, by their words alone."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = b".".join(
            [
                self.headers["webhook-id"].encode(),
                self.headers["webhook-timestamp"].encode(),
                self.body,
            ]
        )
        expected = (
            "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        )
        fresh = abs(time.time() - int(self.headers["webhook-timestamp"])) < 60
        return fresh and hmac.compare_digest(expected, self.headers["webhook-signature"])


class Receiver:
    """``with Receiver() as receiver``: ``receiver.url``, ``receiver.told``."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        # Asked with each request, which waits for it: the status of the answer.
        self.answer: Callable[[Told], int] = lambda _: 204
        self.headers: dict[str, str] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # http.server's name
                length = int(self.headers["Content-Length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                told = Told(self.path, headers, self.rfile.read(length))
                receiver.told.append(told)
                self.send_response(receiver.answer(told))
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?a=b"

    def of(self, ticket_id: object) -> list[int]:
        """The numbers of a ticket's events, in the order in which they came."""
        return [told.ticket_and_seq[1] for told in self.told if _of(told, ticket_id)]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _of(told: Told, ticket_id: object) -> bool:
    return told.ticket_and_seq[0] == str(ticket_id)
