"""What people are told of connections: told once however often it is met, and over when it is over."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from portal.notices.models import Notice
from portal.notices.watching import look_around
from portal.tenancy.tenants import resume_tenant, suspend_tenant
from portal.vendors.connections import Account, change_connection, take_note_of_version
from portal.vendors.models import Connection, ConnectionState
from tests.notices.conftest import bell_of, leads_to, page_of

BROKEN = "vendors.connection_broken"
QUOTA = "vendors.quota_used_up"
CREDENTIALS = "vendors.credentials_end"
ANNOUNCED = "vendors.announced"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def path_of(video, more: str = "") -> str:
    return f"/t/acme/connections/{video.connection.pk}/{more}"


def changed(video, cast, **fields) -> None:
    """As an admin does on the connection's page."""
    with video.scope():
        now = Connection.objects.get(pk=video.connection.pk)
        kept = {name: getattr(now, name) for name in ("name", "base_url", "token_url", "environment")}
        change_connection(now, Account(**{**kept, **fields}), acting_user=cast.adam)


def test_refused_credentials_are_told_once_and_over_when_they_are_corrected(video, cast, post):
    video.control.put_account(video.client_id, client_secret="another")
    video.control.revoke_tokens(video.client_id)
    for _ in range(20):
        video.sync()
        look_around()
    title = "The vendor refuses the credentials of “Video”"
    assert title in page_of(cast.bob, "?show=open")
    assert bell_of(cast.bob) == "1"
    post.go_out()
    (mail,) = post.to(cast.bob)
    assert title in mail.subject
    assert leads_to(mail, cast.bob, path_of(video))

    changed(video, cast, client_secret="another")
    video.sync()
    look_around()
    assert post.notices() == [(BROKEN, True)]
    assert "Nothing needs somebody" in page_of(cast.bob, "?show=open")
    assert f"{title} Nothing is done at the vendor" in page_of(cast.bob)
    assert "over since" in page_of(cast.bob)
    assert len(post.after_the_night()) == len({*(to for each in post.outbox for to in each.to)})


def test_answers_that_nobody_understands_are_told(video, cast, post):
    fault = video.control.add_fault("broken_json", path="/inventory")
    video.sync()
    look_around()
    assert "“Video” answers in a form that is not understood" in page_of(cast.bob)
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bob.email]]
    assert leads_to(mail, cast.bob, path_of(video))
    video.control.remove_faults(fault["id"])
    video.sync()
    look_around()
    assert post.notices() == [(BROKEN, True)]


def test_a_vendor_that_is_away_is_told_when_it_stays_away(video, sandbox, cast, post, settings):
    settings.NOTICE_PATIENCE_SECONDS = 300
    sandbox.kill()
    try:
        for _ in range(20):
            video.sync()
            look_around()
        assert post.notices() == []
        for minutes in range(6, 26):
            look_around(timezone.now() + minutes * MINUTE)
    finally:
        sandbox.start()
    assert post.notices() == [(BROKEN, False)]
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bob.email]]
    assert "The vendor cannot be reached over “Video”" in mail.subject
    assert leads_to(mail, cast.bob, path_of(video))
    video.sync()
    look_around()
    assert post.notices() == [(BROKEN, True)]


def test_what_was_over_before_the_mail_left_is_not_mailed_and_back_soon_is_the_same(video, cast, post):
    fault = video.control.add_fault("broken_json", path="/inventory")
    video.sync()
    look_around()
    video.control.remove_faults(fault["id"])
    video.sync()
    look_around()
    assert post.go_out() == []
    video.control.add_fault("broken_json", path="/inventory")
    video.sync()
    look_around()
    assert post.notices() == [(BROKEN, False)]
    assert len(post.go_out()) == 3, "owner, admin and operator, each once"
    assert len(post.after_the_night()) == 3


def test_a_used_up_quota_is_told_until_its_reset(video, cast, post, settings):
    settings.NOTICE_PATIENCE_SECONDS = 300
    video.control.put_account(video.client_id, quota_limit=2, quota_interval=1, quota_time_unit="hour")
    for _ in range(20):
        video.sync()
        look_around()
    assert post.notices() == [(QUOTA, False)]
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bob.email]]
    assert "The quota of “Video” is used up" in mail.subject
    assert leads_to(mail, cast.bob, path_of(video))
    look_around(timezone.now() + 59 * MINUTE - 1 * MINUTE)
    assert post.notices() == [(QUOTA, False)], "also when its reset is near"
    look_around(timezone.now() + 2 * HOUR)
    assert post.notices() == [(QUOTA, True)]


def test_a_quota_of_a_minute_is_no_news(video, post, settings):
    settings.NOTICE_PATIENCE_SECONDS = 300
    video.control.put_account(video.client_id, quota_limit=2, quota_interval=1, quota_time_unit="minute")
    video.sync()
    with video.scope():
        assert ConnectionState.objects.get().quota_used_up
    look_around()
    assert post.notices() == []


def test_ending_credentials_are_told_30_7_and_1_days_before_and_when_they_ended(video, cast, post):
    changed(video, cast, credentials_end_on=date(2027, 3, 31))
    open_then = []
    for days in range(40, -3, -1):
        look_around(datetime(2027, 3, 31, 12, tzinfo=cast.acme.zone) - timedelta(days=days))
        with video.scope():
            open_then.append([notice.args["stage"] for notice in Notice.objects.open()])
    assert open_then == [[]] * 10 + [["30"]] * 23 + [["7"]] * 6 + [["1"]] * 2 + [["ended"]] * 2
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.adam.email]]
    assert mail.subject == "Acme: The credentials of “Video” ended on March 31, 2027"
    assert leads_to(mail, cast.adam, path_of(video, "edit/"))
    assert post.to(cast.bob) == [], "an operator could not enter new ones"

    changed(video, cast, credentials_end_on=date(2028, 3, 31))
    look_around(datetime(2027, 4, 2, 12, tzinfo=cast.acme.zone))
    assert [over for _kind, over in post.notices()] == [True] * 4


def test_the_day_is_that_of_the_tenant(video, cast, post):
    """A minute after midnight in Amsterdam it is still yesterday in UTC."""
    changed(video, cast, credentials_end_on=date(2027, 3, 31))
    look_around(datetime(2027, 4, 1, 0, 1, tzinfo=cast.acme.zone))
    with video.scope():
        assert Notice.objects.get().args["stage"] == "ended"


@pytest.mark.parametrize(
    ("announced", "title"),
    [
        ({"sunset": "2027-07-31"}, "The vendor ends the API that “Video” uses"),
        ({"api_version": "2.0"}, "The vendor changed the version of the API that “Video” uses"),
    ],
)
def test_an_announcement_is_told_once(video, cast, post, announced, title):
    video.control.put_account(video.client_id, **announced)
    for _ in range(20):
        video.sync()
        look_around()
    assert title in page_of(cast.adam)
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.adam.email]]
    assert title in mail.subject
    assert leads_to(mail, cast.adam, path_of(video))
    with video.scope():
        take_note_of_version(video.connection, acting_user=cast.adam)
    video.control.put_account(video.client_id, sunset="n/a")
    video.sync()
    look_around()
    assert post.notices() == [(ANNOUNCED, True)]


def test_a_connection_that_is_switched_off_breaks_nothing(video, cast, post):
    video.control.add_fault("broken_json", path="/inventory")
    video.sync()
    look_around()
    with video.scope():
        Connection.objects.update(enabled=False)
    look_around()
    assert post.notices() == [(BROKEN, True)]


def test_nothing_is_over_because_a_company_was_suspended(video, cast, post):
    video.control.add_fault("broken_json", path="/inventory")
    video.sync()
    look_around()
    suspend_tenant(cast.acme, reason="unpaid", acting_user=cast.sue)
    look_around()
    assert post.notices() == [(BROKEN, False)]
    assert post.go_out() == [], "and a suspended company gets no mail"
    resume_tenant(cast.acme, reason="paid", acting_user=cast.sue)
    assert len(post.go_out()) == 3
