"""The examples in the documents: cut out as they are written, and run."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.waiting import PATIENCE

WRITTEN_FOR = "127.0.0.1:8000"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
NODE_MODULES = ROOT / "tests/js/node_modules"
# What runs. The rest are pictures, output and configuration.
LANGUAGES = {"sh", "js", "python"}
PLAIN = {"mermaid", "text"}
# The first line of a program names its file.
FILE = re.compile(r"(?:#|//) ([\w.]+)\n")


@dataclass(frozen=True)
class Block:
    language: str
    text: str


def blocks(text: str) -> list[Block]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [Block(language, block) for language, block in found]


def section(page: Path, title: str) -> str:
    return page.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def run(text: str, folder: Path, replaced: dict[str, str]) -> str:
    """Puts the programs of a text into their files, runs its commands, and returns what they said.

    ``replaced``: addresses that are written there, and those of the product that runs.
    """
    for old, new in replaced.items():
        assert old in text, f"{old} is not in the text"
        text = text.replace(old, new)
    found = blocks(text)
    for block in found:
        if block.language in LANGUAGES - {"sh"}:
            named = FILE.match(block.text)
            assert named, f"this names no file: {block.text}"
            (folder / named[1]).write_text(block.text)
    commands = "\n".join(block.text for block in found if block.language == "sh")
    output, complaints = folder / "output.txt", folder / "complaints.txt"
    with output.open("w") as out, complaints.open("w") as err:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=folder,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            status = process.wait(PATIENCE)
        finally:
            # With what it has left in the background.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    said = output.read_text()
    assert (status, complaints.read_text()) == (0, ""), said
    return said


def furnish(folder: Path) -> Path:
    """A folder like the project's, with the environment that the tests run in."""
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return folder
