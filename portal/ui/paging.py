"""Pages of long lists by keyset: each costs one query, whatever stands before it, and nothing is counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, Model, Q, QuerySet, Value

Row = TypeVar("Row", bound=Model)
SALT = "portal.ui.paging"
LONGEST_CURSOR = 1_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows in their order, and the cursors of the pages beside them (None where there is none).

    `spoiled`: the cursor that was asked for leads nowhere, so this is the first page.
    """

    items: list[Row]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    spoiled: bool = field(default=False, compare=False)

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
        return _first(queryset, order, size, spoiled=bool(cursor))
    wanted = _reversed(order) if edge.backwards else list(order)
    try:
        rows = rows_after(queryset, wanted, edge.values, size + 1)
    except (ValidationError, ValueError, TypeError):
        return _first(queryset, order, size, spoiled=True)
    more, rows = len(rows) > size, rows[:size]
    if edge.backwards:
        return _page(rows[::-1], order, before=more, after=True) if rows else _first(queryset, order, size)
    return _page(rows, order, before=True, after=more) if rows else _end(order, edge)


def rows_after(queryset: QuerySet[Row], order: Sequence[str], place: Sequence[Any], size: int) -> list[Row]:
    """The `size` rows that follow `place` (of `place_of`) in the ordering; with an empty place the first ones."""
    if place:
        queryset = queryset.filter(_beyond(queryset.model, order, place))
    return list(queryset.order_by(*order)[:size])


def place_of(row: Model, order: Sequence[str]) -> list[int | str]:
    """Where `row` stands in the ordering, fit for JSON and for `rows_after`."""
    values = [_value(row, _name(field)) for field in order]
    return [value if isinstance(value, int | str) else str(value) for value in values]


def _first(queryset: QuerySet[Row], order: Sequence[str], size: int, *, spoiled: bool = False) -> Page[Row]:
    rows = rows_after(queryset, order, [], size + 1)
    return replace(_page(rows[:size], order, before=False, after=len(rows) > size), spoiled=spoiled)


def _end(order: Sequence[str], edge: _Edge) -> Page[Any]:
    """Beyond the last row, where the rows of the page have gone meanwhile: only back is left."""
    return Page([], None, _write(order, edge.values, backwards=True))


def _page(rows: list[Row], order: Sequence[str], *, before: bool, after: bool) -> Page[Row]:
    return Page(
        rows,
        _write(order, place_of(rows[-1], order), backwards=False) if after and rows else None,
        _write(order, place_of(rows[0], order), backwards=True) if before and rows else None,
    )


def _beyond(model: type[Model], order: Sequence[str], place: Sequence[Any]) -> Any:
    """Rows that stand after `place`: (a beyond) or (a equal and b beyond) or…"""
    if len({_comparison(field) for field in order}) == 1:
        return _row_beyond(model, order, place)
    beyond, equal = Q(), Q()
    for name, value in zip(order, place, strict=True):
        beyond |= equal & Q(**{f"{_name(name)}__{_comparison(name)}": value})
        equal &= Q(**{_name(name): value})
    # The first comparison is repeated as a range of its own: PostgreSQL then starts its index scan there.
    return Q(**{f"{_name(order[0])}__{_comparison(order[0])}e": place[0]}) & beyond


def _row_beyond(model: type[Model], order: Sequence[str], place: Sequence[Any]) -> Func:
    """ROW(a, b) > ROW(…): an index scan starts right there, also in the middle of many rows with the same `a`."""
    names = [_name(name) for name in order]
    here = Func(*(F(name) for name in names), function="ROW")
    there = Func(*(Value(value, _field(model, name)) for name, value in zip(names, place, strict=True)), function="ROW")
    sign = " < " if _comparison(order[0]) == "lt" else " > "
    return Func(here, there, template="(%(expressions)s)", arg_joiner=sign, output_field=BooleanField())


def _field(model: type[Model], name: str) -> Any:
    """The field that `name` ("username", "pk", "connection__name") leads to."""
    first, _, rest = name.partition("__")
    found: Any = model._meta.pk if first == "pk" else model._meta.get_field(first)
    return _field(found.related_model, rest) if rest else found


def _comparison(field: str) -> str:
    return "lt" if field.startswith("-") else "gt"


def _name(field: str) -> str:
    return field.removeprefix("-")


def _reversed(order: Sequence[str]) -> list[str]:
    return [field[1:] if field.startswith("-") else f"-{field}" for field in order]


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _write(order: Sequence[str], place: Sequence[Any], *, backwards: bool) -> str:
    return signing.dumps([int(backwards), *place], salt=_salt(order), compress=True)


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
