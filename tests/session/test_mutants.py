"""The list of mutants keeps up with the source that it lies about."""

from pathlib import Path

import pytest

from tests.session.mutants import Mutant, mutants


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name[:60])
def test_a_mutant_still_has_something_to_lie_about(mutant: Mutant) -> None:
    assert mutant.times() == 1
    assert mutant.mutated != mutant.original
    assert all((Path(__file__).parent / test).exists() for test in mutant.tests)
