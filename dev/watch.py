"""A thread beside the supervisor: says when the product is ready, revives embedded servers."""

import http.client
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from dev.report import say
from embedded.errors import CannotStart
from embedded.servers import Embedded

SECONDS_BETWEEN = 0.25
SLOW_AFTER = 30.0


class Watch:
    def __init__(self, url: str, embedded: Embedded, when_ready: Callable[[], None]) -> None:
        self._url, self._embedded, self._when_ready = url, embedded, when_ready
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(5)

    def _run(self) -> None:
        waited = 0.0
        ready = False
        while not self._over.wait(SECONDS_BETWEEN):
            self._revive()
            if ready:
                continue
            waited += SECONDS_BETWEEN
            if ready := answers(self._url):
                self._when_ready()
            elif waited == SLOW_AFTER:
                say(f"{self._url}/health/ready does not say 200 yet; the lines above may say why")

    def _revive(self) -> None:
        try:
            for name in self._embedded.revive():
                say(f"{name} died; it runs again")
        except CannotStart as error:
            say(str(error))
            self._over.wait(5)


def answers(url: str) -> bool:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=3)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
