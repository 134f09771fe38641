"""A company's first page with everything on it: connections, notices, orders, operations that need a person, differences."""

import pytest

from portal.operations.models import Operation, Status
from portal.tenancy.scope import tenant_scope
from portal.vendors.home import SHOWN
from portal.vendors.models import ConnectionState
from tests.provisioning.pages import text_of
from tests.provisioning.samples import some_difference, some_order, stocked_product

HOME = "/t/acme/"
MOST_QUERIES = 11


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def busy_company(cast, rows: int) -> None:
    """`rows` connections in trouble, each with a product, an order that needs a person and a difference."""
    with tenant_scope(cast.acme.pk):
        for number in range(rows):
            product = stocked_product(cast.acme, total=10, name=f"Video {number:03}")
            some_order(product, cast.bob, operation_status=Status.NEEDS_PERSON)
            some_difference(product)
        ConnectionState.objects.update(trouble="unreachable", sunset="Sat, 01 May 2027 00:00:00 GMT")


def badges(response) -> dict[str, str]:
    links = [link for section in response.context["nav_sections"] for link in section.links]
    return {str(link.label): link.badge for link in links if link.badge}


@pytest.mark.parametrize("rows", [3, 120])
def test_it_costs_the_same_at_any_size(transactional_db, alice, cast, rows, django_assert_max_num_queries):
    busy_company(cast, rows)
    with django_assert_max_num_queries(MOST_QUERIES):
        answer = alice.get(HOME)
    count = "3" if rows == 3 else "99+"
    assert badges(answer) == {"Activity": count, "Differences": count}
    assert answer.text.count("A vendor's API will be switched off") == min(rows, SHOWN)


def test_a_vendors_notice_is_shown_for_a_connection_that_the_card_has_no_room_for(alice, cast):
    with tenant_scope(cast.acme.pk):
        for number in range(8):
            stocked_product(cast.acme, total=10, name=f"Video {number}")
        ConnectionState.objects.filter(connection__name="Video 7").update(previous_api_version="1.4", api_version="2.0")
    shown = text_of(alice.get(HOME))
    assert "A vendor's API has a new version" in shown.replace("&#x27;", "'")
    assert "Video 7 : it was 1.4 and is 2.0." in shown
    assert "Video 5" in shown
    assert "Video 6" not in shown


def test_without_a_notice_there_is_no_banner(alice, cast):
    with tenant_scope(cast.acme.pk):
        stocked_product(cast.acme, total=10)
    assert "A vendor" not in text_of(alice.get(HOME))


def test_the_badges_count_what_waits_for_somebody(alice, cast):
    assert badges(alice.get(HOME)) == {}
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=10)
        some_difference(product)
        some_difference(product, key="other")
        some_order(product, cast.bob, operation_status=Status.NEEDS_PERSON)
    # The same on a page that reads neither.
    for page in (HOME, "/t/acme/people/"):
        assert badges(alice.get(page)) == {"Activity": "1", "Differences": "2"}
    with tenant_scope(cast.acme.pk):
        Operation.objects.update(status=Status.DONE)
    assert badges(alice.get("/t/acme/people/")) == {"Differences": "2"}
