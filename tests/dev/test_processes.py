"""The supervisor and the babysitters, with real processes that misbehave."""

import os
import signal
from pathlib import Path

import pytest

from processes import Child
from tests.dev.conftest import (
    Process,
    Start,
    pid_of,
    processes_with,
    python,
    read_until,
    until_gone,
)
from tests.waiting import PATIENCE

# Ignores a polite request and has a child in another session that does too. `mark` is a path that
# no other process has in its command line.
STUBBORN = """
trap '' TERM INT
setsid sh -c "trap '' TERM INT; echo up; while :; do sleep 0.2; done" {mark}/grandchild &
while :; do sleep 0.2; done
"""


def supervising(*programs: tuple[str, ...], grace: float = 8.0, prefix: bool = True) -> list[str]:
    return python(
        "from processes import Program, supervise\n"
        f"programs = [Program(name, tuple(argv)) for name, *argv in {list(programs)!r}]\n"
        f"raise SystemExit(supervise(programs, grace={grace}, prefix={prefix}))"
    )


def stubborn(mark: Path) -> tuple[str, ...]:
    return ("worker", "sh", "-c", STUBBORN.format(mark=mark), f"{mark}/main")


def told(process: Process, number: int) -> tuple[int, str]:
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, output


def test_a_program_that_dies_is_started_again_each_time_later(start: Start) -> None:
    supervisor = start(supervising(("web", "sh", "-c", "exit 3")))
    for delay in ("0.5", "1", "2"):
        read_until(supervisor, f"web died with status 3; starting it again in {delay} s")


def test_a_program_that_was_killed_is_said_to_be(start: Start) -> None:
    supervisor = start(supervising(("web", "sh", "-c", "kill -9 $$")))
    read_until(supervisor, "web was killed by SIGKILL; starting it again in 0.5 s")


def test_a_command_that_does_not_exist_is_named(start: Start) -> None:
    supervisor = start(supervising(("web", "no-such-command")))
    assert "web | no-such-command: No such file or directory" in read_until(supervisor, "died")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_and_is_no_failure(start: Start, number: int, tmp_path: Path) -> None:
    loop = "echo up; while :; do sleep 0.1; done"
    supervisor = start(
        supervising(*((name, "sh", "-c", loop, str(tmp_path)) for name in ("web", "worker")))
    )
    read_until(supervisor, "up")
    status, output = told(supervisor, number)
    assert status == 0
    assert "Stopping web, worker" in output
    assert "Traceback" not in output
    assert not processes_with(tmp_path)


def test_a_signal_just_after_the_start_is_not_lost() -> None:
    for _ in range(5):
        with Child(["sleep", "60"]) as child:
            child.stop()
            assert child.wait(5) == 128 + 15


def test_each_line_names_its_program(start: Start) -> None:
    supervisor = start(
        supervising(
            ("web", "sh", "-c", r"printf 'one\ntwo \377\nunfinished'; sleep 60"),
            ("worker", "sh", "-c", "sleep 1; echo three; sleep 60"),
        )
    )
    output = read_until(supervisor, "three")
    assert output.splitlines() == ["web    | one", "web    | two \ufffd", "worker | three"]
    assert "web    | unfinished\n" in told(supervisor, signal.SIGTERM)[1]


def test_without_a_prefix_programs_write_to_our_own_output(start: Start) -> None:
    supervisor = start(supervising(("web", "sh", "-c", "echo one; sleep 60"), prefix=False))
    assert read_until(supervisor, "one") == "one\n"


def test_what_ignores_a_polite_request_is_killed_after_the_grace(
    start: Start, tmp_path: Path
) -> None:
    supervisor = start(supervising(stubborn(tmp_path), grace=1))
    read_until(supervisor, "up")
    assert told(supervisor, signal.SIGTERM)[0] == 0
    assert not processes_with(tmp_path)


def test_a_second_signal_kills_at_once(start: Start, tmp_path: Path) -> None:
    supervisor = start(supervising(stubborn(tmp_path), grace=60))
    read_until(supervisor, "up")
    supervisor.send_signal(signal.SIGINT)
    with pytest.raises(Exception, match="timed out"):
        supervisor.wait(1.5)
    status, output = told(supervisor, signal.SIGINT)
    assert status == 0
    assert "Killing what is left" in output
    assert not processes_with(tmp_path)


def test_nothing_outlives_a_supervisor_that_is_killed(start: Start, tmp_path: Path) -> None:
    supervisor = start(supervising(stubborn(tmp_path)))
    read_until(supervisor, "up")
    assert len(processes_with(tmp_path)) > 2
    supervisor.kill()
    supervisor.wait()
    until_gone(tmp_path)


def test_what_a_killed_program_started_dies_with_it(start: Start, tmp_path: Path) -> None:
    """As the pool of a Celery worker whose main process is killed."""
    supervisor = start(supervising(stubborn(tmp_path)))
    read_until(supervisor, "up")
    grandchild = pid_of(f"done {tmp_path}/grandchild")
    os.kill(pid_of(f"{tmp_path}/main"), signal.SIGKILL)
    read_until(supervisor, "worker was killed by SIGKILL")
    until_gone(f"{grandchild} sh")
    read_until(supervisor, "up")


def test_a_killed_babysitter_takes_its_program_along(start: Start, tmp_path: Path) -> None:
    loop = "echo up; while :; do sleep 0.1; done"
    supervisor = start(supervising(("web", "sh", "-c", loop, str(tmp_path))))
    read_until(supervisor, "up")
    program = pid_of(f"done {tmp_path}")
    os.kill(min(int(line.split()[0]) for line in processes_with(f"done {tmp_path}")), 9)
    read_until(supervisor, "web was killed by SIGKILL")
    until_gone(f"{program} sh")
    read_until(supervisor, "up")


def test_a_fork_can_be_told_to_die_with_its_parent(start: Start, tmp_path: Path) -> None:
    code = f"""
import os, time
from processes import die_with_parent
from tests.waiting import PATIENCE
mark = {str(tmp_path)!r}
if os.fork() == 0:
    die_with_parent()
    print("up", os.getpid(), flush=True)
time.sleep(60)
"""
    parent = start(python(code))
    child = int(read_until(parent, "up").split()[1])
    parent.kill()
    parent.wait()
    until_gone(f"{child} ")


def test_a_child_says_how_it_ended() -> None:
    with Child(["sh", "-c", "exit 5"]) as child:
        assert child.wait(20) == 5
    with Child(["sleep", "60"]) as child:
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(20) == 128 + 9
    with Child(["sleep", "60"]) as child:
        assert child.poll() is None
        assert child.end() == 128 + 15
