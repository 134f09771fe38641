"""How the mirror row that an operation is about is called and where its page is; each vendor app registers its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.operations.models import Operation


@dataclass(frozen=True)
class Subject:
    label: Any
    url: str


Describe = Callable[[Operation], tuple[Any, str]]

_describers: dict[str, Describe] = {}


def register(subject_type: str, describe: Describe) -> None:
    """`describe` makes (label, url) for operations about `subject_type` ("provisioning.order").

    It is called once for a page and should ask the database nothing: `operation.tenant` is there, `subject_id` is enough for
    an address.
    """
    _describers[subject_type] = describe


def subject_of(operation: Operation) -> Subject | None:
    """Where to read on about what the operation was for; None when no app tells."""
    describe = _describers.get(operation.subject_type)
    return Subject(*describe(operation)) if describe and operation.subject_id else None
