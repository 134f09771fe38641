"""Bulk work on what was chosen in a list: what of it is still there and may be done, and what became of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from portal.bulk.models import BatchRow
from portal.bulk.registry import BatchKind, Label, Outlook, Refusal
from portal.operations.models import Operation
from portal.operations.refusals import NotPromised
from portal.tenancy.roles import Role

GONE = gettext_noop("It is not there any more.")


def deletion(
    name: str,
    label: Label,
    *,
    find: Callable[[Sequence[int]], Mapping[int, Any]],
    check: Callable[[Any], object],
    delete: Callable[..., Mapping[int, Operation | NotPromised]],
    template: str,
    list_key: str,
) -> BatchKind:
    """Operators delete at the vendor what they chose in a list.

    `check` raises NotPromised, `delete` promises the end of many by their ids, `template` is told their `count`.
    """
    return BatchKind(
        name=name,
        label=label,
        role=Role.OPERATOR,
        check=lambda batch, rows: check_chosen(rows, find(ids_of(rows)), check),
        outlook=lambda batch: Outlook(template, {"count": batch.good}),
        promise=lambda batch, rows: answers_to(rows, delete(ids_of(rows), acting_user=batch.started_by)),
        list_key=list_key,
        icon="trash",
        tone="danger",
    )


def check_chosen(
    rows: Sequence[BatchRow],
    found: Mapping[int, Any],
    check: Callable[[Any], object] = lambda subject: None,
    name: Callable[[Any], str] = str,
) -> None:
    """Label each row by what it is about, and refuse those that are gone or of which `check` raises NotPromised."""
    for row in rows:
        subject = found.get(row.subject_id or 0)
        row.label = name(subject) if subject else ""
        if subject is None:
            row.refuse(GONE)
            continue
        try:
            check(subject)
        except NotPromised as refusal:
            row.refuse(refusal.sentence.text, **refusal.sentence.values)


def ids_of(rows: Sequence[BatchRow]) -> list[int]:
    return [row.subject_id for row in rows if row.subject_id is not None]


def answers_to(rows: Sequence[BatchRow], answers: Mapping[int, Operation | NotPromised]) -> list[Operation | Refusal]:
    """One for each row, of `answers` by subject."""
    return [answer_to(answers.get(row.subject_id or 0, NotPromised(GONE))) for row in rows]


def answer_to(answer: Operation | NotPromised) -> Operation | Refusal:
    return answer if isinstance(answer, Operation) else Refusal(answer.sentence)
