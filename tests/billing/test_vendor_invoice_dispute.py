"""The dispute file: from orders at the sandbox to what is sent to the vendor, and kept as it was made."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from io import StringIO

import pytest
from django.db import DatabaseError, transaction

from portal.audit.models import Entry
from portal.billing.contracts import agree, set_cost
from portal.billing.invoices.disputes import dispute, download
from portal.billing.invoices.models import DisputeFile, VendorInvoiceLine
from portal.billing.invoices.refusals import InvoiceWithdrawn, NothingToDispute
from portal.billing.invoices.verbs import settle, withdraw
from portal.billing.months import BILLING_ZONE
from portal.tenancy.refusals import StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.models import Call
from provisioning.meters import KEY
from provisioning.models import VIDEO_PRODUCT
from provisioning.operations import order_products
from tests.billing.samples_months import at
from tests.billing.vendor_invoices import a_product, an_order, checked, entered, only_line, told
from tests.fixtures.video import SECRET


def this_month() -> date:
    return datetime.now(UTC).astimezone(BILLING_ZONE).date().replace(day=1)


def disputed(line: VendorInvoiceLine, person) -> DisputeFile:
    with staff_scope():
        return dispute(line, acting_user=person)


# --- From the sandbox -----------------------------------------------------------------------------------------------------


@pytest.fixture
def ordered(video, cast):
    """Five more by the sandbox, two of them gone again, one order refused there; 1.50 each at the vendor."""

    def order(kind: str, quantity: int) -> None:
        with video.scope():
            order_products(video.product, kind, quantity, acting_user=cast.bob)
        video.work()

    order("increment", 5)
    order("decrement", 2)
    video.control.add_fault("status", method="POST", path="/order", status=403, times=1)
    order("increment", 4)
    video.sync()
    with video.scope():
        contract = agree(
            cast.acme, KEY, video.product.pk, starts_on=this_month(), unit_price=Decimal(2), acting_user=cast.adam
        )
    with staff_scope():
        set_cost(contract, cost_price=Decimal("1.50"), acting_user=cast.sue)
    return video


@pytest.fixture
def line(ordered, cast) -> VendorInvoiceLine:
    """The vendor charges seven, since it counts the order that it refused."""
    charged = told(7, "10.50", account=ordered.client_id, product=VIDEO_PRODUCT)
    return only_line(entered(cast.sue, charged, month=this_month()))


def test_what_the_sandbox_fulfilled_is_what_matches(ordered, cast):
    peak = max(entry["facts"]["total"] for entry in ordered.control.ledger(ordered.client_id, kind="inventory_changed"))
    charged = told(peak, "7.50", account=ordered.client_id, product=VIDEO_PRODUCT)
    assert only_line(entered(cast.sue, charged, month=this_month())).outcome == "matches"


def test_the_refused_order_explains_what_is_charged(line, ordered):
    assert (line.outcome, line.proven, line.expected) == ("count", 5, Decimal("7.50"))
    refused = f"{ordered.orders()[-1].created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    facts = {"count": 7, "order": refused, "state": "not_placed"}
    assert ["order_without_effect", facts] in line.explanations


def test_the_text_tells_the_vendor_all_that_it_stands_on(line, ordered, cast):
    text = disputed(line, cast.sue).text
    orders = {each.number: each for each in ordered.orders()}
    with ordered.scope():
        calls = list(Call.objects.filter(method="POST", path__endswith="/order").order_by("pk"))
    assert all(call.vendor_request_id in text for call in calls)
    assert all(number in text for number in orders if number)
    for expected in (
        "DISPUTE: invoice F-1, line 1",
        "Vendor:               Kandy video",
        f"Month:                {this_month():%Y-%m}, by the calendar of Europe/Amsterdam",
        f"Account:              {ordered.client_id}",
        "Count:                7",
        "Peak of the month:    5",
        "0 at the beginning + 5 added - 0 removed = 5 at ",
        "Amount:               5 x EUR 1.5000 = EUR 7.50",
        "Please correct the count from 7 to 5.",
        "Please credit EUR 3.00: EUR 10.50 was charged, EUR 7.50 is owed.",
        "Not placed, NOT in the ledger",
        "Fulfilled, in the ledger",
        '"type": "increment"',
        "-> 201",
        "-> 403",
    ):
        assert expected in text, f"{expected!r} is not in\n{text}"


def test_nothing_secret_and_nobody_is_in_it(line, ordered, cast):
    kept = disputed(line, cast.sue)
    for hidden in (SECRET, "Bearer ", "Bob", "bob@", "Sue", "sue@", "2.0000"):
        assert hidden not in kept.text + kept.ledger


def test_the_ledger_adds_up_again_in_another_program(line, cast):
    rows = list(csv.DictReader(StringIO(disputed(line, cast.sue).ledger.removeprefix("\ufeff"))))
    level = int(rows[0]["level"])
    for row in rows[1:]:
        level += int(row["change"])
        assert int(row["level"]) == level
        assert datetime.fromisoformat(row["time (UTC)"]).utcoffset().total_seconds() == 0
        assert row["clock"] in ("vendor", "ours")
    assert [row["change"] for row in rows if row["order"]] == ["5", "-2"]
    assert max(int(row["level"]) for row in rows) == 5


# --- Kept as it was made --------------------------------------------------------------------------------------------------


@pytest.fixture
def differing(db, cast) -> VendorInvoiceLine:
    a_product(cast.acme, [10, (at(1, 10), 5)])
    return checked(cast.sue, 16, "32.00")


def test_the_line_is_disputed_and_that_is_on_record(differing, cast):
    kept = disputed(differing, cast.sue)
    with staff_scope():
        differing.refresh_from_db()
        act = Entry.objects.get(action="staff.vendor_line_disputed")
    assert differing.state == "disputed"
    assert (act.tenant_id, act.after["digest"]) == (None, kept.text_digest)


@pytest.mark.parametrize(("part", "name"), [("txt", "dispute-{}.txt"), ("csv", "dispute-{}-ledger.csv")])
def test_it_is_downloaded_byte_for_byte_as_it_was_made(differing, cast, part, name):
    kept = disputed(differing, cast.sue)
    with tenant_scope(cast.acme.pk):
        an_order(a_product(cast.acme, [1], name="Another"), 5, at(1, 12), "later")
    with staff_scope():
        answer = download(DisputeFile.objects.get(pk=kept.pk), part, acting_user=cast.sue)
        act = Entry.objects.get(action="staff.dispute_file_downloaded")
    digest = {"txt": kept.text_digest, "csv": kept.ledger_digest}[part]
    assert sha256(answer.content).hexdigest() == digest
    assert name.format(kept.pk) in answer["Content-Disposition"]
    assert act.after == {"form": part}


def test_nobody_can_change_it(differing, cast):
    kept = disputed(differing, cast.sue)
    with staff_scope(), pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        DisputeFile.objects.filter(pk=kept.pk).update(text="We were wrong.")


def test_tenants_do_not_see_it(differing, cast):
    disputed(differing, cast.sue)
    with tenant_scope(cast.acme.pk):
        assert not DisputeFile.objects.exists()


def test_what_matches_cannot_be_disputed(cast, differing):
    line = only_line(entered(cast.sue, told(10, "20.00"), number="F-2", month=date(2024, 12, 1)))
    assert line.outcome == "no_ledger"
    a_product(cast.globex, [8])
    matching = only_line(entered(cast.sue, told(8, "16.00", account="globex/Samples"), number="F-3"))
    with pytest.raises(NothingToDispute):
        disputed(matching, cast.sue)


def test_what_is_settled_or_withdrawn_cannot_be_disputed(cast, differing):
    with staff_scope():
        settle(differing, reason="credited", acting_user=cast.sue)
    with pytest.raises(NothingToDispute):
        disputed(differing, cast.sue)
    with staff_scope():
        withdraw(differing.invoice, reason="wrong", acting_user=cast.sue)
    with pytest.raises(InvoiceWithdrawn):
        disputed(differing, cast.sue)


def test_only_staff_disputes(cast, differing):
    with pytest.raises(StaffOnly):
        disputed(differing, cast.adam)


@pytest.mark.parametrize(
    ("charged", "says"),
    [
        (told(3, "9.00", product="KPN-Fax"), "on which orders this line stands"),
        (told(15, "29.00"), "You charged EUR 1.00 too little: EUR 30.00 is owed."),
    ],
)
def test_what_is_asked_follows_what_was_found(db, cast, charged, says):
    a_product(cast.acme, [10, (at(1, 10), 5)])
    assert says in disputed(only_line(entered(cast.sue, charged)), cast.sue).text


def test_a_name_that_would_be_a_formula_is_none(db, cast):
    product = a_product(cast.acme, [10])
    with tenant_scope(cast.acme.pk):
        an_order(product, 5, at(1, 12), "=cmd|x")
    kept = disputed(checked(cast.sue, 99, "198.00"), cast.sue)
    assert ",'=cmd|x," in kept.ledger
    assert "=cmd|x" in kept.text
