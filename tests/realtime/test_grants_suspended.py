"""A company was suspended while a refresh had no answer: the doubt is settled all the same, and nothing new is asked for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from realtime.grants import keeping, losing
from realtime.grants.models import Grant
from realtime.tasks import refresh_grant, settle_grant
from tests.realtime.granting import again, change, grant, open_account, refreshes
from tests.realtime.switchboard import Switchboard

TOKEN = "/kwebbl/v100/token"


@pytest.fixture
def switchboard(transactional_db, cast, sandbox, quick_vendor, settings) -> Switchboard:
    settings.KWEBBL_REFRESH_READ_TIMEOUT = 1
    settings.KWEBBL_REFRESH_SETTLE_SECONDS = 0
    return open_account(Switchboard(cast.acme, sandbox))


def doubtful(switchboard: Switchboard, cast, *, arrived: bool, lives: timedelta = timedelta(minutes=15)) -> Grant:
    """A grant whose refresh was sent; its answer was lost, or it never `arrived`. Then Acme was suspended."""
    one = grant(switchboard, cast.alice, lives=lives)
    switchboard.control.add_fault("reset", path=TOKEN, after_work=arrived, times=1)
    refresh_grant(one.tenant_id, one.pk)
    assert again(one).refresh_sent_at is not None
    become(cast.acme, "suspended")
    return one


def become(tenant, state: str) -> None:
    with staff_scope():
        Tenant.objects.filter(pk=tenant.pk).update(state=state)


def beat(one: Grant) -> Grant:
    """What the clock has workers do every few seconds."""
    for found in losing.doubtful_grants():
        settle_grant(*found)
    for found in keeping.due_grants():
        refresh_grant(*found)
    return again(one)


def test_a_lost_answer_is_a_lost_permission_also_of_a_suspended_company(switchboard, cast):
    one = doubtful(switchboard, cast, arrived=True)
    assert beat(one).state == Grant.State.LOST
    assert refreshes(switchboard) == [2], "the one whose answer was lost"


def test_a_refresh_that_never_arrived_waits_until_the_company_goes_on(switchboard, cast):
    one = doubtful(switchboard, cast, arrived=False)
    settled = beat(one)
    assert (settled.state, settled.refresh_sent_at) == (Grant.State.ACTIVE, None)
    change(one, refresh_due_at=timezone.now(), renewing_until=None)
    assert beat(one).generation == 1
    assert refreshes(switchboard) == []
    become(cast.acme, "active")
    assert beat(one).generation == 2


def test_after_the_old_tokens_end_the_refresh_that_tells_waits_too(switchboard, cast):
    one = doubtful(switchboard, cast, arrived=True, lives=timedelta(seconds=-1))
    settled = beat(one)
    assert (settled.state, settled.refresh_sent_at) == (Grant.State.ACTIVE, None)
    assert refreshes(switchboard) == [2]
    become(cast.acme, "active")
    assert beat(one).state == Grant.State.LOST
