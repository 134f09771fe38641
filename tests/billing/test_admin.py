"""Sue of support and finance at the admin: terms agreed, months closed, statements looked at and never changed."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.urls import reverse

from portal.audit.models import Entry
from portal.billing.closing import close
from portal.billing.contracts import agree
from portal.billing.meters import Blocker
from portal.billing.models import ClosingRun, ClosingStep, Contract, ContractCost, Statement
from portal.billing.staff_forms import months_over
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning.meters import KEY
from tests.billing.samples_months import FEBRUARY, JANUARY, agreed, at
from tests.billing.samples_seats import SEATS
from tests.fixtures.cast import sign_in_with_second_factor
from tests.provisioning.samples import stocked_product

pytestmark = pytest.mark.django_db

TERMS = {
    "counted": f"{SEATS}:1",
    "starts_on": "2025-03-01",
    "unit_price": "2.5000",
    "free_units": "0",
    "zone": "Europe/Amsterdam",
    "rule": "month",
}


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


@pytest.fixture
def acme(cast, seats):
    """Five seats since 3 January for 2.50 each."""
    agreed(cast)
    seats.change(cast.acme, 5, at(1, 3))
    return cast.acme


def page(name: str, *args) -> str:
    return reverse(f"admin:billing_{name}", args=args)


def closed(tenant) -> Statement:
    with tenant_scope(tenant.pk):
        return close(tenant, JANUARY, acting_user=None)


def latest_month() -> str:
    return months_over()[0][0]


def test_terms_are_agreed_by_a_form(sue, acme):
    answer = sue.post(f"{page('contract_add')}?tenant={acme.pk}", TERMS | {"unit_price": "3.1", "cost_price": "1.2"})
    assert answer.status_code == 302
    with staff_scope():
        old, new = Contract.objects.order_by("starts_on")
        assert (old.ends_on, new.unit_price) == (new.starts_on, Decimal("3.1"))
        assert ContractCost.objects.get(contract=new).cost_price == Decimal("1.2")
        assert new.agreed_by.email == "sue@example.com"
    assert "1.2000" in sue.get(answer["Location"]).text


def test_terms_with_an_end_are_agreed_by_a_form_as_a_whole(sue, acme):
    address = f"{page('contract_add')}?tenant={acme.pk}"
    assert sue.post(address, TERMS | {"unit_price": "3.1", "ends_on": "2025-03-01"}).status_code == 422
    with staff_scope():
        assert Contract.objects.get().ends_on is None
    assert sue.post(address, TERMS | {"unit_price": "3.1", "ends_on": "2025-04-01"}).status_code == 302
    with staff_scope():
        assert Contract.objects.latest("starts_on").ends_on == date(2025, 4, 1)


def test_a_product_is_called_by_its_name(sue, cast):
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=1)
        agree(cast.acme, KEY, product.pk, starts_on=JANUARY, unit_price=Decimal(1), acting_user=None)
        contract = Contract.objects.get()
    for address in (page("contract_changelist"), page("contract_change", contract.pk)):
        assert f"Samples: {product.name}" in sue.get(address).text


def test_terms_in_a_closed_month_are_refused_on_the_form(sue, acme):
    closed(acme)
    answer = sue.post(f"{page('contract_add')}?tenant={acme.pk}", TERMS | {"starts_on": "2025-01-10"})
    assert answer.status_code == 422
    assert "January 2025 is closed" in answer.text


def test_an_unknown_zone_is_told_on_the_form(sue, acme):
    answer = sue.post(f"{page('contract_add')}?tenant={acme.pk}", TERMS | {"zone": "Europe/Utrecht"})
    assert answer.status_code == 422
    assert "is not a known time zone" in answer.text


def test_the_companys_page_leads_to_its_terms(sue, acme):
    listed = sue.get(reverse("admin:tenancy_tenant_change", args=[acme.pk])).text
    assert f"{page('contract_add')}?tenant={acme.pk}" in listed
    assert "Seats, Seats 1" in sue.get(f"{page('contract_add')}?tenant={acme.pk}").text


def test_a_statement_is_found_and_has_no_form(sue, acme):
    statement = closed(acme)
    listed = sue.get(page("statement_changelist"), {"q": "acme"}).text
    assert statement.number in listed
    assert statement.number not in sue.get(page("statement_changelist"), {"q": "globex"}).text
    detail = sue.get(page("statement_change", statement.pk)).text
    assert statement.digest in detail
    assert 'name="_save"' not in detail
    assert sue.post(page("statement_change", statement.pk), {"net": "0"}).status_code == 403


@pytest.mark.parametrize(("suffix", "begins"), [("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b""), ("json", b"{")])
def test_a_statement_is_downloaded_and_that_is_on_record(sue, acme, suffix, begins):
    statement = closed(acme)
    address = page("statement_file", statement.pk, suffix)
    assert address in sue.get(page("statement_change", statement.pk)).text
    answer = sue.get(address)
    assert answer.status_code == 200
    assert answer.content.startswith(begins)
    assert answer["Content-Disposition"].endswith(f'-2025-01.{suffix}"')
    with staff_scope():
        act = Entry.objects.get(action="billing.statement_downloaded")
        assert (act.tenant_id, act.after) == (acme.pk, {"number": statement.number, "form": suffix})


def test_there_is_no_other_form(sue, acme):
    assert sue.get(page("statement_file", closed(acme).pk, "exe")).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_statements_of_a_month_are_one_file(sue, cast, acme, seats):
    with tenant_scope(cast.globex.pk):
        agree(cast.globex, SEATS, 2, starts_on=JANUARY, unit_price=Decimal(1), acting_user=None)
    seats.change(cast.globex, 5, at(1, 3), object_id=2)
    chosen = [closed(acme).pk, closed(cast.globex).pk]
    answer = sue.post(page("statement_changelist"), {"action": "download", "_selected_action": chosen})
    names = ZipFile(BytesIO(b"".join(answer.streaming_content))).namelist()
    assert {"statements.xlsx", "statements.csv", "statements.json", "SHA256SUMS"} < set(names)
    assert sum(name.endswith(".pdf") for name in names) == 2


def test_a_correction_is_told_with_both_values(sue, acme, seats):
    number = closed(acme).number
    seats.change(acme, 2, at(1, 20))
    with tenant_scope(acme.pk):
        second = close(acme, FEBRUARY, acting_user=None)
    assert f"{number}: 5 → 7" in sue.get(page("statement_change", second.pk)).text


def test_statements_are_filtered_by_month(sue, acme):
    closed(acme)
    with tenant_scope(acme.pk):
        number = Statement.objects.get().number
    assert number in sue.get(page("statement_changelist")).text
    assert number not in sue.get(page("statement_changelist"), {"in": latest_month()}).text


def begun(seats, cast):
    """The latest month that is over, in which Acme's first contract begins."""
    first = date.fromisoformat(latest_month())
    agreed(cast, starts_on=first)
    seats.change(cast.acme, 5, at(1, 3))
    return first


def test_one_companys_month_is_closed(sue, cast, seats):
    first = begun(seats, cast)
    answer = sue.post(page("closingrun_add"), {"month": first.isoformat(), "company": "acme"})
    with staff_scope():
        statement = Statement.objects.get()
    assert answer["Location"] == page("statement_change", statement.pk)
    assert (statement.month, statement.closed_by_name) == (first, "Sue")


def test_what_blocks_is_shown_and_a_reason_closes(sue, cast, seats):
    wanted = {"month": begun(seats, cast).isoformat(), "company": "acme"}
    seats.blockers[cast.acme.pk].append(Blocker("Order 7 has no outcome yet."))
    refused = sue.post(page("closingrun_add"), wanted)
    assert refused.status_code == 422
    assert "Order 7 has no outcome yet." in refused.text
    assert sue.post(page("closingrun_add"), wanted | {"reason": "Asked the vendor"}).status_code == 302
    with staff_scope():
        assert Statement.objects.get().reason == "Asked the vendor"


def test_a_run_over_all_is_begun_and_tried_again(sue, cast, seats):
    first = begun(seats, cast)
    answer = sue.post(page("closingrun_add"), {"month": first.isoformat()})
    assert sue.get(answer["Location"]).status_code == 200
    with staff_scope():
        run = ClosingRun.objects.get()
        assert ClosingStep.objects.filter(run=run, state="waiting").count() == 2
        ClosingStep.objects.filter(tenant=cast.acme).update(state="blocked", due_at=None, reasons=["Not yet."])
    link = f"{page('closingstep_changelist')}?run__id__exact={run.pk}&state__exact=blocked"
    assert link.replace("&", "&amp;") in sue.get(page("closingrun_changelist")).text
    assert "Not yet." in sue.get(link).text
    told = sue.post(
        page("closingrun_changelist"), {"action": "try_again", "_selected_action": [run.pk]}, follow=True
    ).text
    assert "2 companies wait for their turn." in told


def test_a_reason_is_about_one_company(sue, cast):
    answer = sue.post(page("closingrun_add"), {"month": latest_month(), "reason": "All of them"})
    assert answer.status_code == 422
    with staff_scope():
        assert not ClosingRun.objects.exists()


@pytest.mark.parametrize("address", ["contract_add", "closingrun_add", "statement_changelist"])
def test_no_member_gets_in(client, cast, address):
    client.force_login(cast.bill)
    assert client.get(page(address)).status_code in (302, 403, 404)
