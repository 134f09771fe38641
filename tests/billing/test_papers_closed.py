"""A month that was really closed, in each of its forms, and then corrected."""

import json
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from portal.billing.canonical import digest_of
from portal.billing.closing import close
from portal.billing.models import Statement
from portal.billing.papers.files import file_of
from portal.billing.statements import document_of
from portal.tenancy.scope import tenant_scope
from tests.billing.samples_months import FEBRUARY, JANUARY, agreed, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(cast, seats):
    """Acme's January, ten seats by an order, and its February, which corrects it by two more."""
    agreed(cast)
    seats.change(cast.acme, 10, at(1, 10), order="K-1")
    with tenant_scope(cast.acme.pk):
        close(cast.acme, JANUARY, acting_user=None)
        seats.change(cast.acme, 2, at(1, 20), order="K-2")
        close(cast.acme, FEBRUARY, acting_user=None)
        return list(Statement.objects.order_by("sequence"))


@pytest.fixture
def forms_of(cast):
    def forms(statement, suffix):
        with tenant_scope(cast.acme.pk):
            return file_of(document_of(statement), suffix, "en")

    return forms


def test_the_paper_says_what_was_stored(closed, forms_of):
    january, february = closed
    said = " ".join(page.extract_text() for page in PdfReader(BytesIO(forms_of(february, "pdf"))).pages).replace(
        "\xa0", " "
    )
    for part in [february.number, february.tenant_name, february.digest, january.digest, f"€ {february.gross}"]:
        assert part in said
    assert f"Corrects statement {january.number}" in said


def test_the_workbook_adds_up_to_what_was_stored(closed, forms_of):
    _january, february = closed
    names, *rows = load_workbook(BytesIO(forms_of(february, "xlsx")))["Lines"].iter_rows(values_only=True)
    lines = [dict(zip(names, row, strict=True)) for row in rows]
    assert sum(line["Amount"] for line in lines) == pytest.approx(float(february.net))
    assert [line["Counted before"] for line in lines] == [None, 10]


def test_the_json_is_what_the_stored_digest_was_made_from(closed, forms_of):
    for statement in closed:
        found = json.loads(forms_of(statement, "json"))
        assert (found.pop("digest"), found.pop("draft")) == (statement.digest, False)
        text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert (text, digest_of(text)) == (statement.canonical, statement.digest)


def test_a_form_is_the_same_whenever_it_is_made(closed, forms_of):
    for suffix in ("pdf", "xlsx", "csv", "json"):
        assert forms_of(closed[0], suffix) == forms_of(closed[0], suffix)
