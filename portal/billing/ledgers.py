"""Ledgers of levels as meters: each connection is charged by the peak of what it had in a month.

An entry (`connection`, `sequence`, `recorded_at`, `quantity`, `level`) says what moved the level, and what it came to.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.billing.kept import moment, rows
from portal.billing.meters import Blocker, Level, Reading
from portal.billing.peaks import Change, Peak, Period, Step, held, peak_of, peaks, steps
from portal.billing.terms import Terms, agreed_around, first_day_of, terms_from
from portal.sentences import Sentence
from portal.ui.charges import Charge

Cause = TypeVar("Cause")


@dataclass(frozen=True)
class LedgerPlace(Generic[Cause]):
    """A connection whose ledger has begun, with its latest level and what moved it since `Kept.since`.

    `terms` are what is agreed around now, `read_at` is when the vendor was last asked.
    """

    pk: int
    name: str
    read_at: datetime | None
    began_at: datetime
    level: int
    terms: Terms
    changes: list[Change[Cause]] = field(default_factory=list)

    def counted_in(self, period: Period) -> bool:
        return self.began_at < period.end

    def moved(self, period: Period) -> tuple[int, list[Change[Cause]]]:
        """The level that the period opened with, by the present one, and what moved it since."""
        since = [change for change in self.changes if change.at >= period.start]
        return self.level - sum(change.quantity for change in since), since


@dataclass(frozen=True)
class Shown(Generic[Cause]):
    """A period's `peak` over the `known` ones of its `levels`."""

    levels: list[Step[Cause]]
    known: list[Step[Cause]]
    peak: Peak[Cause]

    @property
    def value(self) -> int:
        return _at_least_none(self.peak.value)

    @property
    def at_most(self) -> int:
        """What the peak may still turn out to be."""
        return self.value

    @property
    def reached_at(self) -> datetime | None:
        """None where the period opened with it."""
        return None if self.peak.carried else self.peak.at


def shown_in(place: LedgerPlace[Cause], period: Period) -> Shown[Cause]:
    opening, changes = place.moved(period)
    levels = steps(changes, period, opening=opening)
    # What was before the ledger began is not known.
    known = levels[1:] if place.began_at >= period.start else levels
    return Shown(levels, known, peak_of(known))


def ledger_reading(place: LedgerPlace[Cause], period: Period, shown: Shown[Cause], label: str) -> Reading:
    """`label` is of a line in statements."""
    until = max(period.start, min(timezone.now(), period.end))
    longest = held(shown.known, until, period.zone)
    return Reading(
        object_id=place.pk,
        label=label,
        value=shown.value,
        at_most=shown.at_most,
        opening=_at_least_none(shown.levels[0].level),
        closing=_at_least_none(shown.levels[-1].level),
        reached_at=shown.reached_at,
        lasted=longest.lasted,
        days=longest.days,
        levels=[Level(step.at, _at_least_none(step.level)) for step in shown.known],
        read_at=place.read_at,
        moments=longest.moments,
    )


def ledger_peaks(place: LedgerPlace[Cause], periods: Sequence[Period]) -> list[int | None]:
    """Of each of `periods`, which are in order (None: the ledger had not begun)."""
    opening, changes = place.moved(periods[0])
    found = peaks(changes, periods, opening=opening)
    return [
        _at_least_none(one.value) if place.counted_in(period) else None
        for one, period in zip(found, periods, strict=True)
    ]


def _at_least_none(level: int) -> int:
    """Clocks that disagree can bring it below nothing for a moment; there is no such number."""
    return max(0, level)


def stale_blockers(places: Sequence[LedgerPlace[Any]], period: Period, address: str) -> list[Blocker]:
    """Of places that were not read since the period's end; `address` is where they are."""
    text = gettext_noop("%(connection)s has not been read since the month ended.")
    return [
        Blocker(Sentence(text, {"connection": place.name}), f"{address}?connection={place.pk}")
        for place in places
        if place.read_at is None or place.read_at < period.end
    ]


# --- What it costs so far ---------------------------------------------------------------------------------------------


def ledger_charges(
    places: Iterable[LedgerPlace[Any]], shown_in: Callable[[Any, Period], Shown[Any]], url_of: Callable[[int], str]
) -> Iterator[Charge]:
    """Of those that have, or had, anything in the running month, by the calendar and the terms of their contracts."""
    for place in places:
        charge = _charge(place, shown_in, url_of(place.pk))
        if charge.peak_at_most or charge.last_cost:
            yield charge


def _charge(place: LedgerPlace[Any], shown_in: Callable[[Any, Period], Shown[Any]], url: str) -> Charge:
    running = place.terms.month(timezone.now())
    last = place.terms.month(running.start - timedelta(days=1))
    found, before = shown_in(place, running), shown_in(place, last) if place.counted_in(last) else None
    return Charge(
        label=place.name,
        url=url,
        peak=found.value,
        peak_at=found.reached_at,
        peak_at_most=found.at_most,
        cost=_cost(place, running, found, found.value),
        cost_at_most=_cost(place, running, found, found.at_most),
        last_cost=_cost(place, last, before, before.value) if before else None,
        zone=place.terms.zone(first_day_of(running)).key,
    )


def _cost(place: LedgerPlace[Any], period: Period, found: Shown[Any], level: int) -> Decimal | None:
    """None where no price was agreed. One above the proven peak would be reached now."""
    first = first_day_of(period)
    if not place.terms.agreed(first):
        return None
    moment = timezone.now() if level > found.value else found.reached_at
    return place.terms.cost(level, first, moment.astimezone(period.zone).date() if moment else None)


# --- How it is read ---------------------------------------------------------------------------------------------------


def ledger_rows(
    connections: QuerySet[Any], entries: QuerySet[Any], *, key: str, read_at: str, **columns: Any
) -> ArraySubquery:
    """Those of `connections` with `entries`, by name; `place_values` reads a row. `key` is the meter's."""
    own = entries.filter(connection=OuterRef("pk"))
    begun = connections.annotate(
        began_at=Subquery(own.order_by("sequence").values("recorded_at")[:1]),
        level=Subquery(own.order_by("-sequence").values("level")[:1]),
    )
    return rows(
        begun.filter(began_at__isnull=False).order_by("name", "pk"),
        pk="pk",
        name="name",
        read_at=read_at,
        began_at="began_at",
        level="level",
        terms=agreed_around(key),
        **columns,
    )


def place_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `LedgerPlace` but its changes."""
    return {
        "pk": row["pk"],
        "name": row["name"],
        "read_at": moment(row["read_at"]) if row["read_at"] else None,
        "began_at": moment(row["began_at"]),
        "level": row["level"],
        "terms": terms_from(row["terms"]),
    }
