"""What it costs to follow a vendor's list of SIP accounts, against a plain COPY and MERGE of the same rows.

The mirror has ACCOUNTS rows; the list has as many, of which one in a hundred was changed, made or removed at the vendor. What
is measured is everything from the parsed list to the commit: fingerprints, comparison, changes with their sealed passwords,
differences, the trail. The baseline copies the same rows into a temporary table and merges them into a table of the same
columns without triggers and walls. Both run in turns in one run; the medians must differ by at most 3.2 times. A reading that
finds nothing changed is told beside it, as is the most memory that Python held beside the list.

    python -m bench.sync [--accounts 100000] [--rounds 5]
"""

import argparse
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bench.stack import running_stack

MOST_TIMES = 3.2
CHANGED = 100
COLUMNS = ["vendor_id", "username", "password", "name", "internal_name", "internal_number", "external_name"]
COLUMNS += ["external_number", "mwi_account"]


def main() -> int:
    arguments = _arguments()
    with running_stack() as stack:
        connection = _connection(stack)
        accounts = _list(arguments.accounts)
        began = time.perf_counter()
        _read(connection, accounts)
        print(
            f"first reading: {arguments.accounts} accounts taken over and sealed in {time.perf_counter() - began:.1f} s"
        )
        _plain_table(accounts)
        # As autovacuum does within a minute.
        _analyze(stack)
        followed, merged, unchanged = [], [], []
        for number in range(arguments.rounds):
            moved = _moved(accounts, number)
            merged.append(_timed(lambda moved=moved: _merge(moved)))
            followed.append(_timed(lambda moved=moved: _read(connection, moved)))
            unchanged.append(_timed(lambda moved=moved: _read(connection, moved)))
            accounts = moved
        memory = _memory(connection, accounts)
    return _report(followed, merged, unchanged, memory)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _connection(stack: Any) -> Any:
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.connections import Account, add_connection

    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
    with tenant_scope(tenant.pk):
        account = Account(
            name="Telephones",
            base_url=stack.sandbox.apidaze_url,
            token_url=stack.sandbox.token_url,
            environment="test",
            client_id="acme",
            client_secret="secret",
        )
        return add_connection(tenant, "apidaze", account, acting_user=None)


def _list(number: int) -> list[Any]:
    from telephony.client import RemoteSipAccount

    made = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        RemoteSipAccount(
            id=f"sip-{each:08}", username=f"user{each}", password=f"password of {each}", name=f"User {each}",
            internal_number=str(100 + each), external_number="+31201234567", created_at=made, updated_at=made,
        )
        for each in range(number)
    ]  # fmt: skip


def _moved(accounts: list[Any], number: int) -> list[Any]:
    """One in a hundred is another one: a third changed, a third made, a third removed at the vendor."""
    moved = list(accounts)
    for place in range(number % CHANGED, len(moved), CHANGED):
        moved[place] = replace(moved[place], name=f"{moved[place].name} {number}", updated_at=datetime.now(UTC))
    third = max(1, len(moved) // (3 * CHANGED))
    made = [replace(each, id=f"{each.id}-{number}", username=f"{each.username}-{number}") for each in moved[:third]]
    return moved[third:] + made


def _read(connection: Any, accounts: list[Any]) -> None:
    from django.utils import timezone

    from portal.tenancy.scope import tenant_scope
    from telephony.client import SipAccountReading
    from telephony.sync import Reading, _follow

    with tenant_scope(connection.tenant_id):
        _follow(connection, Reading(timezone.now(), SipAccountReading(tuple(accounts), ()), ()))


def _timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


# --- The baseline ---------------------------------------------------------------------------------------------------


def _plain_table(accounts: list[Any]) -> None:
    columns = ", ".join(f"{name} text not null" for name in COLUMNS)
    _execute(f"create temporary table plain (id bigserial primary key, {columns}, created_at timestamptz)")
    _execute("create unique index on plain (vendor_id); create index on plain (username); create index on plain (name)")
    _merge(accounts)


def _merge(accounts: list[Any]) -> None:
    from django.db import connection, transaction

    names = ", ".join(COLUMNS)
    with transaction.atomic(), connection.cursor() as cursor:
        definition = ", ".join(f"{name} text" for name in COLUMNS)
        cursor.execute(f"create temporary table incoming ({definition}, created_at timestamptz) on commit drop")
        with cursor.copy(f"copy incoming ({names}, created_at) from stdin") as copy:
            for each in accounts:
                copy.write_row([each.id, *(getattr(each, name) for name in COLUMNS[1:]), each.created_at])
        cursor.execute("analyze incoming")
        same = " or ".join(f"p.{name} is distinct from i.{name}" for name in COLUMNS)
        cursor.execute(
            "merge into plain p using incoming i on p.vendor_id = i.vendor_id"
            f" when matched and ({same}) then update set {', '.join(f'{name} = i.{name}' for name in COLUMNS)}"
            f" when not matched then insert ({names}, created_at)"
            f" values ({', '.join(f'i.{name}' for name in COLUMNS)}, i.created_at)"
        )


def _analyze(stack: Any) -> None:
    from django.db import connection

    from portal.local.embedded import Postgres

    with Postgres(stack.place).connect(connection.settings_dict["NAME"]) as database:
        database.execute("analyze")
    _execute("analyze plain")


def _execute(sql: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)


# --- What is told -----------------------------------------------------------------------------------------------------


def _memory(connection: Any, accounts: list[Any]) -> list[float]:
    """The most that Python held beside the list itself, in MB: for ten thousand rows, and for all."""
    found = []
    for some in (accounts[:10_000], accounts):
        tracemalloc.start()
        _read(connection, some) if some is accounts else _load_only(connection, some)
        found.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    return found


def _load_only(connection: Any, accounts: list[Any]) -> None:
    """Ten thousand of a hundred thousand would look like ninety thousand that are gone: only the load is measured."""
    from portal.tenancy.scope import tenant_scope
    from telephony.sync import _load

    with tenant_scope(connection.tenant_id):
        _load(connection, accounts)


def _report(followed: list[float], merged: list[float], unchanged: list[float], memory: list[float]) -> int:
    medians = [statistics.median(each) for each in (followed, merged, unchanged)]
    print(f"followed       {medians[0]:6.2f} s   {medians[0] / medians[1]:.2f} times the plain COPY and MERGE")
    print(f"COPY and MERGE {medians[1]:6.2f} s")
    print(f"nothing moved  {medians[2]:6.2f} s   {medians[2] / medians[1]:.2f} times")
    print(f"memory beside the list: {memory[0]:.1f} MB for 10,000 rows, {memory[1]:.1f} MB for all")
    if medians[0] > MOST_TIMES * medians[1]:
        print(f"too slow: at most {MOST_TIMES} times is wanted", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
