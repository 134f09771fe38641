"""Whether telephones are signed in: read a few at a time, never while the connection has to be quiet."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from portal.vendors.models import Call, Connection, ConnectionState
from telephony import statuses
from telephony.models import MirrorState, SipAccount
from tests.provisioning.pages import text_of

SIGNED_IN, SIGNED_OUT = SipAccount.Registration.REGISTERED, SipAccount.Registration.UNREGISTERED


@pytest.fixture
def three(telephone):
    """Accounts anna, ben and carol, of which nothing was asked yet."""
    for username in ("anna", "ben", "carol"):
        telephone.control.add_sip_account_behind(telephone.client_id, username)
    with telephone.scope():
        MirrorState.objects.update(read_at=None)
    telephone.sync()
    return telephone


def minute(telephone) -> None:
    """A minute goes by; what beat would start is done."""
    with telephone.scope():
        MirrorState.objects.update(statuses_due_at=Now())
    for tenant_id, connection_id in statuses.due_connections():
        statuses.read_statuses(tenant_id, connection_id)


def grow_old(telephone, *usernames: str) -> None:
    with telephone.scope():
        old = timezone.now() - timedelta(days=1)
        SipAccount.objects.filter(username__in=usernames).update(status_read_at=old)


def read(telephone) -> set[str]:
    with telephone.scope():
        recent = timezone.now() - timedelta(hours=1)
        return set(SipAccount.objects.filter(status_read_at__gt=recent).values_list("username", flat=True))


def calls(telephone) -> int:
    with telephone.scope():
        return Call.objects.filter(path__endswith="/status").count()


def test_the_status_and_the_domain_are_read_and_shown_with_their_age(three, client, cast):
    three.control.set_sip_status(three.client_id, three.account("anna").vendor_id, "registered")
    minute(three)
    anna, ben = three.account("anna"), three.account("ben")
    assert (anna.registration, ben.registration) == (SIGNED_IN, SIGNED_OUT)
    assert anna.domain
    client.force_login(cast.vera)
    for name, args in (("sip_accounts", []), ("sip_account", [anna.pk])):
        page = text_of(client.get(reverse(f"telephony:{name}", args=["acme", *args])))
        assert "Signed in" in page
        assert "just now" in page or "ago" in page


def test_a_minute_has_its_budget_and_the_longest_unread_come_first(three, settings):
    settings.SIP_STATUS_READS_A_MINUTE = 1
    minute(three)
    assert (calls(three), len(read(three))) == (1, 1)
    grow_old(three, "anna", "ben", "carol")
    with three.scope():
        SipAccount.objects.filter(username="ben").update(status_read_at=timezone.now() - timedelta(days=2))
    minute(three)
    assert read(three) == {"ben"}


def test_what_was_never_read_comes_before_what_is_old(three, settings):
    settings.SIP_STATUS_READS_A_MINUTE = 1
    grow_old(three, "anna", "ben")
    minute(three)
    assert read(three) == {"carol"}


def test_nothing_is_read_twice_in_a_minute(three):
    minute(three)
    grow_old(three, "anna")
    assert statuses.due_connections() == []
    statuses.read_statuses(three.tenant.pk, three.connection.pk)
    assert calls(three) == 3


def test_what_was_read_a_moment_ago_is_not_read_again(three):
    minute(three)
    minute(three)
    assert calls(three) == 3


@pytest.mark.parametrize(
    "state",
    [
        {"quiet_until": timezone.now() + timedelta(hours=1)},
        {"trouble": ConnectionState.Trouble.QUOTA},
        {"trouble": ConnectionState.Trouble.UNREACHABLE},
    ],
    ids=["quiet", "limited", "away"],
)
def test_a_connection_that_is_quiet_or_in_trouble_is_not_asked(three, state):
    with three.scope():
        ConnectionState.objects.filter(connection=three.connection).update(**state)
    minute(three)
    with three.scope():
        MirrorState.objects.update(statuses_due_at=Now())
    statuses.read_statuses(three.tenant.pk, three.connection.pk)
    assert calls(three) == 0


def test_a_connection_that_is_switched_off_is_not_asked(three):
    with three.scope():
        Connection.objects.update(enabled=False)
    minute(three)
    assert calls(three) == 0


def test_a_vendor_out_of_order_ends_the_turn_and_changes_nothing(three):
    three.control.add_fault("status", status=503, path="/sipaccounts", times=1)
    minute(three)
    assert calls(three) == 1
    assert read(three) == set()


def test_an_account_that_is_gone_there_is_told_nothing_of_and_the_others_are_read(three):
    grow_old(three, "anna")
    three.control.remove_sip_account_behind(three.client_id, three.account("anna").vendor_id)
    minute(three)
    assert read(three) == {"anna", "ben", "carol"}
    assert three.account("anna").registration == SipAccount.Registration.UNTOLD
    assert three.mirror().error == ""


def test_a_vendor_that_tells_no_status_leaves_the_domain_as_it_was(three):
    with three.scope():
        SipAccount.objects.update(domain="acme.sip.example")
    three.control.put_account(three.client_id, status_told=False)
    minute(three)
    anna = three.account("anna")
    assert (anna.registration, anna.domain) == (SipAccount.Registration.UNTOLD, "acme.sip.example")
    assert anna.status_read_at


def test_a_deleted_account_is_not_asked_about(three, cast):
    with three.scope():
        SipAccount.objects.filter(username="anna").update(state=SipAccount.State.DELETED)
    minute(three)
    assert read(three) == {"ben", "carol"}
