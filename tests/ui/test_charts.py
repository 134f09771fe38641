import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.ui import charts
from portal.ui.charts import Frame, step_chart, thin, within

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 11, 1, tzinfo=AMSTERDAM)
END = datetime(2026, 12, 1, tzinfo=AMSTERDAM)
moments = st.datetimes(datetime(2026, 10, 20), datetime(2026, 12, 5), timezones=st.just(UTC))
changes = st.lists(st.tuples(moments, st.integers(0, 10**9)), max_size=30)


def at(day, hour=0):
    return START + timedelta(days=day - 1, hours=hour)


def chart(points, **options):
    return step_chart(points, start=START, end=END, zone=AMSTERDAM, title="Products", **options)


def drawings(html):
    return [ElementTree.fromstring(svg) for svg in re.findall(r'<svg class="pb-chart-.*?</svg>', html, re.DOTALL)]


@settings(max_examples=60, deadline=None)
@given(points=changes)
def test_whatever_is_drawn_stays_within_the_frame(points):
    for drawing in drawings(chart(points)):
        _x, _y, width, height = (float(part) for part in drawing.get("viewBox").split())
        for path in drawing.iter("path"):
            for axis, number in re.findall(r"([MHV ])(-?[\d.]+)", path.get("d")):
                assert 0 <= float(number) <= (height if axis in "V " else width)
        for text in drawing.iter("text"):
            x, length = text.get("x"), len("".join(text.itertext())) * 5
            if text.get("class") == "pb-chart-peak-text":
                assert 0 <= float(x) <= width - length


@given(points=st.lists(st.tuples(moments, st.integers(0, 1000)), min_size=1, max_size=3000), most=st.integers(8, 400))
@settings(max_examples=30, deadline=None)
def test_thinning_keeps_the_order_the_ends_the_peak_and_the_trough(points, most):
    points.sort(key=lambda point: point[0])
    kept = thin(points, most)
    assert len(kept) <= max(most + 4, 8)
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert max(level for _at, level in kept) == max(level for _at, level in points)
    assert min(level for _at, level in kept) == min(level for _at, level in points)
    assert [moment for moment, _level in kept] == sorted(moment for moment, _level in kept)


def test_ten_thousand_points_make_a_small_picture_with_the_true_peak():
    points = [(START + timedelta(minutes=4 * n), n % 90) for n in range(10_000)]
    points[7_001] = (points[7_001][0], 4_711)
    html = chart(points)
    assert "Peak 4,711" in html
    assert len(html) < 90_000


def test_no_points_say_so():
    assert "No values in this time" in chart([])


def test_one_point_is_a_level_line_to_the_end():
    line = drawings(chart([(at(10), 7)]))[0].find("path[@class='pb-chart-line']").get("d")
    assert re.fullmatch(r"M[\d.]+ [\d.]+H704.0", line)


def test_the_line_ends_now_in_a_running_month():
    line = drawings(chart([(at(1), 7)], until=at(16)))[0].find("path[@class='pb-chart-line']").get("d")
    assert float(line.rpartition("H")[2]) < 400


def test_the_level_that_the_month_opened_with_counts_for_the_peak():
    html = chart([(at(1) - timedelta(days=9), 120), (at(3), 80)])
    assert "Peak 120 · 1 Nov, 00:00" in html


def test_of_changes_at_one_time_the_last_holds_and_the_peak_is_kept():
    points = [(at(5), 10), (at(5), 30), (at(5), 20)]
    assert within(points, START, END) == [(moment.astimezone(UTC), level) for moment, level in points]
    assert "Peak 30" in chart(points)


def test_an_outage_of_summer_time_does_not_move_the_line():
    """October 2026 has 745 hours in Amsterdam: half of them are over on the 16th at 12:30."""
    start, end = datetime(2026, 10, 1, tzinfo=AMSTERDAM), datetime(2026, 11, 1, tzinfo=AMSTERDAM)
    frame = Frame(start, end, 10, width=100, left=0, right=0)
    assert frame.x(datetime(2026, 10, 16, 12, 30, tzinfo=AMSTERDAM)) == 50.0


def test_times_are_written_in_the_zone():
    points = [(datetime(2026, 11, 14, 23, 30, tzinfo=UTC), 5)]
    assert "15 Nov, 00:30" in chart(points)


def test_a_negative_level_is_refused():
    with pytest.raises(ValueError, match="below zero"):
        chart([(at(2), -1)])


def test_an_empty_interval_is_refused():
    with pytest.raises(ValueError, match="start before its end"):
        step_chart([], start=END, end=START, zone=UTC)


def test_labels_are_escaped_and_nothing_is_styled_inline():
    html = step_chart([(at(2), 3)], start=START, end=END, zone=UTC, title='<script>"x"</script>')
    assert "<script>" not in html
    assert "style=" not in html


@given(level=st.integers(0, 10**12))
def test_the_grid_reaches_over_the_level_in_at_most_five_steps(level):
    top = charts.top_level(level)
    assert top >= max(level, 1)
    assert len(charts.level_ticks(top)) <= 6


def test_days_are_named_apart_from_each_other():
    for drawing in drawings(chart([(at(2), 3)])):
        places = [float(text.get("x")) for text in drawing.iter("text") if "Nov" in text.text and not text.get("class")]
        assert len(places) >= 3
        assert min(b - a for a, b in pairwise(places)) > 40
