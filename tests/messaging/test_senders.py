"""Senders: asked for by a company, decided by support, told by a notice, given up."""

from uuid import uuid4

import pytest
from django.urls import reverse

from messaging.inbound.models import VirtualNumber
from messaging.models import Sender
from messaging.rules import allowed_senders
from messaging.senders import DecidedMeanwhile, allow_sender, ask_sender, refuse_sender, withdraw_sender
from portal.audit.models import Entry
from portal.notices.models import Notice
from portal.operations.refusals import NotPromised
from portal.tenancy.refusals import StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.fixtures.cast import sign_in_with_second_factor
from tests.messaging.people import sent, url
from tests.provisioning.pages import text_of

ADMIN_LIST = "admin:messaging_sender_changelist"


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


@pytest.fixture
def asked(cast) -> Sender:
    with tenant_scope(cast.acme.pk):
        return ask_sender(cast.acme, "Acme", acting_user=cast.adam)


def decide(client, cast, action: str, sender: Sender, **more):
    sign_in_with_second_factor(client, cast.sue)
    data = {"action": action, "_selected_action": [sender.pk], "form_key": str(uuid4()), **more}
    return client.post(reverse(ADMIN_LIST), data, follow=True)


@pytest.mark.parametrize("name", ["Acme", "A&B Co.", "24 hours", "abc", "Elevenchars"])
def test_what_telephones_show_may_be_asked_for(acme, cast, name):
    assert ask_sender(acme, name, acting_user=cast.adam).state == "asked"


@pytest.mark.parametrize(
    "name", ["ab", "Twelve chars", "Café", "Acme!", "A_b", "Acmé", "1234", "31612345678", "...", "Ac\nme"]
)
def test_what_they_do_not_show_or_read_as_a_number_is_refused(acme, cast, name):
    with pytest.raises(NotPromised):
        ask_sender(acme, name, acting_user=cast.adam)
    assert not Sender.objects.exists()


def test_an_own_number_may_be_a_sender_and_anothers_not(mailroom, cast):
    with mailroom.scope():
        VirtualNumber.objects.create(tenant=cast.acme, connection=mailroom.connection, number="+31612345678")
        assert ask_sender(cast.acme, "31612345678", acting_user=cast.adam).state == "asked"
    with tenant_scope(cast.globex.pk), pytest.raises(NotPromised, match="none of yours"):
        ask_sender(cast.globex, "31612345678", acting_user=cast.charlie)


def test_it_is_asked_for_once(acme, cast, asked):
    with pytest.raises(NotPromised, match="already"):
        ask_sender(acme, "Acme", acting_user=cast.alice)


def test_support_allows_it_in_the_admin_and_the_company_is_told(client, cast, asked):
    assert "Allow these senders" in text_of(decide(client, cast, "allow", asked))
    assert "done" in text_of(decide(client, cast, "allow", asked, reason="Their name"))
    with tenant_scope(cast.acme.pk):
        assert [sender.name for sender in allowed_senders(cast.acme)] == ["Acme"]
        notice = Notice.objects.get(kind="messaging.sender_decided")
        entry = Entry.objects.get(action="messaging.sender_decided")
    assert (notice.args["name"], notice.args["allowed"]) == ("Acme", True)
    assert (entry.actor, entry.before, entry.after) == (cast.sue, {"state": "asked"}, {"state": "allowed"})
    client.force_login(cast.adam)
    assert "The sender “Acme” is allowed" in text_of(client.get(reverse("notices:notices", args=["acme"])))


def test_a_refusal_comes_with_its_reason_and_it_may_be_asked_for_again(client, cast, asked):
    decide(client, cast, "refuse", asked, reason="Somebody else's name")
    client.force_login(cast.adam)
    page = text_of(client.get(url("senders")))
    assert "Refused" in page
    assert "Somebody else's name" in page.replace("&#x27;", "'")
    with tenant_scope(cast.acme.pk):
        assert not allowed_senders(cast.acme).exists()
        again = ask_sender(cast.acme, "Acme", acting_user=cast.adam)
        assert (again.pk, again.state, again.why, again.decided_by) == (asked.pk, "asked", "", None)


def test_an_allowed_one_may_be_refused_later_and_is_told_anew(cast, asked):
    with staff_scope():
        allow_sender(asked, acting_user=cast.sue)
        with pytest.raises(DecidedMeanwhile):
            allow_sender(asked, acting_user=cast.sue)
        refuse_sender(asked, reason="Complaints", acting_user=cast.sue)
    with tenant_scope(cast.acme.pk):
        assert not allowed_senders(cast.acme).exists()
        assert Notice.objects.filter(kind="messaging.sender_decided").count() == 2


def test_nobody_of_the_company_decides(cast, asked):
    with tenant_scope(cast.acme.pk), pytest.raises(StaffOnly):
        allow_sender(asked, acting_user=cast.alice)


def test_the_company_asks_and_gives_up_over_its_pages(client, cast):
    client.force_login(cast.adam)
    assert sent(client, "sender_new", name="Café").status_code == 422
    assert "“Acme BV” was asked for" in text_of(sent(client, "sender_new", name="Acme BV"))
    with tenant_scope(cast.acme.pk):
        pk = Sender.objects.get().pk
    assert "Nothing new is sent as “Acme BV”" in text_of(sent(client, "sender_withdraw", pk))
    assert "not in use any more" in text_of(sent(client, "sender_withdraw", pk))


def test_what_was_given_up_is_not_decided_about(cast, asked):
    with tenant_scope(cast.acme.pk):
        withdraw_sender(asked, acting_user=cast.adam)
    with staff_scope(), pytest.raises(DecidedMeanwhile):
        allow_sender(asked, acting_user=cast.sue)
