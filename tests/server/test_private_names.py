"""The private names of libraries that we use are there, and take what we think they take."""

import importlib
import inspect
from importlib.metadata import version
from typing import Any

import pytest

from server.transport import private_names
from server.transport.private_names import USES, Use
from tests.conftest import ROOT

NAMES = [(use, name) for use in USES for name in use.names]


def owner_of(path: str) -> Any:
    """The module or class that a name is looked up in."""
    parts = path.split(".")[:-1]
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ImportError(path)


def has(owner: Any, name: str) -> bool:
    """Whether it is an attribute, or one that an instance gets when it is made."""
    makers = [vars(base).get("__init__") for base in inspect.getmro(owner)]
    made = [maker.__code__.co_names for maker in makers if inspect.isfunction(maker)]
    return hasattr(owner, name) or any(name in names for names in made)


@pytest.mark.parametrize(("use", "path"), NAMES, ids=[path for _, path in NAMES])
def test_a_private_name_is_there_with_its_parameters(use: Use, path: str) -> None:
    owner, name = owner_of(path), path.rpartition(".")[2]
    changed = f"{path} has changed: read server/transport/{use.file}. {use.why}"
    parameters = use.names[path]
    if parameters is None:
        assert has(owner, name), changed
    else:
        found = inspect.signature(getattr(owner, name)).parameters
        assert " ".join(found) == parameters, changed


@pytest.mark.parametrize("library", sorted({use.library for use in USES}))
def test_the_versions_are_those_that_the_table_was_written_against(library: str) -> None:
    name, wanted = library.split()
    assert version(name) == wanted, f"read the uses of {name} in {private_names.__name__}"


def test_each_file_uses_what_the_table_says() -> None:
    for use in USES:
        source = (ROOT / "server/transport" / use.file).read_text()
        names = [path.rpartition(".")[2] for path in use.names]
        missing = [name for name in names if name != "__init__" and name not in source]
        assert not missing, use.file
