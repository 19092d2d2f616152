"""Which pages of browsers may call us and open sockets: browsers leave the latter to us."""

from urllib.parse import urlsplit

from aiohttp import web

from config import Settings


class Origins:
    """Decides by the ``Origin`` of a request, as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._listed = settings.origins
        self._own = settings.public_url.rstrip("/")

    def listed(self, request: web.Request) -> str | None:
        """The origin of the page that asks, if the settings list it."""
        origin = request.headers.get("Origin")
        return origin if origin and (origin in self._listed or "*" in self._listed) else None

    def is_welcome(self, request: web.Request) -> bool:
        """Whether the page that asks may open a socket.

        No origin: no browser. Ours or a listed one: welcome.
        """
        origin = request.headers.get("Origin")
        return origin is None or self.listed(request) is not None or self.is_own(request)

    def is_own(self, request: web.Request) -> bool:
        """Whether the page that asks is one of ours."""
        origin = request.headers.get("Origin")
        return origin is not None and (origin == self._own or _host(origin) == request.host)


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
