"""Closed statements handed to staff as files: one in a form of its own, or any number as one ZIP."""

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import get_language

from portal.audit.trail import record, record_many
from portal.billing.document import Document
from portal.billing.models import Statement
from portal.billing.papers.bundle import bundle
from portal.billing.papers.files import CONTENT_TYPES, file_of, filename
from portal.billing.statements import document_of
from portal.tenancy.models import User
from portal.tenancy.scope import staff_scope

FORMS = ["pdf", "xlsx", "csv", "json"]
DOWNLOADED = "billing.statement_downloaded"


def one(statement: Statement, suffix: str, *, acting_user: User) -> HttpResponse:
    """`suffix` is one of FORMS. On record in the company's trail."""
    document = document_of(statement)
    record(DOWNLOADED, statement, after={"number": statement.number, "form": suffix}, acting_user=acting_user)
    headers = {"Content-Disposition": f'attachment; filename="{filename(document, suffix)}"'}
    content = file_of(document, suffix, get_language() or "en")
    return HttpResponse(content, content_type=CONTENT_TYPES[suffix], headers=headers)


def many(statements: QuerySet[Statement], *, acting_user: User) -> StreamingHttpResponse:
    """As one ZIP, made while it is sent. On record for each of them."""
    chosen = list(statements.order_by("month", "tenant__name", "pk").defer("canonical").select_related("tenant"))
    told = [(statement, {"number": statement.number, "form": "zip"}) for statement in chosen]
    record_many(DOWNLOADED, told, acting_user=acting_user)
    headers = {"Content-Disposition": 'attachment; filename="statements.zip"'}
    pieces = bundle(_documents([statement.pk for statement in chosen]), get_language() or "en")
    return StreamingHttpResponse(pieces, content_type=CONTENT_TYPES["zip"], headers=headers)


def _documents(pks: Sequence[int]) -> Iterator[Document]:
    """A transaction for each: while the answer is sent that of the page has ended."""
    for pk in pks:
        with staff_scope():
            document = document_of(Statement.objects.defer("canonical").get(pk=pk))
        yield document
