"""The portal keeps the subscriptions it needs, replaces them without a gap, and cancels what is not needed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.notices.models import Notice
from portal.operations.refusals import NotPromised
from realtime.grants.models import Grant
from realtime.subscriptions.addresses import digest_in, new_address, shown
from realtime.subscriptions.models import Subscription
from realtime.subscriptions.operations import cancel_subscription
from tests.realtime.directory.office import DIRECTORY, EVERYTHING, PRESENCE

OWN = ["user.info", "calls.events.personal"]


def hear(office, row: Subscription) -> None:
    """An event came to it."""
    with office.scope():
        Subscription.objects.filter(pk=row.pk).update(last_event_at=timezone.now())


def open_notices(office) -> list[str]:
    with office.scope():
        return list(Notice.objects.open().filter(kind__startswith="realtime.").values_list("kind", flat=True))


def make_stray(office, url: str) -> str:
    """Somebody else's subscription with the same grant; its ID."""
    from portal.vendors.line import Line
    from realtime.client import KwebblClient

    return KwebblClient(Line(office.connection).http).subscribe(url).id


def test_with_all_events_allowed_everything_is_subscribed_to_once(office):
    office.settle_down()
    (row,) = office.subscriptions()
    assert (row.state, row.mode, row.event_types, row.agents) == ("active", "detailed", ["*"], [{"number": "*"}])
    (stands,) = office.standing()
    assert stands["mode"] == "detailed"
    assert digest_in(stands["callback_url"]) == row.digest
    assert office.effects("subscription_created") == 1


def test_the_address_is_kept_nowhere(office):
    """As a digest alone: not in the row, the journal, the trail or the call log."""
    from portal.audit.models import Entry
    from portal.operations.models import Attempt, Operation
    from portal.vendors.models import Call

    office.settle_down()
    secret = office.standing()[0]["callback_url"].rpartition("/")[2]
    with office.scope():
        for model in (Subscription, Operation, Attempt, Entry, Call):
            assert model.objects.exists(), model
            assert secret not in str(list(model.objects.values()))


def test_with_presence_alone_the_documented_four_events_are_asked_for(unconnected, cast):
    unconnected.connect(cast.bob, PRESENCE, login="bob")
    unconnected.settle_down()
    (row,) = unconnected.subscriptions()
    assert (row.state, row.mode) == ("active", "presence")
    assert row.event_types == ["created", "ringing", "answered", "terminated"]


def test_without_a_scope_for_events_nothing_is_asked_for_and_admins_are_told(unconnected, cast):
    unconnected.want("directory", "events")
    unconnected.connect(cast.alice, DIRECTORY)
    unconnected.settle_down()
    assert unconnected.subscriptions() == []
    assert open_notices(unconnected) == ["realtime.scope_lacking"]
    unconnected.connect(cast.alice, EVERYTHING)
    unconnected.settle_down()
    assert open_notices(unconnected) == []


def test_a_company_that_wants_presence_alone_gets_no_details(unconnected, cast):
    unconnected.want("presence")
    unconnected.connect(cast.alice, EVERYTHING)
    unconnected.settle_down()
    assert [row.mode for row in unconnected.subscriptions("active")] == ["presence"]


def test_a_persons_own_grant_asks_for_their_own_calls_by_their_telephone(unconnected, cast):
    unconnected.connect(cast.alice, DIRECTORY)
    unconnected.sync()
    bobs = unconnected.extension("Bob de Vries")
    with unconnected.scope():
        type(bobs).objects.filter(pk=bobs.pk).update(member=cast.bob)
    unconnected.connect(cast.bob, OWN, login="bob", user=cast.bob)
    unconnected.settle_down()
    (row,) = unconnected.subscriptions("active")
    assert row.agents == [{"extension_id": bobs.vendor_id}]
    assert row.grant.user_id == cast.bob.pk


def test_where_everybodys_calls_are_told_no_personal_one_is_asked_for(office, cast):
    office.connect(cast.bob, OWN, login="bob", user=cast.bob)
    office.settle_down()
    assert len(office.subscriptions()) == 1


def replaced(office, cast) -> tuple[Subscription, Subscription]:
    """Presence stands; then all events are allowed, and the new one stands as well."""
    office.connect(cast.alice, PRESENCE)
    office.settle_down()
    office.connect(cast.alice, EVERYTHING)
    office.sync()
    office.work()
    return tuple(office.subscriptions())  # type: ignore[return-value]


def test_the_old_one_stands_until_the_new_one_was_told_something(unconnected, cast):
    old, new = replaced(unconnected, cast)
    assert new.replaces_id == old.pk
    unconnected.settle_down()
    assert unconnected.states() == ["active", "active"]
    assert len(unconnected.standing()) == 2
    hear(unconnected, new)
    unconnected.settle_down()
    assert unconnected.states() == ["gone", "active"]
    assert [row["mode"] for row in unconnected.standing()] == ["detailed"]


def test_at_no_moment_does_none_stand(unconnected, cast):
    """By the vendor's own ledger: the new one came before the old one went."""
    _old, new = replaced(unconnected, cast)
    hear(unconnected, new)
    unconnected.settle_down()
    kinds = [entry["kind"] for entry in unconnected.control.ledger(unconnected.client_id)]
    subscribed = [kind for kind in kinds if kind.startswith("subscription_")]
    assert subscribed == ["subscription_created", "subscription_created", "subscription_cancelled"]


def test_on_a_quiet_telephone_system_the_vendors_list_is_proof_enough_after_a_minute(unconnected, cast):
    replaced(unconnected, cast)
    with unconnected.scope():
        Subscription.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    unconnected.settle_down()
    assert unconnected.states() == ["gone", "active"]


def test_while_the_old_one_alone_is_told_of_calls_it_stays(unconnected, cast):
    old, _new = replaced(unconnected, cast)
    with unconnected.scope():
        Subscription.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    hear(unconnected, old)
    unconnected.settle_down()
    assert unconnected.states() == ["active", "active"]


def test_one_that_is_gone_at_the_vendor_is_made_anew(office):
    office.settle_down()
    (row,) = office.subscriptions()
    office.control.remove_kwebbl_subscription(office.client_id, row.vendor_id)
    office.settle_down()
    assert office.states() == ["gone", "active"]
    assert len(office.standing()) == 1


@pytest.mark.parametrize("after_work", [True, False], ids=["done", "not done"])
def test_a_lost_answer_is_settled_by_the_address_in_the_list(office, after_work):
    office.control.add_fault("reset", method="POST", path="/subscriptions", times=1, after_work=after_work)
    office.work()
    office.let_time_pass()
    office.settle_down()
    assert office.states() == ["active"]
    assert len(office.standing()) == 1
    assert office.effects("subscription_created") == 1


def test_a_refused_one_is_told_and_tried_again_later(unconnected, cast):
    """The grant says it may, and the vendor says it may not."""
    grant = unconnected.connect(cast.bob, PRESENCE, login="bob")
    with unconnected.scope():
        Grant.objects.filter(pk=grant.pk).update(scopes=EVERYTHING)
    unconnected.settle_down()
    assert unconnected.states() == ["failed"]
    assert open_notices(unconnected) == ["realtime.not_told"]
    with unconnected.scope():
        Subscription.objects.update(ended_at=timezone.now() - timedelta(hours=1))
    unconnected.connect(cast.alice, EVERYTHING)
    unconnected.settle_down()
    assert unconnected.states() == ["failed", "active"]
    assert open_notices(unconnected) == []


def test_a_grant_that_was_given_anew_takes_the_subscription_over(office, cast):
    office.settle_down()
    grant = office.connect(cast.alice, EVERYTHING)
    office.settle_down()
    (row,) = office.subscriptions()
    assert row.grant_id == grant.pk
    assert office.effects("subscription_created") == 1


def test_one_that_nobody_wants_any_more_is_cancelled(office):
    office.settle_down()
    office.want("directory")
    office.settle_down()
    assert office.states() == ["gone"]
    assert office.standing() == []


def test_a_stray_one_is_shown_and_left_alone_until_an_admin_cancels_it(office, cast):
    office.settle_down()
    make_stray(office, "https://other.example/hooks/very-secret-of-somebody-elses-application?key=abc")
    office.settle_down()
    (stray,) = office.subscriptions("stray")
    assert stray.callback_url == "https://other.example/hooks/…"
    assert len(office.standing()) == 2
    with office.scope():
        cancel_subscription(stray, acting_user=cast.alice)
    office.work()
    assert office.subscriptions("stray") == []
    assert len(office.standing()) == 1


def test_a_stray_one_that_leads_here_and_that_nobody_knows_is_cancelled_by_itself(office):
    office.settle_down()
    url, _digest = new_address()
    make_stray(office, url)
    office.settle_down()
    assert office.states() == ["active", "gone"]
    assert len(office.standing()) == 1


def test_one_of_another_connection_of_this_portal_is_nobodys_to_cancel_by_itself(office, cast):
    """Two companies may have the same account at the vendor."""
    from portal.tenancy.scope import tenant_scope
    from tests.realtime.switchboard import make_connection

    office.settle_down()
    url, digest = new_address()
    with tenant_scope(cast.globex.pk):
        theirs = make_connection(cast.globex, office.client_id, office.sandbox, name="Same account")
        Subscription.objects.create(tenant=cast.globex, connection=theirs, digest=digest, state="active")
    make_stray(office, url)
    office.settle_down()
    assert office.states() == ["active", "stray"]
    assert len(office.standing()) == 2


def test_to_cancel_what_is_gone_already_is_a_success(office, cast):
    office.settle_down()
    make_stray(office, "https://other.example/hook")
    office.settle_down()
    (stray,) = office.subscriptions("stray")
    office.control.remove_kwebbl_subscription(office.client_id, stray.vendor_id)
    with office.scope():
        cancel_subscription(stray, acting_user=cast.alice)
    office.work()
    assert office.states() == ["active", "gone"]
    with office.scope(), pytest.raises(NotPromised):
        cancel_subscription(stray, acting_user=cast.alice)


def test_two_readings_at_once_ask_once(office):
    office.sync()
    office.sync()
    office.work()
    assert office.effects("subscription_created") == 1


def test_what_is_shown_of_an_address_has_no_secret_in_it():
    url, _digest = new_address()
    assert url.rpartition("/")[2] not in shown(url)
    assert shown("https://u:p@shop.example/" + "x" * 40) == "https://shop.example/…"
    assert digest_in("https://elsewhere.example/live/events/" + "a" * 43) == ""
