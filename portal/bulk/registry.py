"""The kinds of bulk work: each app registers what can be done to the rows of a file, or to the rows chosen in a list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.sentences import Sentence
from portal.tenancy.roles import Role

if TYPE_CHECKING:
    from portal.bulk.forms import OptionsForm
    from portal.bulk.models import Batch, BatchRow
    from portal.operations.models import Operation

Label = Any  # a string or a lazy translation


@dataclass(frozen=True)
class Field:
    """A value that a row of a file may have.

    `aliases` are headings by which its column is guessed, in lower case without blanks and signs ("username"); `example` stands
    in the template file.
    """

    name: str
    label: Label
    required: bool = False
    help_text: Label = ""
    aliases: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True)
class Done:
    """This row is done already, without a vendor. Only an `immediate` kind may answer so."""


@dataclass(frozen=True)
class Refusal:
    """This row will not be done."""

    reason: Sentence


@dataclass(frozen=True)
class Later:
    """This row, and those after it, cannot be promised yet (no product is free)."""

    reason: Sentence


@dataclass(frozen=True)
class Outlook:
    """What the batch would do and cost, for its preview: a template and its context. `blocked` says why it cannot start."""

    template: str
    context: Mapping[str, Any]
    blocked: str = ""


@dataclass(frozen=True)
class BatchKind:
    """One kind of bulk work. With `fields` it begins with a file; with `list_key` it is offered for the rows of that list.

    `options` is a form asked once for the whole batch.
    `check` looks at rows without promising anything, inside the tenant's scope: it sets `values` (JSON, what will be promised)
    and calls `row.refuse(…)` for what cannot be done. Of a file's row `values` has the cells of its fields already, cleaned;
    rows in which a required one is missing are not asked about. Of a chosen row it sets `label`, what people call it. It is
    told rows in the order of their lines, a chunk at a time, and may ask the database for the whole chunk at once.
    `identity` names the value that may occur once in a file, in any case of its letters; it is the row's label, too.
    `outlook` tells cost and consequences once all rows are checked; it is asked by pages, so it should ask little.
    `promise` promises a chunk of good rows in the caller's transaction, through the app's verbs. One answer for each row:
    the Operation it became, a Refusal, or Later.
    `immediate`: what it does is done with that; the answer is Done, or the operation that it was done to. Nothing of it can be
    taken back.
    """

    name: str
    label: Label
    role: Role
    check: Callable[["Batch", Sequence["BatchRow"]], None]
    outlook: Callable[["Batch"], Outlook]
    promise: Callable[["Batch", Sequence["BatchRow"]], Sequence["Operation | Done | Refusal | Later"]]
    fields: tuple[Field, ...] = ()
    identity: str = ""
    list_key: str = ""
    icon: str = "list"
    tone: str = ""
    options: "type[OptionsForm] | None" = None
    immediate: bool = False


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
