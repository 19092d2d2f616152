"""What the launcher must know before anything runs: what is set, and whether it can work."""

import errno
import ipaddress
import os
import socket
from pathlib import Path

from dotenv import dotenv_values

from config import Settings, settings
from embedded.errors import CannotStart

# In place of what is embedded, until it runs: so that the other settings can be checked before.
PLACEHOLDERS = {
    "DATABASE_URL": "postgresql://embedded@127.0.0.1:1/embedded",
    "REDIS_URL": "redis://127.0.0.1:1",
    "JWT_SECRET_KEY": "0123456789abcdef, until one is made",
}


def given(root: Path) -> set[str]:
    """The names that are set, in the environment or in `.env`. Empty counts as not set."""
    found = {**dotenv_values(root / ".env"), **{k: v for k, v in os.environ.items() if v}}
    return {name.upper() for name, value in found.items() if value}


def checked(missing: set[str]) -> Settings:
    """The settings, with placeholders for what is `missing`. Raises `config.Misconfigured`.

    Without a database they are those of the embedded one, to which any page may be let in.
    """
    stand_ins = {name: PLACEHOLDERS[name] for name in missing}
    if "DATABASE_URL" in missing:
        stand_ins["EMBEDDED"] = "1"
    before = {name: os.environ.get(name) for name in stand_ins}
    os.environ.update(stand_ins)
    try:
        return settings()
    finally:
        settings.cache_clear()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def refuse_strangers(host: str) -> None:
    """The embedded database has demo accounts, whose passwords everybody knows."""
    if not _is_loopback(host):
        raise CannotStart(
            f"HOST={host} would let others in, and the demo accounts have known passwords: "
            "use HOST=127.0.0.1, or set DATABASE_URL to a database of yours"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_free(host: str, port: int) -> None:
    if (problem := _bind(host, port)) is None:
        return
    if problem.errno == errno.EADDRINUSE:
        other = next((p for p in range(port + 1, 65536) if _bind(host, p) is None), 0)
        raise CannotStart(
            f"Port {port} on {host} is in use; stop what uses it or run: PORT={other} make run"
        )
    if problem.errno == errno.EACCES:
        raise CannotStart(f"Port {port} needs more rights than you have; run: PORT=8000 make run")
    raise CannotStart(f"HOST={host} is no address of this machine; use HOST=127.0.0.1")


def _bind(host: str, port: int) -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        return error
    return None


def browser_url(host: str, port: int) -> str:
    """Where a browser on this machine finds what listens on `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
