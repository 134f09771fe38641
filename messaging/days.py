"""What was sent on each day of a month over each connection, and what became of it: by the ledger and by batches."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection as database

from messaging.models import Batch
from portal.billing.months import month as month_of_year
from portal.tenancy.models import Tenant
from portal.vendors.models import Connection


@dataclass(frozen=True)
class Day:
    """`day` is one of the tenant's zone. `messages` and `parts` are what the vendor took; `eur` None: a price is not agreed.

    `delivered`, `failed` and `open` (no end told yet) are of the batches that first left on it, `unknown` of those of which
    nobody knows whether they did.
    """

    day: date
    connection: str
    messages: int = 0
    parts: int = 0
    eur: Decimal | None = Decimal(0)
    delivered: int = 0
    failed: int = 0
    open: int = 0
    unknown: int = 0

    @property
    def delivered_percent(self) -> float | None:
        """Of what the vendor took."""
        return round(100 * self.delivered / self.messages, 1) if self.messages else None


def days_of(tenant: Tenant, first: date) -> list[Day]:
    """Of the month that begins on `first`, the latest day first; in the tenant's scope. Three queries at any size."""
    month = month_of_year(first.year, first.month, tenant.zone)
    values = {"tenant": tenant.pk, "zone": tenant.time_zone, "start": month.start, "end": month.end}
    names = dict(Connection.objects.filter(tenant=tenant).values_list("pk", "name"))
    found = {
        (day, pk): Day(day, names[pk], messages, parts, None if unpriced else eur, delivered, failed, on_its_way)
        for day, pk, messages, parts, eur, unpriced, delivered, failed, on_its_way in _asked(_SENT, values)
    }
    for day, pk, unknown in _asked(_UNKNOWN, values | {"state": Batch.State.UNKNOWN.value}):
        found[day, pk] = replace(found.get((day, pk)) or Day(day, names[pk]), unknown=unknown)
    return [found[key] for key in sorted(found, key=lambda key: (-key[0].toordinal(), names[key[1]], key[1]))]


def total_of(days: Iterable[Day]) -> Day:
    """All together, under the day of the last one; nothing in `connection`."""
    days = list(days)
    known = [each.eur for each in days if each.eur is not None]
    sums = {name: sum(getattr(each, name) for each in days) for name in _SUMMED}
    eur = sum(known, Decimal(0)) if len(known) == len(days) else None
    return Day(days[0].day if days else date.min, "", eur=eur, **sums)


def _asked(sql: str, values: dict[str, Any]) -> list[Any]:
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


_SUMMED = ("messages", "parts", "delivered", "failed", "open", "unknown")
# A batch that was sent again was sent on two days; what became of its messages is told of the first.
_SENT = """
with sent as materialized (
  select p.batch_id, d.connection_id, (p.sent_at at time zone %(zone)s)::date as day,
         p.messages, p.parts, p.parts * d.unit_price as eur
  from messaging_destination d join messaging_partssent p on p.destination_id = d.id
  where d.tenant_id = %(tenant)s and p.sent_at >= %(start)s and p.sent_at < %(end)s
), ends as (
  select day, connection_id, sum(b.delivered) as delivered, sum(b.failed + b.rejected + b.expired) as failed,
         sum(b.handed_over + b.accepted) as open
  from (select batch_id, connection_id, min(day) as day from sent group by batch_id, connection_id) first
  join messaging_batch b on b.id = first.batch_id
  group by day, connection_id
)
select day, connection_id, sum(messages)::bigint, sum(parts)::bigint, sum(eur), bool_or(eur is null),
       coalesce(max(ends.delivered), 0)::bigint, coalesce(max(ends.failed), 0)::bigint, coalesce(max(ends.open), 0)::bigint
from sent left join ends using (day, connection_id)
group by day, connection_id"""
_UNKNOWN = """
select (last.started_at at time zone %(zone)s)::date as day, last.connection_id, sum(b.unknown)::bigint
from messaging_batch b cross join lateral (
  select s.started_at, s.connection_id from messaging_sending s where s.batch_id = b.id order by s.number desc limit 1
) last
where b.tenant_id = %(tenant)s and b.state = %(state)s and b.state in ('asked', 'unknown')
  and last.started_at >= %(start)s and last.started_at < %(end)s
group by day, last.connection_id"""
