"""Every registered list as a page: what it costs, how it is walked, and what it says of wrong addresses."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.lists import registry
from portal.lists.pages import PAGE_SIZE
from portal.lists.registry import order_of
from portal.tenancy.scope import tenant_scope
from portal.ui.paging import keyset_page
from tests.lists.conftest import page_url, spec_of
from tests.lists.rows import MAKERS
from tests.provisioning.pages import text_of
from tests.sweep.test_queries import MOST_QUERIES, PUT_BACK

KEYS = sorted(spec.key for spec in registry.lists())
SORTABLE = [(spec.key, column.name) for spec in registry.lists() for column in spec.columns if column.order]
every_list = pytest.mark.parametrize("key", KEYS)


def test_every_list_has_rows_to_test_with():
    assert set(MAKERS) == set(KEYS)


@every_list
def test_a_page_costs_the_same_at_any_size(key, alice, fill):
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert alice.get(page_url(key)).status_code == 200
        return len(asked)

    fill(key, 3)
    few = cost()
    fill(key, 2 * PAGE_SIZE)
    assert cost() == few <= MOST_QUERIES + PUT_BACK


@every_list
def test_the_next_page_is_reached_by_its_link(key, alice, fill):
    fill(key, 3 * PAGE_SIZE)
    first = alice.get(page_url(key)).content.decode()
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    second = alice.get(page_url(key) + html.unescape(link.group(1)))
    assert 'rel="prev"' in second.content.decode()


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize(("key", "column"), SORTABLE)
def test_each_row_is_met_once_however_the_list_is_sorted(key, column, way, cast, fill):
    fill(key, 24)
    spec = spec_of(key)
    order = order_of(spec, way + column)
    with tenant_scope(cast.acme.pk):
        rows = spec.rows(cast.acme)
        expected = list(rows.order_by(*order).values_list("pk", flat=True))
        seen, cursor = [], ""
        while cursor is not None:
            page = keyset_page(rows, order=order, cursor=cursor, size=5)
            seen += [row.pk for row in page.items]
            cursor = page.next_cursor
    assert seen == expected
    assert len(set(seen)) == len(seen) >= 24


def test_the_address_says_how_it_is_sorted_and_so_does_the_head(alice, fill):
    fill("provisioning.subscribers", 4)
    page = alice.get(page_url("provisioning.subscribers", sort="-username")).content.decode()
    assert re.search(r'<th scope="col" aria-sort="descending"><a class="pb-sort" id="sort-username"', page)
    names = re.findall(r">(user-\d+)</a></th>", page)
    assert names == sorted(names, reverse=True) != []


def test_a_sort_that_is_no_column_is_the_lists_own(alice, fill):
    fill("provisioning.subscribers", 4)
    page = alice.get(page_url("provisioning.subscribers", sort="password")).content.decode()
    assert re.search(r'aria-sort="descending"><a class="pb-sort" id="sort-created"', page)


def test_a_filter_that_is_not_understood_says_so_beside_its_field(alice, fill):
    fill("provisioning.orders", 2)
    page = alice.get(page_url("provisioning.orders", since="soon"))
    assert re.search(r'id="id_since_error">.*?Enter a valid date', page.content.decode(), re.DOTALL)
    assert "A filter is not understood and was left out" in text_of(page)
    assert "Export CSV" not in text_of(page)


def test_a_spoiled_cursor_shows_the_first_page_and_says_so(alice, fill):
    fill("operations.operations", 3)
    page = text_of(alice.get(page_url("operations.operations", cursor="spoiled")))
    assert "Here is the first one" in page
    assert "Something 0" in page


def test_an_address_that_is_too_long_asks_for_nothing(alice, fill):
    fill("operations.operations", 3)
    page = alice.get(page_url("operations.operations", q="x" * 3_000))
    assert page.status_code == 200
    assert "Something 0" in text_of(page)


@every_list
def test_what_fits_no_row_leads_back_to_the_list(key, alice, fill):
    fill(key, 2)
    field = next(
        name for name in spec_of(key).form({}, None).fields if name in ("q", "object", "path", "kind", "event_type")
    )
    wanted = {"kind": "total"}.get(field, "zzzzzz")
    page = text_of(alice.get(page_url(key, **{field: wanted})))
    assert re.search(r"Clear the filters?|Show all", page)


def test_a_column_is_sorted_by_an_index_that_begins_with_the_tenant(db):
    """Else the page of a large company reads all of it. People are few enough to be sorted in memory."""
    for key, name in SORTABLE:
        spec = spec_of(key)
        if key == "tenancy.people":
            continue
        column = next(column for column in spec.columns if column.name == name)
        wanted = [{"pk": "id"}.get(field, field) for field in column.order]
        model = spec.rows(None).model
        indexes = [[field.removeprefix("-") for field in index.fields] for index in model._meta.indexes]
        fitting = [one for one in indexes if one[:1] == ["tenant"] and one[-len(wanted) :] == wanted]
        assert fitting, (key, name)
