"""Ribbon Kandy's provisioning calls: products ordered into an inventory, subscribers that each use one of them.

The vendor documents the calls and their meaning, not their fields: the field names here are a decision of ours.
"""

import re
import secrets
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox import kpn_gateway
from sandbox.accounts import get_account
from sandbox.ledger import EffectKind, write_effect
from sandbox.store import Row, Store
from sandbox.wire import Call, Cause, Refusal, Reply, Vendor, decode_object, iso_utc

PRODUCT = "KPN-VoiceVideo-C"
MAX_QUANTITY = 100_000
USERNAME = re.compile(r"[A-Za-z0-9._+-]{1,64}")
ORDER_FIELDS = ("order_number", "product", "type", "quantity", "status", "created_at", "fulfilled_at")

Handler = Callable[[Store, Call, str], Reply]


def answer(store: Store, call: Call) -> Reply:
    """Does one call's work in one transaction. Raises Refusal when there is none to do."""
    collection, _, identifier = call.path.strip("/").partition("/")
    methods = ROUTES.get((collection, bool(identifier)))
    if methods is None or "/" in identifier:
        raise Refusal(404, "NotFound", "There is no such resource.", call.path)
    handler = methods.get(call.method)
    if handler is None:
        raise Refusal(
            405,
            "MethodNotAllowed",
            f"{call.method} is not allowed here.",
            headers={"Allow": ", ".join(methods)},
        )
    with store.transaction():
        return handler(store, call, identifier)


def route_of(path: str) -> str:
    collection, _, identifier = path.strip("/").partition("/")
    if not identifier:
        return f"/{collection}"
    return {"order": "/order/{order_number}", "subscriber": "/subscriber/{subscriber_id}"}.get(collection, "/…")


# --- Orders ---------------------------------------------------------------------------------------------------------


def post_order(store: Store, call: Call, _identifier: str) -> Reply:
    fields = _body(call)
    _check_product(fields)
    order = place_order(
        store,
        call.client_id,
        type_=fields.get("type"),
        quantity=fields.get("quantity"),
        transaction_id=call.transaction_id,
        cause=call.cause,
    )
    return Reply(201, public_order(order))


def place_order(
    store: Store,
    client_id: str,
    *,
    type_: Any,
    quantity: Any,
    transaction_id: str,
    cause: Cause,
    at: str | None = None,
) -> Row:
    """Takes an order and fulfils it unless the agreement says later. Raises Refusal; `at` backdates it (ISO 8601)."""
    _check_order(type_, quantity)
    account = get_account(store, client_id)
    if type_ == "decrement" and _free_to_return(store, account) < quantity:
        raise Refusal(412, "PreconditionFailed", "The inventory cannot be decremented below the products in use.")
    held = type_ == "increment" and _exceeds_limit(store, account, quantity)
    due = _due(account["fulfil_after"]) if account["fulfil_after"] and not held else None
    order = _insert_order(store, client_id, type_, quantity, held, due, at or iso_utc(), transaction_id, cause)
    if held or due is not None:
        return order
    return fulfil_order(store, order, transaction_id=transaction_id, cause=cause, at=at)


def _check_order(type_: Any, quantity: Any) -> None:
    if type_ not in ("increment", "decrement"):
        raise Refusal(400, "InvalidType", "type must be increment or decrement.", "type")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
        raise Refusal(400, "InvalidQuantity", f"quantity must be an integer from 1 to {MAX_QUANTITY}.", "quantity")


def _free_to_return(store: Store, account: Row) -> int:
    return account["total"] - account["in_use"] - _pending(store, account["client_id"], "decrement")


def _exceeds_limit(store: Store, account: Row, quantity: int) -> bool:
    if account["limit_eur"] is None:
        return False
    products = account["total"] + _pending(store, account["client_id"], "increment") + quantity
    return products * Decimal(account["unit_price_eur"]) > Decimal(account["limit_eur"])


def _pending(store: Store, client_id: str, type_: str) -> int:
    return store.count(
        "SELECT coalesce(sum(quantity), 0) FROM orders WHERE client_id = ? AND type = ? AND status = 'pending'",
        client_id,
        type_,
    )


def _due(after: float) -> float:
    return time.time() + after


def _insert_order(
    store: Store,
    client_id: str,
    type_: str,
    quantity: int,
    held: bool,
    fulfil_at: float | None,
    created_at: str,
    transaction_id: str,
    cause: Cause,
) -> Row:
    number = f"O{secrets.randbelow(10**12):012d}"
    row_id = store.insert(
        "INSERT INTO orders (order_number, client_id, product, type, quantity, status, held, fulfil_at, created_at, "
        "transaction_id, cause) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)",
        number,
        client_id,
        PRODUCT,
        type_,
        quantity,
        held,
        fulfil_at,
        created_at,
        transaction_id,
        cause,
    )
    order = _order(store, row_id)
    _write_order_effect(store, order, "order_taken", transaction_id, cause)
    return order


def _order(store: Store, row_id: int) -> Row:
    row = store.one("SELECT * FROM orders WHERE id = ?", row_id)
    if row is None:
        raise LookupError(f"order {row_id} vanished")
    return row


def fulfil_order(store: Store, order: Row, *, transaction_id: str, cause: Cause, at: str | None = None) -> Row:
    """Moves the inventory; a decrement that no longer fits is rejected instead. Only for pending orders."""
    by = order["quantity"] if order["type"] == "increment" else -order["quantity"]
    account = get_account(store, order["client_id"])
    if account["total"] + by < account["in_use"]:
        return reject_order(store, order, transaction_id=transaction_id, cause=cause)
    store.run(
        "UPDATE orders SET status = 'fulfilled', fulfilled_at = ?, fulfil_at = NULL WHERE id = ?",
        at or iso_utc(),
        order["id"],
    )
    _write_order_effect(store, order, "order_fulfilled", transaction_id, cause)
    move_total(
        store, order["client_id"], by, transaction_id=transaction_id, cause=cause, order_number=order["order_number"]
    )
    return _order(store, order["id"])


def reject_order(store: Store, order: Row, *, transaction_id: str, cause: Cause) -> Row:
    """Only for pending orders."""
    store.run("UPDATE orders SET status = 'rejected', fulfil_at = NULL WHERE id = ?", order["id"])
    _write_order_effect(store, order, "order_rejected", transaction_id, cause)
    return _order(store, order["id"])


def fulfil_due_orders(store: Store, now: float) -> None:
    """Late fulfilment, the vendor's own; `now` in epoch seconds."""
    for order in store.all("SELECT * FROM orders WHERE fulfil_at <= ? ORDER BY fulfil_at, id", now):
        with store.transaction():
            fulfil_order(store, order, transaction_id=order["transaction_id"], cause=order["cause"])


def _write_order_effect(store: Store, order: Row, kind: EffectKind, transaction_id: str, cause: Cause) -> None:
    facts = {name: order[name] for name in ("order_number", "product", "type", "quantity")}
    write_effect(store, order["client_id"], kind, facts, transaction_id=transaction_id, cause=cause)


def get_order(store: Store, call: Call, order_number: str) -> Reply:
    return Reply(200, public_order(find_order(store, call.client_id, order_number)))


def find_order(store: Store, client_id: str, order_number: str) -> Row:
    """Raises Refusal 404, also for another account's order."""
    order = store.one("SELECT * FROM orders WHERE client_id = ? AND order_number = ?", client_id, order_number)
    if order is None:
        raise Refusal(404, "OrderNotFound", "There is no such order.", order_number[:100])
    return order


def list_orders(store: Store, call: Call, _identifier: str) -> Reply:
    rows = store.all("SELECT * FROM orders WHERE client_id = ? ORDER BY id DESC", call.client_id)
    return Reply(200, [public_order(row) for row in rows])


def public_order(order: Row) -> dict[str, Any]:
    return {name: order[name] for name in ORDER_FIELDS}


# --- Inventory ------------------------------------------------------------------------------------------------------


def get_inventory(store: Store, call: Call, _identifier: str) -> Reply:
    account = get_account(store, call.client_id)
    available = account["total"] - account["in_use"]
    return Reply(200, [{"product": PRODUCT, "total": account["total"], "available": available}])


def move_total(
    store: Store, client_id: str, by: int, *, transaction_id: str, cause: Cause, order_number: str | None = None
) -> None:
    """The only place where a total changes. The caller has made sure that it stays at or above use."""
    store.run("UPDATE accounts SET total = total + ? WHERE client_id = ?", by, client_id)
    facts: dict[str, Any] = {"product": PRODUCT, "by": by, "total": get_account(store, client_id)["total"]}
    if order_number:
        facts["order_number"] = order_number
    write_effect(store, client_id, "inventory_changed", facts, transaction_id=transaction_id, cause=cause)


# --- Subscribers ----------------------------------------------------------------------------------------------------


def post_subscriber(store: Store, call: Call, _identifier: str) -> Reply:
    fields = _body(call)
    _check_product(fields)
    subscriber = create_subscriber(
        store, call.client_id, fields.get("username"), transaction_id=call.transaction_id, cause=call.cause
    )
    # The password is told once and kept nowhere: nothing here ever needs to check it.
    return Reply(201, {**public_subscriber(subscriber), "password": secrets.token_urlsafe(12)})


def create_subscriber(store: Store, client_id: str, username: Any, *, transaction_id: str, cause: Cause) -> Row:
    """Takes one product from what is available. Raises Refusal."""
    if not isinstance(username, str) or not USERNAME.fullmatch(username):
        raise Refusal(400, "InvalidUsername", "username must be 1 to 64 of A-Z a-z 0-9 . _ + -", "username")
    account = get_account(store, client_id)
    if _username_taken(store, client_id, username):
        raise Refusal(400, "DuplicateUsername", "There is a subscriber with this username already.", username)
    if account["total"] <= account["in_use"]:
        raise Refusal(412, "PreconditionFailed", "There is no product available in the inventory.", PRODUCT)
    subscriber = _insert_subscriber(store, account, username, transaction_id, cause)
    store.run("UPDATE accounts SET in_use = in_use + 1 WHERE client_id = ?", client_id)
    _write_subscriber_effect(store, subscriber, "subscriber_created", transaction_id, cause)
    return subscriber


def _username_taken(store: Store, client_id: str, username: str) -> bool:
    taken = store.one(
        "SELECT 1 FROM subscribers WHERE client_id = ? AND username = ? AND deleted_at IS NULL", client_id, username
    )
    return taken is not None


def _insert_subscriber(store: Store, account: Row, username: str, transaction_id: str, cause: Cause) -> Row:
    row_id = store.insert(
        "INSERT INTO subscribers (subscriber_id, client_id, username, identity, product, created_at, transaction_id, "
        "cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        f"S{secrets.token_hex(8)}",
        account["client_id"],
        username,
        f"{username}@{account['domain']}",
        PRODUCT,
        iso_utc(),
        transaction_id,
        cause,
    )
    row = store.one("SELECT * FROM subscribers WHERE id = ?", row_id)
    if row is None:
        raise LookupError(f"subscriber {row_id} vanished")
    return row


def delete_subscriber_call(store: Store, call: Call, subscriber_id: str) -> Reply:
    delete_subscriber(store, call.client_id, subscriber_id, transaction_id=call.transaction_id, cause=call.cause)
    return Reply(200, {"subscriber_id": subscriber_id, "status": "deleted"})


def delete_subscriber(store: Store, client_id: str, subscriber_id: str, *, transaction_id: str, cause: Cause) -> None:
    """Returns the product to what is available. Raises Refusal 404 when unknown, deleted or another account's."""
    subscriber = store.one(
        "SELECT * FROM subscribers WHERE subscriber_id = ? AND client_id = ? AND deleted_at IS NULL",
        subscriber_id,
        client_id,
    )
    if subscriber is None:
        raise Refusal(404, "SubscriberNotFound", "There is no such subscriber.", subscriber_id[:100])
    store.run("UPDATE subscribers SET deleted_at = ? WHERE id = ?", iso_utc(), subscriber["id"])
    store.run("UPDATE accounts SET in_use = in_use - 1 WHERE client_id = ?", client_id)
    _write_subscriber_effect(store, subscriber, "subscriber_deleted", transaction_id, cause)


def _write_subscriber_effect(
    store: Store, subscriber: Row, kind: EffectKind, transaction_id: str, cause: Cause
) -> None:
    facts = {name: subscriber[name] for name in ("subscriber_id", "username", "product")}
    write_effect(store, subscriber["client_id"], kind, facts, transaction_id=transaction_id, cause=cause)


def public_subscriber(subscriber: Row) -> dict[str, Any]:
    names = ("subscriber_id", "identity", "product", "created_at")
    return {name: subscriber[name] for name in names}


# --- What came over the wire ----------------------------------------------------------------------------------------


def _body(call: Call) -> dict[str, Any]:
    try:
        return decode_object(call.body)
    except ValueError as error:
        raise Refusal(400, "MalformedBody", "The body is not a JSON object.", str(error)[:200]) from None


def _check_product(fields: dict[str, Any]) -> None:
    if fields.get("product") != PRODUCT:
        raise Refusal(400, "UnknownProduct", f"product must be {PRODUCT}.", "product")


ROUTES: dict[tuple[str, bool], dict[str, Handler]] = {
    ("order", False): {"GET": list_orders, "POST": post_order},
    ("order", True): {"GET": get_order},
    ("inventory", False): {"GET": get_inventory},
    ("subscriber", False): {"POST": post_subscriber},
    ("subscriber", True): {"DELETE": delete_subscriber_call},
}
KANDY = Vendor("kandy", "/communication/kandy/provisioning", kpn_gateway.admit, answer, route_of)
