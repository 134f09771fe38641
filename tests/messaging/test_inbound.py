"""Replies: kept once, STOP heeded, passed on until they arrive or a day is over."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.utils import timezone

from messaging.inbound import forwarding, numbers
from messaging.inbound.stop_words import stop_word
from messaging.models import Forward, InboundMessage, OptOut, Report, SmsRules, VirtualNumber
from messaging.reports import purging
from messaging.reports.addresses import inbound_url
from portal.notices.models import Notice
from tests.messaging.mailroom import some_campaign
from tests.messaging.vendor_post import outcomes, post, some_key, work_off

ANNA, HELPDESK = "31612345671", "3197000000001"


@pytest.fixture
def helpdesk(mailroom):
    with mailroom.scope():
        some_key(mailroom.connection)
    return mailroom


def come(mailroom, text: str, vendor_id: str = "m-1", sender: str = ANNA) -> int:
    told = {
        "sender": sender,
        "recipient": HELPDESK,
        "message_id": vendor_id,
        "content": text,
        "timestamp_utc": "2026-04-30T14:37:42.218159",
        "type": "text/unicode/*",
    }
    status = post(urlsplit(inbound_url(mailroom.connection)).path, json.dumps(told).encode())
    work_off(mailroom.connection)
    return status


def messages(mailroom) -> list[tuple[str, str, str]]:
    with mailroom.scope():
        return list(InboundMessage.objects.order_by("pk").values_list("sender", "to__number", "text"))


def test_a_reply_is_kept_at_its_number(helpdesk):
    assert come(helpdesk, "When do you open?") == 200
    assert messages(helpdesk) == [("+31612345671", "+3197000000001", "When do you open?")]
    assert outcomes(helpdesk) == ["inbound"]


def test_the_vendors_own_post_is_taken(helpdesk, control, live_server, settings):
    """The simulated vendor signs with the organization's key, which is fetched from it."""
    from messaging.reports import intake, key_reading

    settings.PORTAL_URL = live_server.url
    control.sms_settings(helpdesk.client_id, inbound_url=inbound_url(helpdesk.connection))
    assert control.sms_inbound(helpdesk.client_id, ANNA, HELPDESK, "Hi")["answer"] == 401
    key_reading.read_keys(helpdesk.tenant.pk, helpdesk.connection.pk)
    intake.keyring.forget()
    assert control.sms_inbound(helpdesk.client_id, ANNA, HELPDESK, "Hello")["answer"] == 200
    work_off(helpdesk.connection)
    assert [text for _sender, _to, text in messages(helpdesk)] == ["Hello"]


def test_the_same_message_is_kept_once(helpdesk):
    for text in ("Hi", "Hi", "Hi again, by the same ID"):
        come(helpdesk, text)
    assert [text for _sender, _to, text in messages(helpdesk)] == ["Hi"]


@pytest.mark.parametrize(
    "text", ["STOP", " stop. ", "Afmelden", "UITSCHRIJVEN!", "unsubscribe", "stop all", "Quit", "cancel"]
)
def test_a_stop_word_puts_the_sender_on_the_do_not_send_list(helpdesk, text):
    come(helpdesk, text)
    with helpdesk.scope():
        assert list(OptOut.objects.standing().values_list("number", "source")) == [("+31612345671", "reply")]


@pytest.mark.parametrize("text", ["stop maar", "please stop", "nonstop", "", "afmelden graag", "stop stop", "🛑"])
def test_other_words_do_not(helpdesk, text):
    assert stop_word(text) == ""
    come(helpdesk, text)
    with helpdesk.scope():
        assert not OptOut.objects.exists()
        assert InboundMessage.objects.count() == 1


# --- Passing on ---------------------------------------------------------------------------------------------------------


class Listener(BaseHTTPRequestHandler):
    status, taken = 200, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken.append((dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Tests are quiet."""


@pytest.fixture
def listener():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    Listener.status, Listener.taken = 200, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/sms"
    server.shutdown()
    server.server_close()


def forward_to(mailroom, cast, **where: str) -> VirtualNumber:
    with mailroom.scope():
        number = numbers.add_number(mailroom.connection, "+3197000000001", "Helpdesk", acting_user=cast.adam)
        return numbers.change_number(number, acting_user=cast.adam, **where)


def pass_on(mailroom) -> Forward:
    for tenant_id, pk in forwarding.due():
        forwarding.forward(tenant_id, pk)
    with mailroom.scope():
        return Forward.objects.latest("pk")


def test_a_reply_is_posted_with_a_signature(helpdesk, cast, listener):
    number = forward_to(helpdesk, cast, forward_to_url=listener)
    come(helpdesk, "Hoi 🙂")
    assert pass_on(helpdesk).state == "done"
    ((headers, body),) = Listener.taken
    made = hmac.new(number.forward_secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Patchbay-Signature"] == made
    told = json.loads(body)
    assert (told["from"], told["to"], told["text"]) == ("+31612345671", "+3197000000001", "Hoi 🙂")
    assert not forwarding.due()


def test_a_reply_is_mailed(helpdesk, cast):
    forward_to(helpdesk, cast, forward_to_mail="desk@example.com")
    come(helpdesk, "When do you open?")
    assert pass_on(helpdesk).state == "done"
    (letter,) = mail.outbox
    assert (letter.to, letter.body) == (["desk@example.com"], "When do you open?")
    assert "+31612345671" in letter.subject


def test_what_does_not_arrive_is_tried_again_and_given_up_after_a_day(helpdesk, cast, listener):
    forward_to(helpdesk, cast, forward_to_url=listener)
    Listener.status = 500
    come(helpdesk, "Hi")
    first = pass_on(helpdesk)
    assert (first.state, first.tries) == ("waiting", 1)
    assert "500" in first.error
    assert not forwarding.due()

    with helpdesk.scope():
        Forward.objects.update(due_at=Now())
        InboundMessage.objects.update(received_at=timezone.now() - timedelta(hours=25))
    assert pass_on(helpdesk).state == "given_up"
    with helpdesk.scope():
        assert Notice.objects.open().filter(kind="messaging.not_forwarded").count() == 1
    Listener.status = 200
    come(helpdesk, "Again", "m-2")
    assert pass_on(helpdesk).state == "done"
    with helpdesk.scope():
        assert not Notice.objects.open().filter(kind="messaging.not_forwarded").exists()


def test_two_workers_pass_it_on_once(helpdesk, cast, listener):
    forward_to(helpdesk, cast, forward_to_url=listener)
    come(helpdesk, "Hi")
    ((tenant_id, pk),) = forwarding.due()
    assert forwarding._claim(tenant_id, pk) is not None
    forwarding.forward(tenant_id, pk)
    assert Listener.taken == []


# --- Keeping ------------------------------------------------------------------------------------------------------------


def test_texts_are_kept_as_long_as_the_company_says(helpdesk):
    with helpdesk.scope():
        SmsRules.objects.create(tenant=helpdesk.tenant, keep_text_days=7)
    come(helpdesk, "Old", "old")
    with helpdesk.scope():
        past = timezone.now() - timedelta(days=8)
        InboundMessage.objects.update(received_at=past)
        Report.objects.update(received_at=past)
    come(helpdesk, "New", "new")
    purging.purge()
    with helpdesk.scope():
        assert list(InboundMessage.objects.order_by("pk").values_list("text", flat=True)) == ["", "New"]
        assert [len(bytes(body)) > 0 for body in Report.objects.order_by("pk").values_list("body", flat=True)] == [
            False,
            True,
        ]
    come(helpdesk, "Old", "old")
    assert len(messages(helpdesk)) == 2


# --- The page -------------------------------------------------------------------------------------------------------------


def test_a_talk_shows_both_sides_by_time(helpdesk, cast, client):
    with helpdesk.scope():
        some_campaign(helpdesk.connection, ["+31612345671"], text="Shall we call you?")
    come(helpdesk, "Yes please")
    with helpdesk.scope():
        pk = InboundMessage.objects.get().pk
    client.force_login(cast.vera)
    page = client.get(f"/t/acme/sms/talks/{pk}/").content.decode()
    assert page.index("Shall we call you?") < page.index("Yes please")
    assert "Yes please" in client.get("/t/acme/sms/talks/").content.decode()
