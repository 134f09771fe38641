"""The simulated SMS vendor: one call that sends, and the truth about who was reached."""

import time

import pytest
import requests

from sandbox.control import ControlError
from sandbox.kpn_sms_numbers import international
from tests.sandbox.caller import SmsCaller

ANN, BOB = "+31612345601", "+31612345602"
SEND = {"messages": [{"content": "Hello", "mobile_number": ANN}]}


@pytest.fixture
def acme(sandbox, control):
    control.put_account("acme", "acme's secret")
    return SmsCaller(sandbox, "acme", "acme's secret")


@pytest.fixture
def globex(sandbox, control):
    control.put_account("globex", "globex's secret")
    return SmsCaller(sandbox, "globex", "globex's secret")


def assert_sms_refused(answer, status):
    """The shape that the SMS document gives its errors, all of it text."""
    assert answer.status_code == status
    assert set(answer.json()) == {"errorResponse"}
    error = answer.json()["errorResponse"]
    assert set(error) == {"code", "message", "info"}
    assert error["code"] == str(status)
    assert all(isinstance(value, str) and value for value in error.values())


def reached(control, client_id="acme"):
    return [(sms["number"], sms["text"]) for sms in control.sms(client_id)]


# --- What is sent -------------------------------------------------------------------------------------------------------


def test_a_call_reaches_everybody_it_names_under_one_document(acme, globex, control):
    body = {
        "messages": [
            {"content": "Hello all", "mobile_number": "0612345601,+31612345602"},
            {"content": "Hello Carol", "mobile_number": "0031612345603"},
        ],
        "sender": "Acme",
        "expirein": "600",
    }
    answer = acme.call("POST", "/send", json=body)
    assert answer.status_code == 200
    assert set(answer.json()) == {"document_id", "status"}
    assert answer.json()["status"] == "OK"
    assert reached(control) == [(ANN, "Hello all"), (BOB, "Hello all"), ("+31612345603", "Hello Carol")]
    for sms in control.sms("acme"):
        assert (sms["sender"], sms["document_id"], sms["expires_in"]) == ("Acme", answer.json()["document_id"], 600)
    assert reached(control, "globex") == []


def test_the_ledger_has_one_entry_for_each_recipient(acme, control):
    document_id = acme.sent(f"{ANN},{BOB}", sender="Acme")
    ann, bob = control.ledger("acme", kind="sms_sent")
    assert (ann["facts"]["number"], bob["facts"]["number"]) == (ANN, BOB)
    assert {entry["facts"]["document_id"] for entry in (ann, bob)} == {document_id}
    assert ann["facts"]["message_id"] != bob["facts"]["message_id"]
    assert ann["cause"] == "call"


def test_who_is_named_twice_is_reached_twice(acme, control):
    acme.sent(f"{ANN},{ANN}")
    acme.sent(ANN)
    assert reached(control) == [(ANN, "Hello")] * 3


def test_without_a_sender_it_is_the_vendor(acme, control):
    acme.sent(ANN)
    assert control.sms("acme")[0]["sender"] == "KPN"


def test_a_sub_account_may_be_named(acme):
    assert acme.call("POST", "/send", json=SEND, headers_more={"SubAccount": "marketing"}).status_code == 200


def test_two_hundred_recipients_are_the_most(acme, control):
    numbers = [f"+31612340{place:03d}" for place in range(201)]
    assert_sms_refused(acme.send(",".join(numbers)), 400)
    messages = [{"content": "Hello", "mobile_number": ",".join(numbers[:101])}] * 2
    assert_sms_refused(acme.call("POST", "/send", json={"messages": messages}), 400)
    assert reached(control) == []
    acme.sent(",".join(numbers[:200]))
    assert len(reached(control)) == 200


@pytest.mark.parametrize(
    ("number", "is_taken"),
    [
        ("0612345678", True),
        ("+31612345678", True),
        ("0031612345678", True),
        ("097123456789", True),
        ("+3197000000000", True),
        ("+447911123456", True),
        ("0602345678", False),
        ("+31672345678", False),
        ("0031692345678", False),
        ("0201234567", False),
        ("+31201234567", False),
        ("61234567890", False),
        ("31612345678", False),
        ("06 12345678", False),
        ("061234567", False),
        ("06123456789", False),
        ("", False),
        ("+44", False),
    ],
)
def test_which_numbers_are_mobile(number, is_taken):
    try:
        international(number)
    except ValueError:
        assert not is_taken
    else:
        assert is_taken


MESSAGE = SEND["messages"][0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": "Hello"},
        {"messages": ["Hello"]},
        {"messages": [{"content": "Hello"}]},
        {"messages": [{"mobile_number": ANN}]},
        {"messages": [{**MESSAGE, "colour": "red"}]},
        {"messages": [{**MESSAGE, "mobile_number": [ANN]}]},
        {"messages": [{**MESSAGE, "mobile_number": f"{ANN},"}]},
        {"messages": [MESSAGE, {"content": "Hello", "mobile_number": "0602345678"}]},
        {"messages": [{**MESSAGE, "content": ""}]},
        {"messages": [{**MESSAGE, "content": 7}]},
        {"messages": [{**MESSAGE, "content": "x" * 1001}]},
        {**SEND, "sender": "twelve chars"},
        {**SEND, "sender": ""},
        {**SEND, "sender": 7},
        {**SEND, "expirein": 600},
        {**SEND, "expirein": "ten"},
        {**SEND, "expirein": "0"},
        {**SEND, "webhook_url": "not an address"},
        {**SEND, "webhook_url": None},
        {**SEND, "colour": "red"},
        {"messages": [{**MESSAGE, "mobile_number": f"{ANN},+447911123456"}], "expirein": "20"},
    ],
)
def test_what_breaks_the_document_is_refused_as_a_whole(acme, control, body):
    assert_sms_refused(acme.call("POST", "/send", json=body), 400)
    assert reached(control) == []
    assert control.ledger("acme") == []


def test_other_bodies_are_refused(acme, control):
    for body, kind in (('{"messages"', "application/json"), ("[]", "application/json"), ("a=b", "text/plain")):
        assert_sms_refused(acme.call("POST", "/send", data=body, headers_more={"Content-Type": kind}), 400)
    whole = requests.models.complexjson.dumps(SEND)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert_sms_refused(acme.call("POST", "/send", data=whole, headers_more=kind), 400)
    assert reached(control) == []


def test_the_longest_that_is_taken(acme, control):
    acme.sent(ANN, "x" * 1000, sender="eleven char", expirein="1")
    acme.sent("+447911123456", expirein="21")
    assert len(reached(control)) == 2


def test_in_test_mode_texts_are_short(acme, control):
    control.sms_settings("acme", test_mode=True)
    assert_sms_refused(acme.send(ANN, "x" * 161), 400)
    acme.sent(ANN, "x" * 160)


def test_other_paths_methods_and_tokens(acme, control):
    assert_sms_refused(acme.call("GET", "/send"), 405)
    assert acme.call("GET", "/send").headers["Allow"] == "POST"
    assert_sms_refused(acme.call("POST", "/sent", json=SEND), 404)
    assert_sms_refused(acme.call("POST", "/send", json=SEND, token="wrong"), 401)
    control.put_account("acme", blocked=True)
    assert_sms_refused(acme.call("POST", "/send", json=SEND), 403)
    assert reached(control) == []


def test_the_quota_is_the_gateways(acme, control):
    control.put_account("acme", quota_limit=1, quota_interval=5)
    first = acme.send(ANN)
    assert (first.headers["quota-limit"], first.headers["quota-used"]) == ("1", "1")
    assert first.headers["quota-reset-UTC"]
    assert_sms_refused(acme.send(BOB), 429)
    assert reached(control) == [(ANN, "Hello")]


# --- Faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "reaches"),
    [
        ("lost_answer", {}, True),
        ("no_work_lost", {}, False),
        ("reset", {"after_work": True}, True),
        ("reset", {}, False),
    ],
)
def test_an_answer_that_never_comes(acme, control, kind, options, reaches):
    control.add_fault(kind, path="/send", times=1, **options)
    with pytest.raises(requests.ConnectionError):
        acme.send(ANN)
    assert bool(reached(control)) == reaches


@pytest.mark.parametrize(
    ("kind", "options", "status", "reaches"),
    [
        ("status", {"status": 503}, 503, False),
        ("status", {"status": 500, "after_work": True}, 500, True),
        ("throttle", {"seconds": 5}, 429, False),
        ("broken_json", {}, 200, True),
        ("wrong_shape", {"body": {"status": "OK"}}, 200, True),
        ("delay", {"seconds": 0.01}, 200, True),
    ],
)
def test_an_answer_that_says_something_else(acme, control, kind, options, status, reaches):
    control.add_fault(kind, path="/send", times=1, **options)
    assert acme.send(ANN).status_code == status
    assert bool(reached(control)) == reaches


def test_late_work_reaches_people_later(acme, control):
    control.add_fault("late_work", path="/send", seconds=0.2, status=504, times=1)
    assert acme.send(ANN).status_code == 504
    assert reached(control) == []
    control.wait_until_quiet()
    assert reached(control) == [(ANN, "Hello")]
    assert control.ledger("acme")[0]["cause"] == "late_work"


# --- The state ------------------------------------------------------------------------------------------------------------


def test_everything_survives_a_kill(acme, control, sandbox):
    control.sms_settings("acme", mode="manual")
    acme.sent(ANN, webhook_url="http://127.0.0.1:9/nobody")
    acme.add_key("wk_1")
    before = control.sms("acme"), control.sms_reports("acme"), control.sms_settings("acme"), acme.keys("GET").json()
    sandbox.restart()
    after = control.sms("acme"), control.sms_reports("acme"), control.sms_settings("acme"), acme.keys("GET").json()
    assert after == before


def test_a_reset_forgets_messages_reports_keys_and_settings(acme, control):
    control.sms_settings("acme", mode="manual", failed_share=0.5)
    acme.sent(ANN, webhook_url="http://127.0.0.1:9/nobody")
    control.reset()
    control.put_account("acme", "acme's secret")
    assert control.sms("acme") == control.sms_reports("acme") == []
    assert control.sms_settings("acme")["mode"] == "auto"
    assert SmsCaller(acme.sandbox, "acme", "acme's secret").keys("GET").json() == []


@pytest.mark.parametrize(
    "fields",
    [{"mode": "sometimes"}, {"failed_share": 2}, {"left_out": ["Colour"]}, {"duplicates": 11}, {"colour": 1}],
)
def test_settings_that_make_no_sense_are_refused(acme, control, fields):
    with pytest.raises(ControlError, match=next(iter(fields))):
        control.sms_settings("acme", **fields)


def test_two_hundred_recipients_take_no_time(acme, control):
    """Campaigns of 100,000 are 500 such calls."""
    control.sms_settings("acme", mode="manual")
    started = time.monotonic()
    for place in range(5):
        numbers = ",".join(f"+3161234{place}{each:03d}" for each in range(200))
        acme.sent(numbers, webhook_url="http://127.0.0.1:9/nobody")
    assert time.monotonic() - started < 3
    assert len(control.sms_reports("acme")) == 2000
