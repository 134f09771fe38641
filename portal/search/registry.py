"""What a search finds: each app registers the kinds of rows it made `Searchable`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from portal.tenancy.models import Membership
from portal.tenancy.roles import Role

Label = Any  # a string or a lazy translation


@dataclass(frozen=True)
class Description:
    """How one row is shown: a name, a line beside it, and a state of `portal.ui.statuses`.

    `pk` is of the row whose page it leads to, where that is another one: of a number, the customer who has it.
    """

    title: Label
    detail: Label = ""
    status: Label = ""
    pk: int | None = None


@dataclass(frozen=True)
class SearchKind:
    """One kind of rows. `name` is that of its `Searchable` ("provisioning.subscriber"), `role` the weakest that sees them.

    `values` are fields or expressions by name; `describe` gets them as JSON has them (moments as ISO 8601) and must ask the
    database nothing: one query reads the rows of all kinds. `list_name` is the address of the list with all that is found,
    which takes the text as `q` besides `list_filters`; "" where there is no such list.
    """

    name: str
    label: Label
    icon: str
    role: Role
    model: type[Model]
    values: Mapping[str, Any]
    describe: Callable[[Mapping[str, Any]], Description]
    url: Callable[[str, int], str]
    list_name: str = ""
    list_filters: Mapping[str, str] = field(default_factory=dict)
    order: int = 100


@dataclass(frozen=True)
class Jump:
    """A page that a text leads to by its form alone, such as a telephone number."""

    title: Label
    detail: Label
    url: str


# Called for a member with what was typed; asks the database nothing.
JumpSource = Callable[[Membership, str], Jump | None]

_kinds: dict[str, SearchKind] = {}
_jumps: dict[str, JumpSource] = {}


def register(kind: SearchKind) -> None:
    """Add a kind, in `AppConfig.ready`; registering the same `name` again replaces it."""
    _kinds[kind.name] = kind


def kinds() -> list[SearchKind]:
    """As results stand on a page: by `order`."""
    return sorted(_kinds.values(), key=lambda kind: kind.order)


def register_jump(key: str, source: JumpSource) -> None:
    """Add where texts of some form lead, in `AppConfig.ready`; registering the same `key` again replaces it."""
    _jumps[key] = source


def jumps(membership: Membership, text: str) -> list[Jump]:
    return [jump for source in _jumps.values() if (jump := source(membership, text))]
