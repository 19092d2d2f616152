"""Forks the product's programs from a process that has imported what all of them import.

A program that is forked begins as `python -m` begins, with an environment, a folder and files of
its own; only the second or two of imports are paid once. Linux alone; elsewhere a program is
executed as ever.
"""

import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from processes import babysitter, die_with_parent

ROOT = Path(__file__).parents[1]
MODULE = "tests.fork_server"
# Not `worker`, which reads the settings when it is imported.
IMPORTED = (
    "server.app",
    "manage.__main__",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.prefork",
    "celery.fixups.django",
    "celery.worker.components",
    "celery.worker.consumer",
    "desk.deadline_kinds",
    "kombu.transport.redis",
    "logs",
    "smtplib",
)
LONGEST_ORDER = 200_000
FORKS = sys.platform == "linux"


class Forked(subprocess.Popen[bytes]):
    """A process that the server forked, with as much of a `Popen` as those need who start it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._fd = os.pidfd_open(pid)

    def __del__(self) -> None:
        os.close(self._fd)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._fd], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = _server().ask({"reap": self.pid})
        return self.returncode

    def send_signal(self, sig: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._fd, sig)


def popen(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """For `Child`: a babysitter with its program."""
    if not FORKS:
        return subprocess.Popen(argv, **options)
    (lifeline,) = options["pass_fds"]
    words = argv[argv.index(str(lifeline)) :]
    order = {"argv": words, "env": dict(options["env"]), "cwd": os.getcwd()}
    said = options["stdout"].fileno()
    with open(os.devnull, "rb") as nothing:
        files = (nothing.fileno(), said, said, lifeline)
        return Forked(_server().ask(order, *files))


def run(
    module: str, *arguments: str, cwd: Path, env: Mapping[str, str], stdin: str, timeout: float
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`: ``python -m module arguments``, to its end."""
    argv = ["-m", module, *arguments]
    if not FORKS:
        return subprocess.run(
            [sys.executable, *argv],
            cwd=cwd,
            env=env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    order = {"argv": argv, "env": dict(env), "cwd": str(cwd)}
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        files[0].write(stdin)
        for file in files:
            file.seek(0)
        process = Forked(_server().ask(order, *(file.fileno() for file in files)))
        try:
            process.wait(timeout)
        finally:
            process.send_signal(signal.SIGKILL)
        for file in files:
            file.seek(0)
        said = (file.read() for file in files[1:])
        return subprocess.CompletedProcess(argv, process.wait(), *said)


class _Server:
    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.end)

    def ask(self, order: Mapping[str, object], *fds: int) -> int:
        with self._lock:
            socket.send_fds(self._ours, [json.dumps(order).encode()], fds)
            return int(self._ours.recv(32))

    def end(self) -> None:
        self._ours.close()
        self._process.wait()


@cache
def _server() -> _Server:
    return _Server()


def serve(channel: socket.socket) -> None:
    """Forks what is asked for, until nobody is there any more to ask."""
    while True:
        message, fds, _, _ = socket.recv_fds(channel, LONGEST_ORDER, 4)
        if not message:
            return
        order = json.loads(message)
        if "reap" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["reap"], 0)[1])
        elif (answer := os.fork()) == 0:
            channel.close()
            _begin(fds, **order)
        for fd in fds:
            os.close(fd)
        channel.send(str(answer).encode())


def _begin(fds: list[int], argv: list[str], env: dict[str, str], cwd: str) -> NoReturn:
    """In the fork. Never returns to the server's loop."""
    die_with_parent()
    os.setsid()
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    if lifeline := fds[3:]:
        _, grace, stop_signal, _, *program = argv
        become = partial(_become, unneeded=lifeline)
        sys.exit(babysitter.sit(lifeline, float(grace), int(stop_signal), program, become))
    _become(argv)


def _become(argv: list[str], unneeded: Sequence[int] = ()) -> NoReturn:
    """What `python` does at its start for ``-m module arguments``."""
    for fd in unneeded:
        os.close(fd)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _, module, *arguments = argv
    sys.argv[1:] = arguments
    sys.path.insert(0, os.getcwd())
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


def _prepare() -> None:
    gc.disable()
    for name in IMPORTED:
        import_module(name)
        if name.endswith(".__main__"):
            del sys.modules[name]
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    _prepare()
    serve(socket.socket(fileno=int(sys.argv[1])))
