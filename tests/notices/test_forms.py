"""Where people say from when on they want to be told: thresholds of a product, the end of credentials."""

from datetime import date
from decimal import Decimal

import pytest

from portal.audit.models import Entry
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from provisioning.models import Product
from provisioning.thresholds import Thresholds, thresholds_of
from tests.provisioning.samples import stocked_product

KEY = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
PRICE = {"form_key": KEY, "unit_price": "2", "limit_eur": "100"}


@pytest.fixture
def product(cast) -> Product:
    with tenant_scope(cast.acme.pk):
        return stocked_product(cast.acme, total=10)


@pytest.fixture
def send(client, cast, product):
    """Adam sends the product's form."""
    client.force_login(cast.adam)
    return lambda **more: client.post(f"/t/acme/video/products/{product.pk}/", PRICE | more)


def now(product) -> Thresholds:
    with tenant_scope(product.tenant_id):
        return thresholds_of(Product.objects.get(pk=product.pk))


def test_thresholds_are_kept_shown_and_on_record(send, product, cast, client):
    thresholds = {"warn_free_below": "5", "warn_peak_above": "20", "warn_cost_above": "50", "warn_limit_percent": "80"}
    assert send(**thresholds).status_code == 302
    assert now(product) == Thresholds(5, 20, Decimal(50), 80)
    shown = client.get(f"/t/acme/video/products/{product.pk}/").content.decode()
    assert 'name="warn_limit_percent" value="80"' in shown
    with tenant_scope(cast.acme.pk):
        entry = Entry.objects.get(action="provisioning.thresholds_set")
        assert entry.after["free_below"] == 5


def test_an_empty_threshold_is_none(send, product):
    send(warn_free_below="5")
    send()
    assert now(product) == Thresholds(None, None, None, None)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"warn_free_below": "0"},
        {"warn_free_below": "-1"},
        {"warn_free_below": "1.5"},
        {"warn_peak_above": "a lot"},
        {"warn_peak_above": "99999999999"},
        {"warn_cost_above": "-1"},
        {"warn_limit_percent": "101"},
        {"warn_limit_percent": "80", "limit_eur": ""},
    ],
)
def test_nonsense_is_refused_and_nothing_kept(send, product, nonsense):
    assert send(**nonsense).status_code == 422
    assert now(product) == Thresholds(None, None, None, None)


def test_the_end_of_credentials_is_kept_and_can_be_taken_away(client, cast, product):
    client.force_login(cast.adam)
    with tenant_scope(cast.acme.pk):
        found = Connection.objects.get()
    url = f"/t/acme/connections/{found.pk}/edit/"
    values = {name: getattr(found, name) for name in ("name", "environment", "base_url", "token_url")}

    def save(end: str) -> date | None:
        answer = client.post(url, {**values, "form_key": KEY, "credentials_end_on": end})
        assert answer.status_code == 302, answer.content.decode()
        with tenant_scope(cast.acme.pk):
            return Connection.objects.get().credentials_end_on

    assert save("2027-03-31") == date(2027, 3, 31)
    assert "March 31, 2027" in client.get(f"/t/acme/connections/{found.pk}/").content.decode()
    assert 'value="2027-03-31"' in client.get(url).content.decode()
    assert save("") is None


@pytest.mark.parametrize("end", ["31-03-2027", "1999-12-31", "9999-12-31", "soon"])
def test_an_end_that_cannot_be_is_refused(client, cast, product, end):
    client.force_login(cast.adam)
    with tenant_scope(cast.acme.pk):
        found = Connection.objects.get()
    values = {name: getattr(found, name) for name in ("name", "environment", "base_url", "token_url")}
    answer = client.post(
        f"/t/acme/connections/{found.pk}/edit/", {**values, "form_key": KEY, "credentials_end_on": end}
    )
    assert answer.status_code == 422
