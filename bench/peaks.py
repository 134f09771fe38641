"""What a month's peak of all tenants costs over a long history, and what keeping it costs whoever writes the ledger.

1,000 tenants with one product each and 10,000,000 changes over two years, few large ones and many small; one in fifty was told
late. Three lines must hold:

- one month of all tenants is read in at most 50 ms;
- that is at least 100 times faster than one plain window query over the history, which must say the same;
- an insert into the ledger, with what follows it, takes at most 2.2 times as long as one into the same table without it, by
  single rows in order: one in a transaction, as the portal writes them, and 50 in one.

    python -m bench.peaks [--tenants 1000] [--changes 10000000] [--inserts 2000] [--rounds 7]
"""

import argparse
import heapq
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg

from bench import companies
from bench.stack import Stack, running_stack

MOST_SECONDS, LEAST_TIMES, MOST_COST = 0.050, 100, 2.2
LATE, LATE_INSERTS = 0.02, 300
NOW = datetime.now(UTC)
YEARS = timedelta(days=730)
TABLE = "provisioning_inventorychange"
AT = "coalesce(vendor_at, recorded_at)"
# The month in which the current one began is not over; the one before is.
LAST_MONTH = (NOW.replace(day=1) - timedelta(days=1)).date().replace(day=1)

WINDOW = f"""
with levels as (
  select product_id, quantity, {AT} as at, sum(quantity) over (partition by product_id order by {AT}, sequence) as level
  from {TABLE} where {AT} < provisioning_month_start((%(month)s::date + interval '1 month')::date)
)
select product_id, opening, closing, greatest(opening, highest) from (
  select product_id, sum(quantity) filter (where at < starts) as opening, sum(quantity) as closing,
         max(level) filter (where at >= starts) as highest
  from levels, provisioning_month_start(%(month)s::date) starts group by product_id
) month order by product_id"""

INSERT = f"""
insert into {TABLE} (tenant_id, product_id, sequence, quantity, level, cause, order_id, vendor_at, recorded_at)
values (%s, %s, %s, %s, %s, 'order', null, %s, %s) returning id"""


def main() -> int:
    arguments = _arguments()
    with running_stack() as stack:
        database = _loaded(stack, arguments)
        kept = [_reading(database, arguments.rounds), _writing(stack, database, arguments)]
        return 0 if all(kept) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--changes", type=int, default=10_000_000)
    parser.add_argument("--inserts", type=int, default=2_000, help="in each round of writing")
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


# --- The history --------------------------------------------------------------------------------------------------


def _loaded(stack: Stack, arguments: argparse.Namespace) -> psycopg.Connection:
    """The superuser's connection, which neither wall nor triggers bind."""
    from portal.local.embedded import DATABASE, Postgres

    database = Postgres(stack.place).connect(DATABASE)
    for setting in ("max_wal_size = '16GB'", "autovacuum = off"):
        database.execute(f"alter system set {setting}".encode())
    database.execute("select pg_reload_conf()")
    for setting in ("session_replication_role = replica", "synchronous_commit = off", "maintenance_work_mem = '512MB'"):
        database.execute(f"set {setting}".encode())
    started = time.monotonic()
    _load(database, _products(arguments.tenants), companies.skewed(arguments.changes, arguments.tenants))
    _say(f"{arguments.changes:,} changes of {arguments.tenants:,} tenants loaded", started)
    started = time.monotonic()
    database.execute("select provisioning_rollup_rebuild(id) from provisioning_product")
    months = database.execute("select count(*) from provisioning_monthpeak").fetchall()[0][0]
    _say(f"{months:,} months made from the ledger", started)
    database.execute("vacuum analyze")
    database.execute("checkpoint")
    return database


def _products(count: int) -> list[Any]:
    """One of each tenant."""
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope
    from portal.vendors.models import Connection
    from provisioning.models import Product

    with staff_scope():
        tenants = Tenant.objects.bulk_create(Tenant(name=f"Company {n}", slug=f"company-{n}") for n in range(count))
        connections = Connection.objects.bulk_create(
            Connection(tenant=one, vendor="kandy", name="Video", base_url="https://kandy.example") for one in tenants
        )
        return Product.objects.bulk_create(
            Product(tenant_id=one.tenant_id, connection=one, name="Video") for one in connections
        )


def _load(database: psycopg.Connection, products: list[Any], sizes: list[int]) -> None:
    """In the order in which the changes were told, as a portal would have written them over the years.

    Indexes that no constraint needs are made afterwards, which is quicker.
    """
    indexes = database.execute(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index"
        f" where indrelid = '{TABLE}'::regclass and indexrelid not in (select conindid from pg_constraint)".encode()
    ).fetchall()
    for name, _ in indexes:
        database.execute(f"drop index {name}".encode())
    columns = "tenant_id, product_id, sequence, quantity, level, cause, vendor_at, recorded_at"
    ledgers = (_changes(product, size) for product, size in zip(products, sizes, strict=True))
    rows = (line for _told, line in heapq.merge(*ledgers))
    with database.cursor() as cursor, cursor.copy(f"copy {TABLE} ({columns}) from stdin".encode()) as copy:
        while chunk := "".join(islice(rows, 5_000)):
            copy.write(chunk)
    for _, definition in indexes:
        database.execute(definition.encode())


def _changes(product: Any, size: int) -> Iterator[tuple[datetime, str]]:
    """When each was told, and its line of COPY: a level that wanders, one change in fifty told up to two weeks late."""
    dice, level, step = random.Random(product.pk), 500, YEARS / size
    for number in range(1, size + 1):
        moved = dice.choice((1, 2, 5, 10, -1, -2, -5, -10)) if number > 1 else level
        moved = abs(moved) if level < 20 else moved
        level = level + moved if number > 1 else level
        told = NOW - YEARS + (number - dice.random()) * step
        at = told - timedelta(seconds=dice.random() * 1_209_600) if dice.random() < LATE and number > 1 else told
        cause = "order" if number > 1 else "opening"
        line = f"{product.tenant_id}\t{product.pk}\t{number}\t{moved}\t{level}\t{cause}\t{at}\t{told}\n"
        yield told, line


# --- Reading ------------------------------------------------------------------------------------------------------


def _reading(database: psycopg.Connection, rounds: int) -> bool:
    """A month that is over, of all tenants, by the rows that are kept and by the history."""
    from portal.tenancy.scope import staff_scope
    from provisioning.rollup import LATEST

    asked = {"month": LAST_MONTH, "products": None}
    with staff_scope():
        _timed_query(LATEST, asked)
        found = [_timed_query(LATEST, asked) for _ in range(rounds)]
    kept = statistics.median(seconds for seconds, _ in found)
    started = time.perf_counter()
    database.execute("set work_mem = '512MB'")
    by_history = database.execute(WINDOW.encode(), {"month": LAST_MONTH}).fetchall()
    history = time.perf_counter() - started
    equal = _same_month(by_history)
    print(f"one month of all tenants, as kept:     {kept * 1000:9.1f} ms   (at most {MOST_SECONDS * 1000:.0f})")
    print(
        f"one window query over the history:     {history * 1000:9.1f} ms   {history / kept:.0f} times (at least {LEAST_TIMES})"
    )
    print(f"both say the same of {len(by_history):,} products: {'yes' if equal else 'NO'}", flush=True)
    return equal and kept <= MOST_SECONDS and history / kept >= LEAST_TIMES


def _timed_query(query: str, parameters: dict[str, Any]) -> tuple[float, list]:
    """From the question to the last row, as the portal asks."""
    from django.db import connection

    with connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(query, parameters)
        rows = cursor.fetchall()
        return time.perf_counter() - started, rows


def _same_month(by_history: list[tuple]) -> bool:
    """Compared as the portal reads it: a month without changes is as the one before closed."""
    from portal.tenancy.scope import staff_scope
    from provisioning.rollup import month_peaks

    with staff_scope():
        kept = month_peaks(LAST_MONTH)
    return bool(kept) and by_history == [(one.product_id, one.opening, one.closing, one.peak) for one in kept]


# --- Writing ------------------------------------------------------------------------------------------------------


@dataclass
class Writer:
    """Appends to the ledgers of its products, as the runtime role behind the wall. Its clock is ahead of the history."""

    database: psycopg.Connection
    ledgers: list[list[int]]
    dice: random.Random
    clock: datetime = NOW

    def write(self, inserts: int, at_once: int, *, late: bool = False) -> float:
        """Seconds for each insert, those of a transaction all in one ledger; `late`: of changes of the last two weeks."""
        started = time.perf_counter()
        for _ in range(inserts // at_once):
            ledger = self.dice.choice(self.ledgers)
            with self.database.transaction():
                self.database.execute("select set_config('app.tenant_id', %s, true)", [str(ledger[0])])
                for _ in range(at_once):
                    self._append(ledger, timedelta(hours=self.dice.randint(1, 336)) if late else timedelta())
        return (time.perf_counter() - started) / inserts

    def _append(self, ledger: list[int], ago: timedelta) -> None:
        self.clock += timedelta(milliseconds=1)
        moved = self.dice.choice((1, -1, 3, -3))
        ledger[2:] = ledger[2] + 1, ledger[3] + moved
        row = (*ledger[:3], moved, ledger[3], self.clock - ago, self.clock)
        self.database.execute(INSERT.encode(), row, prepare=True).fetchall()


def _writing(stack: Stack, database: psycopg.Connection, arguments: argparse.Namespace) -> bool:
    """Two halves of the ledgers in turns: one as the portal keeps it, the other with what follows an insert switched off."""
    from portal.local.embedded import DATABASE, RUNTIME, Postgres

    newest = f"select distinct on (product_id) tenant_id, product_id, sequence, level from {TABLE}"
    ledgers = [[*row] for row in database.execute(f"{newest} order by product_id, sequence desc".encode())]
    runtime = Postgres(stack.place).connect(DATABASE, RUNTIME)
    following, plain = (Writer(runtime, ledgers[half::2], random.Random(half)) for half in (0, 1))
    cheap = [_cost(database, following, plain, arguments, at_once) for at_once in (1, 50)]
    late = following.write(LATE_INSERTS, 1, late=True)
    print(f"an insert of a change of up to two weeks ago:    {late * 1e6:7.0f} µs")
    runtime.close()
    equal = _still_equal(database, [ledger[1] for ledger in following.ledgers])
    print(f"what was kept while writing equals the ledger: {'yes' if equal else 'NO'}", flush=True)
    return all(cheap) and equal


def _cost(
    database: psycopg.Connection, following: Writer, plain: Writer, arguments: argparse.Namespace, at_once: int
) -> bool:
    """The median of rounds in turns, after one that does not count."""
    seconds: dict[str, list[float]] = {"enable": [], "disable": []}
    for _ in range(arguments.rounds + 1):
        for switched, writer in (("enable", following), ("disable", plain)):
            database.execute(f"alter table {TABLE} {switched} trigger rollup".encode())
            seconds[switched].append(writer.write(arguments.inserts, at_once))
    database.execute(f"alter table {TABLE} enable trigger rollup".encode())
    kept, bare = (statistics.median(seconds[switched][1:]) for switched in ("enable", "disable"))
    print(
        f"an insert, {at_once:2} in a transaction: {bare * 1e6:7.0f} µs plain, {kept * 1e6:7.0f} µs with its month kept:"
        f" {kept / bare:.2f} times (at most {MOST_COST})",
        flush=True,
    )
    return kept / bare <= MOST_COST


def _still_equal(database: psycopg.Connection, product_ids: list[int]) -> bool:
    """Do the rows stay as they are when they are made anew?"""
    columns = "product_id, month, opening, closing, peak, peak_at, peak_change_id, changes, last_at"
    query = f"select {columns} from provisioning_monthpeak where product_id = any (%s) order by 1, 2"
    kept = database.execute(query.encode(), [product_ids]).fetchall()
    database.execute("select provisioning_rollup_rebuild(id) from unnest(%s::bigint[]) id", [product_ids])
    return bool(kept) and kept == database.execute(query.encode(), [product_ids]).fetchall()


def _say(what: str, started: float) -> None:
    print(f"{what} in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
