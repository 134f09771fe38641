import pytest

from portal.billing import meters
from tests.billing.posts import post, server
from tests.billing.samples_seats import Seats

__all__ = ["post", "server"]


@pytest.fixture
def seats():
    """Registered for this test only."""
    counted = Seats()
    meters.register(counted.kind)
    yield counted
    meters._kinds.pop(counted.kind.key)
