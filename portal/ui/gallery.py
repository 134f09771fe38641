"""What the gallery of components shows; served on development servers only."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.ui.charts import Labels, step_chart
from portal.ui.forms import FilterForm, PortalForm
from portal.ui.paging import Page
from portal.ui.statuses import LOOKS


class SampleForm(PortalForm):
    quantity = forms.IntegerField(min_value=1, help_text="How many products to order. 14 are in stock.")
    username = forms.CharField(max_length=80, required=False)
    product = forms.ChoiceField(choices=[("video", "Video call"), ("room", "Video room")])
    kind = forms.ChoiceField(
        choices=[("persistent", "Persistent"), ("temporary", "Temporary, with an end")], widget=forms.RadioSelect
    )
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agree = forms.BooleanField(label="I have seen what this does to this month's cost")


class SampleFilter(FilterForm):
    q = forms.CharField(label="Name", widget=forms.TextInput(attrs={"type": "search"}))
    status = forms.ChoiceField(label="State", choices=[("", "All"), ("done", "Done"), ("unknown", "Outcome unknown")])


def gallery(request: HttpRequest) -> HttpResponse:
    """Every component on one page, for who writes pages."""
    return render(request, "ui/gallery.html", _context())


def _context() -> dict[str, Any]:
    now = timezone.now()
    wrong = SampleForm({"quantity": "-1", "username": "Vera", "product": "video", "form_key": "x"})
    return {
        "form": SampleForm(),
        "wrong_form": wrong,
        "filter_form": SampleFilter(),
        "now": now,
        "recent": now - timedelta(minutes=3),
        "old": now - timedelta(hours=5),
        "amount": Decimal("-1234.5"),
        "big": 1_234_567,
        "statuses": list(LOOKS),
        "chart": _chart(),
        "empty_chart": step_chart([], start=now - timedelta(days=1), end=now, zone=UTC, title="Nothing yet"),
        "page": Page([], "older", None),
        "rows": [("Video call", "done", 120, now), ("Video room", "unknown", 3, now - timedelta(hours=2))],
        "pairs": [("Product", "Video call"), ("Vendor's number", "ord-2201"), ("Ended", None)],
        "events": _events(now),
        "snippet": 'const client = create({\n  username: "vera",\n});',
    }


def _chart() -> str:
    zone = ZoneInfo("Europe/Amsterdam")
    start = datetime(2026, 11, 1, tzinfo=zone)
    levels = [90, 96, 96, 104, 101, 118, 132, 126, 126, 119, 124, 121]
    points = [(start + timedelta(days=1.6 * day, hours=9), level) for day, level in enumerate(levels)]
    used = [(at + timedelta(hours=5), level - 11) for at, level in points]
    labels = Labels("Video products in November", "Total", "In use")
    end, until = datetime(2026, 12, 1, tzinfo=zone), datetime(2026, 11, 21, tzinfo=zone)
    return step_chart(points, start=start, end=end, until=until, zone=zone, labels=labels, second=used)


def _events(now: datetime) -> list[dict[str, Any]]:
    return [
        {"at": now - timedelta(minutes=9), "who": "Bob", "text": "Ordered 3 products"},
        {
            "at": now - timedelta(minutes=8),
            "text": "Sent to the vendor",
            "status": "unknown",
            "detail": "No answer came back within 20 seconds. The vendor is read back before anything is sent again.",
        },
        {"at": now - timedelta(minutes=6), "text": "Found at the vendor", "status": "done"},
    ]
