"""Users of live calls as meters of the statement: each telephone system is charged by the peak of its users in a month."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.translation import gettext_lazy

from portal.billing import meters
from portal.billing.kept import (
    Kept,
    KeptMeters,
    first_moment,
    kept_kind,
    moment,
    nothing_kept,
    of_tenant,
    rows,
    slug_of,
)
from portal.billing.ledgers import (
    LedgerPlace,
    ledger_peaks,
    ledger_reading,
    ledger_rows,
    place_values,
    shown_in,
    stale_blockers,
)
from portal.billing.meters import Blocker, Reading
from portal.billing.peaks import Change, Period
from portal.vendors.models import Connection
from realtime.models import UserLevel

KEY = "realtime.users"


# A telephone system. Who made or removed a user at the vendor is told to nobody.
Place = LedgerPlace[None]


def kept_since(since: date, tenant: str = "") -> JSONObject:
    """See `KeptMeters`."""
    mine = of_tenant(tenant)
    changes = UserLevel.objects.filter(**mine, recorded_at__gte=first_moment(since))
    return JSONObject(
        slug=slug_of(tenant),
        places=ledger_rows(
            Connection.objects.filter(**mine), UserLevel.objects.all(), key=KEY, read_at="realtime_account__read_at"
        ),
        changes=rows(
            changes.order_by("recorded_at", "connection_id", "sequence"),
            place="connection_id",
            at="recorded_at",
            quantity="quantity",
        ),
    )


def kept_from(since: date, told: Mapping[str, Any]) -> Kept[Place]:
    """Of what `kept_since` read."""
    places = {row["pk"]: Place(**place_values(row)) for row in told["places"]}
    for row in told["changes"]:
        places[row["place"]].changes.append(Change(moment(row["at"]), row["quantity"]))
    return Kept(first_moment(since), told["slug"], list(places.values()))


class UserMeters(KeptMeters[Place]):
    kept_since = staticmethod(kept_since)
    kept_from = staticmethod(kept_from)

    def reading_of(self, place: Place, period: Period) -> Reading:
        return ledger_reading(place, period, shown_in(place, period), _name(place))

    def values_of(self, place: Place, periods: Sequence[Period]) -> list[int | None]:
        return ledger_peaks(place, periods)

    def blockers(self, period: Period) -> list[Blocker]:
        """What was not read since the period's end."""
        address = reverse("realtime:directory", args=[self.reach(period.start).slug])
        return stale_blockers(self.counted(period), period, address)


def names(object_ids: Sequence[int]) -> dict[int, str]:
    return {one.pk: _name(one) for one in Connection.objects.filter(pk__in=object_ids).only("name", "tenant")}


def _name(connection: Connection | Place) -> str:
    """Of a line in statements, which are the same in every language."""
    return f"{connection.name}: users"


KIND = kept_kind(UserMeters, KEY, gettext_lazy("Users of live calls"), names=names, apply=nothing_kept)


def register() -> None:
    meters.register(KIND)
