"""People at the video pages, and orders that have been carried out."""

import pytest

from portal.tenancy.scope import tenant_scope
from provisioning.models import Order
from provisioning.operations import order_products


@pytest.fixture
def at_acme(cast):
    """Work inside Acme's rows."""
    return lambda: tenant_scope(cast.acme.pk)


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


@pytest.fixture
def adam(client, cast):
    client.force_login(cast.adam)
    return client


@pytest.fixture
def placed(video, cast):
    """Order through the verb and let the worker carry it out."""

    def order(quantity: int, order_type: str = "increment") -> Order:
        with video.scope():
            promised = order_products(video.product, order_type, quantity, acting_user=cast.bob)
        video.work()
        with video.scope():
            return Order.objects.get(pk=promised.pk)

    return order
