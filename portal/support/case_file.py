"""The case file: everything a vendor needs to find out what became of one operation, as a text to send them.

In English and UTC, whatever the reader's language and zone. It holds what the vendor has seen anyway (its own exchanges, with
secrets removed) and nothing about people: neither who asked nor who decided.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import override

from portal.audit.trail import record
from portal.operations.models import Attempt, Operation, Status
from portal.operations.registry import names_at_vendor
from portal.operations.story import readable
from portal.ui import VERSION
from portal.vendors.models import Call

# Of an operation that was tried for days, the beginning and the end tell the story.
FIRST_ATTEMPTS, LAST_ATTEMPTS = 5, 25
MOST_CALLS = 120
LONGEST_EXCHANGE = 8_000
RULE = "-" * 78
Trouble = Operation.Trouble


def download(operation: Operation, *, acting_user: Any) -> HttpResponse:
    """The case file as an answer to keep, and on record that it was made. `operation` as `for_story`, with its tenant."""
    text = case_file(operation)
    record("operations.case_file_made", operation, after={"characters": len(text)}, acting_user=acting_user)
    name = f"case-{operation.pk}-{timezone.now():%Y%m%d-%H%M}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


def case_file(operation: Operation) -> str:
    """The text. Three queries beside what `operation` brings, however often it was tried."""
    with override("en"):
        attempts, left_out = _attempts(operation)
        calls = _calls(operation)
        lines = [*_head(operation, calls), *_question(operation), *_attempts_told(attempts, left_out, calls), *_foot()]
    return "\n".join(lines) + "\n"


def _head(operation: Operation, calls: Sequence[Call]) -> Iterator[str]:
    connection = operation.connection
    yield f"CASE FILE {operation.pk}: {operation.kind_label}, {operation.label}"
    yield ""
    yield from _pairs(
        [
            ("Our reference", str(operation.pk)),
            ("Customer", operation.tenant.name),
            ("Connection", f"{connection.name} ({connection.get_environment_display()})"),
            ("Base URL", connection.base_url),
            *names_at_vendor(operation),
            *readable({key: value for key, value in operation.payload.items() if value not in ("", None)}),
            ("Asked for", _utc(operation.created_at)),
            ("Status now", _status(operation)),
            ("Sent", f"{operation.attempt_count} times" if operation.attempt_count != 1 else "once"),
            ("Your request IDs", ", ".join(_request_ids(calls)) or "none were told"),
            ("This file made", _utc(timezone.now())),
        ]
    )
    yield ""


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in pairs:
        yield f"{name + ':':<22}{' '.join(str(value).split())}"


def _status(operation: Operation) -> str:
    trouble = f" ({operation.get_trouble_display()})" if operation.trouble else ""
    since = f", since {_utc(operation.unknown_since)}" if operation.unknown_since and not operation.ended else ""
    return f"{operation.get_status_display()}{trouble}{since}"


def _request_ids(calls: Iterable[Call]) -> list[str]:
    """In the order of the calls, each once."""
    return list(dict.fromkeys(call.vendor_request_id for call in calls if call.vendor_request_id))


# --- What we ask ----------------------------------------------------------------------------------------------------

_QUESTIONS: Mapping[str, str] = {
    Trouble.UNKNOWN: (
        "We sent the request below and received no usable answer. What your API shows since then does not tell us whether\n"
        "you carried it out.\n"
        "1. Was it carried out? If so: under which number, at what time, and once or more than once?\n"
        "2. If it was not: please confirm that it was not, and that it will not be carried out later.\n"
        "We do not send it again before we have your answer."
    ),
    Trouble.REFUSED: (
        "You refused the request below.\n"
        "1. Which condition was not met?\n"
        "2. What has to change, on your side or on ours, for it to be accepted?"
    ),
    Trouble.CREDENTIALS: (
        "You do not accept our credentials any more.\n"
        "1. Were they revoked, or have they ended? Since when?\n"
        "2. How do we get new ones for this account?"
    ),
    Trouble.QUOTA: (
        "Our quota of calls is used up.\n"
        "1. When does it start anew, and is the limit told in your answers the agreed one?\n"
        "2. What has to be done to raise it?"
    ),
    Trouble.PROTOCOL: (
        "Your API answered in a form that your documentation does not promise, so we stopped before sending anything.\n"
        "1. Has the API changed? Where is the change documented?\n"
        "2. If it has not: when will the answers be as documented again?"
    ),
    Trouble.UNREACHABLE: (
        "We cannot reach your API.\n1. Is there a disturbance, and since when?\n2. When do you expect it to end?"
    ),
}
_OTHERWISE = (
    "Please check the calls below against your own records, and tell us whether you see the same: what was carried out, "
    "when,\nand under which number."
)


def _question(operation: Operation) -> Iterator[str]:
    trouble = Trouble.UNKNOWN if operation.status == Status.UNKNOWN else operation.trouble
    yield "WHAT WE ASK YOU"
    yield ""
    yield _QUESTIONS.get(trouble, _OTHERWISE)
    yield ""


# --- What happened --------------------------------------------------------------------------------------------------


def _attempts(operation: Operation) -> tuple[list[Attempt], int]:
    """The first and the last of them, and how many were left out between."""
    ordered = operation.attempts.order_by("started_at", "pk")
    first = list(ordered[: FIRST_ATTEMPTS + LAST_ATTEMPTS + 1])
    if len(first) <= FIRST_ATTEMPTS + LAST_ATTEMPTS:
        return first, 0
    last = list(operation.attempts.order_by("-started_at", "-pk")[:LAST_ATTEMPTS])[::-1]
    return [*first[:FIRST_ATTEMPTS], *last], operation.attempts.count() - FIRST_ATTEMPTS - LAST_ATTEMPTS


def _calls(operation: Operation) -> list[Call]:
    """The newest, oldest first."""
    newest = Call.objects.filter(operation_id=operation.pk, tenant_id=operation.tenant_id)
    return list(newest.order_by("-started_at", "-pk")[:MOST_CALLS])[::-1]


def _attempts_told(attempts: Sequence[Attempt], left_out: int, calls: Sequence[Call]) -> Iterator[str]:
    yield "WHAT HAPPENED, OLDEST FIRST (all times in UTC)"
    if not attempts:
        yield from ("", "Nothing has left for your API yet.")
    for place, attempt in enumerate(attempts):
        if left_out and place == FIRST_ATTEMPTS:
            yield from ("", f"({left_out} more attempts like these are left out here.)")
        yield from _attempt_told(attempt, calls)
    yield ""


def _attempt_told(attempt: Attempt, calls: Sequence[Call]) -> Iterator[str]:
    sent = attempt.purpose == Attempt.Purpose.SEND
    title = "Sending" if sent else "Look at what your API shows,"
    yield from ("", RULE, f"{title} {attempt.number}: {attempt.get_outcome_display()}")
    yield f"  from {_utc(attempt.started_at)} to {_utc(attempt.finished_at) if attempt.finished_at else 'now'}"
    if attempt.message:
        yield f"  {' '.join(attempt.message.split())}"
    for name, value in readable(attempt.facts):
        yield f"  {name}: {value}"
    meanwhile = [call for call in calls if _during(attempt, call)]
    for call in meanwhile:
        yield from _exchange(call)
    if not meanwhile:
        yield from ("", "  No exchange is kept for it: nothing was sent, or it is older than the log of calls.")


def _during(attempt: Attempt, call: Call) -> bool:
    return attempt.started_at <= call.started_at and (not attempt.finished_at or call.started_at <= attempt.finished_at)


def _exchange(call: Call) -> Iterator[str]:
    outcome = call.status or f"no answer ({call.error})"
    yield ""
    yield f"  {_utc(call.started_at, milliseconds=True)}  {call.method} {call.path} -> {outcome}, {call.duration_ms} ms"
    if call.vendor_request_id:
        yield f"  Your request ID: {call.vendor_request_id}"
    for title, text in (("We sent", call.request), ("You answered", call.response)):
        if text:
            yield f"  {title}:"
            yield from (f"  | {line}" for line in text[:LONGEST_EXCHANGE].splitlines())


def _foot() -> Iterator[str]:
    yield RULE
    yield f"Secrets are shown as ***. Made by Patchbay {VERSION}."


def _utc(at: datetime, *, milliseconds: bool = False) -> str:
    return f"{at.astimezone(UTC).isoformat(sep=' ', timespec='milliseconds' if milliseconds else 'seconds')[:-6]} UTC"
