"""Does a test fail when a check of rights is taken away? ``python -m tools.mutate_rights``

Each mutation is made in a copy of the tree, alone, and the tests that should see it are run until
the first failure. Prints a table in Markdown; ends with 1 if a mutation survived, and begins with
none if one does not fit the tree any more. It takes minutes, so it is no part of the suite. With
words, only the mutations whose name has one of them.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.mutations import (
    ROOT,
    Mutation,
    accounts,
    factors,
    keys,
    rights,
    sessions,
    sign_on,
    stale,
)

TREE = ("config.py", "config_sign_on.py", "logs.py", "alembic.ini", "pyproject.toml")
FOLDERS = (
    *("desk", "dev", "embedded", "manage", "migrations", "models", "processes", "server", "tests"),
    *("web", "wire", "worker", "client"),
)
PATIENCE = 300.0


def run(mutation: Mutation, tree: Path) -> tuple[bool, str]:
    """Whether a test failed, and which."""
    file = tree / mutation.path
    text = file.read_text()
    file.write_text(mutation.made(text))
    argv = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*argv, *mutation.tests],
            cwd=tree,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True, "it never ended"
    finally:
        file.write_text(text)
    failed = re.findall(r"^(?:FAILED|ERROR) \S*?::(\w+)", done.stdout, re.MULTILINE)
    return done.returncode == 1 and bool(failed), failed[0] if failed else "**nothing**"


def every() -> list[Mutation]:
    checks = (rights, sessions, accounts, factors, keys, sign_on)
    return [*rights.of_routes(), *(each for module in checks for each in module.CHECKS)]


def main(words: list[str]) -> int:
    chosen = [m for m in every() if not words or any(w in m.name for w in words)]
    if not chosen or (wrong := list(stale(every()))):
        sys.exit("\n".join(wrong if chosen else ["No mutation has such a name"]))
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in TREE:
            shutil.copy(ROOT / name, tree)
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(ROOT / name, tree / name, ignore=ignored)
        sys.stdout.write("| taken away | seen by |\n|---|---|\n")
        for mutation in chosen:
            killed, by = run(mutation, tree)
            survived += not killed
            sys.stdout.write(f"| {mutation.name} | {by} |\n")
            sys.stdout.flush()
    sys.stdout.write(f"\n{len(chosen)} mutations, {survived} survived\n")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
