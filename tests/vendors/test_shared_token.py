"""One token for all workers of a connection: renewed by one of them at a time, and never twice where once does."""

import subprocess
import sys
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors.connections import change_connection
from portal.vendors.errors import VendorCredentialsRejected, VendorUnavailable
from portal.vendors.shared_token import LEASE_MARGIN
from tests.vendors.calling import all_at_once, api_calls, read_inventory, token_calls

WORKERS = 6


def errors_in(answers: list) -> list[Exception]:
    return [answer for answer in answers if isinstance(answer, Exception)]


@pytest.fixture
def soon_over(transactional_db, connection, set_state):
    """A connection whose token is good for half a minute more."""
    read_inventory(connection)
    set_state(connection, token_expires_at=timezone.now() + timedelta(seconds=30))
    return connection


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_the_start_ask_for_one_token(connection, control):
    answers = all_at_once(WORKERS, lambda: read_inventory(connection))
    assert answers == [[{"product": "KPN-VoiceVideo-C", "total": 0, "available": 0}]] * WORKERS
    assert token_calls(control) == 1
    assert api_calls(control) == WORKERS


def test_near_its_end_the_token_is_renewed_once(soon_over, control, state_of):
    before = state_of(soon_over).access_token.reveal()
    assert not errors_in(all_at_once(WORKERS, lambda: read_inventory(soon_over)))
    assert token_calls(control) == 2, "one at first, one now"
    assert state_of(soon_over).access_token.reveal() != before


def test_while_one_worker_renews_the_others_use_what_is_still_good(soon_over, control, set_state):
    set_state(soon_over, token_renewing_until=timezone.now() + timedelta(hours=1), token_renewer=uuid4())
    assert not errors_in(all_at_once(WORKERS, lambda: read_inventory(soon_over)))
    assert token_calls(control) == 1


@pytest.mark.django_db(transaction=True)
def test_after_its_end_all_wait_for_the_one_renewal(connection, control, set_state):
    read_inventory(connection)
    set_state(connection, token_expires_at=timezone.now() - timedelta(seconds=1))
    all_at_once(WORKERS, lambda: read_inventory(connection))
    assert token_calls(control) == 2


@pytest.mark.django_db(transaction=True)
def test_a_revoked_token_under_load_costs_one_new_token(connection, control):
    read_inventory(connection)
    control.revoke_tokens("acme-client-0042")
    answers = all_at_once(WORKERS, lambda: read_inventory(connection))
    assert not errors_in(answers)
    assert token_calls(control) == 2
    statuses = [request["status"] for request in control.requests() if request["path"].endswith("/inventory")]
    assert statuses.count(200) == WORKERS + 1
    assert statuses.count(401) <= WORKERS, "each worker repeats once at most"


WORKER = """
import django; django.setup()
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from portal.vendors.shared_token import LEASE_MARGIN
from tests.vendors.calling import read_inventory
import sys
with tenant_scope(int(sys.argv[1])):
    connection = Connection.objects.get(pk=int(sys.argv[2]))
print("ready", flush=True); sys.stdin.readline()
answer = read_inventory(connection)
sys.exit(1 if isinstance(answer, Exception) else 0)
"""


@pytest.fixture
def start_worker(connection, process_env):
    """A process that reads the inventory once when it is told to; killed at the end of the test."""
    started = []

    def start() -> subprocess.Popen:
        command = [sys.executable, "-c", WORKER, str(connection.tenant_id), str(connection.pk)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=process_env, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def go(workers: list[subprocess.Popen]) -> None:
    """All of them together."""
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()


@pytest.mark.django_db(transaction=True)
def test_workers_in_several_processes_ask_for_one_token(start_worker, control):
    workers = [start_worker() for _ in range(3)]
    go(workers)
    assert [worker.wait(30) for worker in workers] == [0, 0, 0]
    assert token_calls(control) == 1
    assert api_calls(control) == 3


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_renewing_leaves_a_lease_that_ends_soon(
    start_worker, connection, control, state_of, settings
):
    control.add_fault("delay", path="/oauth", seconds=5, times=1)
    worker = start_worker()
    go([worker])
    while state_of(connection).token_renewing_until is None:
        time.sleep(0.02)
    worker.kill()
    left = state_of(connection).token_renewing_until - timezone.now()
    assert timedelta() < left <= timedelta(seconds=settings.VENDOR_TOTAL_TIMEOUT) + LEASE_MARGIN


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_died_while_renewing_delays_the_others_by_its_lease_only(connection, control, set_state):
    set_state(connection, token_renewing_until=timezone.now() + timedelta(seconds=0.4), token_renewer=uuid4())
    assert not isinstance(read_inventory(connection), Exception)
    assert token_calls(control) == 1


@pytest.mark.django_db(transaction=True)
def test_a_renewal_that_does_not_end_is_given_up_before_anything_is_sent(connection, control, set_state, settings):
    settings.VENDOR_TOTAL_TIMEOUT = 0.3
    set_state(connection, token_renewing_until=timezone.now() + timedelta(hours=1), token_renewer=uuid4())
    assert isinstance(read_inventory(connection), VendorUnavailable)
    assert control.requests() == []


def test_while_the_token_is_good_an_endpoint_that_is_away_harms_nobody(soon_over, control, state_of):
    control.add_fault("status", path="/oauth", status=503)
    assert not isinstance(read_inventory(soon_over), Exception)
    assert token_calls(control) == 2
    assert state_of(soon_over).token_renewing_until is None, "the next one may try at once"


@pytest.mark.django_db(transaction=True)
def test_a_failed_renewal_lets_the_next_worker_try_at_once(connection, control):
    control.add_fault("status", path="/oauth", status=503, times=1)
    assert isinstance(read_inventory(connection), VendorUnavailable)
    assert not isinstance(read_inventory(connection), Exception)


@pytest.mark.django_db(transaction=True)
def test_refused_credentials_are_not_tried_by_every_worker(connection, control, state_of):
    control.put_account("acme-client-0042", "another secret by now")
    answers = all_at_once(WORKERS, lambda: read_inventory(connection))
    assert {type(answer) for answer in answers} == {VendorCredentialsRejected}
    assert token_calls(control) == 1, "a vendor may lock an account after a few of these"
    assert api_calls(control) == 0
    assert state_of(connection).trouble == "credentials"


@pytest.mark.django_db(transaction=True)
def test_a_token_asked_for_with_old_credentials_is_not_kept_for_the_new_ones(
    connection, control, cast, at_sandbox, state_of
):
    control.add_fault("delay", path="/oauth", seconds=1, times=1)
    control.put_account("acme-other-0043", "another account altogether")
    changed = at_sandbox(client_id="acme-other-0043", client_secret="another account altogether")

    def change_while_the_token_is_on_its_way() -> None:
        while state_of(connection).token_renewing_until is None:
            time.sleep(0.01)
        with tenant_scope(connection.tenant_id):
            change_connection(connection, changed, acting_user=cast.alice)

    works = iter([lambda: read_inventory(connection), change_while_the_token_is_on_its_way])
    all_at_once(2, lambda: next(works)())
    assert not state_of(connection).access_token
