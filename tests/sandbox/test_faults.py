import socket
import time
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.control import ControlError
from tests.sandbox.caller import PRODUCT, assert_refused


def taken(control):
    return len(control.ledger("acme", "order_taken"))


def struck_orders(acme, count):
    """Places orders of one and says which of them were struck by a 503."""
    return [acme.order(1).status_code == 503 for _ in range(count)]


# --- Which calls a rule meets ---------------------------------------------------------------------------------------


def test_a_rule_strikes_the_next_calls_and_no_more(acme, control):
    rule = control.add_fault("status", times=2, skip=1)
    assert struck_orders(acme, 5) == [False, True, True, False, False]
    assert control.fault(rule["id"])["struck"] == 2


def test_a_rule_meets_its_method_path_and_account_alone(acme, globex, control):
    control.add_fault("status", method="POST", path="/order", client_id="acme")
    assert acme.order(1).status_code == 503
    assert acme.call("GET", "/order").status_code == 200
    assert acme.subscribe("ann").status_code == 412
    assert globex.order(1).status_code == 201


def test_a_path_prefix_ends_at_a_segment(acme, control):
    control.add_fault("status", path="/order")
    assert acme.call("GET", "/order/O1").status_code == 503
    assert acme.call("GET", "/orders").status_code == 404


def test_the_token_endpoint_is_met_by_its_own_path_alone(acme, control):
    control.add_fault("status")
    assert acme.ask_token().status_code == 200
    control.add_fault("status", path="/oauth", status=500)
    assert acme.ask_token().status_code == 500


def test_a_call_that_the_gateway_refuses_meets_no_rule(acme, control):
    rule = control.add_fault("status", times=1)
    assert acme.call("GET", "/order", token="wrong").status_code == 401
    assert control.fault(rule["id"])["seen"] == 0


def test_chance_follows_its_seed(acme, control):
    def sequence(seed):
        rule = control.add_fault("status", probability=0.5, seed=seed)
        struck = struck_orders(acme, 24)
        control.remove_faults(rule["id"])
        return struck

    first = sequence(7)
    assert sequence(7) == first
    assert sequence(8) != first
    assert {True, False} == set(first)


def test_chance_goes_on_across_a_kill(acme, control, sandbox):
    control.add_fault("status", probability=0.5, seed=7)
    unbroken = struck_orders(acme, 16)
    control.remove_faults()
    control.add_fault("status", probability=0.5, seed=7)
    before = struck_orders(acme, 8)
    sandbox.restart()
    assert before + struck_orders(acme, 8) == unbroken


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "earthquake"},
        {"kind": "status", "status": 200},
        {"kind": "delay", "seconds": -1},
        {"kind": "delay", "location": "x"},
        {"kind": "delay", "times": 1, "probability": 0.5},
        {"kind": "delay", "probability": 2},
        {"kind": "delay", "method": "BREW"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(control, rule):
    with pytest.raises(ControlError):
        control.add_fault(**rule)
    assert control.faults() == []


# --- What the kinds do ----------------------------------------------------------------------------------------------


def test_delay_works_and_answers_later(acme, control):
    control.add_fault("delay", seconds=0.2)
    with pytest.raises(requests.ReadTimeout):
        acme.order(1, timeout=0.05)
    assert taken(control) == 0
    control.wait_until_quiet()
    assert taken(control) == 1


def test_a_lost_answer_leaves_the_work_done(acme, control):
    control.add_fault("lost_answer", method="POST", times=1)
    with pytest.raises(requests.ConnectionError):
        acme.order(5)
    assert acme.inventory() == (5, 5)
    assert control.requests("acme")[-2]["status"] == 0
    assert control.requests("acme")[-2]["fault"] == "lost_answer"


def test_a_lost_answer_may_come_after_the_callers_patience(acme, control):
    control.add_fault("lost_answer", method="POST", seconds=0.3)
    with pytest.raises(requests.ReadTimeout):
        acme.order(5, timeout=0.1)
    assert acme.inventory() == (5, 5)


def test_late_work_is_done_after_the_caller_was_sent_away(acme, control):
    control.add_fault("late_work", method="POST", seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        acme.order(5)
    assert acme.inventory() == (0, 0)
    control.wait_until_quiet()
    assert acme.inventory() == (5, 5)
    assert {entry["cause"] for entry in control.ledger("acme")} == {"late_work"}


def test_late_work_may_answer_504_and_keeps_its_transaction(acme, control):
    control.add_fault("late_work", method="POST", seconds=0.01, status=504)
    refused = acme.order(5)
    assert_refused(refused, 504, "SimulatedFailure")
    control.wait_until_quiet()
    assert {row["transaction_id"] for row in control.ledger("acme")} == {refused.headers["X-Transaction-Id"]}


def test_late_work_that_is_refused_when_its_time_comes_has_no_effect(acme, control):
    control.add_fault("late_work", method="POST", seconds=0.01, status=504)
    acme.subscribe("ann")
    control.wait_until_quiet()
    assert control.ledger("acme") == []


def test_a_call_lost_on_the_way_does_no_work(acme, control):
    control.add_fault("no_work_lost", method="POST", times=1)
    with pytest.raises(requests.ConnectionError):
        acme.order(5)
    assert acme.inventory() == (0, 0)


@pytest.mark.parametrize(("after_work", "effects"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("status", [400, 500, 502, 503])
def test_a_status_comes_before_or_after_the_work(acme, control, status, after_work, effects):
    control.add_fault("status", method="POST", status=status, after_work=after_work)
    assert_refused(acme.order(1), status, "SimulatedFailure")
    assert taken(control) == effects


def test_throttle_refuses_until_its_reset(acme, globex, control):
    control.add_fault("throttle", client_id="acme", seconds=0.3, times=1)
    control.put_account("acme", quota_reset_format="epoch_ms")
    first, second = acme.order(1), acme.order(1)
    assert_refused(first, 429, "TooManyRequests")
    assert_refused(second, 429, "TooManyRequests")
    assert first.headers["quota-reset-UTC"] == second.headers["quota-reset-UTC"]
    assert globex.order(1).status_code == 201
    time.sleep(max(0, int(first.headers["quota-reset-UTC"]) / 1000 - time.time()))
    assert acme.order(1).status_code == 201
    assert taken(control) == 1


@pytest.mark.parametrize(("after_work", "effects"), [(False, 0), (True, 1)])
def test_reset_is_a_true_tcp_reset(acme, control, after_work, effects):
    control.add_fault("reset", method="POST", after_work=after_work)
    body = f'{{"product": "{PRODUCT}", "type": "increment", "quantity": 1}}'
    with raw_call(acme, "POST", "/order", body) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert taken(control) == effects


def test_a_lost_answer_is_a_close_in_good_order(acme, control):
    control.add_fault("lost_answer")
    with raw_call(acme, "GET", "/order", "") as connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("headers", [False, True])
def test_slow_bytes_never_pause_long_enough_for_a_read_time_out(acme, control, headers):
    control.add_fault("slow_bytes", method="GET", seconds=0.001, headers=headers)
    assert acme.call("GET", "/inventory", timeout=1).json() == [{"product": PRODUCT, "total": 0, "available": 0}]


def test_slow_bytes_are_slow(acme, control):
    control.add_fault("slow_bytes", method="GET", seconds=10)
    with acme.call("GET", "/order", stream=True) as answer:
        assert answer.raw.read1(1) == b"["
        answer.raw._fp.fp.raw._sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            answer.raw._fp.fp.raw._sock.recv(1)


def test_broken_json_comes_after_the_work(acme, control):
    control.add_fault("broken_json", method="POST", times=1)
    answer = acme.order(1)
    assert answer.status_code == 201
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert taken(control) == 1


def test_a_redirect_points_elsewhere(acme, control):
    control.add_fault("redirect", location="https://other.example/order")
    answer = acme.order(1)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://other.example/order")
    assert taken(control) == 0


def test_a_huge_answer_has_no_end(acme, control):
    control.add_fault("huge")
    with acme.call("GET", "/order", stream=True) as answer:
        assert len(answer.raw.read(8_000_000)) == 8_000_000
    control.wait_until_quiet()
    assert control.requests("acme")[-1]["status"] == 0


def test_a_huge_answer_may_have_a_size(acme, control):
    control.add_fault("huge", megabytes=2)
    assert 2_000_000 < len(acme.call("GET", "/order").content) < 2_200_000


def test_a_wrong_shape_is_good_json(acme, control):
    control.add_fault("wrong_shape", times=1)
    control.add_fault("wrong_shape", times=1, body=[1])
    assert [acme.order(1).json(), acme.order(1).json()] == [{"unexpected": ["shape"]}, [1]]
    assert taken(control) == 2


def raw_call(acme, method, path, body):
    """Sends one call on a bare socket, to see how its connection ends."""
    url = urlsplit(acme.sandbox.kandy_url + path)
    head = f"{method} {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {acme.token}\r\n"
    connection = socket.create_connection((url.hostname, url.port), timeout=5)
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return connection
