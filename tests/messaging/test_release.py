"""A campaign is released once, by who may, within the company's bounds; a second person is another one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from messaging.campaigns import release
from messaging.models import Campaign, DaySum, Sender
from portal.audit.models import Entry
from portal.operations.models import Operation
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.messaging.dispatch import keep_rules

S = Campaign.State


def set_aside(dispatch) -> tuple[int, Decimal]:
    with dispatch.scope():
        sums = DaySum.objects.first()
    return (sums.recipients, sums.eur) if sums else (0, Decimal(0))


def confirm(dispatch, campaign, person):
    with dispatch.scope():
        return release.confirm(campaign, acting_user=person)


def act(dispatch, verb, campaign, **more):
    with dispatch.scope():
        return verb(campaign, acting_user=dispatch.person, **more)


def test_released_it_is_on_its_way_and_on_record(dispatch):
    campaign = dispatch.released(3)
    assert campaign.state == S.SCHEDULED
    assert campaign.released_by == dispatch.person
    assert dispatch.fresh(campaign).due_at is not None
    assert set_aside(dispatch) == (3, Decimal("0.21"))
    with dispatch.scope():
        assert Entry.objects.get(action="messaging.campaign_released").actor == dispatch.person


def test_a_double_click_releases_once(dispatch):
    campaign = dispatch.planned(3)
    dispatch.release(campaign)
    with pytest.raises(release.AlreadyReleased):
        dispatch.release(campaign)
    assert set_aside(dispatch) == (3, Decimal("0.21"))
    assert len(dispatch.send(campaign) and dispatch.reached()) == 3


def test_simultaneous_clicks_release_once(dispatch):
    campaign = dispatch.planned(3)

    def click(_number: int) -> bool:
        try:
            dispatch.release(campaign)
        except release.AlreadyReleased:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as clicks:
        assert sum(clicks.map(click, range(8))) == 1
    assert set_aside(dispatch) == (3, Decimal("0.21"))


@pytest.mark.parametrize("state", [S.DRAFT, S.CHECKING, S.CANCELLED])
def test_only_what_was_checked_is_released(dispatch, state):
    with pytest.raises(NotPromised, match="was checked"):
        dispatch.released(1, state=state)


def test_a_plan_that_nobody_looked_at_is_not_released(dispatch):
    campaign = dispatch.planned(1)
    seen, campaign.planned_at = campaign.planned_at, timezone.now()
    with dispatch.scope():
        campaign.save()
    for looked_at in (seen, None):
        with dispatch.scope(), pytest.raises(NotPromised, match="changed since"):
            release.release(campaign, planned_at=looked_at, acting_user=dispatch.person)


@pytest.mark.parametrize("state", [Sender.State.ASKED, Sender.State.REFUSED, Sender.State.WITHDRAWN])
def test_a_sender_that_is_not_allowed_is_not_used(dispatch, state):
    campaign = dispatch.planned(1)
    with dispatch.scope():
        Sender.objects.update(state=state)
    with pytest.raises(NotPromised, match="not allowed"):
        dispatch.release(campaign)
    assert set_aside(dispatch) == (0, 0)


@pytest.mark.parametrize(("country", "seconds", "released"), [("BE", 20, False), ("BE", 21, True), ("NL", 5, True)])
def test_abroad_a_message_is_valid_for_21_seconds_at_least(dispatch, country, seconds, released):
    campaign = dispatch.planned(1, country=country, expires_in=seconds)
    if released:
        assert dispatch.release(campaign).state == S.SCHEDULED
        return
    with pytest.raises(NotPromised, match="at least 21 seconds"):
        dispatch.release(campaign)


def test_a_suspended_company_releases_nothing(dispatch):
    campaign = dispatch.planned(1)
    with staff_scope():
        Tenant.objects.filter(pk=campaign.tenant_id).update(state=Tenant.State.SUSPENDED)
    with pytest.raises(NotPromised, match="suspended"):
        dispatch.release(campaign)


# --- A second person ----------------------------------------------------------------------------------------------------


@pytest.fixture
def awaiting(dispatch) -> Campaign:
    keep_rules(dispatch.connection.tenant_id, second_person_above=2)
    return dispatch.released(3)


def test_above_the_companys_number_a_second_person_confirms(dispatch, awaiting, cast):
    assert awaiting.state == S.AWAITING
    dispatch.send(awaiting, rounds=2)
    assert dispatch.reached() == []
    assert confirm(dispatch, awaiting, cast.adam).state == S.SCHEDULED
    assert len(dispatch.send(awaiting) and dispatch.reached()) == 3


def test_the_second_person_is_another_one(dispatch, awaiting):
    with pytest.raises(NotPromised, match="yourself"):
        confirm(dispatch, awaiting, dispatch.person)
    assert dispatch.fresh(awaiting).state == S.AWAITING


def test_at_the_companys_number_one_person_is_enough(dispatch):
    keep_rules(dispatch.connection.tenant_id, second_person_above=3)
    assert dispatch.released(3).state == S.SCHEDULED
    keep_rules(dispatch.connection.tenant_id, second_person_above=None)
    assert dispatch.released(4).state == S.SCHEDULED


def test_confirmed_on_another_day_it_is_held_against_that_days_bounds(dispatch, awaiting, cast):
    yesterday = awaiting.reserved_on - timedelta(days=1)
    with dispatch.scope():
        DaySum.objects.update(day=yesterday)
        Campaign.objects.update(reserved_on=yesterday)
    confirm(dispatch, awaiting, cast.adam)
    with dispatch.scope():
        sums = dict(DaySum.objects.values_list("day", "recipients"))
    assert sums == {yesterday: 0, awaiting.reserved_on: 3}


# --- Bounds of a day ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "fits"), [({"most_recipients_a_day": 10}, 5), ({"most_eur_a_day": Decimal("0.98")}, 7)]
)
def test_the_bounds_of_a_day_hold_under_a_hundred_releases_at_once(dispatch, bound, fits):
    keep_rules(dispatch.connection.tenant_id, **({"most_recipients_a_day": None} | bound))
    campaigns = [dispatch.planned(2) for _ in range(100)]

    def click(campaign: Campaign) -> bool:
        try:
            dispatch.release(campaign)
        except NotPromised:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(12) as clicks:
        released = sum(clicks.map(click, campaigns))
    assert released == fits
    assert set_aside(dispatch) == (2 * fits, Decimal("0.14") * fits)
    with dispatch.scope():
        assert Campaign.objects.filter(state=S.SCHEDULED).count() == fits


def test_bounds_are_a_companys_and_a_local_days_own(dispatch, cast):
    keep_rules(dispatch.connection.tenant_id, most_recipients_a_day=3)
    tomorrow = timezone.now() + timedelta(days=1)
    dispatch.released(3)
    dispatch.released(3, starts_at=tomorrow)
    with pytest.raises(NotPromised, match="at most 3 recipients"):
        dispatch.released(1)
    with dispatch.scope():
        days = set(DaySum.objects.values_list("day", flat=True))
    assert tomorrow.astimezone(cast.acme.zone).date() in days


def test_money_that_is_not_agreed_is_not_within_a_bound(dispatch):
    keep_rules(dispatch.connection.tenant_id, most_eur_a_day=Decimal(10))
    with pytest.raises(NotPromised, match="no price is agreed"):
        dispatch.released(1, eur=None)


# --- Held, going on, cancelled ------------------------------------------------------------------------------------------


def test_paused_nothing_leaves_and_resumed_everything_does_once(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 2
    campaign = dispatch.released(2, 2, 2)
    dispatch.turn(campaign)
    act(dispatch, release.pause, campaign)
    dispatch.send(campaign, rounds=2)
    assert dispatch.reached() == []
    assert dispatch.counts(campaign) == {"planned": 6}

    act(dispatch, release.resume, campaign)
    assert dispatch.send(campaign).state == S.DONE
    assert len(dispatch.reached()) == len(set(dispatch.reached())) == 6


def test_what_was_claimed_before_the_pause_was_seen_is_held_at_the_claim(dispatch):
    """Between the click and the campaign's next turn, a worker comes to a batch that waits."""
    campaign = dispatch.released(2)
    dispatch.turn(campaign)
    act(dispatch, release.pause, campaign)
    dispatch.mailroom.work_once()
    assert dispatch.reached() == []
    dispatch.turn(campaign)
    act(dispatch, release.resume, campaign)
    dispatch.send(campaign)
    assert len(dispatch.reached()) == 2


def test_cancelled_what_has_not_left_never_does_and_is_given_back(dispatch, settings):
    settings.OPERATION_TENANT_CONCURRENCY = 1
    campaign = dispatch.released(2, 3, 4)
    dispatch.turn(campaign)
    dispatch.mailroom.work()
    dispatch.turn(campaign)
    act(dispatch, release.cancel, campaign)
    done = dispatch.send(campaign, rounds=3)

    assert (done.state, done.ended_at is not None) == (S.CANCELLED, True)
    assert dispatch.counts(campaign) == {"handed_over": 2, "cancelled": 7}
    assert len(dispatch.reached()) == 2
    assert set_aside(dispatch) == (2, Decimal("0.14"))
    with dispatch.scope():
        assert not Operation.objects.open().exists()


def test_cancelled_while_it_waits_for_a_second_person_all_is_given_back(dispatch, awaiting):
    act(dispatch, release.cancel, awaiting)
    dispatch.send(awaiting, rounds=2)
    assert dispatch.counts(awaiting) == {"cancelled": 3}
    assert set_aside(dispatch) == (0, Decimal(0))


def test_what_is_over_is_neither_paused_nor_cancelled_nor_resumed(dispatch):
    campaign = dispatch.send(dispatch.released(1))
    for verb in (release.pause, release.resume, release.cancel):
        with pytest.raises(NotPromised):
            act(dispatch, verb, campaign)


def test_a_companys_campaign_is_nobody_elses(dispatch, cast):
    campaign = dispatch.planned(1)
    with tenant_scope(cast.globex.pk), pytest.raises(Campaign.DoesNotExist), transaction.atomic():
        release.release(campaign, planned_at=campaign.planned_at, acting_user=cast.charlie)
