"""Kandy WebRTC provisioning as KPN's API store offers it: orders, inventory, subscribers.

The manual ("Kandy WebRTC API", API store) names the calls and what they mean, not the fields of their payloads. The
names used here are a decision of this project; a correction of them touches this file alone.

Strict in what is sent, liberal in what is taken: numbers may come as text, one object as a list of one, a list as one
object or under a name, times with or without an offset (without: UTC). Fields that are unknown, or known and not
understood where they may be missing, are kept in `raw`. What cannot be understood raises VendorProtocolError, which
VendorHttp turns into VendorOutcomeUnknown after a write.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from portal.vendors.errors import VendorProtocolError, VendorRefused
from portal.vendors.http import VendorHttp
from portal.vendors.payloads import Fields, items_in, single_in

Remote = TypeVar("Remote")


class OrderKind(StrEnum):
    INCREMENT = "increment"
    DECREMENT = "decrement"


class OrderStatus(StrEnum):
    PENDING = "pending"
    FULFILLED = "fulfilled"
    REJECTED = "rejected"


class Deletion(Enum):
    """How a subscriber came to be gone: by this call, or before it."""

    DELETED = "deleted"
    ALREADY_GONE = "already gone"


@dataclass(frozen=True)
class RemoteOrder:
    """An order for more or fewer products, as the vendor knows it. Times are aware, in UTC."""

    number: str
    product: str
    kind: OrderKind
    quantity: int
    status: OrderStatus
    created_at: datetime | None = None
    fulfilled_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteOrder":
        """`known` stands in for fields that the payload leaves out, by their names on the wire."""
        fields = Fields("order", payload, known)
        return cls(
            number=fields.text("order_number"),
            product=fields.text("product"),
            kind=fields.choice("type", OrderKind),
            quantity=fields.count("quantity"),
            status=fields.choice("status", OrderStatus),
            created_at=fields.time("created_at"),
            fulfilled_at=fields.time("fulfilled_at"),
            raw=fields.rest(),
        )


@dataclass(frozen=True)
class RemoteInventory:
    """How many of one product the account has, and how many of them no subscriber uses."""

    product: str
    total: int
    available: int
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def in_use(self) -> int:
        return self.total - self.available

    @classmethod
    def parse(cls, payload: Any) -> "RemoteInventory":
        fields = Fields("inventory", payload)
        return cls(
            product=fields.text("product"),
            total=fields.count("total"),
            available=fields.count("available"),
            raw=fields.rest(),
        )


@dataclass(frozen=True)
class RemoteSubscriber:
    """A subscriber as told when it was created, and never again: the vendor has no call to read one.

    `identity` and `password` initialise the Kandy SDK; each is "" when the answer left it out.
    """

    subscriber_id: str
    identity: str
    password: str = field(repr=False)
    product: str
    created_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteSubscriber":
        """`known` stands in for fields that the payload leaves out, by their names on the wire."""
        fields = Fields("subscriber", payload, {"identity": "", "password": "", **known})
        return cls(
            subscriber_id=fields.text("subscriber_id"),
            identity=fields.text("identity"),
            password=fields.secret("password"),
            product=fields.text("product"),
            created_at=fields.time("created_at"),
            raw=fields.rest(),
        )


@dataclass(frozen=True)
class OrderReading:
    """All orders of one read. Who concludes from an order's absence must see that nothing is `unreadable`."""

    orders: tuple[RemoteOrder, ...]
    unreadable: tuple[VendorProtocolError, ...]

    @property
    def complete(self) -> bool:
        return not self.unreadable


class KandyClient:
    """The calls of the manual's chapter "Provision products and subscribers", over one connection.

    Every call raises the errors of `VendorHttp`; the methods name those that have a meaning of their own.
    """

    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    def place_order(self, product: str, kind: OrderKind | str, quantity: int) -> RemoteOrder:
        """Order more or fewer products (steps 1 and 7). The order may stay pending: see step 2.

        Raises VendorRefused with status 412 for a decrement below what is in use.
        """
        asked = {"product": _named(product), "type": OrderKind(kind).value, "quantity": _positive(quantity)}
        known = {**asked, "status": OrderStatus.PENDING.value}
        return self._http.post("/order", json=asked, parse=partial(_parse_single, partial(RemoteOrder.parse, **known)))

    def order(self, number: str) -> RemoteOrder:
        """One order, to see whether it has been fulfilled (step 2). Raises VendorRefused with status 404 if unknown.

        Orders above the account's agreed EUR limit wait for the vendor's people.
        """
        return self._http.get(f"/order/{_segment(number)}", parse=partial(_parse_order, number))

    def orders(self) -> list[RemoteOrder]:
        """All orders, newest first (step 2). Raises VendorProtocolError when any of them cannot be understood."""
        return self._http.get("/order", parse=_parse_all_orders)

    def read_orders(self) -> OrderReading:
        """All orders that can be understood, newest first, and the errors of those that cannot."""
        return self._http.get("/order", parse=_parse_orders)

    def inventory(self) -> list[RemoteInventory]:
        """The account's products, each once (step 3)."""
        return self._http.get("/inventory", parse=_parse_inventory)

    def create_subscriber(self, username: str, *, product: str) -> RemoteSubscriber:
        """Create a subscriber, which consumes one product of the available inventory (step 4).

        Raises VendorRefused with status 412 when no product is available.
        """
        asked = {"product": _named(product), "username": _named(username)}
        parse = partial(_parse_single, partial(RemoteSubscriber.parse, product=product))
        return self._http.post("/subscriber", json=asked, parse=parse)

    def delete_subscriber(self, subscriber_id: str) -> Deletion:
        """Delete a subscriber: its product is available again, applications that use it are forced out (step 6).

        May be repeated: a subscriber that is not there is a success.
        """
        try:
            self._http.delete(f"/subscriber/{_segment(subscriber_id)}")
        except VendorRefused as refusal:
            if refusal.status != 404:
                raise
            return Deletion.ALREADY_GONE
        return Deletion.DELETED


# --- What is taken ------------------------------------------------------------------------------------------------


def _parse_single(parse: Callable[[Any], Remote], payload: Any) -> Remote:
    return parse(single_in(payload))


def _parse_order(number: str, payload: Any) -> RemoteOrder:
    """The order that was asked for, also out of a list."""
    candidates = [RemoteOrder.parse(each, order_number=number) for each in items_in(payload, "orders")]
    for order in candidates:
        if order.number == str(number):
            return order
    raise VendorProtocolError("The vendor answered with another order than the one asked for", raw=payload)


def _parse_orders(payload: Any) -> OrderReading:
    orders, unreadable = [], []
    for each in items_in(payload, "orders"):
        try:
            orders.append(RemoteOrder.parse(each))
        except VendorProtocolError as flaw:
            unreadable.append(flaw)
    return OrderReading(tuple(orders), tuple(unreadable))


def _parse_all_orders(payload: Any) -> list[RemoteOrder]:
    return [RemoteOrder.parse(each) for each in items_in(payload, "orders")]


def _parse_inventory(payload: Any) -> list[RemoteInventory]:
    inventory = [RemoteInventory.parse(each) for each in items_in(payload, "inventory")]
    if len({each.product for each in inventory}) < len(inventory):
        raise VendorProtocolError("The vendor's inventory tells a product twice", raw=payload)
    return inventory


# --- What is sent -------------------------------------------------------------------------------------------------


def _named(text: str) -> str:
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise ValueError("a product and a username are printable text that is not empty")
    return text


def _positive(quantity: int) -> int:
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise ValueError("a quantity is a whole number from 1")
    return quantity


def _segment(identifier: str) -> str:
    """One segment of a path. Dots would climb out of it, and nothing at all would name the collection."""
    if not identifier or identifier in (".", ".."):
        raise ValueError("this identifier cannot stand in a path")
    return quote(identifier, safe="")
