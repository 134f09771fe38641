"""What an app that counts says when a vendor's invoice is checked: what a name means, and how a level came about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.billing.peaks import Period


@dataclass(frozen=True)
class Place:
    """What an account and a product's name on an invoice mean here. `object_id` None: the account has no such product."""

    tenant_id: int
    object_id: int | None
    label: str


@dataclass(frozen=True)
class Entry:
    """One change of a meter's level: `at` by the vendor's clock or ours, and the `level` it led to in the order of effect.

    `order` is the number the vendor gave ("" without one), `operation_id` what carried it out.
    """

    at: datetime
    quantity: int
    level: int
    by_vendors_clock: bool
    cause: str
    order: str = ""
    operation_id: int | None = None


@dataclass(frozen=True)
class OrderTold:
    """An order of a period. `state` is one of `portal.ui.statuses`; `counted` says whether it is in the ledger.

    `quantity` is negative for a reduction. `number` is "" while the vendor has told none.
    """

    number: str
    quantity: int
    asked_at: datetime
    taken_at: datetime | None
    fulfilled_at: datetime | None
    state: str
    counted: bool
    operation_id: int | None = None


@dataclass(frozen=True)
class Ledger:
    """How the level of a meter moved in a period, in the order of effect, and the orders behind it or beside it."""

    opening: int
    entries: Sequence[Entry]
    orders: Sequence[OrderTold]


@dataclass(frozen=True)
class Counted:
    """What a meter came to in a month."""

    tenant_id: int
    object_id: int
    label: str
    value: int


# An account, and the name of a product, as the vendor writes them.
Written = tuple[str, str]


@dataclass(frozen=True)
class Invoicing:
    """How the invoices of `vendor` are held against the meters of a kind. All of it runs in staff scope.

    `find` gives, for every account that is known, each place that it and the product's name can mean. `ledger(object_id,
    period)` is how a level came about. `counted(first)` are all meters that came to more than nothing in the month of the
    vendor's calendar from `first` on.
    """

    vendor: str
    find: Callable[[Iterable[Written]], Mapping[Written, Sequence[Place]]]
    ledger: Callable[[int, Period], Ledger]
    counted: Callable[[date], Iterable[Counted]]
