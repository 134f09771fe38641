from datetime import UTC, datetime

import pytest

from tests.sandbox.caller import PRODUCT, Caller, assert_refused


def kinds(control, client_id="acme"):
    return [entry["kind"] for entry in control.ledger(client_id)]


def test_an_order_is_fulfilled_at_once_and_can_be_read_back(acme):
    answer = acme.order(5)
    order = answer.json()
    assert answer.status_code == 201
    assert set(order) == {"order_number", "product", "type", "quantity", "status", "created_at", "fulfilled_at"}
    assert order["status"] == "fulfilled"
    assert datetime.fromisoformat(order["created_at"]).tzinfo == UTC
    assert acme.call("GET", f"/order/{order['order_number']}").json() == order
    assert acme.inventory() == (5, 5)


def test_orders_are_listed_newest_first(acme):
    numbers = [acme.order(quantity).json()["order_number"] for quantity in (1, 2, 3)]
    assert [order["order_number"] for order in acme.orders()] == numbers[::-1]


def test_an_order_above_the_limit_is_taken_and_waits_for_people(acme, control):
    acme.order(400)
    order = acme.order(1).json()
    assert order["status"] == "pending"
    assert order["fulfilled_at"] is None
    assert acme.inventory() == (400, 400)
    assert control.fulfil_order("acme", order["order_number"])["cause"] == "call"
    assert acme.inventory() == (401, 401)
    assert control.ledger("acme", "order_fulfilled")[-1]["cause"] == "control"


def test_pending_increments_count_towards_the_limit(acme, control):
    held = acme.order(401).json()["order_number"]
    assert acme.order(1).json()["status"] == "pending"
    control.reject_order("acme", held)
    assert acme.order(1).json()["status"] == "fulfilled"
    assert kinds(control)[-1] == "inventory_changed"


def test_a_decrement_may_not_go_below_what_is_in_use(acme):
    acme.order(3)
    acme.subscribe("ann")
    assert_refused(acme.order(3, "decrement"), 412, "PreconditionFailed")
    assert acme.order(2, "decrement").status_code == 201
    assert acme.inventory() == (1, 0)


def test_late_decrements_are_counted_together(acme, control):
    acme.order(5)
    control.put_account("acme", fulfil_after=60)
    assert acme.order(3, "decrement").json()["status"] == "pending"
    assert_refused(acme.order(3, "decrement"), 412, "PreconditionFailed")


def test_a_late_order_is_fulfilled_in_its_time(acme, control):
    control.put_account("acme", fulfil_after=0.1)
    order = acme.order(5).json()
    assert order["status"] == "pending"
    assert acme.inventory() == (0, 0)
    control.wait_until_quiet()
    assert acme.inventory() == (5, 5)
    assert kinds(control) == ["order_taken", "order_fulfilled", "inventory_changed"]


def test_a_late_decrement_that_no_longer_fits_is_rejected(acme, control):
    acme.order(1)
    control.put_account("acme", fulfil_after=0.2)
    order = acme.order(1, "decrement").json()
    acme.subscribe("ann")
    control.wait_until_quiet()
    assert acme.call("GET", f"/order/{order['order_number']}").json()["status"] == "rejected"
    assert acme.inventory() == (1, 0)


def test_a_subscriber_uses_one_product_and_gives_it_back(acme, control):
    acme.order(1)
    answer = acme.subscribe("ann")
    ann = answer.json()
    assert answer.status_code == 201
    assert set(ann) == {"subscriber_id", "identity", "password", "product", "created_at"}
    assert ann["identity"] == "ann@acme.example"
    assert acme.inventory() == (1, 0)
    assert acme.unsubscribe(ann["subscriber_id"]).status_code == 200
    assert acme.inventory() == (1, 1)
    assert kinds(control)[-2:] == ["subscriber_created", "subscriber_deleted"]


def test_no_subscriber_without_a_product(acme):
    assert_refused(acme.subscribe("ann"), 412, "PreconditionFailed")


def test_a_username_is_unique_until_its_subscriber_is_deleted(acme):
    acme.order(2)
    ann = acme.subscribe("ann").json()
    assert_refused(acme.subscribe("Ann"), 400, "DuplicateUsername")
    acme.unsubscribe(ann["subscriber_id"])
    assert acme.subscribe("Ann").status_code == 201


def test_deleting_twice_or_the_unknown_is_not_found(acme):
    acme.order(1)
    ann = acme.subscribe("ann").json()["subscriber_id"]
    acme.unsubscribe(ann)
    assert_refused(acme.unsubscribe(ann), 404, "SubscriberNotFound")
    assert_refused(acme.unsubscribe("nobody"), 404, "SubscriberNotFound")


@pytest.mark.parametrize("quantity", [0, -1, 100_001, 10**30, 1.0, True, "5", None, [1]])
def test_an_odd_quantity_is_refused_and_nothing_happens(acme, control, quantity):
    assert_refused(acme.order(quantity), 400, "InvalidQuantity")
    assert kinds(control) == []


@pytest.mark.parametrize("type_", [None, "raise", 1, []])
def test_an_odd_order_type_is_refused(acme, type_):
    assert_refused(acme.order(1, type_), 400, "InvalidType")


@pytest.mark.parametrize("username", [None, "", "two words", "a@b", "x" * 65, "ann\n", 7, "é", "\ud800"])
def test_an_odd_username_is_refused(acme, username):
    acme.order(1)
    assert_refused(acme.subscribe(username), 400, "InvalidUsername")
    assert acme.inventory() == (1, 1)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b'{"quantity": NaN}', b"\xff", b"[" * 100_000, b'"' + b"x" * 6_000_000 + b'"']
)
def test_a_malformed_body_is_refused(acme, body):
    assert_refused(acme.call("POST", "/order", data=body), 400, "MalformedBody")


@pytest.mark.parametrize("product", [None, "KPN-Fax", ["KPN-VoiceVideo-C"]])
def test_an_unknown_product_is_refused(acme, product):
    body = {"product": product, "type": "increment", "quantity": 1}
    assert_refused(acme.call("POST", "/order", json=body), 400, "UnknownProduct")


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/order/O1/lines", "/inventory/1", "/order/%2e%2e"])
def test_an_unknown_path_is_not_found(acme, path):
    assert acme.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/order"),
        ("DELETE", "/order/O1"),
        ("POST", "/inventory"),
        ("GET", "/subscriber"),
        ("GET", "/subscriber/S"),
    ],
)
def test_a_method_that_is_not_offered_is_refused(acme, method, path):
    answer = acme.call(method, path)
    assert_refused(answer, 405, "MethodNotAllowed")
    assert answer.headers["Allow"]


def test_accounts_see_nothing_of_each_other(acme, globex, control):
    order = acme.order(2).json()["order_number"]
    ann = acme.subscribe("ann").json()["subscriber_id"]
    assert globex.orders() == []
    assert globex.inventory() == (0, 0)
    assert_refused(globex.call("GET", f"/order/{order}"), 404, "OrderNotFound")
    assert_refused(globex.unsubscribe(ann), 404, "SubscriberNotFound")
    assert kinds(control, "globex") == []
    globex.order(1)
    assert globex.subscribe("ann").json()["identity"] == "ann@globex.example"
    assert acme.inventory() == (2, 1)


def test_calls_outside_any_api_are_not_found(sandbox, acme):
    stray = Caller(sandbox, "acme", "acme's secret")
    assert stray.call("GET", "x/order").status_code == 404


def test_the_truth_names_everything_but_passwords(acme, control):
    acme.order(2)
    ann = acme.subscribe("ann").json()
    state = control.account("acme")
    assert (state["total"], state["available"], state["in_use"]) == (2, 1, 1)
    (subscriber,) = state["subscribers"]
    assert subscriber["subscriber_id"] == ann["subscriber_id"]
    assert subscriber["username"] == "ann"
    assert subscriber["product"] == PRODUCT
    assert ann["password"] not in str(state)
    assert "secret" not in str(state)
