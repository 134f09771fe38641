"""Incidents open and close by themselves: each test starts from the trouble at the vendor."""

import threading
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from portal.audit.models import Entry
from portal.local.processes import wait_until
from portal.support.incidents import note_incident, open_incidents, watch
from portal.support.models import CallTally, Incident, IncidentNote, TallyMark
from portal.support.tallies import DURATIONS, class_of, percentile
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import ReasonMissing, StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope, user_scope
from portal.vendors.connections import disable_connection
from portal.vendors.models import Call
from tests.fixtures.processes import process_log
from tests.fixtures.video import SECRET
from tests.vendors.calling import all_at_once, read_inventory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_once(settings):
    """A trouble counts at its first sight, and its incident closes with it."""
    settings.INCIDENT_PATIENCE_SECONDS = 0
    settings.INCIDENT_SETTLE_SECONDS = 0


def incidents() -> list[Incident]:
    with staff_scope():
        return list(Incident.objects.order_by("pk"))


def the_incident() -> Incident:
    [incident] = incidents()
    return incident


def let_the_log_settle() -> None:
    with staff_scope():
        TallyMark.objects.update(seen_at=timezone.now() - timedelta(minutes=1))


def count_everything() -> None:
    """One look sees how far the log goes; a later one counts so far."""
    watch()
    let_the_log_settle()
    watch()
    let_the_log_settle()


def vendor_recovers(video) -> None:
    video.control.remove_faults()
    video.control.put_account(video.client_id, SECRET)
    video.let_time_pass()
    assert not isinstance(read_inventory(video.connection), Exception)


# --- One for each kind of trouble ---------------------------------------------------------------------------------


def test_a_vendor_that_is_out_of_order_is_unreachable(video):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    incident = the_incident()
    assert (incident.vendor, incident.kind, incident.is_open) == ("kandy", "unreachable", True)
    assert (incident.connections, incident.tenants) == (1, 1)


def test_a_vendor_that_is_gone_is_unreachable(video):
    video.sandbox.kill()
    try:
        read_inventory(video.connection)
        watch()
    finally:
        video.sandbox.start()
    assert the_incident().kind == "unreachable"


def test_credentials_that_were_taken_away(video):
    video.control.put_account(video.client_id, "another-secret")
    video.control.revoke_tokens(video.client_id)
    read_inventory(video.connection)
    watch()
    assert the_incident().kind == "credentials"


def test_a_quota_that_is_used_up(video):
    video.control.add_fault("throttle", seconds=60)
    read_inventory(video.connection)
    watch()
    assert the_incident().kind == "quota"


def test_a_quota_that_has_started_anew_is_none(video):
    video.control.add_fault("throttle", seconds=60)
    read_inventory(video.connection)
    video.let_time_pass()
    watch()
    assert incidents() == []


def test_nonsense_for_an_answer(video):
    video.control.add_fault("broken_json")
    read_inventory(video.connection)
    watch()
    assert the_incident().kind == "protocol"


def test_slowness_is_no_connections_trouble_and_is_found_in_the_tallies(video, settings):
    settings.INCIDENT_MIN_CALLS, settings.INCIDENT_SLOW_SECONDS = 3, 0.1
    video.control.add_fault("delay", seconds=0.2)
    read_inventory(video.connection, calls=4)
    count_everything()
    incident = the_incident()
    assert (incident.kind, incident.connections, incident.tenants) == ("slow", 1, 1)


def test_calls_that_fail_here_and_there(video, settings):
    """The connection is well again after each of them, and so in no trouble of its own."""
    settings.INCIDENT_MIN_CALLS = 5
    video.control.add_fault("status", status=503, times=3)
    for _ in range(6):
        read_inventory(video.connection)
        video.let_time_pass()
    count_everything()
    incident = the_incident()
    assert (incident.kind, incident.connections) == ("errors", 1)


def test_few_failures_among_few_calls_say_nothing(video):
    video.control.add_fault("status", status=503, times=1)
    read_inventory(video.connection)
    vendor_recovers(video)
    count_everything()
    assert incidents() == []


def test_what_one_incident_explains_makes_no_second_one(video, settings):
    settings.INCIDENT_MIN_CALLS = 2
    video.control.add_fault("status", status=503)
    for _ in range(4):
        read_inventory(video.connection)
        video.let_time_pass()
    count_everything()
    assert the_incident().kind == "unreachable"
    vendor_recovers(video)
    count_everything()
    assert [(incident.kind, incident.is_open) for incident in incidents()] == [("unreachable", False)]


def test_a_vendor_that_is_well_has_none(video):
    read_inventory(video.connection, calls=3)
    count_everything()
    assert incidents() == []


@pytest.fixture
def impatient_worker(process_env, request):
    """Beat and a worker that look every second, and count a trouble at its first sight."""
    process_env |= {"WATCH_SECONDS": "1", "INCIDENT_PATIENCE_SECONDS": "0", "INCIDENT_SETTLE_SECONDS": "0"}
    return request.getfixturevalue("worker")


def test_the_running_portal_opens_and_closes_it_by_itself(video, impatient_worker):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    wait_for_one(impatient_worker, is_open=True)
    vendor_recovers(video)
    wait_for_one(impatient_worker, is_open=False)


def wait_for_one(worker, *, is_open: bool) -> None:
    def is_there() -> bool:
        return [incident.is_open for incident in incidents()] == [is_open]

    wait_until(is_there, worker, what=f"an incident, open {is_open},", log=process_log("worker"), seconds=30)


# --- One, not many ------------------------------------------------------------------------------------------------


def test_two_connections_of_two_tenants_are_one_incident(video, globex_video):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    read_inventory(globex_video.connection)
    watch()
    incident = the_incident()
    assert (incident.connections, incident.tenants) == (2, 2)


def test_two_kinds_of_trouble_are_two(video, globex_video):
    video.control.add_fault("status", status=503, client_id=video.client_id)
    video.control.add_fault("broken_json", client_id=globex_video.client_id)
    read_inventory(video.connection)
    read_inventory(globex_video.connection)
    watch()
    assert {incident.kind for incident in incidents()} == {"unreachable", "protocol"}


def test_however_many_look_at_once_there_is_one(video):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    all_at_once(4, watch)
    assert the_incident().is_open


def test_a_hiccup_is_none(video, settings):
    settings.INCIDENT_PATIENCE_SECONDS = 60
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    assert incidents() == []


def test_a_connection_that_is_switched_off_is_in_nobodys_way(video, cast):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    with video.scope():
        disable_connection(video.connection, acting_user=cast.alice)
    watch()
    assert incidents() == []


def test_a_suspended_tenant_is_in_nobodys_way(video, cast):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    watch()
    assert incidents() == []


# --- The end, and coming back -------------------------------------------------------------------------------------


def test_it_closes_when_the_trouble_is_gone_and_keeps_what_it_was_at_worst(video, globex_video):
    video.control.add_fault("status", status=503)
    for connection in (video.connection, globex_video.connection):
        read_inventory(connection)
    watch()
    video.control.remove_faults()
    for connection in (video.connection, globex_video.connection):
        read_inventory(connection)
    watch()
    incident = the_incident()
    assert not incident.is_open
    assert (incident.connections, incident.tenants) == (0, 0)
    assert (incident.worst_connections, incident.worst_tenants) == (2, 2)


def test_it_stays_open_for_the_settle_time(video, settings):
    settings.INCIDENT_SETTLE_SECONDS = 3600
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    vendor_recovers(video)
    watch()
    incident = the_incident()
    assert (incident.is_open, incident.connections) == (True, 0)


def test_a_trouble_that_comes_back_soon_opens_the_same_again(video):
    for _ in range(2):
        video.control.add_fault("status", status=503)
        read_inventory(video.connection)
        watch()
        vendor_recovers(video)
        watch()
    incident = the_incident()
    assert (incident.is_open, incident.reopened) == (False, 1)


def test_a_trouble_that_comes_back_later_is_a_new_one(video, settings):
    settings.INCIDENT_FLAP_SECONDS = 0
    for _ in range(2):
        video.control.add_fault("status", status=503)
        read_inventory(video.connection)
        watch()
        vendor_recovers(video)
        watch()
    assert [(incident.is_open, incident.reopened) for incident in incidents()] == [(False, 0), (False, 0)]


# --- The calls ----------------------------------------------------------------------------------------------------


def test_it_counts_the_calls_that_it_cost_and_names_one(video):
    video.control.add_fault("status", status=503)
    for _ in range(3):
        read_inventory(video.connection)
        video.let_time_pass()
    count_everything()
    incident = the_incident()
    assert incident.calls_failed == 3
    with video.scope():
        assert Call.objects.get(pk=incident.example_call_id).status == 503


def test_each_call_is_counted_once_however_often_one_looks(video):
    read_inventory(video.connection, calls=5)
    for _ in range(3):
        count_everything()
    all_at_once(3, count_everything)
    with staff_scope():
        assert sum(CallTally.objects.values_list("calls", flat=True)) == Call.objects.count() > 5


def test_a_call_that_is_committed_late_is_counted_too(video):
    """It got its id before the others, which were seen before it."""
    read_inventory(video.connection)
    written, seen = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with video.scope():
            call = Call.objects.first()
            call.pk = None
            call.save()
            written.set()
            seen.wait(10)
        database.close()

    slow = threading.Thread(target=write_slowly)
    slow.start()
    written.wait(10)
    read_inventory(video.connection)
    watch()
    seen.set()
    slow.join(10)
    let_the_log_settle()
    watch()
    with staff_scope():
        assert sum(CallTally.objects.values_list("calls", flat=True)) == Call.objects.count()


def test_outcomes_are_told_apart(video):
    video.control.add_fault("status", status=404, times=1)
    video.control.add_fault("status", status=500, times=1)
    video.control.add_fault("broken_json", times=1)
    for _ in range(4):
        read_inventory(video.connection)
        video.let_time_pass()
    count_everything()
    with staff_scope():
        outcomes = set(CallTally.objects.values_list("outcome", flat=True))
    assert outcomes == {"answered", "refused", "unreachable", "protocol"}


def test_tallies_are_kept_for_a_month(video):
    with staff_scope():
        for days in (29, 31):
            CallTally.objects.create(
                vendor="kandy",
                starts_at=timezone.now() - timedelta(days=days),
                outcome="answered",
                duration_class=0,
                calls=1,
            )
    count_everything()
    with staff_scope():
        assert CallTally.objects.filter(starts_at__lt=timezone.now() - timedelta(days=2)).count() == 1


@pytest.mark.parametrize(
    ("milliseconds", "place"),
    [(0, 0), (24, 0), (25, 1), (150, 5), (151, 5), (30000, len(DURATIONS)), (99999, len(DURATIONS))],
)
def test_durations_fall_into_classes_as_postgresql_has_it(milliseconds, place):
    assert class_of(milliseconds) == place
    with database.cursor() as cursor:
        cursor.execute("select width_bucket(%s, %s::integer[])", [milliseconds, list(DURATIONS)])
        assert cursor.fetchone() == (place,)


def test_percentiles_lie_within_their_class():
    none = [0] * (len(DURATIONS) + 1)
    assert percentile(none, 0.5) is None
    assert percentile([10, *none[1:]], 0.5) == 12
    two = [90, *none[1:4], 10, *none[5:]]
    assert percentile(two, 0.5) == 14
    assert percentile(two, 0.95) == 125
    assert percentile([*none[:-1], 3], 0.95) == DURATIONS[-1]


# --- For staff ----------------------------------------------------------------------------------------------------


def test_staff_writes_a_note_and_it_is_on_record(video, cast):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    with staff_scope():
        note_incident(the_incident(), text="KPN knows, they restart at 4.", acting_user=cast.sue)
        [incident] = open_incidents()
        assert incident.last_note == "KPN knows, they restart at 4."
        entry = Entry.objects.get(action="staff.incident_noted")
    assert (entry.actor, entry.tenant_id, entry.after) == (cast.sue, None, {"note": "KPN knows, they restart at 4."})


def test_a_note_is_staffs_and_says_something(video, cast):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    with staff_scope():
        with pytest.raises(StaffOnly):
            note_incident(the_incident(), text="x", acting_user=cast.alice)
        with pytest.raises(ReasonMissing):
            note_incident(the_incident(), text=" ", acting_user=cast.sue)
        assert not IncidentNote.objects.exists()


def test_no_tenant_sees_an_incident(video, cast):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    assert len(incidents()) == 1
    for scope in (tenant_scope(cast.acme.pk), user_scope(cast.sue.pk)):
        with scope:
            assert not Incident.objects.exists()
            assert not CallTally.objects.exists()
            assert not TallyMark.objects.exists()
