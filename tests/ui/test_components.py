"""Components as a page's author uses them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from portal.ui import formats, icons
from portal.ui.paging import Page
from portal.ui.statuses import LOOKS, TONES


def shown(source, **context):
    return Template("{% load ui %}" + source).render(Context(context))


def tenant_request(zone="Europe/Amsterdam", path="/t/acme/orders/"):
    request = RequestFactory().get(path)
    request.tenant = SimpleNamespace(time_zone=zone)
    return request


NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def test_a_moment_is_written_in_the_tenants_zone_with_utc_on_hover():
    html = shown("{% moment at %}", at=NOON, request=tenant_request())
    assert ">1 Jul 2026, 14:00</time>" in html
    assert 'title="2026-07-01 12:00:00 UTC"' in html
    assert 'datetime="2026-07-01T12:00:00+00:00"' in html


def test_an_unknown_zone_falls_back_to_utc():
    assert "12:00" in shown("{% moment at %}", at=NOON, request=tenant_request("Mars/Olympus"))


def test_without_a_moment_there_is_a_dash():
    assert shown("{% moment at %}", at=None) == "–"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=61), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(minutes=-10), "in 10 minutes"),
    ],
)
def test_ages_are_told_in_one_unit(distance, words):
    assert formats.relative(distance) == words


def test_an_old_mirror_is_marked_and_a_fresh_one_is_not():
    source = "{% mirror_age at stale_after=60 %}{% endmirror_age %}"
    assert "may be out of date" in shown(source, at=timezone.now() - timedelta(minutes=5))
    assert "may be out of date" not in shown(source, at=timezone.now())
    assert "Never read" in shown(source, at=None)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("1234.5"), "€\u00a01,234.50"),
        (Decimal("-0.005"), "−€\u00a00.01"),
        (0, "€\u00a00.00"),
        (None, "–"),
    ],
)
def test_money_is_written_to_the_cent(amount, text):
    assert formats.money(amount) == text


def test_money_follows_the_readers_language():
    from django.utils.translation import override

    with override("nl"):
        assert formats.money(Decimal("1234.5")) == "€\u00a01.234,50"


def test_every_state_has_a_tone_and_an_icon_that_exist():
    for look in LOOKS.values():
        assert look.tone in TONES
        assert "<svg" in icons.drawing(look.icon)


def test_an_icon_that_does_not_exist_is_an_error():
    with pytest.raises(LookupError):
        icons.drawing("../icons/check-nothing")


def test_a_badge_tells_its_state_in_words():
    assert "Outcome unknown" in shown('{% badge "unknown" %}')
    assert "Something new" in shown('{% badge "something_new" %}')


def test_what_tenants_write_is_escaped():
    html = shown(
        "{% key_values pairs %}{% code %}{{ x }}{% endcode %}{% copy_button x %}", pairs=[("a", "<b>")], x="<i>"
    )
    assert "&lt;b&gt;" in html
    assert "&lt;i&gt;" in html
    assert "&amp;lt;" not in html
    assert "<i>" not in html


def test_pages_keep_the_filters_of_the_address():
    request = tenant_request(path="/t/acme/orders/?status=done&cursor=old")
    html = shown("{% pagination page %}", page=Page([], "next", "back"), request=request)
    assert "?status=done&amp;cursor=next" in html
    assert "?status=done&amp;cursor=back" in html


def test_a_single_page_has_no_pager():
    assert shown("{% pagination page %}", page=Page([1])).strip() == ""


def test_a_question_posts_with_the_token_and_works_without_javascript():
    html = shown(
        '{% confirm "Delete" "/x/" title="Delete vera?" form_key=key %}{% endconfirm %}',
        request=tenant_request(),
        key="k1",
    )
    assert 'method="post" action="/x/"' in html
    assert "csrfmiddlewaretoken" in html
    assert 'name="form_key" value="k1"' in html
    assert "popovertarget=" in html


@pytest.mark.parametrize(("used", "limit", "words"), [(5, 10, "50 %"), (12, 10, "100 %"), (None, 10, "–"), (3, 0, "–")])
def test_a_gauge_never_leaves_its_scale(used, limit, words):
    assert words in shown("{% gauge used limit %}", used=used, limit=limit)


def test_the_zone_of_nobody_is_utc():
    assert formats.zone_of(None) == ZoneInfo("UTC")
