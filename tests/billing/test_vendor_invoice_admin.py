"""Sue of support at the vendors' invoices: a file or a line entered, both sides looked at, lines disputed and settled."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.audit.models import Entry
from portal.billing.contracts import agree, set_cost
from portal.billing.invoices.models import DisputeFile, VendorInvoice, VendorInvoiceLine
from portal.billing.staff_forms import months_over
from portal.tenancy.models import User
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning.meters import KEY
from provisioning.models import Product
from tests.billing.vendor_invoices import ACCOUNT, LAST_MONTH, PRODUCT, a_product, csv_file, entered, told, xlsx_file
from tests.fixtures.cast import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


@pytest.fixture
def product(cast) -> Product:
    """Ten all the time, 2.00 each at the vendor."""
    return a_product(cast.acme, [10])


def page(name: str, *args) -> str:
    return reverse(f"admin:billing_{name}", args=args)


def form(**fields) -> dict:
    return {"vendor": "kandy", "number": "F-1", "month": LAST_MONTH.isoformat()} | fields


def upload(raw: bytes, name: str = "invoice.csv", **fields) -> dict:
    return form(file=SimpleUploadedFile(name, raw), **fields)


def rows(count: str = "10", amount: str = "20.00") -> list[str]:
    return [ACCOUNT, PRODUCT, count, amount]


def only_line() -> VendorInvoiceLine:
    with staff_scope():
        return VendorInvoiceLine.objects.select_related("invoice").get()


# --- Entering -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "name"), [(csv_file, "invoice.csv"), (xlsx_file, "Rechnung.xlsx")])
def test_a_file_is_entered_and_checked(sue, product, make, name):
    answer = sue.post(page("vendorinvoice_add"), upload(make(rows()), name, complete="on"), follow=True)
    assert "Invoice F-1 is entered and checked." in answer.text
    line = only_line()
    assert (line.outcome, line.invoice.file_name, line.invoice.complete) == ("matches", name, True)
    assert line.invoice.file_digest in answer.text


def test_one_line_is_typed(sue, product):
    typed = form(account=ACCOUNT, product=PRODUCT, count="12", unit_price="2", amount="24.00")
    answer = sue.post(page("vendorinvoice_line"), typed, follow=True)
    assert answer.status_code == 200
    assert (only_line().outcome, only_line().unit_price) == ("count", Decimal("2.0000"))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (csv_file(rows("x")), "Line 2: “x” is not a number."),
        (csv_file(["nobody", *rows()[1:]]), "Line 2: The account “nobody” is not known."),
        (csv_file(rows(), heading=["A", "B", "C", "D"]), "The file has no column for"),
        (b"\0", "bytes that are in no text"),
        (b"x" * 10_000_000, "larger than 5 MB"),
    ],
)
def test_what_is_wrong_with_a_file_stands_on_the_form_and_nothing_is_kept(sue, product, raw, says):
    answer = sue.post(page("vendorinvoice_add"), upload(raw))
    assert answer.status_code == 422
    assert says in answer.text
    with staff_scope():
        assert not VendorInvoice.objects.exists()


def test_the_same_number_again_names_the_first(sue, product):
    sue.post(page("vendorinvoice_add"), upload(csv_file(rows())))
    answer = sue.post(page("vendorinvoice_add"), upload(csv_file(rows())))
    assert answer.status_code == 422
    assert "Invoice F-1 was entered by Sue on" in answer.text


def test_a_month_that_runs_is_not_offered(sue, product):
    running = sue.post(page("vendorinvoice_add"), upload(csv_file(rows()), month="2099-01-01"))
    assert running.status_code == 422


# --- Looking at it --------------------------------------------------------------------------------------------------------


def test_both_sides_stand_beside_each_other(sue, product):
    sue.post(page("vendorinvoice_add"), upload(csv_file(rows("12", "24.00"))))
    line = only_line()
    for address in (page("vendorinvoice_change", line.invoice_id), page("vendorinvoiceline_change", line.pk)):
        shown = sue.get(address).text
        for text in ("Samples: KPN-VoiceVideo-C", "24.00", "20.00", "+2", "+4.00", "Count differs"):
            assert text in shown, (text, address)
    assert f"{KEY} {product.pk}" in sue.get(page("vendorinvoiceline_change", line.pk)).text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, True),
        ({"vendor": "kandy"}, True),
        ({"in": LAST_MONTH.isoformat()}, True),
        ({"in": months_over()[1][0]}, False),
        ({"state": "open"}, True),
        ({"state": "disputed"}, False),
        ({"state": "done"}, False),
        ({"state": "withdrawn"}, False),
        ({"q": "F-"}, True),
        ({"q": "G-"}, False),
    ],
)
def test_invoices_are_filtered(sue, product, query, shown):
    sue.post(page("vendorinvoice_add"), upload(csv_file(rows("12", "24.00"))))
    assert (">F-1</a>" in sue.get(page("vendorinvoice_changelist"), query).text) == shown


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"state__exact": "open"}, True),
        ({"state__exact": "settled"}, False),
        ({"outcome__exact": "count"}, True),
        ({"outcome__exact": "amount"}, False),
        ({"vendor": "kandy", "in": LAST_MONTH.isoformat()}, True),
        ({"in": months_over()[1][0]}, False),
        ({"q": "voicevideo"}, True),
        ({"q": "nothing"}, False),
    ],
)
def test_lines_are_filtered(sue, product, query, shown):
    sue.post(page("vendorinvoice_add"), upload(csv_file(rows("12", "24.00"))))
    assert ("Samples: KPN-VoiceVideo-C" in sue.get(page("vendorinvoiceline_changelist"), query).text) == shown


def test_more_lines_cost_no_more_queries(sue, cast, product):
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert sue.get(address).status_code == 200
        return len(asked)

    def addresses(invoice: VendorInvoice) -> list[str]:
        with staff_scope():
            line = invoice.lines.first()
        own = [page("vendorinvoice_change", invoice.pk), page("vendorinvoiceline_change", line.pk)]
        return [*own, page("vendorinvoice_changelist"), page("vendorinvoiceline_changelist")]

    alone = [queries(each) for each in addresses(entered(cast.sue, told(10, "20.00"), month=LAST_MONTH))]
    for number in range(3):
        a_product(cast.globex, [3], name=f"More {number}")
    lines = [told(3, "6.00", account=f"globex/More {number}") for number in range(3)]
    lines = [replace(line, position=place) for place, line in enumerate(lines, start=1)]
    many = entered(cast.sue, *lines, number="F-2", month=LAST_MONTH)
    assert [queries(each) for each in addresses(many)] == alone
    assert max(alone) <= 12


def test_checking_costs_by_companies_and_not_by_lines(cast):
    for number in range(4):
        a_product(cast.acme, [3], name=f"Room {number}")
    lines = [told(3, "6.00", account=f"acme/Room {number}") for number in range(4)]
    lines = [replace(line, position=place) for place, line in enumerate(lines, start=1)]

    def queries(lines, number) -> int:
        with CaptureQueriesContext(connection) as asked:
            entered(cast.sue, *lines, number=number, month=LAST_MONTH)
        return len(asked)

    assert queries(lines[:1], "F-1") == queries(lines[1:], "F-2")


# --- Deciding -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def line(sue, product) -> VendorInvoiceLine:
    sue.post(page("vendorinvoice_add"), upload(csv_file(rows("12", "24.00"))))
    return only_line()


def test_one_click_makes_the_dispute_file_and_leads_to_it(sue, line):
    answer = sue.post(page("vendorinvoiceline_dispute", line.pk), follow=True)
    with staff_scope():
        kept = DisputeFile.objects.get()
    assert kept.text_digest in answer.text
    for part in ("txt", "csv"):
        address = page("vendorinvoiceline_file", kept.pk, part)
        assert address in answer.text
        assert sue.get(address).status_code == 200
    assert sue.get(page("vendorinvoiceline_file", kept.pk, "exe")).status_code == 404
    assert sue.get(page("vendorinvoiceline_dispute", line.pk)).status_code == 405


def test_a_line_is_settled_with_a_reason(sue, line):
    assert sue.post(page("vendorinvoiceline_settle", line.pk), {"credit_note": "C-1"}).status_code == 422
    assert only_line().state == "open"
    told_why = {"credit_note": "C-1", "reason": "The vendor credits two"}
    answer = sue.post(page("vendorinvoiceline_settle", line.pk), told_why, follow=True)
    assert "The vendor credits two" in answer.text
    assert sue.post(page("vendorinvoiceline_settle", line.pk), told_why).status_code == 422


def test_an_invoice_is_checked_again(sue, cast, line):
    with tenant_scope(cast.acme.pk):
        other = agree(
            cast.acme, KEY, line.object_id, starts_on=LAST_MONTH, unit_price=Decimal(9), acting_user=cast.adam
        )
    with staff_scope():
        set_cost(other, cost_price=Decimal("2.00"), acting_user=cast.sue)
    answer = sue.post(page("vendorinvoice_check", line.invoice_id), follow=True)
    assert "Checked; 0 lines have changed." in answer.text
    assert sue.get(page("vendorinvoice_check", line.invoice_id)).status_code == 405


def test_an_invoice_is_withdrawn_with_a_reason(sue, line):
    address = page("vendorinvoice_withdraw", line.invoice_id)
    assert sue.get(address).status_code == 200
    assert sue.post(address, {"reason": ""}).status_code == 422
    answer = sue.post(address, {"reason": "Of another month"}, follow=True)
    assert "Of another month" in answer.text
    assert page("vendorinvoice_check", line.invoice_id) not in answer.text
    assert "F-1" in sue.get(page("vendorinvoice_changelist"), {"state": "withdrawn"}).text
    refused = sue.post(page("vendorinvoiceline_dispute", line.pk), follow=True)
    assert "This invoice was withdrawn. Nothing was changed." in refused.text


def test_nothing_is_edited_and_nothing_is_deleted(sue, line):
    for name, pk in (("vendorinvoice", line.invoice_id), ("vendorinvoiceline", line.pk)):
        assert sue.post(page(f"{name}_change", pk), {"count": "10"}).status_code == 403
        assert sue.post(page(f"{name}_delete", pk), {"post": "yes"}).status_code == 403
    assert only_line().count == 12


# --- Who may -----------------------------------------------------------------------------------------------------------------

ADDRESSES = [
    ("vendorinvoice_changelist", ""),
    ("vendorinvoice_add", ""),
    ("vendorinvoice_line", ""),
    ("vendorinvoice_change", "invoice"),
    ("vendorinvoice_check", "invoice"),
    ("vendorinvoice_withdraw", "invoice"),
    ("vendorinvoiceline_changelist", ""),
    ("vendorinvoiceline_change", "line"),
    ("vendorinvoiceline_dispute", "line"),
    ("vendorinvoiceline_settle", "line"),
]


@pytest.mark.parametrize(("name", "of"), ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_member_gets_in(client, cast, line, name, of, method):
    address = page(name, *{"": [], "invoice": [line.invoice_id], "line": [line.pk]}[of])
    client.force_login(cast.alice)
    assert getattr(client, method)(address).status_code == 404


@pytest.mark.parametrize(("name", "of"), ADDRESSES)
def test_staff_without_the_right_gets_in_nowhere(client, cast, line, name, of):
    with staff_scope():
        User.objects.filter(pk=cast.sue.pk).update(is_superuser=False)
    address = page(name, *{"": [], "invoice": [line.invoice_id], "line": [line.pk]}[of])
    assert client.post(address).status_code == 403


def test_each_page_that_was_looked_at_is_on_record(sue, line):
    address = page("vendorinvoice_change", line.invoice_id)
    sue.get(address)
    with staff_scope():
        assert Entry.objects.filter(action="staff.viewed", after__path=address).exists()
