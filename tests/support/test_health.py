"""The page about the vendors: what it says is what happened at the sandbox."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.support.health import vendor_reports
from portal.support.incidents import watch
from portal.support.models import CallTally, Incident, TallyMark
from portal.tenancy.scope import staff_scope
from portal.vendors.models import Call, Connection, ConnectionState
from tests.fixtures.cast import sign_in_with_second_factor
from tests.vendors.calling import read_inventory

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/support/vendorhealth/"


@pytest.fixture(autouse=True)
def _at_once(settings):
    settings.INCIDENT_PATIENCE_SECONDS = 0


def count_everything() -> None:
    for _ in range(2):
        watch()
        with staff_scope():
            TallyMark.objects.update(seen_at=timezone.now() - timedelta(minutes=1))


def the_report():
    with staff_scope():
        return next(report for report in vendor_reports() if report.vendor.key == "kandy")


def forget_calls() -> None:
    """The fixture's own."""
    with staff_scope():
        Call.objects.all().delete()


def test_calls_and_failures_are_counted(video, sue):
    forget_calls()
    read_inventory(video.connection, calls=3)
    video.control.add_fault("status", status=500, times=1)
    read_inventory(video.connection)
    video.let_time_pass()
    video.control.add_fault("status", status=404, times=1)
    read_inventory(video.connection)
    video.control.add_fault("throttle", seconds=60, times=1)
    read_inventory(video.connection)
    count_everything()
    report = the_report()
    for figures in (report.recent, report.day):
        assert (figures.calls, figures.failed, figures.refused, figures.throttled) == (6, 1, 1, 1)
    page = sue.get(PAGE)
    assert page.status_code == 200
    assert "6 in all, 1 of them failed" in page.text


def test_what_was_longer_ago_is_in_the_day_only(video):
    forget_calls()
    read_inventory(video.connection, calls=2)
    count_everything()
    with staff_scope():
        CallTally.objects.update(starts_at=timezone.now() - timedelta(hours=3))
    report = the_report()
    assert (report.recent.calls, report.day.calls) == (0, 2)
    assert sum(bar.calls for bar in report.bars) == 2
    assert [bar.at for bar in report.bars if bar.calls] != [report.bars[-1].at]


def test_slow_answers_show_in_the_delays(video):
    forget_calls()
    video.control.add_fault("delay", seconds=0.3)
    read_inventory(video.connection, calls=3)
    count_everything()
    assert the_report().recent.p95_ms >= 300


def test_a_single_failure_among_many_calls_can_be_seen(db):
    with staff_scope():
        for outcome, calls in (("answered", 100_000), ("unreachable", 1)):
            CallTally.objects.create(
                vendor="kandy", starts_at=timezone.now(), outcome=outcome, duration_class=3, calls=calls
            )
    bar = the_report().bars[-1]
    assert (bar.calls, bar.failed) == (100_001, 1)
    assert bar.failed_height >= 2


def test_connections_in_trouble_and_the_incident_are_shown(video, globex_video, sue):
    video.control.add_fault("status", status=503, client_id=video.client_id)
    read_inventory(video.connection)
    watch()
    report = the_report()
    assert [(str(label), count) for _trouble, label, count in report.troubles] == [("The vendor cannot be reached", 1)]
    assert [incident.kind for incident in report.incidents] == ["unreachable"]
    page = sue.get(PAGE).text
    assert "Cannot be reached" in page
    assert "The vendor cannot be reached: 1" in page


def test_quota_version_and_token_are_told(video, sue):
    video.control.put_account(video.client_id, quota_limit=100, quota_interval=1, quota_time_unit="hour")
    read_inventory(video.connection, calls=2)
    report = the_report()
    [fullest] = report.fullest
    assert (fullest.quota_used, fullest.quota_limit) == (2, 100)
    assert report.state["tokens_live"] == 1
    assert report.state["versions"]
    assert "Acme, Video: 2 / 100" in sue.get(PAGE).text


def test_an_announced_end_is_told(video, sue):
    with staff_scope():
        ConnectionState.objects.update(sunset="2027-06-01")
    assert "2027-06-01" in sue.get(PAGE).text


def test_a_vendor_without_connections_says_so(sue):
    page = sue.get(PAGE).text
    assert "No call was made in the last 24 hours." in page
    assert "No tenant has a connection in use." in page


def test_the_page_costs_the_same_with_many_connections(video, sue, cast):
    """Once before, for what a first page remembers."""
    sue.get(PAGE)
    few = queries_of(sue, PAGE)
    with staff_scope():
        made = [
            Connection(tenant=cast.acme, vendor="kandy", name=f"Video {n}", base_url="https://a", token_url="https://a")
            for n in range(50)
        ]
        Connection.objects.bulk_create(made)
        ConnectionState.objects.bulk_create(
            ConnectionState(tenant=cast.acme, connection=each, quota_limit=10, quota_used=5, trouble="unreachable")
            for each in made
        )
    assert queries_of(sue, PAGE) == few <= 12


def queries_of(client, path: str) -> int:
    """Without what begins and ends the transaction."""
    with CaptureQueriesContext(database) as asked:
        assert client.get(path).status_code == 200
    return sum(query["sql"] not in ("BEGIN", "COMMIT") for query in asked.captured_queries)


def test_an_incident_has_a_page_with_its_example_and_takes_notes(video, sue):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    with staff_scope():
        address = f"/admin/support/incident/{Incident.objects.get().pk}/"
    page = sue.get(f"{address}change/").text
    assert "Cannot be reached" in page
    assert "GET /" in page
    assert "503" in page
    assert sue.post(f"{address}note/", {"text": "KPN knows."}).status_code == 302
    assert "KPN knows." in sue.get(f"{address}change/").text
    assert "KPN knows." in sue.get("/admin/support/incident/?state=open").text
    assert "KPN knows." not in sue.get("/admin/support/incident/?state=closed").text
    assert "KPN knows." in sue.get("/admin/support/incident/?q=kandy&vendor=kandy").text
    assert sue.post(f"{address}note/", {"text": " "}).status_code == 422
    assert sue.get(f"{address}note/").status_code == 405


def test_an_incident_costs_few_queries(video, sue):
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    with staff_scope():
        address = f"/admin/support/incident/{Incident.objects.get().pk}/change/"
    sue.get(address)
    assert queries_of(sue, address) <= 12
    assert queries_of(sue, "/admin/support/incident/") <= 12


@pytest.mark.parametrize("path", [PAGE, "/admin/support/incident/", "/admin/support/incident/1/note/"])
def test_members_find_nothing_there(path, client, cast):
    client.force_login(cast.alice)
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_staff_without_the_right_is_refused(second, client):
    type(second).objects.filter(pk=second.pk).update(is_superuser=False)
    sign_in_with_second_factor(client, second)
    for path in (PAGE, "/admin/support/incident/1/change/", "/admin/support/visit/add/?tenant=1"):
        assert client.get(path).status_code == 403
