"""How much waits for somebody, for badges: counted for all of them by one query a request, and no further than 99."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet, Value
from django.http import HttpRequest

# One more than is told apart.
COUNTED = 100

Waiting = Callable[[HttpRequest], QuerySet[Any]]


def waiting_rows(request: HttpRequest, waiting: Mapping[str, Waiting]) -> dict[str, list[int]]:
    """The keys of the rows behind each name, up to COUNTED of them. Asks the database at the first time only."""
    known = _known(request)
    asked = {name: rows(request) for name, rows in waiting.items() if name not in known}
    if asked:
        known.update(_read(asked))
    return known


def counted(request: HttpRequest, waiting: Mapping[str, Waiting]) -> dict[str, int]:
    """`waiting_rows`, counted."""
    return {name: len(rows) for name, rows in waiting_rows(request, waiting).items()}


def capped(count: int) -> str:
    """`count` as text; nothing for none, and no more than 99 for what was counted no further than COUNTED."""
    if count >= COUNTED:
        return f"{COUNTED - 1}+"
    return str(count or "")


def _known(request: HttpRequest) -> dict[str, list[int]]:
    if not hasattr(request, "waiting_rows"):
        request.waiting_rows = {}  # type: ignore[attr-defined]
    return request.waiting_rows  # type: ignore[attr-defined]


def _read(waiting: Mapping[str, QuerySet[Any]]) -> dict[str, list[int]]:
    """Each row comes back with the name that it waits behind."""
    first, *rest = [rows.order_by().values_list(Value(name), "pk")[:COUNTED] for name, rows in waiting.items()]
    found: dict[str, list[int]] = {name: [] for name in waiting}
    for name, pk in first.union(*rest, all=True):
        found[name].append(pk)
    return found
