"""How much waits for somebody, for badges: counted for all of them by one query a request, and no further than 99."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet, Value
from django.http import HttpRequest

# One more than is told apart.
COUNTED = 100

Waiting = Callable[[HttpRequest], QuerySet[Any]]


def counted(request: HttpRequest, waiting: Mapping[str, Waiting]) -> dict[str, int]:
    """How many rows each name has, up to COUNTED. Asks the database at the first time, and never for what was noted."""
    known = _known(request)
    asked = {name: rows(request) for name, rows in waiting.items() if name not in known}
    if asked:
        known.update(_count(asked))
    return known


def note(request: HttpRequest, name: str, count: int) -> None:
    """A page that has read the rows anyway says how many there are; COUNTED stands for more."""
    _known(request)[name] = count


def capped(count: int) -> str:
    """`count` as text; nothing for none, and no more than 99 for what was counted no further than COUNTED."""
    if count >= COUNTED:
        return f"{COUNTED - 1}+"
    return str(count or "")


def _known(request: HttpRequest) -> dict[str, int]:
    if not hasattr(request, "counted_badges"):
        request.counted_badges = {}  # type: ignore[attr-defined]
    return request.counted_badges  # type: ignore[attr-defined]


def _count(waiting: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """Each row comes back as the name that it waits behind."""
    first, *rest = [rows.order_by().values_list(Value(name))[:COUNTED] for name, rows in waiting.items()]
    found = Counter(name for (name,) in first.union(*rest, all=True))
    return {name: found[name] for name in waiting}
