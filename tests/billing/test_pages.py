"""The pages of a company's money: who may open them, what they cost the database, and what they tell."""

import hashlib
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from portal.audit.models import Entry
from portal.billing.closing import close, next_to_close
from portal.billing.contracts import agree
from portal.tenancy.scope import tenant_scope
from portal.ui.navigation import sections
from provisioning.meters import KEY as METER
from provisioning.models import Order
from tests.billing.samples import (
    close_all,
    closed_statement,
    counted_product,
    months_ago,
    moved,
    peak_line,
    pending,
    running_month,
    samples,
)
from tests.provisioning.pages import text_of
from tests.provisioning.samples import some_difference

# Session, person, memberships, scope and badges are nine of them: what was agreed and closed is one, the meters are two.
MOST_QUERIES = 12
MOMENTS = [datetime(2026, 10, 14, 8, 30, tzinfo=UTC), datetime(2026, 10, 30, 7, tzinfo=UTC)]
PAGES = ("month", "statements", "statement", "history")


def url(name: str, *args, slug: str = "acme", **query) -> str:
    address = reverse(f"billing:{name}", args=[slug, *args])
    return address + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


@pytest.fixture
def at_acme(cast):
    return lambda: tenant_scope(cast.acme.pk)


@pytest.fixture
def bill(client, cast):
    client.force_login(cast.bill)
    return client


# --- Doors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("admin", 200), ("billing", 200), ("operator", 403), ("viewer", 403)]
)
def test_money_is_for_those_who_pay(client, cast, at_acme, role, status):
    with at_acme():
        addresses = samples(cast.acme, cast.alice)
    client.force_login(cast.members_of_acme()[role])
    # What only takes POST says so to those who are let in.
    opened = {200, 405} if status == 200 else {status}
    for name, arguments in addresses.items():
        assert client.get(reverse(name, kwargs={"slug": "acme", **arguments})).status_code in opened, name
    assert client.get(reverse("lists:export", args=["acme", "billing.statements"])).status_code == status


def test_a_stranger_finds_no_statement_by_either_door(client, cast, at_acme):
    with at_acme():
        statement = closed_statement(cast.acme)
    client.force_login(cast.charlie)
    for slug in ("acme", "globex"):
        assert client.get(url("statement", statement.pk, slug=slug)).status_code == 404
        assert client.get(url("statement_file", statement.pk, "pdf", slug=slug)).status_code == 404


@pytest.mark.parametrize(("role", "seen"), [("billing", True), ("admin", True), ("operator", False), ("viewer", False)])
def test_only_those_who_pay_have_it_in_the_sidebar(cast, at_acme, role, seen):
    with at_acme():
        membership = cast.members_of_acme()[role].memberships.get(tenant=cast.acme)
    links = [link.url for section in sections("acme", "/", membership.allows) for link in section.links]
    assert (url("month") in links) is seen
    assert (url("history") in links) is seen


# --- This month ------------------------------------------------------------------------------------------------------


def test_a_company_that_counts_nothing_is_told_where_to_begin(bill):
    assert "Nothing is charged for yet" in text_of(bill.get(url("month")))
    assert "No month has been closed yet" in text_of(bill.get(url("statements")))
    assert "Nothing has been counted yet" in text_of(bill.get(url("history")))


def test_what_more_costs_nothing_and_what_removing_saves(bill, cast, at_acme):
    with at_acme():
        product = counted_product(cast.acme, cast.bob, [128, 128])
        moved(product, -8, timezone.now(), cast.bob)
    told = text_of(bill.get(url("month")))
    following = months_name(1)
    assert "8 more cost nothing until 1 " + following + ", 00:00: the peak is already 128." in told
    assert f"What is gone before 1 {following}, 00:00 is not charged in {following}." in told
    assert f"{following} opens with 120 and costs at least € 1,200.00." in told


def test_at_its_peak_each_further_one_costs(bill, cast, at_acme):
    with at_acme():
        counted_product(cast.acme, cast.bob, [10, 12])
    assert "Each further one costs : it raises the peak." in text_of(bill.get(url("month")))


def test_the_order_and_the_person_that_set_the_peak_are_named(bill, cast, at_acme):
    with at_acme():
        counted_product(cast.acme, cast.bob, [10, 12])
        number = Order.objects.get().number
    told = text_of(bill.get(url("month")))
    assert f"Set by order {number}, Bob" in told
    assert "by the vendor's clock" in told.replace("&#x27;", "'")


def test_both_ends_of_what_is_not_certain_are_explained(bill, cast, at_acme):
    with at_acme():
        product = counted_product(cast.acme, cast.bob, [120])
        order = pending(product, 5, cast.bob, "A-501")
    page = bill.get(url("month"))
    told = text_of(page)
    assert "120 proven, at most 125" in told
    assert "€ 1,200.00, at most € 1,250.00" in told
    assert "120 is what the ledger proves." in told
    assert "the peak is 125." in told
    assert "+5 A-501" in told
    assert reverse("provisioning:order", args=["acme", order.pk]) in page.content.decode()
    assert "Each further one costs" in told


def test_what_takes_its_place_under_the_peak_is_no_headroom(bill, cast, at_acme):
    with at_acme():
        product = counted_product(cast.acme, cast.bob, [100])
        moved(product, -10, timezone.now(), cast.bob)
        pending(product, 4, cast.bob)
    told = text_of(bill.get(url("month")))
    assert "6 more cost nothing" in told
    assert "None of this can raise the peak" in told


def test_a_product_without_a_price_is_counted_and_costs_nothing_known(bill, cast, at_acme):
    with at_acme():
        product = counted_product(cast.acme, cast.bob, [7], price=None)
    told = text_of(bill.get(url("month")))
    assert "No price was agreed." in told
    assert "costs at least" not in told
    assert "So far, without VAT – 1 product without a price is not in it. nothing is unsettled" in told
    with at_acme():
        pending(product, 2, cast.bob)
    assert "nothing is unsettled" not in text_of(bill.get(url("month")))


def test_the_month_before_is_shown_until_it_is_closed(bill, cast, at_acme):
    with at_acme():
        cast.acme.created_at = months_ago(3)
        cast.acme.save()
        counted_product(cast.acme, cast.bob, [3, 5])
    asked = f"{months_ago(1) + timedelta(days=2):%Y-%m}"
    told = text_of(bill.get(url("month", month=asked)))
    assert "has not been closed yet" in told
    with at_acme():
        close_all(cast.acme)
    assert "has not been closed yet" not in text_of(bill.get(url("month", month=asked)))


def test_many_products_are_drawn_one_at_a_time(bill, cast, at_acme):
    with at_acme():
        for number in range(11):
            counted_product(cast.acme, cast.bob, [number + 1], name=f"Site {number:02}")
    page = bill.get(url("month"))
    assert page.content.decode().count("<article") == 8
    assert "3 further products are not drawn here" in text_of(page)
    alone = bill.get(url("month", line=1)).content.decode()
    assert alone.count("<article") == 1
    assert "Site 00" in alone


def test_times_are_those_of_the_contract(bill, cast, at_acme):
    """The vendor's months begin at midnight in Amsterdam, whatever the clock of the company."""
    with at_acme():
        cast.acme.time_zone = "Pacific/Auckland"
        cast.acme.save()
        counted_product(cast.acme, cast.bob, [3])
    chart = bill.get(url("month")).content.decode()
    first = running_month()
    assert f'datetime="{(months_ago(0)):%Y-%m-%dT%H:%M}' in chart
    assert f">1 {first:%b} {first.year}, 00:00<" in chart


# --- Statements --------------------------------------------------------------------------------------------------------


def test_a_statement_tells_everything_that_stands_on_it(bill, cast, at_acme):
    with at_acme():
        statement = closed_statement(cast.acme, lines=[peak_line(free_units=8, highest_use=117, moments=MOMENTS)])
    told = text_of(bill.get(url("statement", statement.pk)))
    for words in (
        "Statement 2026-0001", "October 2026", "128", "14 Oct 2026, 10:30:00", "by the vendor's clock",
        "order A-17, Bob", "3 days in all, on 4 days", "30 Oct 2026, 08:00:00", "2 times in all",
        "Began with 100", "Ended with 120", "117 of 128 at the peak",
        "120 × € 10.00", "the first 8 are free of charge", "€ 1,200.00", "VAT 21 %",
        "€ 252.00", "€ 1,452.00", statement.digest, "by the portal, after the days of grace",
    ):  # fmt: skip
        assert words in told.replace("&#x27;", "'"), words


def test_a_correction_and_what_it_corrects_lead_to_one_another(bill, cast, at_acme):
    with at_acme():
        product = counted_product(cast.acme, cast.bob, [10, 10, 10])
        first = close_all(cast.acme)
        moved(product, 2, months_ago(2) + timedelta(days=3), cast.bob)
        late = first[-1]
    draft = bill.get(url("month"))
    assert f"Correction of {late.number} : 10 was charged, 12 is right" in text_of(draft)
    assert url("statement", late.pk) in draft.content.decode()
    with at_acme():
        earlier = first[0]
        line = peak_line(kind="correction", corrects=earlier.number, old_value=10, note_code="corrected")
        later = closed_statement(cast.acme, running_month(), lines=[line])
    assert url("statement", earlier.pk) in bill.get(url("statement", later.pk)).content.decode()
    assert url("statement", later.pk) in bill.get(url("statement", earlier.pk)).content.decode()
    assert "with corrections" in text_of(bill.get(url("statements", corrections="on")))


def test_statements_are_found_by_number_and_year(bill, cast, at_acme):
    with at_acme():
        closed_statement(cast.acme, date(2025, 12, 1))
        closed_statement(cast.acme, date(2026, 1, 1))
    found = {
        query: re.findall(r"20\d\d-000\d(?= </a>| [A-Z])", text_of(bill.get(url("statements", **dict([query])))))
        for query in [("q", "2025-0001"), ("q", "2"), ("year", "2026"), ("q", "2024-0001"), ("q", "x")]
    }
    assert {query: set(numbers) for query, numbers in found.items()} == {
        ("q", "2025-0001"): {"2025-0001"}, ("q", "2"): {"2026-0002"}, ("year", "2026"): {"2026-0002"},
        ("q", "2024-0001"): set(), ("q", "x"): set(),
    }  # fmt: skip


# --- Files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "content_type", "begins"),
    [
        ("pdf", "application/pdf", b"%PDF-"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
        ("csv", "text/csv; charset=utf-8", b"\xef\xbb\xbf"),
        ("json", "application/json", b"{"),
        ("canonical", "application/json", b"{"),
    ],
)
def test_a_statement_is_downloaded_and_that_is_on_record(bill, cast, at_acme, suffix, content_type, begins):
    with at_acme():
        statement = closed_statement(cast.acme)
    answer = bill.get(url("statement_file", statement.pk, suffix))
    assert answer.headers["Content-Type"] == content_type
    assert re.fullmatch(
        r'attachment; filename="statement-2026-0001-acme-2026-10\.[a-z.]+"', answer.headers["Content-Disposition"]
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(begins)
    with at_acme():
        entry = Entry.objects.get(action="billing.statement_downloaded")
    assert entry.actor == cast.bill
    assert entry.after == {"number": "2026-0001", "form": suffix}


def test_the_digest_is_that_of_the_file_that_the_page_offers(bill, cast, at_acme):
    with at_acme():
        statement = closed_statement(cast.acme)
    content = bill.get(url("statement_file", statement.pk, "canonical")).content
    assert hashlib.sha256(content).hexdigest() == statement.digest


def test_a_draft_is_marked_as_one(bill, cast, at_acme):
    with at_acme():
        counted_product(cast.acme, cast.bob, [4])
    answer = bill.get(url("draft_file", "pdf"))
    assert 'filename="statement-draft-acme-' in answer.headers["Content-Disposition"]
    assert "draft" in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text().lower()


def test_no_other_form_is_offered(bill, cast, at_acme):
    with at_acme():
        statement = closed_statement(cast.acme)
    assert bill.get(url("statement_file", statement.pk, "exe")).status_code == 404
    assert bill.get(url("draft_file", "canonical")).status_code == 404


# --- Cost ---------------------------------------------------------------------------------------------------------------


def test_pages_ask_as_often_for_many_products_and_months_as_for_few(client, cast):
    few = _asked(client, cast.globex, cast.charlie, products=1, months=2)
    many = _asked(client, cast.acme, cast.alice, products=12, months=14)
    assert many == few
    assert max(many.values()) <= MOST_QUERIES


def _asked(client, tenant, owner, *, products: int, months: int) -> dict[str, int]:
    with tenant_scope(tenant.pk):
        for number in range(products):
            counted_product(tenant, owner, [number + 2] * months, name=f"Site {number:02}")
        statement = close_all(tenant)[-1]
    client.force_login(owner)
    known = {"statement": [statement.pk]}
    return {name: _cost(client, url(name, *known.get(name, []), slug=tenant.slug)) for name in PAGES}


def _cost(client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_a_month_that_waits_to_be_closed_costs_no_more_whatever_stands_in_its_way(bill, cast, at_acme):
    with at_acme():
        products = [
            counted_product(cast.acme, cast.bob, [3, 5, 6], name=name, price=None) for name in ("Here", "Auckland")
        ]
        for product, zone in zip(products, ("Europe/Amsterdam", "Pacific/Auckland"), strict=True):
            terms = {"starts_on": months_ago(2).date(), "unit_price": Decimal(1), "zone": zone}
            agree(cast.acme, METER, product.pk, **terms, acting_user=cast.adam)
        close(cast.acme, next_to_close(cast.acme, running_month()), acting_user=None)
        for product in products:
            moved(product, 4, months_ago(2) + timedelta(days=20), cast.bob)
            some_difference(product)
            Order.objects.filter(pk=pending(product, 2, cast.bob).pk).update(created_at=months_ago(1))
    address = url("month", month=f"{months_ago(1) + timedelta(days=2):%Y-%m}")
    told = text_of(bill.get(address))
    assert "To be settled before the month can be closed" in told
    assert "A difference has not been decided" in told
    assert told.count("was charged,") == 2
    assert _cost(bill, address) <= MOST_QUERIES
    assert _cost(bill, url("draft_file", "csv", month=f"{months_ago(1) + timedelta(days=2):%Y-%m}")) <= MOST_QUERIES


def months_name(later: int) -> str:
    """How a coming month is called."""
    first = running_month()
    for _step in range(later):
        first = (first + timedelta(days=32)).replace(day=1)
    return f"{first:%B}"
