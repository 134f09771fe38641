"""The Kandy client: against the simulated vendor, and against answers that only resemble the manual."""

from datetime import UTC, datetime

import pytest

from portal.vendors.errors import VendorOutcomeUnknown, VendorProtocolError, VendorRefused
from portal.vendors.http import Limits, Redactor, VendorHttp, fetch_token
from provisioning.client import (
    Deletion,
    KandyClient,
    OrderKind,
    OrderStatus,
    RemoteInventory,
    RemoteOrder,
    RemoteSubscriber,
)
from sandbox.process import running_sandbox
from tests.vendors.raw import Caller, raw_vendor, reply, replying

PRODUCT = "KPN-VoiceVideo-C"
ORDER = {
    "order_number": "O-1",
    "product": PRODUCT,
    "type": "increment",
    "quantity": 5,
    "status": "pending",
    "created_at": "2026-11-21T08:00:00Z",
    "fulfilled_at": None,
}
SUBSCRIBER = {"subscriber_id": "S-1", "identity": "ann@acme.example", "password": " hush-hush ", "product": PRODUCT}
EIGHT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


# --- Against the simulated vendor -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    with running_sandbox() as running:
        yield running


@pytest.fixture
def sandbox(server):
    server.control.reset()
    server.control.put_account("acme", "acme-secret", limit_eur="10")
    return server


@pytest.fixture
def kandy(sandbox):
    limits, redactor = Limits(), Redactor()
    token = fetch_token(sandbox.token_url, "acme", "acme-secret", limits=limits, redactor=redactor, on_call=print)

    class OneToken:
        def current(self) -> str:
            return token.value

        def renew(self, rejected: str) -> str:
            raise AssertionError(rejected)

    http = VendorHttp(sandbox.kandy_url, tokens=OneToken(), limits=limits, redactor=redactor, on_call=print)
    return KandyClient(http)


def test_from_an_order_to_a_deleted_subscriber(sandbox, kandy):
    assert kandy.inventory() == [RemoteInventory(PRODUCT, 0, 0)]
    order = kandy.place_order(PRODUCT, OrderKind.INCREMENT, 2)
    assert (order.product, order.kind, order.quantity, order.status) == (PRODUCT, "increment", 2, "fulfilled")
    assert kandy.order(order.number) == order
    assert kandy.orders() == [order]

    ann = kandy.create_subscriber("ann", product=PRODUCT)
    assert ann.identity == "ann@acme.example"
    assert ann.password
    assert ann.created_at.tzinfo is UTC
    (inventory,) = kandy.inventory()
    assert (inventory.total, inventory.available, inventory.in_use) == (2, 1, 1)

    assert kandy.delete_subscriber(ann.subscriber_id) is Deletion.DELETED
    assert kandy.delete_subscriber(ann.subscriber_id) is Deletion.ALREADY_GONE
    assert sandbox.control.account("acme")["available"] == 2


def test_an_order_above_the_limit_stays_pending_until_somebody_acts(sandbox, kandy):
    order = kandy.place_order(PRODUCT, "increment", 11)
    assert order.status is OrderStatus.PENDING
    assert order.fulfilled_at is None
    sandbox.control.reject_order("acme", order.number)
    assert kandy.order(order.number).status is OrderStatus.REJECTED


def test_orders_come_newest_first(kandy):
    numbers = [kandy.place_order(PRODUCT, "increment", 1).number for _ in range(3)]
    assert [order.number for order in kandy.orders()] == numbers[::-1]


def test_refusals_have_their_status(kandy):
    for call in (
        lambda: kandy.place_order(PRODUCT, "decrement", 1),
        lambda: kandy.create_subscriber("ann", product=PRODUCT),
    ):
        with pytest.raises(VendorRefused) as caught:
            call()
        assert caught.value.status == 412
    with pytest.raises(VendorRefused) as caught:
        kandy.order("no-such-order")
    assert caught.value.status == 404


@pytest.mark.parametrize("body", [{"unexpected": ["shape"]}, [], None, 7, "text", {"order_number": None}])
def test_a_write_whose_answer_makes_no_sense_is_unknown(sandbox, kandy, body):
    kandy.place_order(PRODUCT, "increment", 1)
    sandbox.control.add_fault("wrong_shape", body=body, times=2)
    with pytest.raises(VendorOutcomeUnknown):
        kandy.place_order(PRODUCT, "increment", 1)
    with pytest.raises(VendorOutcomeUnknown):
        kandy.create_subscriber("ann", product=PRODUCT)


@pytest.mark.parametrize("body", [{"unexpected": ["shape"]}, [{}], None, 7, "text", [[]], [None]])
def test_a_read_whose_answer_makes_no_sense(sandbox, kandy, body):
    number = kandy.place_order(PRODUCT, "increment", 1).number
    sandbox.control.add_fault("wrong_shape", body=body, times=3)
    for read in (kandy.orders, kandy.inventory, lambda: kandy.order(number)):
        with pytest.raises(VendorProtocolError):
            read()


# --- Liberal in what is taken ---------------------------------------------------------------------------------------


def client_of(answer, calls):
    """What `calls` returns when the vendor gives this answer to everything."""
    with raw_vendor(replying(reply(200, answer))) as vendor:
        return calls(KandyClient(Caller(vendor.url)))


@pytest.mark.parametrize(
    "spelling",
    [
        {"quantity": "5"},
        {"quantity": 5.0},
        {"type": "Increment"},
        {"status": " PENDING "},
        {"created_at": "2026-11-21T09:00:00+01:00"},
        {"created_at": "2026-11-21T08:00:00"},
        {"created_at": "2026-11-21 08:00:00.000Z"},
        {"created_at": 1795248000},
        {"fulfilled_at": ""},
    ],
)
def test_other_spellings_are_the_same_order(spelling):
    assert RemoteOrder.parse({**ORDER, **spelling}) == RemoteOrder.parse(ORDER)
    assert RemoteOrder.parse(ORDER).created_at == EIGHT


def test_unknown_fields_and_unreadable_times_are_kept():
    order = RemoteOrder.parse({**ORDER, "colour": "blue", "created_at": "yesterday"})
    assert order.created_at is None
    assert order.raw == {"colour": "blue", "created_at": "yesterday"}


def test_a_number_may_be_the_name_of_an_order():
    assert RemoteOrder.parse({**ORDER, "order_number": 17}).number == "17"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_number", ""),
        ("order_number", None),
        ("order_number", True),
        ("order_number", "a\0b"),
        ("order_number", "x" * 501),
        ("quantity", -1),
        ("quantity", 2**31),
        ("quantity", "five"),
        ("quantity", "9" * 5000),
        ("quantity", 1.5),
        ("quantity", True),
        ("quantity", None),
        ("type", "sideways"),
        ("status", "lost"),
        ("product", ["a"]),
    ],
)
def test_what_cannot_be_understood_is_said_and_kept(field, value):
    payload = {**ORDER, field: value}
    with pytest.raises(VendorProtocolError) as caught:
        RemoteOrder.parse(payload)
    assert field in str(caught.value)
    assert caught.value.raw == payload


@pytest.mark.parametrize("answer", [[ORDER], {"orders": [ORDER]}, ORDER])
def test_a_list_however_it_is_wrapped(answer):
    assert client_of(answer, KandyClient.orders) == [RemoteOrder.parse(ORDER)]
    assert client_of(answer, lambda kandy: kandy.order("O-1")).number == "O-1"


def test_an_empty_list_is_an_answer():
    assert client_of([], KandyClient.orders) == []
    assert client_of([], KandyClient.inventory) == []


def test_no_other_order_passes_for_the_one_asked_for():
    with pytest.raises(VendorProtocolError, match="another order"):
        client_of(ORDER, lambda kandy: kandy.order("O-2"))
    assert client_of([{**ORDER, "order_number": "O-2"}, ORDER], lambda kandy: kandy.order("O-1")).number == "O-1"


def test_a_taken_order_needs_no_more_than_its_number():
    order = client_of([{"order_number": "O-9"}], lambda kandy: kandy.place_order(PRODUCT, "decrement", 4))
    assert order == RemoteOrder("O-9", PRODUCT, OrderKind.DECREMENT, 4, OrderStatus.PENDING)


def test_an_order_that_cannot_be_understood_hides_no_other():
    strange = {**ORDER, "order_number": "O-2", "status": "lost"}
    reading = client_of([ORDER, strange], KandyClient.read_orders)
    assert [order.number for order in reading.orders] == ["O-1"]
    assert [flaw.raw for flaw in reading.unreadable] == [strange]
    assert not reading.complete
    with pytest.raises(VendorProtocolError) as caught:
        client_of([ORDER, strange], KandyClient.orders)
    assert caught.value.raw == strange
    assert caught.value.status == 200


def test_a_product_that_is_told_twice_is_told_wrongly():
    row = {"product": PRODUCT, "total": "5", "available": 1}
    assert client_of(row, KandyClient.inventory)[0].in_use == 4
    with pytest.raises(VendorProtocolError, match="twice"):
        client_of([row, row], KandyClient.inventory)


def test_a_subscribers_password_is_exact_and_never_printed():
    subscriber = client_of(
        [{**SUBSCRIBER, "extra": "hush-hush"}], lambda kandy: kandy.create_subscriber("ann", product=PRODUCT)
    )
    assert subscriber.password == " hush-hush "
    assert "hush" not in repr(subscriber)


def test_a_subscriber_needs_no_more_than_its_id():
    subscriber = client_of({"subscriber_id": 7}, lambda kandy: kandy.create_subscriber("ann", product=PRODUCT))
    assert subscriber == RemoteSubscriber("7", "", "", PRODUCT)


def test_an_unknown_outcome_keeps_the_answer_without_its_password():
    with pytest.raises(VendorOutcomeUnknown) as caught:
        client_of({"password": "hush-hush", "x": 1}, lambda kandy: kandy.create_subscriber("ann", product=PRODUCT))
    assert caught.value.raw == {"password": "***", "x": 1}


# --- Strict in what is sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", [0, -1, 1.0, "5", True, None])
def test_only_whole_numbers_from_one_are_ordered(quantity):
    with pytest.raises(ValueError, match="whole number"):
        KandyClient(None).place_order(PRODUCT, "increment", quantity)


def test_only_known_kinds_are_ordered():
    with pytest.raises(ValueError, match="sideways"):
        KandyClient(None).place_order(PRODUCT, "sideways", 1)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", None])
def test_names_are_printable(name):
    with pytest.raises(ValueError, match="printable"):
        KandyClient(None).create_subscriber(name, product=PRODUCT)


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_no_identifier_climbs_out_of_its_path(identifier):
    with pytest.raises(ValueError, match="cannot stand in a path"):
        KandyClient(Caller("http://nowhere.invalid")).delete_subscriber(identifier)
    with pytest.raises(ValueError, match="cannot stand in a path"):
        KandyClient(Caller("http://nowhere.invalid")).order(identifier)


@pytest.mark.parametrize(
    ("identifier", "path"),
    [("a/b?c#d", "a%2Fb%3Fc%23d"), ("../x", "..%2Fx"), ("é %", "%C3%A9%20%25"), ("S-1_2.3", "S-1_2.3")],
)
def test_identifiers_are_quoted(identifier, path):
    with raw_vendor(replying(reply(200, {}))) as vendor:
        KandyClient(Caller(vendor.url + "/base")).delete_subscriber(identifier)
    assert vendor.requests[0].startswith(f"DELETE /base/subscriber/{path} HTTP/1.1".encode())
