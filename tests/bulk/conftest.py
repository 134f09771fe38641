"""Acme's video with products in stock, people at the pages of bulk work, and its background in the test's own process."""

import pytest

from provisioning.models import Order
from provisioning.operations import order_products
from tests.bulk.office import Office


@pytest.fixture
def office(video, cast, client) -> Office:
    """Bob at Acme's bulk work; the account has twenty products."""
    with video.scope():
        order_products(video.product, Order.Type.INCREMENT, 20, acting_user=cast.bob)
    video.work()
    client.force_login(cast.bob)
    return Office(video, client)
