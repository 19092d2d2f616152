"""Keeps several programs running, with their output as one stream, until it is told to stop."""

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from processes.child import Child

# A program that dies is started again after half a second, then twice that, up to the last; one
# that lived as long as the last begins again with the first.
BACK_OFF_FIRST, BACK_OFF_LAST = 0.5, 30.0
# `timeout make run` and the like send one signal by two ways: that is one signal.
SECOND_SIGNAL_AFTER = 1.0
LONGEST_LINE = 64 * 1024
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COLOURS = (36, 33, 35, 32, 34, 31)


@dataclass(frozen=True)
class Program:
    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)  # added to ours


def supervise(
    programs: Iterable[Program],
    *,
    grace: float = 8.0,
    prefix: bool = True,
    hold: Sequence[int] = (),
) -> int:
    """Keeps the programs running until SIGINT, SIGTERM or SIGHUP, then stops them all. Returns 0.

    Each has `grace` seconds to stop; a second signal kills at once. With `prefix` their output
    goes through us and each line names its program, without it they write to our own output.
    Call it in the main thread.
    """
    programs = list(programs)
    width = max((len(program.name) for program in programs), default=0)
    labels = [
        _label(n, program.name, width) if prefix else None for n, program in enumerate(programs)
    ]
    kept = [
        _Kept(program, label, grace, hold) for program, label in zip(programs, labels, strict=True)
    ]
    with _signals() as wake, selectors.DefaultSelector() as selector:
        selector.register(wake, selectors.EVENT_READ)
        try:
            for one in kept:
                one.start(selector)
            _keep_until_told(kept, wake, selector)
            _stop(kept, wake, selector, grace)
        finally:
            for one in kept:
                one.abandon()
    return 0


class _Kept:
    """A program that is kept running: its child, its unfinished line, when it may start again."""

    def __init__(
        self, program: Program, label: str | None, grace: float, hold: Sequence[int]
    ) -> None:
        self.program, self.label, self.grace, self.hold = program, label, grace, hold
        self.child: Child | None = None
        self.output, self.line = -1, b""
        self.born, self.due, self.delay = 0.0, 0.0, BACK_OFF_FIRST

    def start(self, selector: selectors.BaseSelector) -> None:
        env = {**self.program.env}
        theirs = None
        if self.label is not None:
            env.setdefault("PYTHONUNBUFFERED", "1")
            self.output, theirs = os.pipe()
            os.set_blocking(self.output, False)
            selector.register(self.output, selectors.EVENT_READ)
        self.born = time.monotonic()
        try:
            self.child = Child(
                self.program.argv, env=env, stdout=theirs, grace=self.grace, hold=self.hold
            )
        finally:
            if theirs is not None:
                os.close(theirs)
        # Readable when the babysitter is gone.
        selector.register(self.child.lifeline, selectors.EVENT_READ)

    def relay(self) -> None:
        """Passes on the lines that have come."""
        while self.output != -1:
            try:
                read = os.read(self.output, LONGEST_LINE)
            except BlockingIOError:
                return
            *lines, self.line = (self.line + read).split(b"\n")
            if len(self.line) > LONGEST_LINE or (self.line and not read):
                lines.append(self.line)
                self.line = b""
            _say(*(f"{self.label}{line.decode(errors='replace')}" for line in lines))
            if not read:
                return

    def buried(self, selector: selectors.BaseSelector) -> int | None:
        """The status of a child that has died since we last looked."""
        if self.child is None or not self.child.gone():
            return None
        selector.unregister(self.child.lifeline)
        self.relay()
        if self.output != -1:
            selector.unregister(self.output)
            os.close(self.output)
            self.output = -1
        status, self.child = self.child.wait(), None
        return status

    def again_later(self, status: int) -> None:
        now = time.monotonic()
        if now - self.born >= BACK_OFF_LAST:
            self.delay = BACK_OFF_FIRST
        self.due, delay = now + self.delay, self.delay
        self.delay = min(self.delay * 2, BACK_OFF_LAST)
        _say(f"{self.program.name} {_how(status)}; starting it again in {delay:g} s")

    def abandon(self) -> None:
        """Whatever happened to us, leave nothing behind."""
        if self.child is not None:
            self.child.end(at_once=True)
        if self.output != -1:
            os.close(self.output)


def _keep_until_told(
    kept: Sequence[_Kept], wake: socket.socket, selector: selectors.BaseSelector
) -> None:
    while True:
        dues = [one.due for one in kept if one.child is None]
        selector.select(max(0.0, min(dues) - time.monotonic()) if dues else None)
        if _arrived(wake):
            return
        for one in kept:
            one.relay()
            if (status := one.buried(selector)) is not None:
                one.again_later(status)
            if one.child is None and one.due <= time.monotonic():
                one.start(selector)


def _stop(
    kept: Sequence[_Kept], wake: socket.socket, selector: selectors.BaseSelector, grace: float
) -> None:
    running = [one for one in kept if one.child is not None]
    _say(f"Stopping {', '.join(one.program.name for one in running)}" if running else "Stopping")
    _ask(running)
    began = time.monotonic()
    while running and time.monotonic() < began + grace + 1:
        selector.select(0.2)
        if _arrived(wake) and time.monotonic() > began + SECOND_SIGNAL_AFTER:
            _say("Killing what is left")
            _ask(running, at_once=True)
            began -= grace
        for one in running:
            one.relay()
        running = [one for one in running if one.buried(selector) is None]


def _ask(running: Iterable[_Kept], *, at_once: bool = False) -> None:
    for one in running:
        if one.child is not None:
            one.child.stop(at_once=at_once)


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket that becomes readable when we are told to stop."""
    wake, bell = socket.socketpair()
    wake.setblocking(False)
    bell.setblocking(False)
    # A hangup that is ignored was ignored on purpose (nohup).
    told = [s for s in STOP_SIGNALS if s != signal.SIGHUP or signal.getsignal(s) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: None) for number in told}
    before_fd = signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
    try:
        yield wake
    finally:
        signal.set_wakeup_fd(before_fd)
        for number, handler in before.items():
            signal.signal(number, handler)
        wake.close()
        bell.close()


def _arrived(wake: socket.socket) -> bool:
    try:
        return any(number in STOP_SIGNALS for number in wake.recv(64))
    except BlockingIOError:
        return False


def _how(status: int) -> str:
    """How a program ended, in words."""
    if status <= 128:
        return f"died with status {status}"
    with contextlib.suppress(ValueError):
        return f"was killed by {signal.Signals(status - 128).name}"
    return f"died with status {status}"


def _label(n: int, name: str, width: int) -> str:
    label = f"{name:<{width}} | "
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return f"\033[{COLOURS[n % len(COLOURS)]}m{label}\033[0m"
    return label


def _say(*lines: str) -> None:
    """Writes lines; one who no longer listens (`make run | head`) is no reason to stop."""
    if lines:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
