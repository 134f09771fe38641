"""Tokens are renewed once a generation, stored before they are used, and never asked for twice without need."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.notices.models import Delivery, Notice
from portal.tenancy.models import Membership
from portal.tenancy.scope import staff_scope
from portal.vendors.errors import VendorCredentialsRejected, VendorUnavailable
from portal.vendors.http import Redactor
from portal.vendors.line import Line
from portal.vendors.models import Call, ConnectionState
from realtime.client import KwebblClient
from realtime.grants import keeping, losing, times
from realtime.grants.lines import line_over
from realtime.grants.models import Grant
from realtime.grants.refreshing import Refresh
from realtime.models import RealtimeAccount
from realtime.oauth import Tokens
from tests.realtime.granting import again, change, grant, open_account, refreshes
from tests.realtime.switchboard import Switchboard

TOKEN = "/kwebbl/v100/token"
DEFAULT_READ_TIMEOUT, DEFAULT_SETTLE_SECONDS = 40, 5


@pytest.fixture
def switchboard(transactional_db, cast, sandbox, quick_vendor, settings) -> Switchboard:
    settings.KWEBBL_REFRESH_READ_TIMEOUT = 1
    settings.KWEBBL_REFRESH_SETTLE_SECONDS = 0
    return open_account(Switchboard(cast.acme, sandbox))


def refresh(one: Grant) -> Grant:
    keeping.refresh(one.tenant_id, one.pk)
    return again(one)


def read(switchboard: Switchboard, line: Line | None = None) -> int:
    return len(KwebblClient((line or Line(switchboard.connection)).http).extensions())


def overdue(one: Grant) -> None:
    """The lease of whoever refreshes is over."""
    change(one, renewing_until=timezone.now() - timedelta(seconds=1))


def settle(one: Grant) -> Grant:
    losing.settle(one.tenant_id, one.pk)
    return again(one)


def told_to(switchboard: Switchboard, kind: str) -> set[str]:
    with switchboard.scope():
        rows = Delivery.objects.filter(notice__kind=kind, notice__resolved_at=None)
        return set(rows.values_list("user__name", flat=True))


# --- Renewing ---------------------------------------------------------------------------------------------------------


def test_a_refresh_gives_both_tokens_anew_and_the_call_goes_on(switchboard, cast):
    """Restoring / Renewing an Access Token."""
    before = grant(switchboard, cast.alice)
    after = refresh(before)
    assert after.generation == 2
    assert after.access_token.reveal() != before.access_token.reveal()
    assert after.refresh_token.reveal() != before.refresh_token.reveal()
    assert after.refresh_sent_at is None
    assert after.renewing_until is None
    assert read(switchboard) > 0
    assert refreshes(switchboard) == [2]


def test_a_refresh_is_due_about_the_middle_of_the_tokens_life(switchboard, cast):
    after = refresh(grant(switchboard, cast.alice))
    share = (after.refresh_due_at - after.access_issued_at) / (after.access_expires_at - after.access_issued_at)
    assert 0.44 <= share <= 0.56


@pytest.mark.parametrize("life", [5, 60, 150, 900, 14 * 86_400])
def test_a_refresh_is_never_due_after_the_end(life):
    now = timezone.now()
    due = times.due_at(now, now + timedelta(seconds=life))
    assert now < due < now + timedelta(seconds=life)
    if life > 120:
        assert due <= now + timedelta(seconds=life - 60)


def test_what_is_not_due_is_left_alone(switchboard, cast):
    assert refresh(grant(switchboard, cast.alice, due=False)).generation == 1
    assert refreshes(switchboard) == []


def test_the_sweep_finds_what_is_due_and_nothing_else(switchboard, cast):
    due = grant(switchboard, cast.alice)
    grant(switchboard, cast.alice, user=cast.bob, login="bob", due=False)
    assert list(keeping.due_grants()) == [(cast.acme.pk, due.pk)]
    change(due, refresh_sent_at=timezone.now())
    assert list(keeping.due_grants()) == []


def test_a_token_that_is_over_is_renewed_before_a_call(switchboard, cast):
    grant(switchboard, cast.alice, lives=timedelta(seconds=-5))
    assert read(switchboard) > 0
    assert refreshes(switchboard) == [2]


def test_a_token_that_the_vendor_refuses_is_renewed_once(switchboard, cast):
    """Using an Access token to make requests: 401, Invalid Grant."""
    one = grant(switchboard, cast.alice, due=False)
    with switchboard.scope():
        row = Grant.objects.get(pk=one.pk)
        row.access_token = "a-token-of-yesterday"
        row.save(update_fields=["access_token"])
    assert read(switchboard) > 0
    assert refreshes(switchboard) == [2]


def test_a_token_refused_right_after_its_birth_is_not_renewed_again(switchboard, cast):
    one = grant(switchboard, cast.alice, due=False)
    switchboard.control.add_fault("status", path="/kwebbl/v100/extensions", status=401)
    change(one, access_issued_at=timezone.now())
    for _ in range(3):
        with pytest.raises(VendorCredentialsRejected):
            read(switchboard)
    assert refreshes(switchboard) == []


def test_the_secret_stands_in_the_header_or_in_the_body(switchboard, cast):
    """Exchange authorization code for access token: both at once is refused by the vendor."""
    one = refresh(grant(switchboard, cast.alice))
    with switchboard.scope():
        RealtimeAccount.objects.update(secret_in_body=True)
    change(one, refresh_due_at=timezone.now())
    assert refresh(one).generation == 3


def test_no_token_and_no_secret_is_in_the_log(switchboard, cast):
    one = grant(switchboard, cast.alice)
    secrets = [one.access_token.reveal(), one.refresh_token.reveal()]
    after = refresh(one)
    secrets += [after.access_token.reveal(), after.refresh_token.reveal(), "s3cret-of-the-telephone-system"]
    with switchboard.scope():
        logged = [call.request + call.response + call.error for call in Call.objects.all()]
    assert logged
    assert not [secret for secret in secrets for text in logged if secret in text]


# --- What goes wrong --------------------------------------------------------------------------------------------------


def test_while_nothing_left_the_grant_is_as_it_was_and_rests(switchboard, cast):
    one = grant(switchboard, cast.alice)
    with switchboard.scope():
        switchboard.connection.token_url = "http://127.0.0.1:9/token"
        switchboard.connection.save(update_fields=["token_url"])
    after = refresh(one)
    assert (after.state, after.generation, after.refresh_failures) == ("active", 1, 1)
    assert after.refresh_sent_at is None
    assert after.renewing_until > timezone.now()
    assert refresh(one).refresh_failures == 1, "it rests"
    assert read(switchboard) > 0, "the old token is as good as before"


def test_an_ended_permission_is_lost_and_people_are_told(switchboard, cast):
    """Response with access token: 401, invalid_grant."""
    one = grant(switchboard, cast.alice)
    switchboard.control.revoke_kwebbl(switchboard.client_id)
    after = refresh(one)
    assert after.state == Grant.State.LOST
    assert not after.access_token
    assert not after.refresh_token
    assert told_to(switchboard, "realtime.grant_lost") == {"Alice", "Adam"}
    with pytest.raises(VendorCredentialsRejected):
        read(switchboard)
    assert list(keeping.due_grants()) == list(losing.doubtful_grants()) == [], "no further attempts"


def test_a_personal_permission_that_is_lost_is_told_to_its_person_alone(switchboard, cast):
    one = grant(switchboard, cast.vera, user=cast.vera, login="vera")
    switchboard.control.revoke_kwebbl(switchboard.client_id)
    assert refresh(one).state == Grant.State.LOST
    assert told_to(switchboard, "realtime.own_grant_lost") == {"Vera"}
    assert told_to(switchboard, "realtime.grant_lost") == set()
    with switchboard.scope():
        assert ConnectionState.objects.get().trouble == "", "the company's connection has no trouble"
    with pytest.raises(VendorUnavailable):
        read(switchboard, line_over(switchboard.connection, one))


def test_a_refused_client_is_the_connections_trouble_and_no_loss(switchboard, cast):
    """Response with access token: 401, invalid_client."""
    one = grant(switchboard, cast.alice)
    with switchboard.scope():
        switchboard.connection.client_secret = "another secret altogether"
        switchboard.connection.save(update_fields=["client_secret"])
    after = refresh(one)
    assert after.state == Grant.State.ACTIVE
    assert after.refresh_sent_at is None
    with switchboard.scope():
        assert ConnectionState.objects.get().trouble == "credentials"


def test_a_lost_answer_is_a_lost_permission_within_one_look(switchboard, cast):
    one = grant(switchboard, cast.alice)
    switchboard.control.add_fault("reset", path=TOKEN, after_work=True, times=1)
    doubtful = refresh(one)
    assert doubtful.refresh_sent_at is not None
    assert list(losing.doubtful_grants()) == [(cast.acme.pk, one.pk)]
    after = settle(one)
    assert after.state == Grant.State.LOST
    assert "answer was lost" in str(after.why_lost)
    assert told_to(switchboard, "realtime.grant_lost") == {"Alice", "Adam"}
    assert refreshes(switchboard) == [2], "and no more"


@pytest.mark.parametrize("fault", ["status", "broken_json"])
def test_an_answer_that_says_nothing_is_looked_into(switchboard, cast, fault):
    """Response with access token: 500, server_error."""
    one = grant(switchboard, cast.alice)
    more = {"status": 500, "after_work": True} if fault == "status" else {}
    switchboard.control.add_fault(fault, path=TOKEN, times=1, **more)
    refresh(one)
    assert settle(one).state == Grant.State.LOST


def test_a_refresh_that_never_arrived_is_sent_once_more(switchboard, cast):
    one = grant(switchboard, cast.alice)
    switchboard.control.add_fault("reset", path=TOKEN, after_work=False, times=1)
    assert refresh(one).refresh_sent_at is not None
    after = settle(one)
    assert (after.state, after.refresh_sent_at) == ("active", None)
    overdue(one)
    change(one, refresh_due_at=timezone.now())
    assert refresh(one).generation == 2
    assert refreshes(switchboard) == [2]


def test_after_the_old_tokens_end_one_more_refresh_tells(switchboard, cast):
    one = grant(switchboard, cast.alice, lives=timedelta(seconds=-1))
    switchboard.control.add_fault("reset", path=TOKEN, after_work=False, times=1)
    refresh(one)
    assert settle(one).state == Grant.State.ACTIVE
    assert refresh(one).generation == 2


def test_after_the_old_tokens_end_a_second_lost_answer_is_the_end(switchboard, cast):
    one = grant(switchboard, cast.alice, lives=timedelta(seconds=-1))
    switchboard.control.add_fault("reset", path=TOKEN, after_work=False, times=2)
    for _ in range(2):
        refresh(one)
        after = settle(one)
    assert after.state == Grant.State.LOST
    assert refreshes(switchboard) == []


def test_while_the_vendor_is_away_nobody_can_tell_and_then_it_is_lost(switchboard, cast, settings):
    one = grant(switchboard, cast.alice)
    switchboard.control.add_fault("reset", path=TOKEN, after_work=False, times=1)
    refresh(one)
    switchboard.control.add_fault("status", path="/kwebbl/v100/extensions", status=502)
    settings.KWEBBL_GRANT_LOST_SECONDS = 50
    assert settle(one).state == Grant.State.ACTIVE
    settings.KWEBBL_GRANT_LOST_SECONDS = 0
    assert settle(one).state == Grant.State.LOST


def test_a_vendor_that_hangs_is_not_waited_for(switchboard, cast, monkeypatch):
    monkeypatch.setattr(times, "LONGEST_LOOK", timedelta(seconds=0.5))
    one = grant(switchboard, cast.alice)
    switchboard.control.add_fault("reset", path=TOKEN, after_work=False, times=1)
    refresh(one)
    switchboard.control.add_fault("delay", path="/kwebbl/v100/extensions", seconds=2, times=1)
    assert settle(one).refresh_sent_at is not None, "its answer would have told; nobody stayed for it"


def test_whatever_happens_a_loss_is_shown_within_a_minute(settings):
    settings.KWEBBL_REFRESH_READ_TIMEOUT = DEFAULT_READ_TIMEOUT
    settings.KWEBBL_REFRESH_SETTLE_SECONDS = DEFAULT_SETTLE_SECONDS
    tick = timedelta(seconds=settings.CELERY_BEAT_SCHEDULE["find-lost-grants"]["schedule"])
    answer_lost = timedelta(seconds=times.refresh_limits().total_timeout) + times.settling_time()
    worker_dead = times.lease()
    look = timedelta(seconds=times.look_limits().total_timeout)
    for doubtful_after in (answer_lost, worker_dead, times.patience()):
        assert doubtful_after + tick + look < timedelta(minutes=1)


def test_a_worker_that_died_is_found_by_its_lease(switchboard, cast):
    one = grant(switchboard, cast.alice)
    change(one, renewer=uuid4(), refresh_sent_at=timezone.now(), renewing_until=timezone.now() + timedelta(hours=1))
    assert list(losing.doubtful_grants()) == []
    overdue(one)
    assert settle(one).state == Grant.State.ACTIVE, "its request never left, and the old token lives"


def test_an_answer_that_was_only_late_heals_the_permission(switchboard, cast, settings):
    """The look gave it up while its worker was frozen, and then the answer came after all."""
    one = grant(switchboard, cast.alice)
    switchboard.control.add_fault("reset", path=TOKEN, after_work=True, times=1)
    refresh(one)
    lost = settle(one)
    assert lost.state == Grant.State.LOST
    assert lost.renewer is not None
    told = switchboard.control.kwebbl_grant(switchboard.client_id, "alice", ["company.users"])
    _late_answer(switchboard, one, lost, told)
    assert again(one).state == Grant.State.ACTIVE
    assert told_to(switchboard, "realtime.grant_lost") == set()
    assert read(switchboard) > 0


def _late_answer(switchboard, one, lost, told) -> None:
    late = Refresh(one, switchboard.connection, Redactor(), lambda record: None)
    late._renewer = lost.renewer
    now = timezone.now()
    late._store(Tokens(told["access_token"], told["refresh_token"], now + timedelta(minutes=15), now))


def test_an_end_after_196_days_is_foreseen(switchboard, cast):
    one = grant(switchboard, cast.alice, due=False)
    change(one, refresh_expires_at=timezone.now() + timedelta(days=15))
    keeping.foresee_ends()
    assert told_to(switchboard, "realtime.grant_ending") == set()
    for days in (13, 2):
        change(one, refresh_expires_at=timezone.now() + timedelta(days=days))
        keeping.foresee_ends()
        keeping.foresee_ends()
        with switchboard.scope():
            assert Notice.objects.open().filter(kind="realtime.grant_ending").count() == 1
    assert told_to(switchboard, "realtime.grant_ending") == {"Alice", "Adam"}
    change(one, refresh_due_at=timezone.now())
    refresh(one)
    assert told_to(switchboard, "realtime.grant_ending") == set(), "renewed, it lives another 196 days"


def test_who_left_the_company_leaves_no_permission_behind(switchboard, cast):
    one = grant(switchboard, cast.vera, user=cast.vera, login="vera")
    with staff_scope():
        Membership.objects.filter(user=cast.vera).delete()
    after = refresh(one)
    assert after.state == Grant.State.ENDED
    assert not after.refresh_token
    assert refreshes(switchboard) == []
