"""By what VAT a company is charged: agreed by staff from an open month on, and told on every form of a statement."""

import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook
from pypdf import PdfReader

from portal.audit.models import Entry
from portal.billing.canonical import digest_of, text_of
from portal.billing.closing import close
from portal.billing.drawing import draw
from portal.billing.models import Statement, VatTerms
from portal.billing.papers.files import file_of
from portal.billing.refusals import ClosedAlready
from portal.billing.statements import document_of, store
from portal.billing.vat import agree_vat, plain_number
from portal.tenancy.refusals import StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.papers import statement as on_paper
from tests.billing.samples_months import FEBRUARY, JANUARY, MARCH, NOW, agreed, at
from tests.fixtures.cast import sign_in_with_second_factor

NUMBER = "DE123456789"
# Of `tests.billing.papers.statement()` in the first form, made before there was a second one.
FIRST_FORM = "1bcd8c0c9b1990829c53567bb8bf7d7a095e061b6d67829b4178d934fcb6d6e0"
REVERSE = {"kind": "reverse", "number": NUMBER}
EXEMPT = {"kind": "exempt", "ground": "Article 11 of the Act"}


@pytest.fixture
def acme(cast, seats):
    """Five seats for 2.50 since 3 January: 12.50 a month."""
    agreed(cast)
    seats.change(cast.acme, 5, at(1, 3))
    return cast.acme


@pytest.fixture
def taxed(cast):
    def taxed(starts_on: date = JANUARY, **terms) -> VatTerms:
        with staff_scope():
            return agree_vat(cast.acme, starts_on=starts_on, acting_user=cast.sue, **terms)

    return taxed


def drawn(tenant, month: date = JANUARY):
    with tenant_scope(tenant.pk):
        return draw(tenant, month, now=NOW)


def closed(tenant, month: date = JANUARY) -> Statement:
    with tenant_scope(tenant.pk):
        return close(tenant, month, acting_user=None)


# --- Agreeing -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_where_nothing_was_agreed_the_portals_rate_holds(acme, settings):
    settings.BILLING_VAT_PERCENT = "19"
    assert (drawn(acme).vat_rate, drawn(acme).vat_kind, drawn(acme).gross) == (
        Decimal(19),
        "standard",
        Decimal("14.88"),
    )


@pytest.mark.django_db
def test_terms_hold_from_a_month_on_until_others_begin(acme, taxed):
    taxed(FEBRUARY, kind="standard", rate=Decimal("5.5"))
    taxed(MARCH, **REVERSE)
    found = {month: (drawn(acme, month).vat_rate, drawn(acme, month).vat) for month in (JANUARY, FEBRUARY, MARCH)}
    assert found == {
        JANUARY: (Decimal(21), Decimal("2.63")),
        FEBRUARY: (Decimal("5.5"), Decimal("0.69")),
        MARCH: (Decimal(0), Decimal("0.00")),
    }


@pytest.mark.django_db
def test_it_is_on_record_with_what_was_before(acme, taxed, cast):
    taxed(**EXEMPT)
    taxed(**REVERSE)
    taxed(**REVERSE)
    with tenant_scope(acme.pk):
        first, second = Entry.objects.filter(action="billing.vat_agreed").order_by("pk")
        assert (first.before, first.actor_id) == (None, cast.sue.pk)
        assert (second.before["kind"], second.after["kind"], second.after["number"]) == ("exempt", "reverse", NUMBER)
        assert VatTerms.objects.count() == 1


@pytest.mark.django_db
def test_a_closed_month_keeps_its_vat(acme, taxed):
    statement = closed(acme)
    with pytest.raises(ClosedAlready):
        taxed(JANUARY, **REVERSE)
    taxed(FEBRUARY, **REVERSE)
    with tenant_scope(acme.pk):
        assert Statement.objects.get(pk=statement.pk).vat == Decimal("2.63")
    assert closed(acme, FEBRUARY).vat == 0


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": "reverse"}, "number"),
        ({"kind": "reverse", "number": "12345"}, "number"),
        ({"kind": "reverse", "number": NUMBER, "rate": Decimal(21)}, "rate"),
        ({"kind": "exempt"}, "ground"),
        ({"kind": "exempt", "ground": "   "}, "ground"),
        ({"kind": "standard", "rate": Decimal(101)}, "rate"),
        ({"kind": "standard", "rate": Decimal(-1)}, "rate"),
        ({"kind": "standard", "rate": Decimal(21), "number": NUMBER}, "number"),
        ({"kind": "standard", "rate": Decimal(21), "ground": "None"}, "ground"),
        ({"kind": "free"}, "kind"),
    ],
)
@pytest.mark.django_db
def test_terms_that_cannot_be_are_refused(acme, taxed, terms, field):
    with pytest.raises(ValidationError) as refused:
        taxed(**terms)
    assert field in refused.value.message_dict
    with staff_scope():
        assert not VatTerms.objects.exists()


@pytest.mark.parametrize("name", ["alice", "bill"])
@pytest.mark.django_db
def test_no_member_agrees_on_the_own_vat(cast, acme, name):
    with tenant_scope(acme.pk), pytest.raises(StaffOnly):
        agree_vat(acme, starts_on=JANUARY, acting_user=getattr(cast, name), **REVERSE)


def test_a_number_is_kept_plain():
    assert plain_number(" nl 1234.56.782 b01 ") == "NL123456782B01"


# --- On the forms of a statement ------------------------------------------------------------------------------------


def pdf_text(document, language: str = "en") -> str:
    return " ".join(PdfReader(io.BytesIO(file_of(document, "pdf", language))).pages[0].extract_text().split())


def sheet(document) -> dict[str, str]:
    rows = load_workbook(io.BytesIO(file_of(document, "xlsx", "en")))["Statements"].iter_rows(values_only=True)
    return dict(zip(*rows, strict=True))


@pytest.mark.django_db
def test_a_reverse_charge_is_told_with_the_customers_number(acme, taxed, cast, client):
    taxed(**REVERSE)
    statement = closed(acme)
    with tenant_scope(acme.pk):
        document = document_of(statement)
    told = f"VAT reverse-charged: the customer owes it. The customer's VAT number: {NUMBER}."
    assert told in pdf_text(document)
    assert (sheet(document)["Kind of VAT"], sheet(document)["VAT number"]) == ("Reverse-charged", NUMBER)
    values = json.loads(file_of(document, "json", "en"))
    assert (values["vat_kind"], values["vat_number"], values["vat"], values["form"]) == ("reverse", NUMBER, "0.00", 2)
    client.force_login(cast.bill)
    assert NUMBER in client.get(f"/t/acme/billing/statements/{statement.pk}/").text
    assert "reverse-charged" in client.get("/t/acme/billing/statements/").text


@pytest.mark.django_db
def test_an_exemption_is_told_with_its_ground(acme, taxed):
    taxed(**EXEMPT)
    document = drawn(acme)
    assert "Exempt from VAT: Article 11 of the Act." in pdf_text(document)
    assert sheet(document)["Ground of the exemption"] == "Article 11 of the Act"


@pytest.mark.django_db
def test_a_rate_says_nothing_more(acme):
    text = pdf_text(drawn(acme))
    assert "VAT 21" in text
    assert "reverse" not in text.lower()


# --- The canonical form ---------------------------------------------------------------------------------------------


def test_a_statement_of_the_first_form_keeps_its_digest():
    first = replace(on_paper(), form=1)
    assert digest_of(text_of(first)) == FIRST_FORM
    assert digest_of(text_of(replace(first, vat_kind="exempt"))) == FIRST_FORM, "the first form knows no kinds"
    assert digest_of(text_of(on_paper())) != FIRST_FORM


@pytest.mark.parametrize("change", [{"vat_kind": "exempt"}, {"vat_number": "DE1"}, {"vat_ground": "None"}])
def test_the_second_form_proves_why(change):
    assert digest_of(text_of(replace(on_paper(), **change))) != digest_of(text_of(on_paper()))


@pytest.mark.django_db(transaction=True)
def test_statements_of_both_forms_verify(acme, taxed, capsys):
    with tenant_scope(acme.pk):
        draft = replace(draw(acme, JANUARY, now=NOW), number="2025-0001", closed_at=NOW, form=1)
        store(acme, draft, sequence=1, closed_by=None)
    taxed(FEBRUARY, **REVERSE)
    closed(acme, FEBRUARY)
    call_command("verify_statements")
    assert "2 statements" in capsys.readouterr().out


# --- In the admin ---------------------------------------------------------------------------------------------------


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


def page(tenant) -> str:
    return f"{reverse('admin:billing_vatterms_add')}?tenant={tenant.pk}"


@pytest.mark.django_db
def test_staff_agrees_by_a_form_that_the_companys_page_leads_to(sue, acme):
    assert page(acme) in sue.get(reverse("admin:tenancy_tenant_change", args=[acme.pk])).text
    month = drawn_from(sue, acme)
    sent = {"starts_on": month, "kind": "reverse", "rate": "0", "number": "de 123 456 789"}
    answer = sue.post(page(acme), sent)
    assert answer.status_code == 302
    assert NUMBER in sue.get(answer["Location"]).text
    assert sue.get(reverse("admin:billing_vatterms_changelist")).status_code == 200


def drawn_from(sue, tenant) -> str:
    """The first month that the form offers."""
    assert "starts_on" in sue.get(page(tenant)).text
    from portal.billing.staff_forms import months_around

    return months_around()[0][0]


@pytest.mark.django_db
def test_what_is_wrong_is_told_beside_its_field(sue, acme):
    answer = sue.post(page(acme), {"starts_on": drawn_from(sue, acme), "kind": "reverse", "rate": "0"})
    assert answer.status_code == 422
    with translation.override("en"):
        assert "Enter the customer&#x27;s VAT number" in answer.text
