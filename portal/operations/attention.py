"""Operations that need a person, for the sidebar and the first page."""

from django.http import HttpRequest

from portal.operations.models import Operation, OperationQuerySet
from portal.ui.badges import COUNTED, note


def needing_a_person(request: HttpRequest) -> OperationQuerySet:
    return Operation.objects.needing_a_person()


def newest_needing_a_person(request: HttpRequest, count: int) -> list[Operation]:
    """The newest `count` of them, by the one query that also counts them for the sidebar."""
    rows = Operation.objects.needing_a_person().only("label", "status", "created_at").order_by("-created_at", "-pk")
    found = list(rows[:COUNTED])
    note(request, "operations:operations", len(found))
    return found[:count]
