"""The pages of bulk work: what they lead to, what they cost, and what is refused before anything is kept."""

import re
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.bulk.models import Batch
from tests.bulk.office import IMPORT

pytestmark = pytest.mark.django_db(transaction=True)

THREE = "username\nnoor\nsam\nanna\n"


def test_the_list_of_subscribers_leads_to_the_import(office):
    page = office.client.get(reverse("provisioning:subscribers", args=["acme"])).content.decode()
    assert office.url("new", IMPORT) in page


def test_the_template_is_understood_as_it_is(office):
    template = office.client.get(office.url("template", IMPORT))
    assert template["Content-Type"].startswith("text/csv")
    batch = office.checked(template.content)
    assert (batch.columns, batch.good, batch.bad) == ({"username": 0, "ends_at": 1}, 1, 0)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"username\n", b"user\0name\nnoor\n", b'username\n"noor'])
def test_a_file_that_is_no_table_is_refused_and_nothing_is_kept(office, content):
    answer = office.upload(content)
    assert answer.status_code == 422
    assert 'class="pb-field-error"' in answer.content.decode()
    with office.video.scope():
        assert not Batch.objects.exists()


def test_a_kind_without_a_file_has_no_upload(office):
    for name in ("provisioning.delete_subscribers", "nonsense"):
        assert office.client.get(office.url("new", name)).status_code == 404


def test_bad_rows_are_paged_by_line(office):
    batch = office.checked("username\n" + "".join(f"bad {n}\n" for n in range(60)))
    first = office.page(batch)
    assert "bad 0<" in first
    assert "bad 55<" not in first
    cursor = unquote(re.search(r"cursor=([^\"&]+)", first).group(1))
    assert "bad 55<" in office.page(batch, cursor=cursor)


def test_a_name_of_a_file_or_cell_is_no_markup(office):
    office.upload("username,<b>x</b>\n<i>noor</i>,\n", name="<script>.csv")
    page = office.client.get(office.url("details", office.batch().pk)).content.decode()
    assert "<b>x" not in page
    assert "<i>noor" not in page
    assert "&lt;i&gt;noor" in page


def test_progress_is_polled_until_it_moves_no_more(office):
    batch = office.checked(THREE)
    office.press("start", batch)
    office.work()
    page = office.page(batch)
    assert "hx-get" in re.search(r'<div id="batch-now"[^>]*>', page).group()
    assert "0 of 3" in page
    now = office.client.get(office.url("now", batch.pk), {"seen": "running"})
    assert "hx-trigger" in now.content.decode()
    office.finish()
    moved = office.client.get(office.url("now", batch.pk), {"seen": "running"})
    assert moved["HX-Refresh"] == "true"
    assert "hx-get" not in re.search(r'<div id="batch-now"[^>]*>', office.page(batch)).group()


def test_activity_shows_what_a_batch_became(office):
    first, second = office.checked(THREE), office.checked("username\nwillem\n")
    for batch in (first, second):
        office.press("start", batch)
    office.work()
    page = office.client.get(reverse("operations:operations", args=["acme"]), {"batch": first.pk}).content.decode()
    assert all(name in page for name in ("noor", "sam", "anna"))
    assert "willem" not in page


def test_a_page_costs_as_many_queries_with_many_rows_as_with_few(office):
    few = office.checked(THREE)
    many = office.checked("username\n" + "".join(f"user{n}\n" for n in range(40)) + "bad one\n" * 40)
    asked = []
    for batch in (few, many):
        with CaptureQueriesContext(connection) as queries:
            office.page(batch)
        asked.append(len(queries))
    # With too few products it is also told what ordering them would do: the orders on their way and the month's changes.
    assert asked[1] <= asked[0] + 2
    assert asked[1] <= 13
