"""What went to and fro about orders, as the call log kept it: secrets removed. In English and UTC."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from portal.vendors.models import Call, CallQuerySet

MOST_CALLS = 100
LONGEST_EXCHANGE = 4_000


def request_ids(operation_ids: Iterable[int]) -> dict[int, list[str]]:
    """By operation, the vendor's own ids of the requests that changed something, in their order."""
    found: dict[int, list[str]] = defaultdict(list)
    for operation_id, request_id in _writes(operation_ids).values_list("operation_id", "vendor_request_id"):
        if operation_id is not None and request_id and request_id not in found[operation_id]:
            found[operation_id].append(request_id)
    return found


def exchanges(operation_ids: Iterable[int]) -> tuple[list[Call], int]:
    """The first of them, oldest first, and how many more there are."""
    calls = list(_writes(operation_ids)[: MOST_CALLS + 1])
    if len(calls) <= MOST_CALLS:
        return calls, 0
    return calls[:MOST_CALLS], _writes(operation_ids).count() - MOST_CALLS


def _writes(operation_ids: Iterable[int]) -> CallQuerySet:
    """What was looked up beside them proves nothing to the vendor."""
    return Call.objects.filter(operation_id__in=list(operation_ids)).exclude(method="GET").order_by("started_at", "pk")


def told(calls: Sequence[Call]) -> Iterator[str]:
    for call in calls:
        outcome = call.status or f"no answer ({call.error})"
        yield ""
        yield f"{utc(call.started_at)}  {call.method} {call.path} -> {outcome}"
        if call.vendor_request_id:
            yield f"Your request ID: {call.vendor_request_id}"
        for title, text in (("We sent", call.request), ("You answered", call.response)):
            if text:
                yield f"{title}:"
                yield from (f"| {line}" for line in text[:LONGEST_EXCHANGE].splitlines())


def utc(at: datetime | None) -> str:
    """To the microsecond where there are any; "-" for None."""
    return f"{at.astimezone(UTC).isoformat(sep=' ')[:-6]} UTC" if at else "-"
