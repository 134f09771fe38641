"""The kinds of operations, and what each vendor app does for them.

A vendor app declares a `Kind` and four functions: how it is carried out, how the vendor's answer is absorbed into the mirror,
how an unknown outcome is settled by looking, and how the mirror is put right when nothing happened after all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portal.operations.models import Operation
    from portal.operations.work import Work


class Resend(Enum):
    """May the portal send again by itself what it proved not to have happened?"""

    AFTER_ABSENT = "after absent"
    NEVER = "never"
    # Doing it twice is the same as doing it once, so it is sent again as often as it takes. It is looked up first all the
    # same: while it is open, the counts that are evidence for others are not certain.
    ALWAYS = "always"


@dataclass(frozen=True)
class Kind:
    """One thing that can be promised to a vendor. `name` is app.verb; `label` names it to people.

    `reaches_people`: done twice, people outside get it twice. Then an admin decides about sending it again.
    """

    name: str
    label: Any
    resend: Resend = Resend.AFTER_ABSENT
    reaches_people: bool = False


@dataclass(frozen=True)
class Found:
    """The vendor has it: `answer` is what its own answer would have told, as far as it can be read back.

    `why` here and below is kept: mark it with `gettext_noop`, so that each reader gets it in their language.
    """

    answer: Any
    why: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Absent:
    """The vendor does not have it, and the settle time is over: it was not done."""

    why: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CannotTell:
    """What the vendor shows fits both, or neither."""

    why: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


Verdict = Found | Absent | CannotTell


@dataclass(frozen=True)
class PersonSays:
    """A person marked the operation as done: what the vendor told them instead of its answer."""

    reference: str
    reason: str


@dataclass(frozen=True)
class Stake:
    """What an operation costs a month once it is done, in EUR; None while nobody has entered the price."""

    eur: Decimal | None


Prepare = Callable[["Operation"], Mapping[str, Any]]
CarryOut = Callable[["Work"], Any]
Absorb = Callable[["Operation", Any], None]
Settle = Callable[["Work"], Verdict]
Revert = Callable[["Operation"], None]
Stakes = Callable[[Sequence["Operation"]], Mapping[int, Stake]]
# English names and values by which the vendor knows what an operation is about ("Order number", "O-123").
Identify = Callable[["Operation"], Sequence[tuple[str, str]]]

_kinds: dict[str, Kind] = {}
_prepare: dict[str, Prepare] = {}
_carry: dict[str, CarryOut] = {}
_absorb: dict[str, Absorb] = {}
_settle: dict[str, Settle] = {}
_revert: dict[str, Revert] = {}
_stakes: dict[str, Stakes] = {}
_identify: dict[str, Identify] = {}


def prepares(kind: Kind) -> Callable[[Prepare], Prepare]:
    """Mark what the mirror knows that will be evidence later; kept with the attempt by the transaction that claims it."""
    return _register(_prepare, kind)


def carries_out(kind: Kind) -> Callable[[CarryOut], CarryOut]:
    """Mark how `kind` is sent: calls the client, returns the vendor's typed answer, raises the VendorError family."""
    _kinds[kind.name] = kind
    return _register(_carry, kind)


def absorbs(kind: Kind) -> Callable[[Absorb], Absorb]:
    """Mark how the vendor's answer (or `PersonSays`) changes the mirror; runs in the transaction that ends the operation."""
    return _register(_absorb, kind)


def settles(kind: Kind) -> Callable[[Settle], Settle]:
    """Mark how an unknown outcome is looked up. Only reads; raises VendorError when the vendor cannot be read now."""
    return _register(_settle, kind)


def reverts(kind: Kind) -> Callable[[Revert], Revert]:
    """Mark how the mirror is put right when the operation ended without effect."""
    return _register(_revert, kind)


def costs(kind: Kind) -> Callable[[Stakes], Stakes]:
    """Mark what operations of `kind` cost, by their keys: asked once for all that a page shows. Those left out are free."""
    return _register(_stakes, kind)


def identifies(kind: Kind) -> Callable[[Identify], Identify]:
    """Mark how the vendor knows what an operation is about, for the case file."""
    return _register(_identify, kind)


def _register(table: dict[str, Any], kind: Kind) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        table[kind.name] = function
        return function

    return keep


def kind_of(operation: "Operation") -> Kind:
    return _kinds[operation.kind]


def facts_before(operation: "Operation") -> dict[str, Any]:
    prepare = _prepare.get(operation.kind)
    return dict(prepare(operation)) if prepare else {}


def carry_out_of(operation: "Operation") -> CarryOut:
    return _carry[operation.kind]


def absorb_of(operation: "Operation") -> Absorb:
    return _absorb[operation.kind]


def settle_of(operation: "Operation") -> Settle:
    return _settle[operation.kind]


def revert_of(operation: "Operation") -> Revert:
    return _revert[operation.kind]


def stakes_of(operations: Sequence["Operation"]) -> dict[int, Stake]:
    """The stakes of those that cost money, by key; one call for each kind among them."""
    found: dict[int, Stake] = {}
    for kind in {operation.kind for operation in operations} & set(_stakes):
        found |= _stakes[kind]([operation for operation in operations if operation.kind == kind])
    return found


def names_at_vendor(operation: "Operation") -> list[tuple[str, str]]:
    """(English name, value) of each that is known."""
    identify = _identify.get(operation.kind)
    return [pair for pair in identify(operation) if pair[1]] if identify else []


def kinds() -> list[Kind]:
    return list(_kinds.values())


def reaches_people(name: str) -> bool:
    """Of a kind; False of one that is no longer built in."""
    return name in _kinds and _kinds[name].reaches_people


def kind_label(name: str) -> Any:
    """How people call a kind; the bare name of one that is no longer built in."""
    return _kinds[name].label if name in _kinds else name
