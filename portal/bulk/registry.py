"""The kinds of bulk work: each app registers what can be done to the rows of a file, or to the rows chosen in a list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.tenancy.roles import Role

if TYPE_CHECKING:
    from django import forms

    from portal.bulk.models import Batch, BatchRow

Label = Any  # a string or a lazy translation


@dataclass(frozen=True)
class Field:
    """A value that a row of a file may have. `aliases` are headings (lower case) by which its column is guessed."""

    name: str
    label: Label
    required: bool = False
    help_text: Label = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """This row will not be done; `reason` is a sentence for the person."""

    reason: str


@dataclass(frozen=True)
class Later:
    """This row, and those after it, cannot be promised yet (no product is free); `reason` is a sentence for the person."""

    reason: str


@dataclass(frozen=True)
class Outlook:
    """What the batch would do and cost, for its preview: a template and its context. `blocked` says why it cannot start."""

    template: str
    context: Mapping[str, Any]
    blocked: str = ""


@dataclass(frozen=True)
class BatchKind:
    """One kind of bulk work. With `fields` it begins with a file; with `list_key` it is offered for the rows of that list.

    `options` is a form class asked once for the whole batch. It is made with data (or None) and tenant=; its cleaned values
    are kept as JSON through `options_json`.
    `check` looks at rows without promising anything, inside the tenant's scope: it sets `values` (JSON, what will be promised)
    and `reason` ("" for a good row). It is told rows in the order of their lines, a chunk at a time, and may ask the database
    for the whole chunk at once; duplicates inside the batch are found by `identity`, the value that may occur once.
    `outlook` tells cost and consequences once all rows are checked.
    `promise` promises a chunk of good rows in the caller's transaction, through the app's verbs. One answer for each row:
    the Operation it became, a Refusal, or Later.
    """

    name: str
    label: Label
    role: Role
    check: Callable[["Batch", Sequence["BatchRow"]], None]
    outlook: Callable[["Batch"], Outlook]
    promise: Callable[["Batch", Sequence["BatchRow"]], Sequence[Any]]
    fields: tuple[Field, ...] = ()
    identity: str = ""
    list_key: str = ""
    icon: str = "list"
    tone: str = ""
    options: "type[forms.Form] | None" = None


_kinds: dict[str, BatchKind] = {}


def register(kind: BatchKind) -> None:
    """Add a kind, in `AppConfig.ready`; registering the same `name` again replaces it."""
    _kinds[kind.name] = kind


def batch_kind(name: str) -> BatchKind | None:
    return _kinds.get(name)


def actions_for(list_key: str) -> list[BatchKind]:
    """What is offered for chosen rows of a list."""
    return [kind for kind in _kinds.values() if kind.list_key == list_key and not kind.fields]


def imports_for(list_key: str) -> list[BatchKind]:
    """What is offered beside a list as a file to import."""
    return [kind for kind in _kinds.values() if kind.list_key == list_key and kind.fields]
