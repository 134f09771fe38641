"""What was agreed with a company and what was closed, read at once: what draws a draft has no query to spare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.expressions import CombinedExpression

from portal.billing.lines import Agreed, following
from portal.billing.meters import MeterKind, Meters, meter_kinds, open_meters
from portal.billing.models import Contract, Statement, StatementLine, VatTerms
from portal.billing.vat import Vat, portals_own
from portal.partial_rows import as_json, partial_row
from portal.tenancy.models import Tenant

# Statements older than this many are left alone.
STATEMENTS_LOOKED_AT = 24
CONTRACT = ["id", "tenant_id", "meter", "object_id", "starts_on", "ends_on", "unit_price", "free_units", "zone"]
CONTRACT += ["price_change"]
STATEMENT = ["id", "tenant_id", "sequence", "month", "zone", "net", "digest"]
VAT = ["id", "tenant_id", "starts_on", "kind", "rate", "number", "ground"]
LINE = ["id", "tenant_id", "statement_id", "corrects_id", "meter", "object_id", "label", "value", "amount"]


@dataclass(frozen=True)
class Books:
    """`contracts` are all there are, those of a meter in their order; `closed` the latest STATEMENTS_LOOKED_AT statements,
    the earliest first, `lines` theirs. None of them is whole: more than their numbers say costs a query.

    Meters are opened for the months from that of the day `since` on, and those that are closed or have a contract.
    """

    tenant_id: int
    since: date
    contracts: list[Contract]
    closed: list[Statement]
    lines: list[StatementLine]
    # What was agreed, the latest first.
    vat: list[VatTerms] = field(default_factory=list)
    # Blockers will be asked for.
    closing: bool = False
    # By kind of meter what was read along, from `since` on.
    told: dict[str, Any] = field(default_factory=dict)
    _opened: dict[str, Meters] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def last(self) -> Statement | None:
        return self.closed[-1] if self.closed else None

    def contracts_in(self, first: date) -> Agreed:
        """By kind of meter and what is counted: those in force on any day of the month, the earliest first."""
        found: Agreed = {}
        for contract in held_in(self.contracts, first):
            found.setdefault(contract.meter, {}).setdefault(contract.object_id, []).append(contract)
        return found

    def vat_in(self, first: date) -> Vat:
        """Of the month that begins on `first`."""
        agreed = next((terms for terms in self.vat if terms.starts_on <= first), None)
        return Vat(agreed.kind, agreed.rate, agreed.number, agreed.ground) if agreed else portals_own()

    def meters(self, kind: MeterKind) -> Meters:
        """What they read stays with these books."""
        if kind.key not in self._opened:
            told = self.told.get(kind.key)
            since = self.since if told else min([self.since, *self._beginnings()])
            self._opened[kind.key] = open_meters(kind, self.tenant_id, since, closing=self.closing, told=told)
        return self._opened[kind.key]

    def _beginnings(self) -> Iterator[date]:
        """Before the first statement, every month since the first contract may have to be closed."""
        if self.closed:
            yield self.closed[0].month
        elif self.contracts:
            yield min(contract.starts_on for contract in self.contracts)


def books_of(tenant_id: int, since: date, *, closing: bool = False) -> Books:
    """One query, in a scope that sees the tenant."""
    along = {f"along_{at}": (kind, kind.along) for at, kind in enumerate(meter_kinds()) if kind.along}
    read: Any = Tenant.objects.values(
        contracts=ArraySubquery(_contracts().values(row=as_json(*CONTRACT))),
        closed=ArraySubquery(_closed().values(row=as_json(*STATEMENT))),
        lines=ArraySubquery(_lines().values(row=as_json(*LINE))),
        vat=ArraySubquery(_vat().values(row=as_json(*VAT))),
        **{name: annotation(since) for name, (_kind, annotation) in along.items()},
    ).get(pk=tenant_id)
    return Books(
        tenant_id,
        since,
        contracts=[partial_row(Contract, row) for row in read["contracts"]],
        closed=[partial_row(Statement, row) for row in read["closed"]],
        lines=[partial_row(StatementLine, row) for row in read["lines"]],
        vat=[partial_row(VatTerms, row) for row in read["vat"]],
        closing=closing,
        told={kind.key: read[name] for name, (kind, _annotation) in along.items()},
    )


def held_in(contracts: Sequence[Contract], first: date) -> list[Contract]:
    """Those in force on any day of the month, in their order."""
    until = following(first)
    return [each for each in contracts if each.starts_on < until and (each.ends_on is None or each.ends_on > first)]


def _contracts() -> QuerySet[Contract]:
    return Contract.objects.filter(tenant=OuterRef("pk")).order_by("starts_on", "pk")


def _closed() -> QuerySet[Statement]:
    return Statement.objects.filter(tenant=OuterRef("pk"), sequence__gt=_left_alone()).order_by("sequence")


def _lines() -> QuerySet[StatementLine]:
    rows = StatementLine.objects.filter(tenant=OuterRef("pk"), statement__sequence__gt=_left_alone())
    return rows.order_by("statement__sequence", "position")


def _vat() -> QuerySet[VatTerms]:
    return VatTerms.objects.filter(tenant=OuterRef("pk")).order_by("-starts_on")


def _left_alone() -> CombinedExpression:
    """The number up to which statements are; numbers have no gaps."""
    latest = Statement.objects.filter(tenant=OuterRef(OuterRef("pk"))).order_by("-sequence")
    return Subquery(latest.values("sequence")[:1]) - STATEMENTS_LOOKED_AT
