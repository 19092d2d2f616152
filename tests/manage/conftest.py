"""Runs the commands as a person would: each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import fork_server
from tests.conftest import ROOT
from tests.waiting import PATIENCE

SETTINGS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "JWT_SECRET_KEY", "EMBEDDED")

Done = subprocess.CompletedProcess[str]
Manage = Callable[..., Done]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "manage", *arguments]


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Nothing of the developer's own settings, only these."""
    others = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return {**others, "PYTHONPATH": str(ROOT), **settings}


def run_in(folder: Path) -> Manage:
    """``manage("migrate", DATABASE_URL=…)`` in a folder."""

    def run(*arguments: str, stdin: str = "", **settings: str) -> Done:
        env = environment(settings)
        return fork_server.run(
            "manage", *arguments, cwd=folder, env=env, stdin=stdin, timeout=PATIENCE
        )

    return run


@pytest.fixture
def manage(tmp_path: Path) -> Manage:
    """In a folder without ``.env`` or ``.data``."""
    return run_in(tmp_path)


def refusal(done: Done) -> str:
    """What a command said that failed: one line."""
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()
