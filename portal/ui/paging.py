"""Pages of long lists by keyset: each costs one query, whatever stands before it, and nothing is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
SALT = "portal.ui.paging"
LONGEST_CURSOR = 1_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows in their order, and the cursors of the pages beside them (None where there is none)."""

    items: list[Row]
    next_cursor: str | None = None
    previous_cursor: str | None = None

    def __bool__(self) -> bool:
        return bool(self.items)


@dataclass(frozen=True)
class _Edge:
    """A row's place in the ordering, and whether the page lies before it or after it."""

    values: list[Any]
    backwards: bool


def keyset_page(
    queryset: QuerySet[Row], *, order: Sequence[str] = ("-created_at", "-pk"), cursor: str | None = "", size: int = 50
) -> Page[Row]:
    """The page that `cursor` points to, of `size` rows at most; the first for an empty, foreign or spoiled cursor.

    `order` names fields of the rows that are never null, and must end in one that is unique. A cursor is signed and
    valid for its ordering only; it holds the values of the row it starts from, so rows that come and go between two
    pages neither repeat nor hide others.
    """
    edge = _read(cursor, order)
    if edge is None:
        rows = list(queryset.order_by(*order)[: size + 1])
        return _page(rows[:size], order, before=False, after=len(rows) > size)
    wanted = _reversed(order) if edge.backwards else list(order)
    try:
        rows = list(queryset.filter(_beyond(wanted, edge.values)).order_by(*wanted)[: size + 1])
    except (ValidationError, ValueError, TypeError):
        return keyset_page(queryset, order=order, size=size)
    more, rows = len(rows) > size, rows[:size]
    if edge.backwards:
        return (
            _page(rows[::-1], order, before=more, after=True) if rows else keyset_page(queryset, order=order, size=size)
        )
    return _page(rows, order, before=True, after=more) if rows else _end(order, edge)


def _end(order: Sequence[str], edge: _Edge) -> Page[Any]:
    """Beyond the last row, where the rows of the page have gone meanwhile: only back is left."""
    return Page([], None, _write(order, edge.values, backwards=True))


def _page(rows: list[Row], order: Sequence[str], *, before: bool, after: bool) -> Page[Row]:
    return Page(
        rows,
        _write(order, _values(rows[-1], order), backwards=False) if after and rows else None,
        _write(order, _values(rows[0], order), backwards=True) if before and rows else None,
    )


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows that stand after `values`: (a beyond) or (a equal and b beyond) or…

    The first comparison is repeated as a range of its own: PostgreSQL then starts its index scan there.
    """
    beyond, equal = Q(), Q()
    for field, value in zip(order, values, strict=True):
        beyond |= equal & Q(**{f"{_name(field)}__{_comparison(field)}": value})
        equal &= Q(**{_name(field): value})
    return Q(**{f"{_name(order[0])}__{_comparison(order[0])}e": values[0]}) & beyond


def _comparison(field: str) -> str:
    return "lt" if field.startswith("-") else "gt"


def _name(field: str) -> str:
    return field.removeprefix("-")


def _reversed(order: Sequence[str]) -> list[str]:
    return [field[1:] if field.startswith("-") else f"-{field}" for field in order]


def _values(row: Model, order: Sequence[str]) -> list[Any]:
    return [_value(row, _name(field)) for field in order]


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _write(order: Sequence[str], values: Sequence[Any], *, backwards: bool) -> str:
    plain = [value if isinstance(value, int | str) else str(value) for value in values]
    return signing.dumps([int(backwards), *plain], salt=_salt(order), compress=True)


def _read(cursor: str | None, order: Sequence[str]) -> _Edge | None:
    if not cursor or len(cursor) > LONGEST_CURSOR:
        return None
    try:
        backwards, *values = signing.loads(cursor, salt=_salt(order))
    except signing.BadSignature:
        return None
    return _Edge(values, bool(backwards)) if len(values) == len(order) else None


def _salt(order: Sequence[str]) -> str:
    return f"{SALT}:{','.join(order)}"
