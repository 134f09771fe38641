"""What a vendor listed, as a temporary table, so that it is compared with the mirror by sets and not row by row."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection


def load_remote_rows(table: str, columns: dict[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows` into a new temporary table of this transaction. `columns` maps names to PostgreSQL types.

    Both are written by programmers, never by a vendor; the rows may hold anything.
    """
    names = ", ".join(columns)
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"drop table if exists pg_temp.{table}")
        cursor.execute(f"create temporary table {table} ({definition}) on commit drop")
        with cursor.copy(f"copy {table} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"analyze {table}")
