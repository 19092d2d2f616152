"""A babysitter: runs one program and sees to it that nothing of it outlives our parent.

Linux kills a child with its parent (PR_SET_PDEATHSIG), but not the grandchildren, such as the
pool of a Celery worker. So every program gets this file, run as a script, for a parent. It holds
one end of a socket, the lifeline, whose other end only its own parent holds. When that closes,
because the parent closed it or was killed, it stops the program. As a "subreaper" it inherits
every orphan below it, so it finds and kills all that the program started, whatever session or
process group that is in. macOS has no subreaper: there it kills the program's process group.

    python babysitter.py LIFELINE[,FD…] GRACE STOP_SIGNAL COMMAND [ARGUMENT…]
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# How long an orphaned program may take to stop, and how long the killed may take to vanish.
ORPHAN_GRACE = 3.0
REAP_SECONDS = 1.0
# What Python or a shell in the background may have made us ignore; a program begins afresh.
RESET = (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ)


def die_with_parent(with_signal: int = signal.SIGKILL) -> None:
    """Sends this process `with_signal` when its parent dies. Call it in the main thread.

    What forks without exec (a Celery pool process) needs it where the babysitter can't help:
    when its parent alone is killed, at that very moment.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), with_signal)

    threading.Thread(target=watch, daemon=True).start()


def execute(argv: list[str]) -> None:
    """Becomes the program."""
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def sit(
    fds: list[int],
    grace: float,
    stop_signal: int,
    argv: list[str],
    become: Callable[[list[str]], None] = execute,
) -> int:
    """Runs the program to its end. Returns its status, 128 + n where signal n killed it."""
    for fd in fds:
        os.set_inheritable(fd, False)  # held open by us, not by the program
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake = _wakeups()
    program = _start(argv, become)
    lifeline = fds[0]
    with contextlib.suppress(OSError):  # the parent may be gone already: the lifeline will say so
        os.write(lifeline, b"%d\n" % program)
    status = _watch(program, wake, lifeline, grace, stop_signal)
    _bury(program)
    return status


def _wakeups() -> socket.socket:
    """A socket on which every signal to us arrives as a byte."""
    wake, bell = socket.socketpair()
    wake.setblocking(False)
    bell.setblocking(False)
    signal.set_wakeup_fd(bell.detach(), warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return wake


def _start(argv: list[str], become: Callable[[list[str]], None]) -> int:
    us = os.getpid()
    # A signal that reaches the fork before its exec would end in our own handler: it has to wait.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*RESET, signal.SIGCHLD})
    if pid := os.fork():
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return pid
    os.setpgid(0, 0)
    die_with_parent(signal.SIGKILL)
    if os.getppid() != us:
        os._exit(1)
    for number in RESET:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    become(argv)
    os._exit(127)


def _watch(program: int, wake: socket.socket, lifeline: int, grace: float, stop_signal: int) -> int:
    """Waits for the program's end; brings it about when SIGTERM or the lifeline says so.

    SIGINT means at once.
    """
    deadline: float | None = None
    listening: list[int | socket.socket] = [wake, lifeline]
    while (status := _reap(program)) is None:
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select(listening, [], [], timeout)
        arrived = _arrived(wake)
        if orphaned := lifeline in readable:  # the parent never writes: this is its end
            listening.remove(lifeline)
            grace = min(grace, ORPHAN_GRACE)
        if deadline is None and (orphaned or signal.SIGTERM in arrived):
            deadline = time.monotonic() + grace
            with contextlib.suppress(ProcessLookupError):
                os.kill(program, stop_signal)
        if signal.SIGINT in arrived or (deadline is not None and time.monotonic() >= deadline):
            _kill_tree(program)
            deadline = time.monotonic() + 0.1
    return status


def _arrived(wake: socket.socket) -> bytes:
    """The numbers of the signals that came since we last looked."""
    try:
        return wake.recv(256)
    except BlockingIOError:
        return b""


def _reap(program: int) -> int | None:
    """Buries who has died: the program, whose status this returns, and inherited orphans."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == program:
                code = os.waitstatus_to_exitcode(found[1])
                status = code if code >= 0 else 128 - code
    return status


def _bury(program: int) -> None:
    """Kills all that the program left, until it is gone."""
    end = time.monotonic() + REAP_SECONDS
    while _kill_tree(program) and time.monotonic() < end:
        time.sleep(0.01)
        _reap(program)


def _kill_tree(program: int) -> bool:
    """Kills everything below us; whether there was anything to kill."""
    below = _descendants() if sys.platform == "linux" else []
    for pid in below:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    if sys.platform != "linux":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program, signal.SIGKILL)
    return bool(below)


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # "pid (name, which may hold anything) state ppid …"
            parent = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, new = [], [os.getpid()]
    while new:
        new = [pid for parent in new for pid in children.get(parent, [])]
        found += new
    return found


if __name__ == "__main__":
    sys.exit(
        sit(
            [int(fd) for fd in sys.argv[1].split(",")],
            float(sys.argv[2]),
            int(sys.argv[3]),
            sys.argv[4:],
        )
    )
