"""Acme's telephone system at the sandbox."""

import pytest

from tests.realtime.directory.office import EVERYTHING, Office


@pytest.fixture
def unconnected(transactional_db, cast, sandbox, quick_vendor) -> Office:
    """Nobody has consented to anything."""
    return Office(cast.acme, sandbox)


@pytest.fixture
def office(unconnected, cast) -> Office:
    """Connected for the company, with all that it takes, and read once."""
    unconnected.connect(cast.alice, EVERYTHING)
    unconnected.sync()
    return unconnected
