"""Outgoing webhooks: who is told what, signed, until it arrives or three days are over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from portal.notices import sending
from portal.notices.models import Notice
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.models import Connection
from realtime.calls.models import Call
from realtime.cards.keeping import Customer, add_card, change_link
from realtime.hooks import delivering, endpoints
from realtime.hooks.events import MAX_BODY_BYTES, TooLong
from realtime.hooks.models import Delivery, Endpoint
from realtime.hooks.signing import signature
from realtime.hooks.telling import tell, tell_of
from tests.realtime import telling
from tests.realtime.listener import Listener
from tests.realtime.switchboard import make_connection

ANNA = "+31612345678"
EVENTS = ["call.inbound", "call.ended"]


@pytest.fixture
def listener():
    with Listener() as running:
        yield running


@pytest.fixture
def crm(transactional_db, cast, listener):
    """Acme's ticket system: the endpoint, its secret beside it."""
    with tenant_scope(cast.acme.pk):
        endpoint, secret = endpoints.add_endpoint(cast.acme, "Tickets", listener.url, EVENTS, acting_user=cast.adam)
    endpoint.told_secret = secret
    return endpoint


def told(tenant: Tenant, event: str = "call.inbound", **data) -> None:
    with tenant_scope(tenant.pk):
        tell_of(tenant.pk, event, data)


def work() -> None:
    """What the beat and the workers do."""
    for place in delivering.due():
        delivering.deliver(*place)


def latest(tenant: Tenant) -> Delivery:
    with tenant_scope(tenant.pk):
        return Delivery.objects.latest("pk")


def later(tenant: Tenant) -> None:
    """The pause before the next try is over."""
    with tenant_scope(tenant.pk):
        Delivery.objects.filter(state="waiting").update(due_at=Now())


def test_the_signature_is_the_one_of_the_standards_own_example():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_chosen_event_is_posted_once_and_signed(crm, cast, listener):
    told(cast.acme, call={"id": "1"})
    work()
    work()
    (taken,) = listener.taken
    assert taken.signed_with(crm.told_secret)
    assert not taken.signed_with("whsec_AAAA")
    assert (taken.told["type"], taken.told["data"]) == ("call.inbound", {"call": {"id": "1"}})
    sent = latest(cast.acme)
    assert (sent.state, sent.status, sent.tries) == ("done", 200, 1)
    assert taken.headers["webhook-id"] == sent.message_id
    assert abs(int(taken.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60


def test_events_that_nobody_chose_and_other_companies_events_are_not_told(crm, cast):
    told(cast.acme, "call.ringing")
    told(cast.globex, "call.inbound")
    with staff_scope():
        assert not Delivery.objects.exists()


def test_what_is_rolled_back_is_not_told(crm, cast):
    with tenant_scope(cast.acme.pk), transaction.atomic():
        tell_of(cast.acme.pk, "call.inbound", {})
        transaction.set_rollback(True)
    assert delivering.due() == []


def test_a_failure_is_tried_again_under_the_same_id_with_growing_pauses(crm, cast, listener):
    listener.status = 503
    told(cast.acme)
    pauses = []
    for _try in range(4):
        work()
        pauses.append(latest(cast.acme).due_at - timezone.now())
        assert delivering.due() == []
        later(cast.acme)
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(seconds=7) < timedelta(minutes=7) < pauses[3]
    listener.status = 204
    work()
    assert len({taken.headers["webhook-id"] for taken in listener.taken}) == 1
    sent = latest(cast.acme)
    assert (sent.state, sent.status, sent.tries, sent.error) == ("done", 204, 5, "")
    with tenant_scope(cast.acme.pk):
        assert Endpoint.objects.get().failing_since is None


def test_redirects_are_not_followed_and_are_told(crm, cast, listener):
    listener.status, listener.location = 302, listener.url + "/elsewhere"
    told(cast.acme)
    work()
    sent = latest(cast.acme)
    assert len(listener.taken) == 1
    assert (sent.state, sent.status) == ("waiting", 302)
    assert "leads on" in sent.error


def test_private_addresses_are_not_called(crm, cast, listener, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    told(cast.acme)
    work()
    assert listener.taken == []
    assert latest(cast.acme).state == "waiting"


def test_a_worker_that_died_leaves_the_message_to_the_next_when_its_lease_is_over(crm, cast, listener):
    told(cast.acme)
    ((tenant_id, pk),) = delivering.due()
    assert delivering._claim(tenant_id, pk) is not None
    delivering.deliver(tenant_id, pk)
    assert delivering.due() == []
    assert listener.taken == []
    with tenant_scope(tenant_id):
        Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    work()
    assert latest(cast.acme).state == "done"


def test_three_days_of_failure_disable_it_with_a_mail_to_admins(crm, cast, listener, settings):
    settings.NOTICE_GATHER_SECONDS = 0
    listener.status = 500
    told(cast.acme)
    told(cast.acme, "call.ended")
    with tenant_scope(cast.acme.pk):
        Endpoint.objects.update(failing_since=Now() - timedelta(days=3))
        Delivery.objects.filter(event="call.inbound").update(give_up_at=Now())
    work()
    with tenant_scope(cast.acme.pk):
        endpoint = Endpoint.objects.get()
        assert (endpoint.enabled, endpoint.condition) == (False, "disabled")
        assert endpoint.disabled_at
        assert set(Delivery.objects.values_list("state", flat=True)) == {"given_up"}
        assert Notice.objects.filter(kind="realtime.endpoint_disabled", resolved_at=None).count() == 1
    told(cast.acme)
    assert delivering.due() == []
    for letter in sending.due_letters():
        sending.send(*letter)
    assert {mail_.to[0] for mail_ in mail.outbox} == {"alice@example.com", "adam@example.com"}
    assert "Tickets" in mail.outbox[0].body


def test_a_few_hours_of_failure_do_not_disable_it(crm, cast, listener):
    listener.status = 500
    told(cast.acme)
    with tenant_scope(cast.acme.pk):
        Endpoint.objects.update(failing_since=Now() - timedelta(days=2))
    work()
    with tenant_scope(cast.acme.pk):
        assert Endpoint.objects.get().enabled


def test_enabled_again_what_was_given_up_can_be_sent_again(crm, cast, listener):
    told(cast.acme)
    with tenant_scope(cast.acme.pk):
        Delivery.objects.update(state="given_up")
        endpoints.disable_endpoint(crm, acting_user=cast.adam)
        sent = Delivery.objects.select_related("endpoint").get()
        with pytest.raises(NotPromised):
            endpoints.resend(sent, acting_user=cast.adam)
        endpoints.enable_endpoint(crm, acting_user=cast.adam)
        endpoints.resend(Delivery.objects.select_related("endpoint").get(), acting_user=cast.adam)
    work()
    assert [taken.headers["webhook-id"] for taken in listener.taken] == [sent.message_id]


def test_after_a_new_secret_both_sign_for_a_day(crm, cast, listener):
    with tenant_scope(cast.acme.pk):
        newer = endpoints.rotate_secret(crm, acting_user=cast.adam)
    told(cast.acme)
    work()
    assert listener.taken[0].signed_with(newer)
    assert listener.taken[0].signed_with(crm.told_secret)
    with tenant_scope(cast.acme.pk):
        Endpoint.objects.update(previous_until=Now())
    told(cast.acme)
    work()
    assert listener.taken[1].signed_with(newer)
    assert not listener.taken[1].signed_with(crm.told_secret)


def test_a_slow_address_leaves_workers_to_the_others(crm, cast, listener):
    with tenant_scope(cast.acme.pk):
        other, _secret = endpoints.add_endpoint(cast.acme, "CRM", listener.url, ["call.ended"], acting_user=cast.adam)
        for _each in range(delivering.MOST_OF_ONE + 5):
            tell_of(cast.acme.pk, "call.inbound", {})
        tell_of(cast.acme.pk, "call.ended", {})
        waiting = dict(Delivery.objects.values_list("pk", "endpoint_id"))
    due = [waiting[pk] for _tenant, pk in delivering.due()]
    assert due.count(crm.pk) == delivering.MOST_OF_ONE
    assert due.count(other.pk) == 1
    with tenant_scope(cast.acme.pk):
        Endpoint.objects.filter(pk=crm.pk).update(failing_since=Now())
    due = [waiting[pk] for _tenant, pk in delivering.due()]
    assert (due.count(crm.pk), due.count(other.pk)) == (1, 1)


def test_so_many_are_under_way_to_one_address_and_no_more(crm, cast, listener):
    for _each in range(delivering.MOST_OF_ONE + 2):
        told(cast.acme)
    with tenant_scope(cast.acme.pk):
        ids = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    assert all(delivering._claim(cast.acme.pk, pk) for pk in ids[: delivering.MOST_OF_ONE])
    assert delivering.due() == []
    delivering.deliver(cast.acme.pk, ids[-1])
    assert listener.taken == []
    with tenant_scope(cast.acme.pk):
        Delivery.objects.filter(pk=ids[0]).update(state="done", lease_until=None)
    assert delivering.due() == [(cast.acme.pk, ids[-2])]
    delivering.deliver(cast.acme.pk, ids[-1])
    assert len(listener.taken) == 1


def test_an_inbound_call_is_told_with_the_card_of_who_calls(crm, cast, listener, sandbox):
    with tenant_scope(cast.acme.pk):
        connection: Connection = make_connection(cast.acme, "acme-live", sandbox, name="Telephones")
        add_card(cast.acme, Customer("Anna Bos", [ANNA], reference="C 1/2"), acting_user=cast.adam)
        change_link(cast.acme, "https://crm.example/find?tel={number}&id={reference}", acting_user=cast.adam)
        call = Call.objects.create(
            tenant=cast.acme,
            connection=connection,
            direction="inbound",
            from_number=ANNA,
            to_number="101",
            began_at=timezone.now(),
            last_event_at=timezone.now(),
        )
        tell("call.inbound", call)
        tell("call.ringing", call)
    work()
    (taken,) = listener.taken
    data = taken.told["data"]
    assert data["call"]["from"]["number"] == ANNA
    assert (data["card"]["name"], data["card"]["reference"]) == ("Anna Bos", "C 1/2")
    assert data["card"]["link"] == "https://crm.example/find?tel=%2B31612345678&id=C%201%2F2"


def test_what_ends_says_which_calls_it_was(crm, cast, listener):
    telephones = telling.make_telephones(cast.acme)
    rung = telling.event("ringing", "telephone", 1, direction="outbound", to={"number": "101"})
    telling.told(telephones, telling.event("ringing", "dialplan"), rung)
    older, younger = (str(call.pk) for call in telling.calls(telephones))
    telling.told(telephones, telling.bridged(2, {"call_id": "dialplan"}, {"call_id": "telephone"}))
    telling.told(telephones, telling.event("terminated", "dialplan", 3), telling.event("terminated", "telephone", 3))
    work()
    of_calls = [(each.told["type"], each.told["data"]["call"]) for each in listener.taken]
    told_of = sorted((what, call["id"], call["was"]) for what, call in of_calls)
    assert told_of == [("call.ended", older, [younger]), ("call.inbound", older, [])]


def test_a_body_is_bounded(crm, cast):
    with pytest.raises(TooLong):
        told(cast.acme, text="x" * MAX_BODY_BYTES)


def test_the_log_is_purged_but_not_of_what_waits(crm, cast):
    told(cast.acme)
    told(cast.acme)
    with tenant_scope(cast.acme.pk):
        Delivery.objects.update(created_at=Now() - timedelta(days=31))
        Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).update(state="done")
    assert delivering.purge() == 1
    assert latest(cast.acme).state == "waiting"
