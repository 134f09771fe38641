"""The search as people use it, over HTTP."""

import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.search import registry
from portal.tenancy.roles import Role
from portal.tenancy.scope import tenant_scope
from tests.provisioning.pages import text_of
from tests.provisioning.samples import some_order, some_subscriber, stocked_product
from tests.sweep.test_queries import MOST_QUERIES

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(cast):
    """Acme's subscriber anna.smith with its operation, and an order and a connection that begin alike."""
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=5, name="Annex")
        some_order(product, cast.alice, number="ann-1", status="fulfilled")
        return some_subscriber(product, cast.alice, "anna.smith")


def search(client, text: str, tenant: str = "acme", page: str = "found"):
    return client.get(reverse(f"search:{page}", args=[tenant]), {"q": text})


def headings(response) -> list[str]:
    return re.findall(r'<h2 class="card-title">([^<]+)</h2>', response.content.decode())


@pytest.mark.parametrize("page", ["found", "suggestions"])
def test_a_viewer_finds_rows_of_every_kind(client, cast, anna, page):
    client.force_login(cast.vera)
    answer = text_of(search(client, "ann", page=page))
    for hit in ("anna.smith anna.smith@sample.example Active", "ann-1 +2 × KPN-VoiceVideo-C Fulfilled", "Annex"):
        assert hit in answer
    for heading in ("Subscribers", "Orders", "Activity", "Connections"):
        assert heading in answer


def test_a_hit_leads_to_its_page(client, cast, anna):
    client.force_login(cast.vera)
    page = search(client, "smith").content.decode()
    address = reverse("provisioning:subscriber", args=["acme", anna.pk])
    assert f'href="{address}"' in page
    assert client.get(address).status_code == 200


def test_people_are_found_by_name(client, cast):
    client.force_login(cast.vera)
    answer = text_of(search(client, "bob"))
    assert "Bob bob@example.com Operator" in answer


def test_pages_are_found_by_name(client, cast):
    client.force_login(cast.vera)
    assert f'href="{reverse("provisioning:orders", args=["acme"])}"' in search(client, "video ord").content.decode()
    assert headings(search(client, "video ord")) == ["Pages"]


def test_a_page_above_the_role_is_not_offered(client, cast):
    client.force_login(cast.vera)
    assert "Pages" not in headings(search(client, "audit"))
    client.force_login(cast.alice)
    assert headings(search(client, "audit")) == ["Pages"]


@pytest.fixture
def for_operators_only(monkeypatch):
    known = registry._kinds["provisioning.subscriber"]
    monkeypatch.setitem(registry._kinds, known.name, replace(known, role=Role.OPERATOR))


def test_rows_above_the_role_are_not_found(client, cast, anna, for_operators_only):
    client.force_login(cast.vera)
    assert "Subscribers" not in headings(search(client, "anna"))
    client.force_login(cast.bob)
    assert "Subscribers" in headings(search(client, "anna"))


@pytest.mark.parametrize("page", ["found", "suggestions"])
def test_charlie_finds_nothing_of_acme(client, cast, anna, page):
    client.force_login(cast.charlie)
    assert search(client, "anna", page=page).status_code == 404
    answer = search(client, "anna", tenant="globex", page=page)
    assert answer.status_code == 200
    assert "smith" not in answer.content.decode()


def test_more_than_fit_are_one_click_away(client, cast, anna):
    with tenant_scope(cast.acme.pk):
        for number in range(9):
            some_subscriber(anna.product, cast.alice, f"anton-{number}")
    client.force_login(cast.vera)
    page = search(client, "anton").content.decode()
    more = reverse("provisioning:subscribers", args=["acme"]) + "?q=anton&amp;state=all"
    assert f'href="{more}"' in page
    assert "?q=anton" not in search(client, "anton-1").content.decode().replace(more, "")


@pytest.mark.parametrize(
    "text", ["", " ", "…", "%", "a\0b", "'; drop table", "x" * 5_000, "ann " * 50, "\u202eanna", "<b>"]
)
def test_any_text_may_be_typed(client, cast, text):
    client.force_login(cast.vera)
    for page in ("found", "suggestions"):
        answer = search(client, text, page=page)
        assert answer.status_code == 200
        assert "<b>”" not in answer.content.decode()


def test_nothing_found_says_what_to_do(client, cast):
    client.force_login(cast.vera)
    assert "Try fewer letters" in text_of(search(client, "zzz"))


def test_nothing_typed_says_what_can_be_found(client, cast):
    client.force_login(cast.vera)
    assert "an order number" in text_of(search(client, ""))
    assert search(client, "", page="suggestions").content.decode().strip() == ""


def test_the_field_stands_on_every_page_and_keeps_the_text(client, cast):
    client.force_login(cast.vera)
    assert 'id="search-field"' in client.get(reverse("tenancy:home", args=["acme"])).content.decode()
    assert 'value="anna"' in search(client, "anna").content.decode()


@pytest.mark.parametrize("page", ["found", "suggestions"])
@pytest.mark.parametrize("text", ["ann", "ann smi sam"])
def test_whatever_is_found_costs_few_queries(client, cast, anna, page, text):
    client.force_login(cast.alice)
    with CaptureQueriesContext(connection) as asked:
        assert search(client, text, page=page).status_code == 200
    assert len(asked) <= MOST_QUERIES, [query["sql"] for query in asked]
