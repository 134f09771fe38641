"""Many tenants with many rows, put into a database by COPY: what the pages are measured over.

Rows are lines of text made from the models' own defaults, so a new column needs no change here. Triggers and foreign keys are
off while they go in and indexes are made afterwards; the words of the search are made by the functions that its triggers call.
"""

import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import Any

import psycopg

from bench import phones
from bench.companies import FIRST, LAST, MEMBERS, NOW, YEAR, Company, companies, moments, owner_of, username

# Of every hundred subscribers.
ORDERS, OPERATIONS, ENTRIES, CALLS = 5, 30, 30, 30


def load(database: psycopg.Connection, sizes: dict[str, int]) -> None:
    """`database` is the superuser's connection to a migrated database without rows."""
    for setting in ("session_replication_role = replica", "synchronous_commit = off", "maintenance_work_mem = '512MB'"):
        database.execute(f"set {setting}".encode())
    made = companies(sizes)
    indexes = _drop_indexes(database)
    for model, columns, rows in _tables(made):
        _copy(database, _Lines(model, columns), rows)
    _make_words(database)
    for statement in indexes:
        database.execute(statement)
    database.execute("select provisioning_rollup_rebuild(id) from provisioning_product")
    database.execute("vacuum analyze")
    database.execute("checkpoint")


def _drop_indexes(database: psycopg.Connection) -> list[bytes]:
    """All that no constraint needs, and the key of the words. Returns what makes them again."""
    found = database.execute(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indrelid"
        " where relnamespace = 'public'::regnamespace"
        " and not exists (select from pg_constraint where conindid = indexrelid)"
    ).fetchall()
    for name, _ in found:
        database.execute(f"drop index {name}".encode())
    database.execute("alter table search_word drop constraint search_word_pkey")
    key = b"alter table search_word add primary key (tenant_id, kind, object_id, word)"
    return [key, *(definition.encode() for _, definition in found)]


def _make_words(database: psycopg.Connection) -> None:
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    from portal.search.searchable import Searchable, as_staff, fill_sql

    made = [(m.app_label, o) for m in MigrationLoader(None).disk_migrations.values() for o in m.operations]
    statements = as_staff(import_module("portal.tenancy.migrations.0003_search").FILL)
    for app, operation in made:
        if isinstance(operation, Searchable):
            table = apps.get_model(app, operation.model)._meta.db_table
            statements += fill_sql(table, operation.kind, operation.texts, operation.codes)
    with database.transaction():
        for statement in statements:
            database.execute(statement.encode())


# --- Lines of COPY ------------------------------------------------------------------------------------------------


class _Lines:
    """Makes lines for a table: `columns` change from row to row, all others have their default."""

    def __init__(self, model: Any, columns: str) -> None:
        fields = {field.column: field for field in model._meta.concrete_fields}
        changing = columns.split()
        self.table = model._meta.db_table
        self.columns = [*changing, *(name for name in fields if name not in changing)]
        constants = (_text(fields[name].get_default()) for name in self.columns[len(changing) :])
        self.template = "\t".join([*("%s" for _ in changing), *(text.replace("%", "%%") for text in constants)]) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _copy(database: psycopg.Connection, lines: _Lines, rows: Iterable[tuple]) -> None:
    template, left = lines.template, iter(rows)
    with database.cursor() as cursor:
        with cursor.copy(f"copy {lines.table} ({', '.join(lines.columns)}) from stdin".encode()) as copy:
            while chunk := [template % row for row in islice(left, 5_000)]:
                copy.write("".join(chunk))
        if "id" in lines.columns:
            cursor.execute(
                f"select setval(pg_get_serial_sequence('{lines.table}', 'id'),"
                f" (select coalesce(max(id), 1) from {lines.table}))".encode()
            )


# --- The rows -----------------------------------------------------------------------------------------------------


def _tables(made: list[Company]) -> Iterator[tuple[Any, str, Iterable[tuple]]]:
    """(model, names of the columns that change, the rows), in any order: nothing is checked."""
    from portal.audit.models import Entry
    from portal.operations.models import Attempt, Operation
    from portal.tenancy.models import Membership, Tenant, User
    from portal.vendors.models import Call, Connection, ConnectionState
    from provisioning.models import Inventory, InventoryChange, MirrorState, Order, Product, Subscriber

    yield Tenant, "id name slug created_at", ((c.pk, c.slug.title(), c.slug, NOW - YEAR) for c in made)
    yield User, "id email name password is_staff is_superuser", _people(made)
    yield Membership, "id tenant_id user_id role", _members(made)
    yield (
        Connection,
        "id tenant_id vendor name base_url",
        ((c.pk, c.pk, "kandy", f"Video of {c.slug}", "https://kandy.example") for c in made),
    )
    yield ConnectionState, "id tenant_id connection_id succeeded_at", ((c.pk, c.pk, c.pk, NOW) for c in made)
    yield Product, "id tenant_id connection_id name", ((c.pk, c.pk, c.pk, "Video") for c in made)
    yield (
        Inventory,
        "id tenant_id product_id total available read_at",
        ((c.pk, c.pk, c.pk, c.subscribers + 5, 5, NOW) for c in made),
    )
    yield MirrorState, "id tenant_id connection_id read_at", ((c.pk, c.pk, c.pk, NOW) for c in made)
    yield (
        Subscriber,
        ("id tenant_id connection_id product_id username state vendor_id identity requested_by_id created_at ends_at"),
        _subscribers(made),
    )
    yield (
        Order,
        ("id tenant_id connection_id product_id type quantity status number operation_id requested_by_id created_at"),
        _orders(made),
    )
    yield InventoryChange, "id tenant_id product_id sequence quantity level cause order_id recorded_at", _changes(made)
    yield (
        Operation,
        (
            "id tenant_id connection_id kind lane label subject_type subject_id request_id created_at created_by_id status"
            " ended_at attempt_count trouble"
        ),
        _operations(made),
    )
    yield Attempt, "id tenant_id operation_id number purpose started_at finished_at outcome status", _attempts(made)
    yield (
        Entry,
        ("id tenant_id at actor_id actor_label request_id action object_type object_id object_label"),
        _entries(made),
    )
    yield (
        Call,
        (
            "id tenant_id connection_id operation_id started_at duration_ms method path status vendor_request_id request"
            " response"
        ),
        _calls(made),
    )
    yield from phones.tables(made)


def _people(made: list[Company]) -> Iterator[tuple]:
    """Number 1 is support staff."""
    yield 1, "sue@patchbay.example", "Sue", "!", True, True
    for company in made:
        for number in range(MEMBERS):
            name = f"{FIRST[(company.pk + number) % len(FIRST)]} {LAST[company.pk % len(LAST)]}".title()
            yield owner_of(company) + number, f"member{number}@{company.slug}.example", name, "!", False, False


def _members(made: list[Company]) -> Iterator[tuple]:
    roles = ("owner", "operator", "viewer")
    for company in made:
        for number in range(MEMBERS):
            yield owner_of(company) + number, company.pk, owner_of(company) + number, roles[number]


def _subscribers(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        owner, domain = owner_of(company), f"{company.slug}.example"
        for number, at in moments(company.share(100)):
            name, ends_at = username(number), NOW + YEAR if number % 10 == 0 else r"\N"
            state = "deleted" if number % 20 == 7 else "active"
            yield (
                number, company.pk, company.pk, company.pk, name, state, f"S{number:09}", f"{name}@{domain}", owner, at, ends_at
            )  # fmt: skip


def _orders(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for number, at in moments(company.share(ORDERS)):
            reference = f"ORD-2026-{number:07}"
            yield (
                number, company.pk, company.pk, company.pk, "increment", 20, "fulfilled", reference, r"\N",
                owner_of(company), at,
            )  # fmt: skip


def _changes(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for place, (number, at) in enumerate(moments(company.share(ORDERS)), 1):
            yield number, company.pk, company.pk, place, 20, 20 * place, "order", number, at


def _operations(made: list[Company]) -> Iterator[tuple]:
    """One in five was refused and one in a thousand needs a person; the others are done."""
    for company in made:
        for place, (number, at) in enumerate(moments(company.share(OPERATIONS))):
            subject = company.first + place
            ended: Any
            status, ended, trouble = ("refused", at, "refused") if number % 5 == 0 else ("done", at, "")
            if number % 1_000 == 1:
                status, ended, trouble = "needs_person", r"\N", "unknown"
            yield (
                number, company.pk, company.pk, "provisioning.create_subscriber", f"{number}", username(subject),
                "provisioning.subscriber", subject, f"req{number:012}", at, owner_of(company), status, ended, 1, trouble,
            )  # fmt: skip


def _attempts(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for number, at in moments(company.share(OPERATIONS)):
            yield number, company.pk, number, 1, "send", at, at, "done", 201


def _entries(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for place, (number, at) in enumerate(moments(company.share(ENTRIES))):
            subject = company.first + place
            yield (
                number, company.pk, at, owner_of(company), f"member0@{company.slug}.example", f"req{number:012}",
                "operations.submitted", "provisioning.subscriber", subject, username(subject),
            )  # fmt: skip


def _calls(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for number, at in moments(company.share(CALLS)):
            yield (
                number, company.pk, company.pk, number, at, 120, "POST", "/provisioning/subscriber", 201, f"v{number:012}",
                "POST", "201",
            )  # fmt: skip
