"""What it costs to follow a vendor's list of SIP accounts, against a plain COPY and MERGE of the same rows.

The mirror has ACCOUNTS rows; the list has as many, of which one in a hundred was changed, made or removed at the vendor. The
baseline copies the rows into a temporary table and merges them into a table of the same columns without triggers and walls.
Both run in turns in one run, and the medians must differ by at most 3.2 times, twice:

- reconciled: from the parsed rows in memory to the commit, with fingerprints, sealed passwords, differences and the trail;
- read: the whole reading, from the first byte to the commit. The list comes over HTTP from a process that serves it from a file
  (bench.listing). The baseline then reads the same answer whole, as one would without a thought of memory.

A reading that finds nothing changed is told beside them. Memory is the peak of a fresh process beyond what it had before it
read (bench.reading), for a tenth of the accounts and for all: ten times the list may take at most MOST_MEGABYTES more.

    python -m bench.sync [--accounts 100000] [--rounds 5]
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import requests

from bench.stack import Stack, running_stack
from portal.local.environment import CHECKOUT

MOST_TIMES = 3.2
MOST_MEGABYTES = 8
CHANGED = 100
CALLER = ["internal_name", "internal_number", "external_name", "external_number"]
COLUMNS = ["vendor_id", "username", "password", "name", *CALLER, "mwi_account"]


def main() -> int:
    arguments = _arguments()
    with running_stack() as stack, closing(Vendor(stack)) as vendor:
        few = Listed(vendor, "few", arguments.accounts // 10)
        many = Listed(vendor, "many", arguments.accounts)
        began = time.perf_counter()
        memory = {"first read": [few.megabytes(), many.megabytes()]}
        print(f"first readings: {time.perf_counter() - began:.1f} s for {arguments.accounts * 11 // 10} accounts")
        _analyze(stack)
        for each in (few, many):
            each.move()
        memory["followed"] = [few.megabytes(), many.megabytes()]
        _plain_table(many.accounts)
        times = Times()
        for _round in range(arguments.rounds):
            many.move()
            times.merged.append(_timed(lambda: _merge(map(_row, many.accounts))))
            times.reconciled.append(_timed(many.reconcile))
            many.move()
            times.merged_from_vendor.append(_timed(lambda: _merge(map(_row_told, requests.get(many.url).json()))))
            times.read.append(_timed(many.read))
            times.unchanged.append(_timed(many.read))
    return _report(times, memory)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


# --- The vendor -------------------------------------------------------------------------------------------------------


class Vendor:
    """Serves what lies in `directory`; access tokens come from the sandbox."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.directory = stack, stack.place.var / "listing"
        self.directory.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.listing", str(self.directory)], stdout=subprocess.PIPE, cwd=CHECKOUT
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


class Listed:
    """A tenant's connection, and the accounts that the vendor lists over it."""

    def __init__(self, vendor: Vendor, name: str, number: int) -> None:
        self._vendor, self._rounds = vendor, 0
        self._directory = vendor.directory / name
        self._directory.mkdir()
        (self._directory / "externalscripts").write_text("[]")
        self.connection = _connection(vendor, name)
        self.url = f"{self.connection.base_url}/sipaccounts"
        self._tell([_account(each) for each in range(number)])

    def _tell(self, accounts: list[Any]) -> None:
        self.accounts = accounts
        with (self._directory / "sipaccounts").open("w") as file:
            file.write("[" + ",\n".join(json.dumps(_as_told(each)) for each in accounts) + "]")

    def move(self) -> None:
        """One in a hundred is another one: a third changed, a third made, a third removed at the vendor."""
        self._rounds += 1
        number, moved = self._rounds, list(self.accounts)
        third = max(1, len(moved) // (3 * CHANGED))
        for place in range(number % CHANGED, third * CHANGED, CHANGED):
            moved[place] = replace(moved[place], name=f"{moved[place].name} {number}", updated_at=datetime.now(UTC))
        made = [
            replace(each, id=f"{each.id}-{number}", username=f"{each.username}-{number}") for each in moved[-third:]
        ]
        self._tell(moved[:-third] + made)

    def reconcile(self) -> None:
        from django.utils import timezone

        from portal.tenancy.scope import tenant_scope
        from telephony.sync import Reading, _follow

        with tenant_scope(self.connection.tenant_id):
            _follow(self.connection, Reading(timezone.now(), Parsed(self.accounts), ()))  # type: ignore[arg-type]

    def read(self) -> None:
        from telephony.sync import read_connection

        read_connection(self.connection.tenant_id, self.connection.pk)

    def megabytes(self) -> float:
        """What a reading takes of a process of its own."""
        argv = [sys.executable, "-m", "bench.reading", str(self.connection.tenant_id), str(self.connection.pk)]
        done = subprocess.run(argv, env=self._vendor.stack.env, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
        return float(done.stdout)


class Parsed:
    """A reading whose accounts are in memory."""

    complete, unreadable, flaws = True, 0, ()

    def __init__(self, accounts: list[Any]) -> None:
        self._accounts = accounts

    def numbered(self) -> Iterator[tuple[int, Any]]:
        return enumerate(self._accounts)

    def at(self, places: Iterable[tuple[int, Any]]) -> Iterator[tuple[Any, Any]]:
        return ((mark, self._accounts[place]) for place, mark in places)


def _account(number: int) -> Any:
    from telephony.client import RemoteSipAccount

    made = datetime(2026, 1, 1, tzinfo=UTC)
    return RemoteSipAccount(
        id=f"sip-{number:08}", username=f"user{number}", password=f"password of {number}", name=f"User {number}",
        internal_number=str(100 + number), external_number="+31201234567", created_at=made, updated_at=made,
    )  # fmt: skip


def _as_told(account: Any) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "sip": {"username": account.username, "password": account.password},
        "callerid": {name: getattr(account, name) for name in CALLER},
        "voicemail": {"mwi_account": account.mwi_account},
        "created_at": account.created_at.isoformat(),
        "updated_at": account.updated_at.isoformat(),
    }


def _connection(vendor: Vendor, name: str) -> Any:
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.connections import Account, add_connection

    with staff_scope():
        tenant = Tenant.objects.create(name=name.title(), slug=name)
    vendor.stack.sandbox.control.put_account(name, "secret")
    with tenant_scope(tenant.pk):
        account = Account(
            name="Telephones",
            base_url=f"{vendor.url}/{name}",
            token_url=vendor.stack.sandbox.token_url,
            environment="test",
            client_id=name,
            client_secret="secret",
        )
        return add_connection(tenant, "apidaze", account, acting_user=None)


# --- The baseline ---------------------------------------------------------------------------------------------------


def _plain_table(accounts: list[Any]) -> None:
    columns = ", ".join(f"{name} text not null" for name in COLUMNS)
    _execute(f"create temporary table plain (id bigserial primary key, {columns}, created_at timestamptz)")
    _execute("create unique index on plain (vendor_id); create index on plain (username); create index on plain (name)")
    _merge(map(_row, accounts))
    _execute("analyze plain")


def _row(account: Any) -> list[Any]:
    return [account.id, *(getattr(account, name) for name in COLUMNS[1:]), account.created_at]


def _row_told(told: dict[str, Any]) -> list[Any]:
    sip, caller = told["sip"], told["callerid"]
    return [
        told["id"], sip["username"], sip["password"], told["name"], *(caller[name] for name in CALLER),
        told["voicemail"]["mwi_account"], datetime.fromisoformat(told["created_at"]),
    ]  # fmt: skip


def _merge(rows: Iterable[list[Any]]) -> None:
    from django.db import connection, transaction

    names = ", ".join(COLUMNS)
    with transaction.atomic(), connection.cursor() as cursor:
        definition = ", ".join(f"{name} text" for name in COLUMNS)
        cursor.execute(f"create temporary table incoming ({definition}, created_at timestamptz) on commit drop")
        with cursor.copy(f"copy incoming ({names}, created_at) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute("analyze incoming")
        same = " or ".join(f"p.{name} is distinct from i.{name}" for name in COLUMNS)
        cursor.execute(
            "merge into plain p using incoming i on p.vendor_id = i.vendor_id"
            f" when matched and ({same}) then update set {', '.join(f'{name} = i.{name}' for name in COLUMNS)}"
            f" when not matched then insert ({names}, created_at)"
            f" values ({', '.join(f'i.{name}' for name in COLUMNS)}, i.created_at)"
        )


def _analyze(stack: Stack) -> None:
    """As autovacuum does within a minute."""
    from django.db import connection

    from portal.local.embedded import Postgres

    with Postgres(stack.place).connect(connection.settings_dict["NAME"]) as database:
        database.execute("analyze")


def _execute(sql: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)


# --- What is told -----------------------------------------------------------------------------------------------------


@dataclass
class Times:
    """Seconds of each round."""

    merged: list[float] = field(default_factory=list)
    reconciled: list[float] = field(default_factory=list)
    merged_from_vendor: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    unchanged: list[float] = field(default_factory=list)


def _report(times: Times, memory: dict[str, list[float]]) -> int:
    slow = [
        _told("reconciled", times.reconciled, "COPY and MERGE of rows in memory", times.merged),
        _told("read", times.read, "GET, COPY and MERGE", times.merged_from_vendor),
    ]
    _told("nothing moved", times.unchanged, "GET, COPY and MERGE", times.merged_from_vendor)
    for kind, (few, many) in memory.items():
        print(
            f"memory, {kind}: {few:.1f} MB for a tenth, {many:.1f} MB for all; at most {MOST_MEGABYTES} more are wanted"
        )
    large = any(many - few > MOST_MEGABYTES for few, many in memory.values())
    if any(slow) or large:
        print(" and ".join(["too slow"] * any(slow) + ["too large"] * large), file=sys.stderr)
    return int(any(slow) or large)


def _told(what: str, taken: list[float], plainly: str, baseline: list[float]) -> bool:
    """Says it; True when it took too long."""
    seconds, plain = statistics.median(taken), statistics.median(baseline)
    ratio = seconds / plain
    print(f"{what:<14}{seconds:6.2f} s  {ratio:.2f} times {plainly} ({plain:.2f} s); at most {MOST_TIMES} are wanted")
    return ratio > MOST_TIMES


if __name__ == "__main__":
    sys.exit(main())
