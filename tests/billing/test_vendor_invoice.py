"""The check of a vendor's invoice: what each line is held against, and what is said of a difference."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from portal.audit.models import Entry
from portal.billing import meters
from portal.billing.closing import close
from portal.billing.contracts import agree, set_cost
from portal.billing.invoices import explaining
from portal.billing.invoices.models import VendorInvoice, VendorInvoiceLine
from portal.billing.invoices.refusals import AlreadyEntered, BadLines, DecidedAlready, InvoiceWithdrawn
from portal.billing.invoices.verbs import check_again, settle, withdraw
from portal.billing.invoices.wording import SENTENCES, sentences
from portal.billing.models import Contract
from portal.tenancy.refusals import ReasonMissing, StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.models import Connection
from provisioning.meters import KEY
from provisioning.models import MirrorState
from tests.billing.samples_months import FEBRUARY, JANUARY, MARCH, at
from tests.billing.vendor_invoices import (
    Parts,
    a_product,
    an_order,
    checked,
    codes,
    entered,
    only_line,
    told,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(cast):
    """Ten since 3 January, 15 from the 10th, 12 from the 20th; the vendor charges 2.00 each."""
    return a_product(cast.acme, [10, (at(1, 10), 5), (at(1, 20), -3)])


# --- What is found --------------------------------------------------------------------------------------------------


def test_what_the_ledger_proves_matches(cast, product):
    line = checked(cast.sue, 15, "30.00")
    assert (line.outcome, line.state, line.proven, line.expected) == ("matches", "matched", 15, Decimal("30.00"))
    assert (line.company, line.meter, line.object_id) == (cast.acme, KEY, product.pk)
    assert (line.count_difference, line.amount_difference, line.explanations) == (0, Decimal("0.00"), [])


@pytest.mark.parametrize(
    ("count", "amount", "outcome"),
    [
        (16, "32.00", "count"),
        (16, "30.00", "count"),
        (15, "31.00", "amount"),
        (16, "33.00", "both"),
    ],
)
def test_what_differs_is_named(cast, product, count, amount, outcome):
    line = checked(cast.sue, count, amount)
    assert (line.outcome, line.state) == (outcome, "open")
    assert (line.count_difference, line.amount_difference) == (count - 15, Decimal(amount) - 30)


def test_a_closed_month_is_proven_by_its_statement(cast, product):
    with tenant_scope(cast.acme.pk):
        MirrorState.objects.update(read_at=at(5, 1))
        statement = close(cast.acme, JANUARY, acting_user=None)
        an_order(product, 4, at(1, 15), "late")
    line = checked(cast.sue, 15, "30.00")
    assert (line.outcome, line.proven, line.statement) == ("matches", 15, statement.number)
    later = only_line(entered(cast.sue, told(19, "38.00"), number="F-2", month=JANUARY))
    assert later.outcome == "twice"


def test_what_came_to_light_since_closing_is_said(cast, product):
    with tenant_scope(cast.acme.pk):
        MirrorState.objects.update(read_at=at(5, 1))
        close(cast.acme, JANUARY, acting_user=None)
        an_order(product, 4, at(1, 15), "late")
    line = checked(cast.sue, 19, "38.00")
    assert (line.outcome, line.proven) == ("count", 15)
    assert ["since_closed", {"number": "2025-0001", "now": 19}] in line.explanations


def test_what_a_correction_told_since_is_proven(cast, product):
    with tenant_scope(cast.acme.pk):
        MirrorState.objects.update(read_at=at(5, 1))
        close(cast.acme, JANUARY, acting_user=None)
        an_order(product, 4, at(1, 15), "late")
        second = close(cast.acme, FEBRUARY, acting_user=None)
    line = checked(cast.sue, 19, "38.00")
    assert (line.outcome, line.proven, line.statement) == ("matches", 19, second.number)


def test_without_a_cost_price_the_amount_is_not_vouched_for(cast):
    a_product(cast.acme, [10], cost=None)
    line = checked(cast.sue, 10, "999.00")
    assert (line.outcome, line.state, line.expected, codes(line)) == ("unpriced", "open", None, ["cost_unknown"])


def test_a_month_before_the_ledger_began_proves_nothing(cast):
    a_product(cast.acme, [10], began=at(3, 3))
    line = checked(cast.sue, 10, "20.00")
    assert (line.outcome, line.proven, line.expected) == ("no_ledger", None, None)


def test_a_count_within_what_is_unknown_cannot_be_decided(cast, product):
    with tenant_scope(cast.acme.pk):
        an_order(product, 6, at(1, 21), "P-1", status="pending")
    line = checked(cast.sue, 18, "36.00")
    assert (line.outcome, line.proven, line.at_most) == ("undecided", 15, 18)
    assert ["unsettled", {"orders": "P-1", "least": 15, "most": 18}] in line.explanations


def test_a_product_that_the_account_has_not_got_is_told(cast, product):
    line = checked(cast.sue, 3, "9.00", product="KPN-Fax")
    assert (line.outcome, line.company, line.object_id) == ("unknown_product", cast.acme, None)


def test_an_account_that_nobody_knows_refuses_the_whole(cast, product):
    with pytest.raises(BadLines, match=r"Line 1: The account “globex-1” is not known\."):
        entered(cast.sue, told(1, "1.00", account="globex-1"))
    with staff_scope():
        assert not VendorInvoice.objects.exists()


def test_the_client_id_is_an_account_and_capitals_do_not_count(cast, product):
    line = checked(cast.sue, 15, "30.00", account="SAMPLE-account", product="kpn-voicevideo-c")
    assert line.outcome == "matches"


def test_an_account_that_two_companies_have_is_not_guessed_at(cast, product):
    a_product(cast.globex, [3])
    with pytest.raises(BadLines, match="more than one such product"):
        entered(cast.sue, told(15, "30.00", account="sample-account"))


def test_a_connection_whose_seal_is_broken_is_found_by_its_name(cast, product):
    with staff_scope():
        globex = a_product(cast.globex, [3])
        acme, other = Connection.objects.get(pk=product.connection_id), Connection.objects.get(pk=globex.connection_id)
        Connection.objects.filter(pk=acme.pk).update(client_id=other.client_id._stored)
    assert checked(cast.sue, 15, "30.00").outcome == "matches"


def test_the_contracts_calendar_is_the_months(cast):
    """Late on 31 January in Amsterdam it is February in Auckland."""
    product = a_product(cast.acme, [10, (at(1, 31), 5)])
    with staff_scope():
        Contract.objects.filter(object_id=product.pk).update(zone="Pacific/Auckland")
    line = checked(cast.sue, 10, "20.00")
    assert (line.outcome, line.zone) == ("matches", "Pacific/Auckland")


# --- What explains a difference ---------------------------------------------------------------------------------------


def test_the_month_by_utc_explains(cast):
    """An hour before the end of January in UTC it is February in Amsterdam."""
    a_product(cast.acme, [10, (datetime(2025, 1, 31, 23, 30, tzinfo=UTC), 5)])
    line = checked(cast.sue, 15, "30.00")
    assert (line.outcome, line.proven) == ("count", 10)
    assert ["utc_month", {"count": 15, "zone": "Europe/Amsterdam"}] in line.explanations


def test_the_month_before_explains(cast):
    a_product(cast.acme, [20, (at(2, 10), -12), (at(3, 5), 3)])
    line = only_line(entered(cast.sue, told(20, "40.00"), month=MARCH))
    assert (line.outcome, line.proven) == ("count", 11)
    assert line.explanations == [["previous_month", {"count": 20, "month": "2025-02"}]]


@pytest.mark.parametrize(
    ("levels", "count", "code"),
    [
        ([10, (at(1, 10), 5), (at(1, 20), -3)], 12, "at_the_end"),
        ([0, (at(1, 10), 10), (at(1, 12), -5), (at(1, 20), 5), (at(1, 25), 2)], 17, "sum_of_orders"),
        ([10, (at(1, 10), 5), (at(1, 20), -3), (at(1, 25), 1)], 16, "never_reduced"),
    ],
)
def test_another_way_of_counting_explains(cast, levels, count, code):
    a_product(cast.acme, levels, began=at(1, 1, 0))
    line = checked(cast.sue, count, f"{count * 2}.00")
    assert line.outcome == "count"
    assert code in codes(line)


def test_an_order_without_effect_explains_and_is_named(cast, product):
    with tenant_scope(cast.acme.pk):
        an_order(product, 7, at(1, 15), "R-9", status="rejected")
    line = checked(cast.sue, 22, "44.00")
    facts = {"count": 22, "order": "R-9", "state": "rejected"}
    assert ["order_without_effect", facts] in line.explanations
    assert "22 is the peak with order R-9 in it, which is “Rejected” and not in the ledger." in sentences(
        line.explanations
    )


def test_orders_without_effect_explain_together(cast, product):
    with tenant_scope(cast.acme.pk):
        an_order(product, 7, at(1, 15), "R-9", status="rejected")
        an_order(product, 2, at(1, 16), "R-10", status="failed")
    line = checked(cast.sue, 24, "48.00")
    assert ["orders_without_effect", {"count": 24, "orders": "R-9, R-10"}] in line.explanations


def test_of_very_many_differences_some_are_looked_into_and_the_others_say_so(cast, product, monkeypatch):
    monkeypatch.setattr(explaining, "MOST_LOOKED_INTO", 1)
    a_product(cast.globex, [8])
    other = replace(told(9, "18.00", account="globex/Samples"), position=2)
    invoice = entered(cast.sue, told(12, "24.00"), other)
    with staff_scope():
        first, second = invoice.lines.order_by("position")
    assert codes(first) == ["at_the_end"]
    assert codes(second) == ["not_looked_into"]


def test_where_nothing_is_provable_nothing_is_said(cast, product):
    assert checked(cast.sue, 4711, "9422.00").explanations == []


@pytest.mark.parametrize(
    ("count", "amount", "price", "expected"),
    [
        (15, "33.00", "2.20", [["unit_price", {"price": "2.20", "cost": "2.0000"}]]),
        (15, "36.30", None, [["with_vat", {"rate": "21", "net": "30.00"}]]),
        (15, "33.00", "2.00", [["arithmetic", {"count": 15, "price": "2.00", "comes_to": "30.00", "amount": "33.00"}]]),
    ],
)
def test_a_wrong_amount_is_explained(cast, product, count, amount, price, expected):
    line = checked(cast.sue, count, amount, price=price)
    assert (line.outcome, line.explanations) == ("amount", expected)


def test_a_cost_price_of_another_part_of_the_month_explains(cast, product):
    with staff_scope():
        later = agree(
            cast.acme, KEY, product.pk, starts_on=at(1, 16).date(), unit_price=Decimal(3), acting_user=cast.sue
        )
        set_cost(later, cost_price=Decimal("2.40"), acting_user=cast.sue)
    line = checked(cast.sue, 15, "36.00")
    assert (line.expected, line.explanations) == (Decimal("30.00"), [["other_cost", {"price": "2.4000"}]])


def test_every_sentence_can_be_said():
    facts = dict.fromkeys(
        ["count", "zone", "month", "order", "orders", "number", "now", "least", "most", "price", "cost", "rate", "net"],
        7,
    ) | {"state": "rejected", "comes_to": 1, "amount": 2}  # fmt: skip
    assert all("%(" not in sentence for sentence in sentences((code, facts) for code in SENTENCES))


# --- What is missing, and what stands twice ---------------------------------------------------------------------------


def test_what_was_counted_and_is_on_no_invoice_is_listed(cast, product):
    other = a_product(cast.globex, [8])
    invoice = entered(cast.sue, told(15, "30.00"), complete=True)
    with staff_scope():
        missing = VendorInvoiceLine.objects.get(invoice=invoice, on_invoice=False)
    assert (missing.outcome, missing.state, missing.company_id) == ("not_invoiced", "open", cast.globex.pk)
    assert (missing.object_id, missing.count, missing.proven, missing.expected) == (other.pk, 0, 8, Decimal("16.00"))


def test_what_another_invoice_charges_is_not_missing(cast, product):
    a_product(cast.globex, [8])
    entered(cast.sue, told(8, "16.00", account="globex/Samples"), number="F-1")
    invoice = entered(cast.sue, told(15, "30.00"), number="F-2", complete=True)
    with staff_scope():
        assert not invoice.lines.filter(on_invoice=False).exists()


def test_what_is_charged_later_is_missing_no_more(cast, product):
    a_product(cast.globex, [8])
    invoice = entered(cast.sue, told(15, "30.00"), complete=True)
    entered(cast.sue, told(8, "16.00", account="globex/Samples"), number="F-2")
    with staff_scope():
        assert check_again(invoice, acting_user=cast.sue) == 1
        line = invoice.lines.get(on_invoice=False)
    assert (line.outcome, line.state, codes(line)) == ("matches", "matched", ["elsewhere"])


def test_a_product_that_two_invoices_charge_is_charged_twice(cast, product):
    entered(cast.sue, told(15, "30.00"))
    line = only_line(entered(cast.sue, told(15, "30.00"), number="F-2"))
    assert (line.outcome, line.explanations) == ("twice", [["twice", {"number": "F-1"}]])


def test_a_product_twice_on_one_invoice_is_refused(cast, product):
    lines = [told(15, "30.00"), told(1, "2.00", account="sample-account")]
    with pytest.raises(BadLines, match="charges the same product"):
        entered(cast.sue, *lines)


# --- What staff does ----------------------------------------------------------------------------------------------------


def test_the_same_number_again_is_refused_naming_the_first(cast, product):
    entered(cast.sue, told(15, "30.00"), number="F-1")
    with pytest.raises(AlreadyEntered, match=r"F-1 was entered by Sue on .* already"):
        entered(cast.sue, told(15, "30.00"), number="f-1")


def test_a_withdrawn_one_gives_its_number_free_and_counts_no_more(cast, product):
    wrong = entered(cast.sue, told(16, "32.00"))
    with staff_scope():
        with pytest.raises(ReasonMissing):
            withdraw(wrong, reason="", acting_user=cast.sue)
        withdraw(wrong, reason="typed wrongly", acting_user=cast.sue)
        with pytest.raises(InvoiceWithdrawn):
            check_again(wrong, acting_user=cast.sue)
    assert checked(cast.sue, 15, "30.00").outcome == "matches"
    with pytest.raises(InvoiceWithdrawn), staff_scope():
        settle(only_line(wrong), reason="paid", acting_user=cast.sue)


def test_checking_again_follows_what_is_known_now(cast, product):
    invoice = entered(cast.sue, told(19, "38.00"))
    with tenant_scope(cast.acme.pk):
        an_order(product, 4, at(1, 15), "late")
    with staff_scope():
        assert check_again(invoice, acting_user=cast.sue) == 1
        assert check_again(invoice, acting_user=cast.sue) == 0
    line = only_line(invoice)
    assert (line.outcome, line.state, line.proven, line.explanations) == ("matches", "matched", 19, [])


def test_a_line_is_settled_once_with_its_credit_note(cast, product):
    line = checked(cast.sue, 16, "32.00")
    with staff_scope():
        settle(line, reason="The vendor credits one", credit_note="C-7", acting_user=cast.sue)
        with pytest.raises(DecidedAlready):
            settle(line, reason="again", acting_user=cast.sue)
        assert check_again(line.invoice, acting_user=cast.sue) == 0
        line.refresh_from_db()
    assert (line.state, line.credit_note, line.settled_by_id) == ("settled", "C-7", cast.sue.pk)


def test_a_line_that_matches_needs_no_settling(cast, product):
    with staff_scope(), pytest.raises(DecidedAlready):
        settle(checked(cast.sue, 15, "30.00"), reason="paid", acting_user=cast.sue)


def test_everything_is_on_record_outside_the_companies_trails(cast, product):
    invoice = entered(cast.sue, told(16, "32.00"))
    with staff_scope():
        check_again(invoice, acting_user=cast.sue)
        settle(only_line(invoice), reason="agreed by phone", credit_note="C-7", acting_user=cast.sue)
        withdraw(invoice, reason="replaced", acting_user=cast.sue)
        acts = list(Entry.objects.filter(action__contains="vendor_").order_by("pk"))
    assert [act.action for act in acts] == [
        "staff.vendor_invoice_entered",
        "staff.vendor_invoice_checked",
        "staff.vendor_line_settled",
        "staff.vendor_invoice_withdrawn",
    ]
    assert {(act.tenant_id, act.actor_label) for act in acts} == {(None, "sue@example.com")}
    assert (acts[0].after["amount"], acts[2].after["credit_note"], acts[3].reason) == ("32.00", "C-7", "replaced")


@pytest.mark.parametrize(
    "statement",
    [
        "update billing_vendorinvoiceline set count = 1",
        "update billing_vendorinvoiceline set amount = 1",
        "update billing_vendorinvoice set number = 'X'",
        "delete from billing_vendorinvoiceline",
        "delete from billing_vendorinvoice",
    ],
)
def test_what_the_vendor_wrote_is_kept_by_the_database(cast, product, statement):
    entered(cast.sue, told(15, "30.00"))
    with staff_scope(), connection.cursor() as cursor:
        with pytest.raises(DatabaseError, match="kept as it was entered"), transaction.atomic():
            cursor.execute(statement)
        cursor.execute("update billing_vendorinvoiceline set state = 'open'")


def test_tenants_see_nothing_of_it(cast, product):
    entered(cast.sue, told(15, "30.00"))
    with tenant_scope(cast.acme.pk):
        assert not VendorInvoice.objects.exists()
        assert not VendorInvoiceLine.objects.exists()


def test_only_staff_enters(cast, product):
    with pytest.raises(StaffOnly):
        entered(cast.adam, told(15, "30.00"))


# --- Meters of other apps -----------------------------------------------------------------------------------------------


@pytest.fixture
def parts(cast):
    """Registered for this test only."""
    counted = Parts(cast.acme)
    meters.register(counted.kind)
    yield counted
    meters._kinds.pop(counted.KEY)


def test_the_sums_of_another_app_are_checked_alike(cast, parts):
    """By the registry alone: nothing in it is about video."""
    with tenant_scope(cast.acme.pk):
        contract = agree(cast.acme, Parts.KEY, 1, starts_on=JANUARY, unit_price=Decimal(1), acting_user=cast.adam)
    with staff_scope():
        set_cost(contract, cost_price=Decimal("0.0450"), acting_user=cast.sue)
    parts.sent = [(at(1, 3), 1000), (at(1, 20), 1), (datetime(2025, 1, 31, 23, 30, tzinfo=UTC), 7)]
    line = checked(cast.sue, 1001, "45.05", account="Acme SMS", product="Parts")
    assert (line.outcome, line.meter, line.expected) == ("matches", Parts.KEY, Decimal("45.05"))
    february = told(1001, "45.05", account="Acme SMS", product="Parts")
    line = only_line(entered(cast.sue, february, number="F-2", month=FEBRUARY))
    assert (line.proven, line.outcome, codes(line)) == (7, "count", ["previous_month"])
