"""What of the console needs no browser: its store, its drafts and its keys, in Node."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "web" / "node"


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.test.mjs")))
def test_modules_keep_their_rules(name: str) -> None:
    node = shutil.which("node")
    if node is None and os.environ.get("REQUIRE_ALL"):
        pytest.fail("Node is missing, and REQUIRE_ALL is set")
    if node is None:
        pytest.skip("Node is missing")
    command = [node, "--import", "./vendor.mjs", "--test", name]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
