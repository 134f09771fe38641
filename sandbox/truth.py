"""An account's true state, as no vendor would tell it, and the changes that others make behind our back."""

from typing import Any

from sandbox import kandy
from sandbox.accounts import agreement, get_account
from sandbox.checks import BadInput
from sandbox.store import Row, Store
from sandbox.wire import iso_utc, new_transaction_id

ORIGIN = ("transaction_id", "cause")


def account_state(store: Store, client_id: str) -> dict[str, Any]:
    """Raises UnknownAccount."""
    account = get_account(store, client_id)
    orders = store.all("SELECT * FROM orders WHERE client_id = ? ORDER BY id DESC", client_id)
    subscribers = store.all("SELECT * FROM subscribers WHERE client_id = ? ORDER BY id", client_id)
    return {
        **agreement(account),
        "product": kandy.PRODUCT,
        "total": account["total"],
        "available": account["total"] - account["in_use"],
        "in_use": account["in_use"],
        "orders": [true_order(row) for row in orders],
        "subscribers": [true_subscriber(row) for row in subscribers],
    }


def true_order(row: Row) -> dict[str, Any]:
    return {**kandy.public_order(row), "held": bool(row["held"]), **{name: row[name] for name in ORIGIN}}


def true_subscriber(row: Row) -> dict[str, Any]:
    hidden = {name: row[name] for name in ("username", "deleted_at", *ORIGIN)}
    return kandy.public_subscriber(row) | hidden


def settle_order(store: Store, client_id: str, order_number: str, *, fulfil: bool) -> dict[str, Any]:
    """The vendor's people act on a pending order. Raises BadInput when it is settled, Refusal when unknown."""
    order = kandy.find_order(store, client_id, order_number)
    if order["status"] != "pending":
        raise BadInput(f"the order is {order['status']} already")
    act = kandy.fulfil_order if fulfil else kandy.reject_order
    with store.transaction():
        return true_order(act(store, order, transaction_id=new_transaction_id(), cause="control"))


def move_total_behind(store: Store, client_id: str, by: int) -> None:
    """Changes the inventory without an order. Raises BadInput for a total below what is in use."""
    account = get_account(store, client_id)
    if account["total"] + by < account["in_use"]:
        raise BadInput(f"by: {account['in_use']} of {account['total']} are in use")
    with store.transaction():
        kandy.move_total(store, client_id, by, transaction_id=new_transaction_id(), cause="behind")


def order_behind(store: Store, client_id: str, type_: Any, quantity: Any, at: str | None) -> dict[str, Any]:
    """Another party's order; `at` backdates it (ISO 8601 in UTC). Raises Refusal as the vendor would."""
    with store.transaction():
        order = kandy.place_order(
            store,
            client_id,
            type_=type_,
            quantity=quantity,
            transaction_id=new_transaction_id(),
            cause="behind",
            at=at or iso_utc(),
        )
    return true_order(order)


def subscribe_behind(store: Store, client_id: str, username: Any) -> dict[str, Any]:
    """Another party's subscriber. Raises Refusal as the vendor would."""
    with store.transaction():
        return true_subscriber(
            kandy.create_subscriber(store, client_id, username, transaction_id=new_transaction_id(), cause="behind")
        )


def unsubscribe_behind(store: Store, client_id: str, subscriber_id: str) -> dict[str, Any]:
    """Raises Refusal when unknown."""
    with store.transaction():
        kandy.delete_subscriber(store, client_id, subscriber_id, transaction_id=new_transaction_id(), cause="behind")
    return {"subscriber_id": subscriber_id, "status": "deleted"}
