"""Many rows changed by one statement: with as many columns as a leg has, Django's own takes longer than all the folding."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these columns of rows that are there."""
    if not rows:
        return
    fields: list[Any] = [rows[0]._meta.get_field(name) for name in ("id", *names)]
    quote = connection.ops.quote_name
    columns = [quote(field.column) for field in fields]
    types = ", ".join(
        f"{column} {field.rel_db_type(connection) if field.primary_key else field.db_type(connection)}"
        for column, field in zip(columns, fields, strict=True)
    )
    sets = ", ".join(f"{column} = n.{column}" for column in columns[1:])
    told = json.dumps(
        [{field.column: getattr(row, field.attname) for field in fields} for row in rows], default=_written
    )
    table = quote(rows[0]._meta.db_table)
    with connection.cursor() as cursor:
        # Names of tables and columns alone, all of them quoted.
        statement = f"update {table} t set {sets} from jsonb_to_recordset(%s) as n ({types}) where t.id = n.id"  # noqa: S608
        cursor.execute(statement, [told])


def _written(value: Any) -> str:
    """A moment with its microseconds."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
