"""What is charged for by its peak or by its sum: each app says what its meters showed in a period.

A meter is one thing of one tenant that is counted, such as a product of a connection: (`MeterKind.key`, id of its row).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from django.db.models import Expression

from portal.billing.invoices.evidence import Invoicing
from portal.billing.peaks import Period


@dataclass(frozen=True)
class Level:
    """From `at` on. `in_use` is None where it was not kept."""

    at: datetime
    total: int
    in_use: int | None = None


@dataclass(frozen=True)
class Unsettled:
    """What may still move the level by `quantity`: it is on its way, or its outcome is not known.

    `condition` is a state of `portal.ui.statuses`; `url_name` with the slug and `object_id` is its page ("" for none).
    """

    text: str
    quantity: int
    since: datetime
    condition: str
    url_name: str = ""
    object_id: int = 0


@dataclass(frozen=True)
class Reading:
    """What one meter showed in a period.

    `value` is what is charged for: the peak, or the sum. `at_most` is what it comes to if everything unknown turns out to have
    been done; `unsettled` explains it. Of a peak: `reached_at` is when it was first reached (None: the period opened with it),
    by the vendor's clock or ours, `moments` each time it was; `order` and `person` set it ("" where nobody is known); `lasted`
    is how long it was held in all, `days` the calendar days it was held on; `highest_use` is the most that was in use (None:
    not kept all the time). `read_at` is when the vendor was last asked (None: never, or not said).
    """

    object_id: int
    label: str
    value: int
    at_most: int
    opening: int = 0
    closing: int = 0
    reached_at: datetime | None = None
    by_vendors_clock: bool = False
    order: str = ""
    person: str = ""
    lasted: timedelta = timedelta()
    days: int = 0
    highest_use: int | None = None
    levels: Sequence[Level] = ()
    unsettled: Sequence[Unsettled] = ()
    read_at: datetime | None = None
    moments: Sequence[datetime] = ()


@dataclass(frozen=True)
class Blocker:
    """Why a period cannot be closed yet: a sentence for people, and where it is put right."""

    text: Any
    url: str = ""


# A period, and which meters are read in it (None: all of them).
Span = tuple[Period, Sequence[int] | None]


class Meters(Protocol):
    """The meters of one kind that one company has, while one question is answered: what its parts share is read once."""

    def read(self, spans: Sequence[Span]) -> list[list[Reading]]:
        """What they showed, for each of `spans` in its place."""

    def history(self, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
        """As `MeterKind.history`; asked for only where the kind has one."""

    def blockers(self, period: Period) -> list[Blocker]: ...


@dataclass(frozen=True)
class MeterKind:
    """`read(tenant_id, period, object_ids)` reads the meters of one tenant (all of them where `object_ids` is None).

    `blockers(tenant_id, period)` says what stands in the way of closing. `apply(object_id, unit_price, limit_eur)` is told the
    terms that are in force now, in EUR, whenever they change. All of them run in a scope that sees the tenant.
    `history(tenant_id, periods)` gives by meter its value in each of `periods`, which are in order and over (None: it was not
    counted yet), by few queries whatever their number. `names(object_ids)` are what people call the meters, of any tenant.
    `opened(tenant_id, since, closing)` answers all of these together, of months from that of the day `since` on, by fewer
    queries; `closing` says that blockers will be asked for. Without it each is answered by itself.
    `along(since)` is an annotation of tenants that the books read with their own query; `opened` gets its value as a fourth
    argument, and needs no query then.
    `invoicing` is how a vendor's invoice is held against them; without it none is.
    """

    key: str
    label: Any
    read: Callable[[int, Period, Sequence[int] | None], list[Reading]]
    blockers: Callable[[int, Period], list[Blocker]]
    apply: Callable[[int, Decimal, Decimal | None], None]
    url_name: str = ""
    sums: bool = field(default=False)
    history: Callable[[int, Sequence[Period]], Mapping[int, Sequence[int | None]]] | None = None
    names: Callable[[Sequence[int]], Mapping[int, str]] | None = None
    opened: Callable[..., Meters] | None = None
    along: Callable[[date], Expression] | None = None
    invoicing: Invoicing | None = None


@dataclass(frozen=True)
class OneByOne:
    """Meters of a kind that answers each question by itself."""

    kind: MeterKind
    tenant_id: int

    def read(self, spans: Sequence[Span]) -> list[list[Reading]]:
        return [self.kind.read(self.tenant_id, period, object_ids) for period, object_ids in spans]

    def history(self, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
        return self.kind.history(self.tenant_id, periods) if self.kind.history else {}

    def blockers(self, period: Period) -> list[Blocker]:
        return self.kind.blockers(self.tenant_id, period)


def open_meters(kind: MeterKind, tenant_id: int, since: date, *, closing: bool = False, told: Any = None) -> Meters:
    """See `MeterKind.opened`; `told` is what was read with its `along`, from `since` on."""
    if kind.opened is None:
        return OneByOne(kind, tenant_id)
    return kind.opened(tenant_id, since, closing, told) if told else kind.opened(tenant_id, since, closing)


_kinds: dict[str, MeterKind] = {}


def register(kind: MeterKind) -> None:
    """Add an app's meters; `key` again replaces them."""
    _kinds[kind.key] = kind


def meter_kinds() -> list[MeterKind]:
    return [kind for _key, kind in sorted(_kinds.items())]


def meter_kind(key: str) -> MeterKind:
    """Raises KeyError for a kind that no app has registered."""
    return _kinds[key]


def names_of(wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """What people call these meters (key, id), by one query a kind; what nobody can name any more by key and id."""
    asked: dict[str, list[int]] = {}
    for key, object_id in wanted:
        asked.setdefault(key, []).append(object_id)
    named = {(key, object_id): f"{key} {object_id}" for key, object_ids in asked.items() for object_id in object_ids}
    for key, object_ids in asked.items():
        kind = _kinds.get(key)
        if kind and kind.names:
            named |= {(key, object_id): name for object_id, name in kind.names(object_ids).items()}
    return named
