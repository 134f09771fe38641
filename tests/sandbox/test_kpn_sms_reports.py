"""Delivery reports and inbound messages of the simulated SMS vendor: signed, repeated until taken, and wrong on request."""

import hmac
import socket
import time
from hashlib import sha256

import pytest

from sandbox.control import ControlError
from tests.sandbox.caller import SmsCaller
from tests.sandbox.webhook import listening

ANN, BOB = "+31612345601", "+31612345602"
FIELDS = {
    "DLRID",
    "MessageType",
    "RecipientPhonenumber",
    "Message",
    "CustomerId",
    "StatusDateTime",
    "StatusCode",
    "DocumentId",
    "MessageId",
}
QUICKLY = 100


@pytest.fixture
def webhook():
    with listening() as webhook:
        yield webhook


@pytest.fixture
def acme(sandbox, control):
    control.put_account("acme", "acme's secret")
    control.set_report_speed(QUICKLY)
    return SmsCaller(sandbox, "acme", "acme's secret")


def secret_of(acme, level="organizations"):
    return acme.keys("GET", "/reveal", level=level).json()["secret"]


def is_signed(post, secret):
    wanted = hmac.new(secret.encode(), post.body, sha256).hexdigest()
    return hmac.compare_digest(post.headers["x-kpn-webhook-signature"], wanted)


def statuses(webhook, number=ANN):
    return [post.json["StatusCode"] for post in webhook.posts if post.json["RecipientPhonenumber"] == number[1:]]


# --- What is told -----------------------------------------------------------------------------------------------------


def test_a_message_is_accepted_and_then_delivered(acme, control, webhook):
    document_id = acme.sent(ANN, "Hello", webhook_url=webhook.url)
    accepted, delivered = webhook.wait_for(2)
    assert (accepted.json["StatusCode"], delivered.json["StatusCode"]) == (3, 1)
    told = accepted.json
    assert set(told) == FIELDS
    assert (told["RecipientPhonenumber"], told["Message"]) == ("31612345601", "Hello")
    assert (told["DocumentId"], told["MessageId"]) == (document_id, control.sms("acme")[0]["message_id"])
    assert told["CustomerId"] == "acme"
    assert abs(told["StatusDateTime"] - time.time()) < 5
    assert delivered.json["MessageId"] == told["MessageId"]
    assert delivered.json["DLRID"] != told["DLRID"]
    assert accepted.path == "/reports/acme"


def test_every_post_is_signed_over_its_very_bytes(acme, webhook):
    acme.sent(ANN, "Grüße 🎉", webhook_url=webhook.url)
    for post in webhook.wait_for(2):
        assert is_signed(post, secret_of(acme))
        assert post.headers["content-type"] == "application/json"
        assert abs(int(post.headers["x-kpn-webhook-timestamp"]) - time.time()) < 5
        assert post.attempt == 1


def test_without_an_address_nobody_is_told(acme, control):
    acme.sent(ANN)
    assert control.sms_reports("acme") == []


@pytest.mark.parametrize(
    ("ending", "ends"),
    [
        ("99402", [(3, None), (4, "002")]),
        ("99522", [(3, None), (5, "022")]),
        ("99624", [(3, None), (6, "024")]),
        ("99300", [(3, None)]),
        ("99200", [(2, None)]),
        ("99100", [(3, None), (1, None)]),
        ("99000", []),
    ],
)
def test_a_number_orders_its_end(acme, control, webhook, ending, ends):
    acme.sent(f"+316129{ending}", webhook_url=webhook.url)
    control.wait_until_reported()
    assert [(post.json["StatusCode"], post.json.get("ErrorCode")) for post in webhook.posts] == ends


def test_shares_of_messages_fail(acme, control, webhook):
    control.sms_settings("acme", failed_share=0.2, rejected_share=0.2, expired_share=0.2, accepted_after=None)
    numbers = ",".join(f"+31612340{place:03d}" for place in range(200))
    acme.sent(numbers, webhook_url=webhook.url)
    ends = [(post.json["StatusCode"], post.json.get("ErrorCode")) for post in webhook.wait_for(200)]
    for end in ((4, "006"), (5, "022"), (6, "024")):
        assert 20 <= ends.count(end) <= 60
    assert 50 <= ends.count((1, None)) <= 110


def test_privacy_settings_leave_fields_out(acme, control, webhook):
    control.sms_settings("acme", left_out=["RecipientPhonenumber", "Message", "StatusDateTime"])
    acme.sent(ANN, webhook_url=webhook.url)
    for post in webhook.wait_for(2):
        assert set(post.json) == FIELDS - {"RecipientPhonenumber", "Message", "StatusDateTime"}


@pytest.mark.parametrize(("how", "kind"), [("number", int), ("text", str), ("milliseconds", int)])
def test_moments_and_codes_come_in_several_dresses(acme, control, webhook, how, kind):
    control.sms_settings("acme", time_as=how, codes_as_text=True, more={"Operator": "KPN"})
    acme.sent(ANN, webhook_url=webhook.url)
    accepted = webhook.wait_for(1)[0].json
    moment = accepted["StatusDateTime"]
    assert type(moment) is kind
    assert abs(int(moment) / (1000 if how == "milliseconds" else 1) - time.time()) < 5
    assert (accepted["StatusCode"], accepted["Operator"]) == ("3", "KPN")


def test_the_end_may_come_before_the_beginning(acme, control, webhook):
    control.set_report_speed(5)
    control.sms_settings("acme", order="reversed")
    acme.sent(ANN, webhook_url=webhook.url)
    end, beginning = webhook.wait_for(2)
    assert (end.json["StatusCode"], beginning.json["StatusCode"]) == (1, 3)
    assert end.json["StatusDateTime"] >= beginning.json["StatusDateTime"]


def test_duplicates_are_the_same_bytes(acme, control, webhook):
    control.sms_settings("acme", duplicates=2, accepted_after=None)
    acme.sent(ANN, webhook_url=webhook.url)
    assert len({post.body for post in webhook.wait_for(3)}) == 1
    control.wait_until_reported()
    assert len(webhook.posts) == 3


# --- Attempts ---------------------------------------------------------------------------------------------------------


def test_four_attempts_and_then_no_more(acme, control, webhook):
    control.sms_settings("acme", accepted_after=None)
    webhook.answers = [500, 404, 302, 503]
    acme.sent(ANN, webhook_url=webhook.url)
    control.wait_until_reported()
    assert [post.attempt for post in webhook.posts] == [1, 2, 3, 4]
    assert len({post.body for post in webhook.posts}) == 1
    waits = [later.at - earlier.at for earlier, later in zip(webhook.posts, webhook.posts[1:], strict=False)]
    for waited, seconds in zip(waits, (60, 120, 240), strict=True):
        assert seconds / QUICKLY <= waited < seconds / QUICKLY + 3
    (report,) = control.sms_reports("acme")
    assert (report["state"], report["attempts"], report["answer"]) == ("given_up", 4, 503)


def test_any_2xx_ends_the_attempts(acme, control, webhook):
    control.sms_settings("acme", accepted_after=None)
    webhook.answers = [500, 204]
    acme.sent(ANN, webhook_url=webhook.url)
    control.wait_until_reported()
    assert [post.attempt for post in webhook.posts] == [1, 2]
    (report,) = control.sms_reports("acme")
    assert (report["state"], report["answer"]) == ("delivered", 204)


def test_a_webhook_that_is_not_there_is_tried_again(acme, control):
    control.set_report_speed(2000)
    acme.sent(ANN, webhook_url="http://127.0.0.1:9/nobody")
    control.wait_until_reported()
    assert {(report["state"], report["attempts"], report["answer"]) for report in control.sms_reports("acme")} == {
        ("given_up", 4, 0)
    }


def test_attempts_go_on_after_a_kill(acme, control, webhook, sandbox):
    control.sms_settings("acme", accepted_after=None)
    webhook.answers = [500]
    acme.sent(ANN, webhook_url=webhook.url)
    webhook.wait_for(1)
    sandbox.restart()
    control.wait_until_reported()
    assert webhook.posts[-1].json == webhook.posts[0].json
    assert control.sms_reports("acme")[0]["state"] == "delivered"


def test_a_slow_webhook_does_not_hold_up_the_api(acme, control):
    """Posts wait in the event loop, not in its way: a receiver that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        acme.sent(",".join(f"+31612340{place:03d}" for place in range(100)), webhook_url=url)
        time.sleep(0.1)
        started = time.monotonic()
        acme.sent(BOB)
        assert time.monotonic() - started < 1


def test_after_a_reset_nobody_waits_for_a_silent_webhook(acme, control, webhook):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        acme.sent(",".join(f"+31612340{place:03d}" for place in range(200)), webhook_url=url)
        control.reset()
        control.put_account("acme", "acme's secret")
        SmsCaller(acme.sandbox, "acme", "acme's secret").sent(ANN, webhook_url=webhook.url)
        assert [post.json["StatusCode"] for post in webhook.wait_for(2, seconds=5)] == [3, 1]


# --- Signatures that are wrong, and keys ------------------------------------------------------------------------------


@pytest.mark.parametrize("signing", ["wrong", "unknown_id", "unsigned"])
def test_posts_that_nobody_should_believe(acme, control, webhook, signing):
    control.sms_settings("acme", signing=signing, accepted_after=None)
    acme.sent(ANN, webhook_url=webhook.url)
    (post,) = webhook.wait_for(1)
    (key,) = acme.keys("GET", level="organizations").json()
    if signing == "unsigned":
        assert not [name for name in post.headers if name.endswith(("signature", "key-id", "timestamp"))]
        return
    assert is_signed(post, secret_of(acme)) == (signing == "unknown_id")
    assert (post.headers["x-kpn-webhook-key-id"] == key["key_id"]) == (signing == "wrong")


def test_the_most_specific_active_key_signs(acme, control, webhook):
    control.sms_settings("acme", mode="manual", accepted_after=None)
    acme.sent(ANN, webhook_url=webhook.url)
    for level in ("organizations", "teams", "applications"):
        acme.add_key(f"wk_{level}", level=level)
        acme.add_key(f"wk_{level}_later", level=level, staged=True)
        (report,) = control.sms_reports("acme")
        control.post_sms_reports("acme", [report["id"]])
        post = webhook.posts[-1]
        assert post.headers["x-kpn-webhook-key-id"] == f"wk_{level}"
        assert is_signed(post, f"secret of wk_{level}")


def test_an_organization_gets_a_key_with_its_first_delivery(acme, webhook):
    assert acme.keys("GET", level="organizations").json() == []
    acme.sent(ANN, webhook_url=webhook.url)
    webhook.wait_for(2)
    (key,) = acme.keys("GET", level="organizations").json()
    assert key["status"] == "active"
    assert {post.headers["x-kpn-webhook-key-id"] for post in webhook.posts} == {key["key_id"]}


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_reports_are_held_until_they_are_posted(acme, control, webhook):
    control.sms_settings("acme", mode="manual")
    acme.sent(f"{ANN},{BOB}", webhook_url=webhook.url)
    held = control.sms_reports("acme", state="held")
    assert [(report["number"], report["status"]) for report in held] == [(ANN, 3), (ANN, 1), (BOB, 3), (BOB, 1)]
    assert webhook.posts == []

    (posting,) = control.post_sms_reports("acme", [held[1]["id"]])
    assert posting == {"id": held[1]["id"], "answer": 200, "attempt": 1}
    assert statuses(webhook) == [1]
    assert [posting["answer"] for posting in control.post_sms_reports("acme")] == [200] * 3
    assert statuses(webhook) == [1, 3]
    assert statuses(webhook, BOB) == [3, 1]
    assert control.sms_reports("acme", state="held") == []


def test_a_report_may_be_posted_again_weeks_later(acme, control, webhook):
    control.sms_settings("acme", accepted_after=None)
    acme.sent(ANN, webhook_url=webhook.url)
    control.wait_until_reported()
    (report,) = control.sms_reports("acme")
    (posting,) = control.post_sms_reports("acme", [report["id"]])
    first, again = webhook.posts
    assert (posting["answer"], posting["attempt"], again.attempt) == (200, 2, 2)
    assert again.body == first.body


def test_mode_none_tells_nothing(acme, control):
    control.sms_settings("acme", mode="none")
    acme.sent(ANN, webhook_url="http://127.0.0.1:9/nobody")
    assert control.sms_reports("acme") == []
    assert control.sms("acme")[0]["end"] == 1


def test_one_more_report_of_a_message(acme, control, webhook):
    control.sms_settings("acme", mode="none")
    acme.sent(ANN, webhook_url=webhook.url)
    webhook.answers = [200, 403]
    assert control.sms_report("acme", ANN, 4, "031", more={"Colour": "red"})["answer"] == 200
    assert control.sms_report("acme", ANN, 9, left_out=["MessageId"], signing="wrong")["answer"] == 403
    assert control.sms_reports("acme")[-1]["state"] == "given_up"
    known, strange = (post.json for post in webhook.posts)
    assert (known["StatusCode"], known["ErrorCode"], known["Colour"]) == (4, "031", "red")
    assert strange["StatusCode"] == 9
    assert "MessageId" not in strange
    assert control.sms_report("acme", ANN, 1, hold=True)["answer"] is None
    assert len(webhook.posts) == 2
    with pytest.raises(ControlError, match="no such message"):
        control.sms_report("acme", BOB, 1)


# --- Inbound ----------------------------------------------------------------------------------------------------------


def test_an_inbound_message_is_posted_as_documented(acme, control, webhook):
    control.sms_settings("acme", inbound_url=webhook.url.replace("reports", "inbound"))
    assert control.sms_inbound("acme", ANN, "+3197000000000", "Stop 🎉")["answer"] == 200
    (post,) = webhook.posts
    assert post.path == "/inbound/acme"
    assert set(post.json) == {"sender", "recipient", "message_id", "content", "timestamp_utc", "type"}
    assert (post.json["sender"], post.json["recipient"], post.json["content"]) == (ANN[1:], "3197000000000", "Stop 🎉")
    assert is_signed(post, secret_of(acme))


def test_an_inbound_message_is_tried_again(acme, control, webhook):
    webhook.answers = [503]
    posting = control.sms_inbound("acme", ANN, "+3197000000000", "Hi", url=webhook.url, message_id="6W1")
    assert posting["answer"] == 503
    control.wait_until_reported()
    first, second = webhook.posts
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.body == second.body


def test_an_inbound_message_needs_an_address(acme, control):
    with pytest.raises(ControlError, match="inbound_url"):
        control.sms_inbound("acme", ANN, "+3197000000000", "Hi")
