"""Checking closed statements: what was altered or taken out since, by whatever way. Compares text, rows, numbers and trail."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.audit.models import Entry
from portal.billing.canonical import digest_of, text_of
from portal.billing.models import Statement
from portal.billing.statements import document_of
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope


@dataclass(frozen=True)
class Flaw:
    """`number` is the statement's, `tenant` the company's address, `text` the rest of a sentence about it."""

    tenant: str
    number: str
    text: str

    def __str__(self) -> str:
        return f"{self.tenant} {self.number}: {self.text}"


@dataclass
class Report:
    """Of one tenant: how many statements were checked, and the first that is wrong."""

    checked: int = 0
    flaw: Flaw | None = None


def verify(tenant: Tenant | None = None) -> Iterator[Report]:
    """One report for each tenant with statements, or of `tenant` alone; each tenant is read in a transaction of its own."""
    with staff_scope():
        chosen = Tenant.objects.filter(pk=tenant.pk) if tenant else Tenant.objects.all()
        found = list(chosen.order_by("slug").values_list("pk", "slug"))
    for pk, slug in found:
        with staff_scope():
            report = _verified(pk, slug)
        yield report


def _verified(tenant_id: int, slug: str) -> Report:
    report, previous, acts = Report(), "", _acts(tenant_id)
    for number, statement in enumerate(_statements(tenant_id), start=1):
        if statement.sequence != number:
            missing = acts.get(number, {}).get("number", f"number {number}")
            report.flaw = Flaw(slug, missing, f"is missing before {statement.number}")
            return report
        if text := _wrong(statement, previous, acts.pop(number, {})):
            report.flaw = Flaw(slug, statement.number, text)
            return report
        previous, report.checked = statement.digest, number
    for _number, told in sorted(acts.items()):
        report.flaw = Flaw(slug, told["number"], "is missing, although the audit trail says that it was closed")
        return report
    return report


def _statements(tenant_id: int) -> Iterator[Statement]:
    rows = Statement.objects.filter(tenant_id=tenant_id).order_by("sequence")
    return rows.prefetch_related("lines__corrects").iterator(chunk_size=24)


def _acts(tenant_id: int) -> dict[int, dict[str, str]]:
    """By number, what the trail says was closed."""
    entries = Entry.objects.filter(tenant_id=tenant_id, action="billing.month_closed").order_by("pk")
    told = entries.values_list("after", flat=True)
    return {int(after["number"].rpartition("-")[2]): after for after in told if after}


def _wrong(statement: Statement, previous: str, told: dict[str, str]) -> str:
    """What is the matter with one, "" where nothing is."""
    if digest_of(statement.canonical) != statement.digest:
        return "its stored text does not have the digest that it was closed with"
    if statement.previous_digest != previous:
        return "it does not follow the statement before it, which was replaced"
    if text_of(document_of(statement, list(statement.lines.all()))) != statement.canonical:
        return "its rows do not say what its stored text says"
    if told.get("digest", statement.digest) != statement.digest:
        return "the audit trail says that it was closed with another digest"
    return ""
