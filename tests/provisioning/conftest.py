"""People at the video pages, and orders that have been carried out."""

from uuid import uuid4

import pytest

from portal.tenancy.scope import tenant_scope
from provisioning import right_sizing
from provisioning.models import Order, SizingPlan
from provisioning.operations import order_products
from tests.provisioning.samples import priced
from tests.provisioning.sizing import EARLY, open_window


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


@pytest.fixture
def stock(video, placed, cast):
    """Acme has twelve products at € 2.00, keeps three free, and nobody uses any."""
    placed(12)
    with video.scope():
        priced(2)
        right_sizing.set_margin(video.product, 3, acting_user=cast.bob)
    return video


@pytest.fixture
def approved(stock, cast) -> SizingPlan:
    """Bob approved the removal of nine, and the window to place it is open."""
    with stock.scope():
        plan = right_sizing.approve(stock.product, 9, form_key=uuid4(), now=EARLY, acting_user=cast.bob)
    open_window(stock)
    return plan
