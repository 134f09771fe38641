"""An order that is on its way for more days than the company allows: told once, over by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.audit.models import Entry
from portal.notices.models import Notice
from portal.notices.watching import look_around
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning.models import Order, Product
from provisioning.pending import set_pending_days
from tests.notices.conftest import PORTAL, Post, page_of
from tests.provisioning.samples import stocked_product

KIND = "provisioning.order_overdue"
SAID = "The order +5 × KPN-VoiceVideo-C is on its way for more than 3 days"
KEY = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


@pytest.fixture
def product(cast) -> Product:
    with tenant_scope(cast.acme.pk):
        return stocked_product(cast.acme, total=10)


@pytest.fixture
def order(product, cast):
    """What Bob ordered four days ago."""

    def order(status: str = "pending", days: float = 4) -> Order:
        with tenant_scope(product.tenant_id):
            return Order.objects.create(
                tenant=product.tenant, connection=product.connection, product=product, requested_by=cast.bob,
                type=Order.Type.INCREMENT, quantity=5, status=status,
                created_at=timezone.now() - timedelta(days=days),
            )  # fmt: skip

    return order


@pytest.fixture
def allow(product, cast):
    def allow(days: int | None) -> None:
        with tenant_scope(product.tenant_id):
            set_pending_days(product, days, acting_user=cast.adam)

    return allow


def told(cast) -> list[bool]:
    """Whether each notice of it is over."""
    look_around()
    with tenant_scope(cast.acme.pk):
        return [notice.over for notice in Notice.objects.filter(kind=KIND).order_by("pk")]


@pytest.mark.parametrize("status", ["requested", "pending"])
def test_it_is_told_once_and_over_when_the_order_ends(cast, order, allow, status):
    late = order(status)
    allow(3)
    for _ in range(5):
        assert told(cast) == [False]
    assert SAID in page_of(cast.bill)
    with tenant_scope(cast.acme.pk):
        Order.objects.filter(pk=late.pk).update(status="fulfilled")
    assert told(cast) == [True]


def test_one_mail_leads_to_the_order(cast, order, allow, settings, mailoutbox):
    settings.NOTICE_GATHER_SECONDS, settings.PORTAL_URL = 0, PORTAL
    order()
    allow(3)
    told(cast)
    Post(cast.acme, mailoutbox).go_out()
    told(cast)
    Post(cast.acme, mailoutbox).go_out()
    assert [SAID in mail.subject for mail in mailoutbox if mail.to == ["bill@example.com"]].count(True) == 1


def test_a_younger_order_is_no_matter(cast, order, allow):
    order(days=2.9)
    allow(3)
    assert told(cast) == []


@pytest.mark.parametrize("status", ["fulfilled", "rejected", "failed"])
def test_an_order_that_has_ended_is_no_matter(cast, order, allow, status):
    order(status)
    allow(3)
    assert told(cast) == []


def test_where_no_number_of_days_is_set_nobody_is_told(cast, order):
    order()
    assert told(cast) == []


def test_more_patience_ends_it_and_a_new_crossing_is_told_anew(cast, order, allow):
    order()
    allow(3)
    assert told(cast) == [False]
    allow(10)
    assert told(cast) == [True]
    allow(2)
    assert told(cast) == [True, False]


def test_another_companys_order_waits_by_its_own_days(cast, order, allow):
    with tenant_scope(cast.globex.pk):
        theirs = stocked_product(cast.globex, total=10)
        set_pending_days(theirs, 1, acting_user=cast.charlie)
    order()
    assert told(cast) == []
    with staff_scope():
        assert not Notice.objects.filter(kind=KIND).exists()


def test_days_are_set_with_the_products_thresholds_and_on_record(client, cast, product):
    client.force_login(cast.adam)
    address = f"/t/acme/video/products/{product.pk}/"
    sent = {"form_key": KEY, "unit_price": "2", "limit_eur": "100"}
    assert client.post(address, sent | {"warn_pending_days": "3"}).status_code == 302
    assert 'name="warn_pending_days" value="3"' in client.get(address).text
    with tenant_scope(cast.acme.pk):
        entry = Entry.objects.get(action="provisioning.thresholds_set")
        assert (entry.before, entry.after) == ({"pending_days": None}, {"pending_days": 3})


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "400", "soon"])
def test_days_that_are_none_are_refused(client, cast, product, days):
    client.force_login(cast.adam)
    sent = {"form_key": KEY, "unit_price": "2", "limit_eur": "100", "warn_pending_days": days}
    assert client.post(f"/t/acme/video/products/{product.pk}/", sent).status_code == 422
    with tenant_scope(cast.acme.pk):
        assert Product.objects.get(pk=product.pk).warn_pending_days is None


def test_the_same_days_again_write_nothing(cast, product, allow):
    allow(3)
    allow(3)
    with tenant_scope(cast.acme.pk):
        assert Entry.objects.filter(action="provisioning.thresholds_set").count() == 1
