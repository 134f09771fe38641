"""Meters that one question reads whole, with the tenant: what moved since a month began, and how things stand now.

An app says what is read (`kept_since`), what comes of it (`kept_from`) and what a place showed in a period; a place is what
is charged for by itself, such as a connection or a destination.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Expression, F, OuterRef
from django.db.models.functions import JSONObject

from portal.billing.contracts import today
from portal.billing.lines import before
from portal.billing.meters import Blocker, MeterKind, Reading, Span
from portal.billing.peaks import Period
from portal.tenancy.models import Tenant

# A month of another zone begins up to so much earlier.
OTHER_ZONES = timedelta(days=1)


class Counted(Protocol):
    """A place that is charged for in months that it is counted in."""

    @property
    def pk(self) -> int: ...

    def counted_in(self, period: Period) -> bool: ...


Place = TypeVar("Place", bound=Counted)


@dataclass(frozen=True)
class Kept(Generic[Place]):
    """All that the meters of a tenant stand on, of what moved from `since` on."""

    since: datetime
    slug: str
    places: list[Place]


class KeptMeters(ABC, Generic[Place]):
    """A tenant's places as meters of months from that of the day `since` on. What is read stays while this is used.

    One query, or none where `told` is what `kept_since` read of these months. An app's `kept_since(since, tenant)` is an
    annotation of tenants, or of rows that name one as `tenant`: so it costs no query of its own where these are read
    anyway. `kept_from` makes a `Kept` of its value.
    """

    kept_since: Callable[[date], Expression]
    kept_from: Callable[[date, Mapping[str, Any]], Kept[Place]]

    def __init__(self, tenant_id: int, since: date, closing: bool = False, told: Any = None) -> None:
        self._tenant_id = tenant_id
        self._kept = self.kept_from(since, told) if told else None

    @abstractmethod
    def reading_of(self, place: Place, period: Period) -> Reading: ...

    @abstractmethod
    def values_of(self, place: Place, periods: Sequence[Period]) -> list[int | None]:
        """As `MeterKind.history` wants them."""

    @abstractmethod
    def blockers(self, period: Period) -> list[Blocker]: ...

    def read(self, spans: Sequence[Span]) -> list[list[Reading]]:
        self.reach(min(period.start for period, _ids in spans))
        return [
            [self.reading_of(one, period) for one in self.counted(period) if ids is None or one.pk in ids]
            for period, ids in spans
        ]

    def history(self, periods: Sequence[Period]) -> dict[int, list[int | None]]:
        """Of those that were counted in any of `periods`."""
        values = {one.pk: self.values_of(one, periods) for one in self.reach(periods[0].start).places}
        return {pk: each for pk, each in values.items() if any(value is not None for value in each)}

    def counted(self, period: Period) -> list[Place]:
        return [one for one in self.reach(period.start).places if one.counted_in(period)]

    def reach(self, start: datetime) -> Kept[Place]:
        """Have all that moved from `start` on; where there is no place, nothing did."""
        if self._kept is None or (self._kept.places and self._kept.since > start):
            rows = Tenant.objects.filter(pk=self._tenant_id)
            told = rows.values_list(self.kept_since(start.date()), flat=True).get()
            self._kept = self.kept_from(start.date(), told)
        return self._kept


def kept_kind(
    opened: type[KeptMeters[Any]],
    key: str,
    label: Any,
    *,
    names: Callable[[Sequence[int]], Mapping[int, str]],
    apply: Callable[[int, Decimal, Decimal | None], None],
    sums: bool = False,
) -> MeterKind:
    """The kind of the meters that `opened` reads, also one question at a time."""

    def read(tenant_id: int, period: Period, object_ids: Sequence[int] | None = None) -> list[Reading]:
        return opened(tenant_id, period.start.date()).read([(period, object_ids)])[0]

    def blockers(tenant_id: int, period: Period) -> list[Blocker]:
        return opened(tenant_id, period.start.date(), True).blockers(period)

    def history(tenant_id: int, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
        return opened(tenant_id, periods[0].start.date()).history(periods)

    along = opened.kept_since
    return MeterKind(
        key, label, read, blockers, apply, sums=sums, history=history, names=names, opened=opened, along=along
    )


def nothing_kept(object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
    """The `apply` of a kind that keeps nothing of the terms: whoever charges reads the contracts."""


# --- How it is read ---------------------------------------------------------------------------------------------------


def of_tenant(tenant: str) -> dict[str, OuterRef]:
    """A filter of rows, for an annotation of tenants ("") or of rows that name one as `tenant`."""
    return {"tenant": OuterRef(tenant or "pk")}


def slug_of(tenant: str) -> F:
    return F(f"{tenant}__slug" if tenant else "slug")


def rows(of: Any, **columns: Any) -> ArraySubquery:
    """The rows of a query as a list of objects, in its order."""
    return ArraySubquery(of.values(row=JSONObject(**columns)))


def first_moment(since: date) -> datetime:
    """Before the month of that day began in any zone."""
    return datetime.combine(since.replace(day=1), time(), UTC) - OTHER_ZONES


def last_month() -> date:
    """The first day of the month before the running one: first pages look no further back."""
    return before(today().replace(day=1))


def moment(text: str) -> datetime:
    """As JSON tells it."""
    return datetime.fromisoformat(text)
