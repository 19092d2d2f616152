"""The mutations fit the source, so that their runs prove something. None is run here."""

import ast

import pytest

from tools import mutate_delivery, mutate_rights
from tools.mutations import ROOT, Mutation, Stale, stale

EVERY = [*mutate_rights.every(), *mutate_delivery.MUTATIONS]


@pytest.mark.parametrize("mutation", EVERY, ids=lambda mutation: mutation.name)
def test_a_mutation_fits_the_source_and_leaves_it_readable(mutation: Mutation) -> None:
    source = (ROOT / mutation.path).read_text()
    made = mutation.made(source)
    assert ast.dump(ast.parse(made)) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("mutation", EVERY, ids=lambda mutation: mutation.name)
def test_the_tests_that_should_see_it_are_there(mutation: Mutation) -> None:
    for test in mutation.tests:
        path, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / path).read_text()


def test_no_two_have_one_name() -> None:
    names = [mutation.name for mutation in EVERY]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("text", ["nowhere in it", "import"])
def test_what_does_not_fit_is_told_and_not_made(text: str) -> None:
    mutation = Mutation("odd", "server/app.py", text, "")
    with pytest.raises(Stale):
        mutation.made((ROOT / mutation.path).read_text())
    assert len(list(stale([mutation]))) == 1
