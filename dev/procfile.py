"""The `Procfile`: the names and command lines of the processes that make up the product."""

import re
from pathlib import Path

from embedded.errors import CannotStart
from processes import Program

LINE = re.compile(r"(?P<name>[\w-]+):\s*(?P<command>\S.*)")


def read(path: Path) -> dict[str, Program]:
    """The programs by name, in order. As everywhere with Procfiles, a command is a shell's."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise CannotStart(
            f"There is no {path.name} in {path.parent}: run this in the project"
        ) from None
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if (match := LINE.fullmatch(line.strip())) is None:
            raise CannotStart(f"{path}, line {number}: should look like `name: command`")
        name, command = match["name"], match["command"]
        found[name] = Program(name, ("sh", "-c", f"exec {command}"))
    return found
