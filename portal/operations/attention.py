"""How many operations need a person, for the sidebar and the tab of the list."""

from django.http import HttpRequest

from portal.operations.models import COUNTED, Operation


def needing_a_person(request: HttpRequest) -> str:
    """ "" for none, "3", "99+". Asked of the database once a request."""
    known = getattr(request, "_needing_a_person", None)
    if known is None:
        known = capped(Operation.objects.needing_a_person()[:COUNTED].count())
        request._needing_a_person = known  # type: ignore[attr-defined]
    return known


def newest_needing_a_person(request: HttpRequest, count: int) -> list[Operation]:
    """The newest `count` of them, by the one query that also answers `needing_a_person`."""
    rows = Operation.objects.needing_a_person().only("label", "status", "created_at").order_by("-created_at", "-pk")
    found = list(rows[:COUNTED])
    request._needing_a_person = capped(len(found))  # type: ignore[attr-defined]
    return found[:count]


def capped(count: int) -> str:
    """`count` as text; nothing for none, and no more than 99 for what was counted no further than COUNTED."""
    if count >= COUNTED:
        return f"{COUNTED - 1}+"
    return str(count or "")
