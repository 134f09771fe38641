"""Lists by keyset, on rows of Django's own content types: they need no tenant and no wall."""

import pytest
from django.contrib.contenttypes.models import ContentType
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from portal.ui.paging import keyset_page

ORDER = ("app_label", "-pk")


def list_of(letters, label="paging"):
    """One row per letter; rows of one letter tie in the first field of the ordering."""
    ContentType.objects.bulk_create(
        ContentType(app_label=f"{label}-{letter}", model=f"m{number}") for number, letter in enumerate(letters)
    )
    return ContentType.objects.filter(app_label__startswith=label)


def walk(queryset, size, order=ORDER):
    page = keyset_page(queryset, order=order, size=size)
    pages = [page]
    while page.next_cursor:
        page = keyset_page(queryset, order=order, cursor=page.next_cursor, size=size)
        pages.append(page)
    return pages


class EveryListIsWalkedCompletely(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(letters=st.lists(st.sampled_from("abc"), max_size=12), size=st.integers(1, 5))
    def test_forwards_and_backwards(self, letters, size):
        rows = list_of(letters)
        expected = list(rows.order_by(*ORDER))

        pages = walk(rows, size)
        assert [row for page in pages for row in page.items] == expected

        page, back = pages[-1], [pages[-1].items]
        while page.previous_cursor:
            page = keyset_page(rows, order=ORDER, cursor=page.previous_cursor, size=size)
            back.insert(0, page.items)
        assert [row for items in back for row in items] == expected


@pytest.mark.django_db
class TestCursor:
    def test_a_page_costs_one_query_and_counts_nothing(self, django_assert_num_queries):
        rows = list_of("aabbcc")
        cursor = keyset_page(rows, order=ORDER, size=2).next_cursor
        with django_assert_num_queries(1) as queries:
            page = keyset_page(rows, order=ORDER, cursor=cursor, size=2)
        assert len(page.items) == 2
        assert "COUNT" not in queries[0]["sql"].upper()

    def test_the_first_page_has_nothing_before_it(self):
        page = keyset_page(list_of("abc"), order=ORDER, size=2)
        assert page.previous_cursor is None
        assert page.next_cursor

    def test_the_last_page_has_nothing_after_it(self):
        assert walk(list_of("abcd"), 2)[-1].next_cursor is None

    @pytest.mark.parametrize("cursor", ["", None, "nonsense", "a:b:c", "\x00", "x" * 5_000, "é" * 10])
    def test_a_spoiled_cursor_shows_the_first_page(self, cursor):
        rows = list_of("abc")
        assert keyset_page(rows, order=ORDER, cursor=cursor, size=2) == keyset_page(rows, order=ORDER, size=2)

    def test_a_cursor_of_another_ordering_shows_the_first_page(self):
        rows = list_of("abc")
        foreign = keyset_page(rows, order=("-app_label", "pk"), size=1).next_cursor
        assert keyset_page(rows, order=ORDER, cursor=foreign, size=2) == keyset_page(rows, order=ORDER, size=2)

    def test_rows_that_come_in_between_repeat_nothing(self):
        rows = list_of("bbdd")
        first = keyset_page(rows, order=ORDER, size=2)
        ContentType.objects.create(app_label="paging-a", model="late")
        second = keyset_page(rows, order=ORDER, cursor=first.next_cursor, size=2)
        assert not set(first.items) & set(second.items)
        assert len(second.items) == 2

    def test_where_the_rest_has_gone_there_is_a_way_back(self):
        rows = list_of("abcd")
        first = keyset_page(rows, order=ORDER, size=2)
        rows.exclude(pk__in=[row.pk for row in first.items]).delete()
        gone = keyset_page(rows, order=ORDER, cursor=first.next_cursor, size=2)
        assert gone.items == []
        assert keyset_page(rows, order=ORDER, cursor=gone.previous_cursor, size=2).items
