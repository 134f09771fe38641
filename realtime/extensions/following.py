"""How the directory follows the vendor: compared by sets, and what was new, changed and gone is kept with its time.

What the grant's scopes do not show proves nothing, and neither does a list with holes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection as database

from portal.audit.trail import record_many
from portal.vendors.models import Connection
from portal.vendors.remote_rows import load_remote_rows
from realtime.client import Reading, RemoteExtension
from realtime.extensions.models import Extension
from realtime.extensions.numbers import external
from realtime.vendor_ids import canonical_id

# ruff: noqa: S608 - the statements below are made of constants alone
SCOPES = {Extension.Kind.USER: "company.users", Extension.Kind.DIALPLAN: "company.dialplans"}
LONGEST_NAME = 200
TOLD = ("name", "number", "external_number", "kind")
_SAME = "e.connection_id = %(connection)s and e.vendor_id = r.vendor_id"
_DIFFERS = " or ".join(f"e.{name} <> r.{name}" for name in TOLD)
CHANGED = (
    f"select e.id, {', '.join(f'e.{name}' for name in TOLD)}, {', '.join(f'r.{name}' for name in TOLD)}, e.gone_at"
    f" from realtime_extension e join remote_extension r on {_SAME} where e.gone_at is not null or {_DIFFERS}"
)
FOLLOW = (
    f"update realtime_extension e set {', '.join(f'{name} = r.{name}' for name in TOLD)}, changed_at = %(at)s,"
    f" gone_at = null from remote_extension r where {_SAME} and (e.gone_at is not null or {_DIFFERS})"
)
ADD = (
    "insert into realtime_extension (tenant_id, connection_id, vendor_id, name, number, external_number, kind, caller_id,"
    " first_seen_at) select %(tenant)s, %(connection)s, r.vendor_id, r.name, r.number, r.external_number, r.kind, '', %(at)s"
    " from remote_extension r on conflict (connection_id, vendor_id) do nothing returning id, name"
)
LOSE = (
    "update realtime_extension e set gone_at = %(at)s where e.connection_id = %(connection)s and e.gone_at is null"
    " and e.kind = any(%(kinds)s) and not exists (select from remote_extension r where r.vendor_id = e.vendor_id)"
    " returning e.id, e.name"
)


def scope_for(extension: Extension) -> str:
    """The scope without which the vendor shows and tells nothing of it."""
    return SCOPES.get(Extension.Kind(extension.kind), SCOPES[Extension.Kind.USER])


def kinds_seen(scopes: Iterable[str]) -> list[str]:
    """The kinds of extensions that a grant with these scopes is shown all of."""
    held = set(scopes)
    seen = [str(kind.value) for kind, scope in SCOPES.items() if scope in held]
    return [*seen, Extension.Kind.OTHER.value] if len(seen) == len(SCOPES) else seen


def follow(
    connection: Connection, reading: Reading[RemoteExtension], kinds: list[str], at: datetime, *, first: bool
) -> None:
    """In the caller's transaction. `kinds` as `kinds_seen` gives them; on the `first` reading nothing is news."""
    _load(reading)
    facts = {"tenant": connection.tenant_id, "connection": connection.pk, "at": at, "kinds": kinds}
    changes = [_change(row) for row in _rows(CHANGED, facts)]
    if changes:
        _rows(FOLLOW, facts)
    new = _rows(ADD, facts)
    gone = _rows(LOSE, facts) if reading.complete and kinds else []
    if not first:
        _tell("realtime.extension_found", connection, [(pk, name, None) for pk, name in new])
    _tell("realtime.extension_changed_at_vendor", connection, changes)
    _tell("realtime.extension_gone_at_vendor", connection, [(pk, name, None) for pk, name in gone])


def _load(reading: Reading[RemoteExtension]) -> None:
    rows = {canonical_id(remote.id): remote for remote in reading}
    load_remote_rows(
        "remote_extension",
        dict.fromkeys(["vendor_id", *TOLD], "text"),
        ((vendor_id, *_told(remote)) for vendor_id, remote in rows.items()),
    )


def _told(remote: RemoteExtension) -> tuple[str, str, str, str]:
    """As TOLD has them."""
    kind = remote.kind if remote.kind in Extension.Kind.values else Extension.Kind.OTHER.value
    return remote.name[:LONGEST_NAME], remote.number, external(remote.external_number), kind


def _rows(sql: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(sql, facts)
        return cursor.fetchall() if cursor.description else []


def _change(row: tuple[Any, ...]) -> tuple[int, str, dict[str, Any]]:
    pk, before, after, gone_at = row[0], row[1 : 1 + len(TOLD)], row[1 + len(TOLD) : 1 + 2 * len(TOLD)], row[-1]
    told = {name: new for name, old, new in zip(TOLD, before, after, strict=True) if old != new}
    return pk, after[0], told | ({"gone": False} if gone_at else {})


def _tell(action: str, connection: Connection, acts: Sequence[tuple[int, str, dict[str, Any] | None]]) -> None:
    rows = ((Extension(pk=pk, tenant_id=connection.tenant_id, name=name), after) for pk, name, after in acts)
    record_many(action, rows, acting_user=None)
