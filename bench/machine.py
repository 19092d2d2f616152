"""The machine: which core does what, and what a process has used of it."""

import os
from collections.abc import Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def divide() -> int:
    """Leaves the first core to the server that is measured, and takes the others ourselves.

    What we start from now on runs on the others, too. Returns the server's core.
    """
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        raise SystemExit("The bench needs two cores: one for the server, one for its load")
    os.sched_setaffinity(0, others)
    return first


def pinned(cores: Sequence[int], argv: Sequence[str]) -> list[str]:
    return ["taskset", "-c", ",".join(map(str, cores)), *argv]


def family(pid: int) -> list[int]:
    """The process and all it has started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(_fields(stat)[1])
        except OSError:  # It has just ended.
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_seconds(pid: int) -> float:
    """What the process and its family have used since they began, those that ended included."""
    return sum(_cpu(member) for member in family(pid))


def _cpu(pid: int) -> float:
    try:
        fields = _fields(Path(f"/proc/{pid}/stat"))
    except OSError:
        return 0.0
    # User and system time, its own and that of children that ended, in ticks.
    return sum(map(int, fields[11:15])) / TICKS


def _fields(stat: Path) -> list[str]:
    """From the third on: those after the name, which may have spaces."""
    return stat.read_text().rpartition(") ")[2].split()


def resident(pid: int) -> int:
    """Bytes of memory that the family has, shared ones counted for each."""
    found = 0
    for member in family(pid):
        found += int(Path(f"/proc/{member}/statm").read_text().split()[1]) * PAGE
    return found
