"""A desk to knock at, and Acme's connection to it."""

import pytest

from tests.operations.desk import Desk, open_desk


@pytest.fixture
def desk_server():
    """`heard` lists who knocked, in order."""
    with open_desk() as server:
        yield server


@pytest.fixture
def desk(cast, desk_server) -> Desk:
    """Acme's desk."""
    return Desk(cast.acme, f"http://127.0.0.1:{desk_server.server_port}")


@pytest.fixture
def globex_desk(cast, desk_server) -> Desk:
    return Desk(cast.globex, f"http://127.0.0.1:{desk_server.server_port}")
