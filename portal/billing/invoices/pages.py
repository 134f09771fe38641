"""What the admin pages of vendors' invoices show, read by few queries however many lines there are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.billing.invoices.models import DisputeFile, VendorInvoice, VendorInvoiceLine
from portal.billing.invoices.wording import sentences
from portal.ui.formats import NOTHING
from portal.vendors.registry import vendors

LINES_A_PAGE = 100
State, Outcome = VendorInvoiceLine.State, VendorInvoiceLine.Outcome
PROGRESS = {
    "open": gettext_lazy("Open"),
    "disputed": gettext_lazy("Disputed"),
    "done": gettext_lazy("Done"),
    "withdrawn": gettext_lazy("Withdrawn"),
}
TONES = {State.OPEN: "warning", State.MATCHED: "success", State.DISPUTED: "danger", State.SETTLED: "neutral"}


def vendor_name(key: str) -> str:
    return next((str(vendor.label) for vendor in vendors() if vendor.key == key), key)


def signed(value: int | Decimal | None) -> str:
    """With its sign; a dash for None."""
    if value is None:
        return NOTHING
    return f"{'+' if value > 0 else ''}{number_format(value, use_l10n=True)}"


# --- How far an invoice is --------------------------------------------------------------------------------------------


def in_progress(invoices: QuerySet[VendorInvoice], progress: str) -> QuerySet[VendorInvoice]:
    """Those whose `progress_of` is this; all of them for anything else."""
    if progress == "withdrawn":
        return invoices.exclude(withdrawn_at=None)
    if progress not in PROGRESS:
        return invoices
    standing = invoices.filter(withdrawn_at=None)
    is_open, is_disputed = _with_lines(State.OPEN), _with_lines(State.DISPUTED)
    if progress == "open":
        return standing.filter(is_open)
    return standing.filter(~is_open, is_disputed if progress == "disputed" else ~is_disputed)


def _with_lines(state: str) -> Exists:
    return Exists(VendorInvoiceLine.objects.filter(invoice=OuterRef("pk"), state=state))


def tally(invoices: Iterable[Any]) -> None:
    """Give each its `tallied`: how many lines are in which state. One query for all of them."""
    rows = VendorInvoiceLine.objects.filter(invoice__in=[invoice.pk for invoice in invoices]).order_by()
    found: dict[int, dict[str, int]] = {}
    for pk, state, number in rows.values_list("invoice", "state").annotate(n=Count("pk")):
        found.setdefault(pk, {})[state] = number
    for invoice in invoices:
        invoice.tallied = found.get(invoice.pk, {})


def progress_of(invoice: Any) -> str:
    """A key of PROGRESS, of one that was tallied."""
    if invoice.withdrawn:
        return "withdrawn"
    return next((state.value for state in (State.OPEN, State.DISPUTED) if invoice.tallied.get(state)), "done")


# --- One invoice ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """Lines of an invoice that are alike: how many, and of those whose cost price is known, what is charged and proven."""

    state: str
    outcome: str
    lines: int
    charged: Decimal
    expected: Decimal
    known: int


def invoice_page(invoice: Any, request: HttpRequest) -> dict[str, Any]:
    """Its lines, those that differ first. Two queries."""
    tallies = _tallies(invoice)
    invoice.tallied = Counter[str]()
    for each in tallies:
        invoice.tallied[each.state] += each.lines
    page = _page(invoice, sum(each.lines for each in tallies), request.GET.get("page"))
    told = {"number": invoice.number, "vendor": vendor_name(invoice.vendor), "month": _month_name(invoice)}
    return {
        "title": _("Invoice %(number)s, %(vendor)s, %(month)s") % told,
        "invoice": invoice,
        "vendor": told["vendor"],
        "page": page,
        "pages": page.paginator.get_elided_page_range(page.number),
        "lines": [_shown(line) for line in page.object_list],
        "outcomes": _outcomes(tallies),
        "totals": _totals(tallies),
        "progress": PROGRESS[progress_of(invoice)],
        "may_decide": _may_decide(request) and not invoice.withdrawn,
    }


def _tallies(invoice: VendorInvoice) -> list[Tally]:
    known, none = Q(expected__isnull=False), Value(Decimal(0))
    rows = invoice.lines.order_by().values_list("state", "outcome")
    return [
        Tally(*row)
        for row in rows.annotate(
            lines=Count("pk"),
            charged=Coalesce(Sum("amount", filter=known), none),
            owed=Coalesce(Sum("expected"), none),
            known=Count("expected"),
        )
    ]


def _page(invoice: VendorInvoice, count: int, asked: str | None) -> Page[VendorInvoiceLine]:
    last = Case(When(outcome=Outcome.MATCHES, then=Value(1)), default=Value(0))
    lines = invoice.lines.select_related("company").defer("written", "explanations")
    paginator = Paginator(lines.order_by(last, "position"), LINES_A_PAGE)
    paginator.count = count
    return paginator.get_page(asked)


def _month_name(invoice: VendorInvoice) -> str:
    return date_format(invoice.month, "YEAR_MONTH_FORMAT")


def _may_decide(request: Any) -> bool:
    return request.user.has_perm("billing.change_vendorinvoice")


def _outcomes(tallies: Iterable[Tally]) -> list[tuple[str, str, int]]:
    """(key, name, number of lines) of what was found, in the order of the names' list."""
    counted = Counter[str]()
    for each in tallies:
        counted[each.outcome] += each.lines
    return [(key, str(label), counted[key]) for key, label in Outcome.choices if counted[key]]


def _totals(tallies: Sequence[Tally]) -> dict[str, Any]:
    """Of the lines whose cost price is known; nothing where there are none."""
    if not any(each.known for each in tallies):
        return {}
    charged, proven = sum(each.charged for each in tallies), sum(each.expected for each in tallies)
    return {"charged": charged, "proven": proven, "difference": signed(Decimal(charged - proven))}


def _shown(line: VendorInvoiceLine) -> dict[str, Any]:
    return {
        "line": line,
        "tone": TONES[State(line.state)],
        "count_difference": signed(line.count_difference),
        "amount_difference": signed(line.amount_difference),
    }


# --- One line ---------------------------------------------------------------------------------------------------------


def line_page(line: VendorInvoiceLine, request: HttpRequest) -> dict[str, Any]:
    files = DisputeFile.objects.filter(line=line).select_related("made_by").defer("text", "ledger")
    may_decide = _may_decide(request) and not line.invoice.withdrawn
    return {
        "title": _("%(product)s on invoice %(number)s") % {
            "product": line.label or line.product,
            "number": line.invoice.number,
        },
        "vendor": vendor_name(line.invoice.vendor),
        "month": _month_name(line.invoice),
        "found": sentences(line.explanations),
        "files": list(files.order_by("-pk")),
        "may_dispute": may_decide and line.disputable,
        "may_settle": may_decide and line.decidable,
        **_shown(line),
    }  # fmt: skip
