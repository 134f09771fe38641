"""Statements as plain values, made by hand: Acme's October, in which the clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portal.billing.canonical import digest_of, text_of
from portal.billing.document import Document, Line, Price
from portal.billing.meters import Level, Reading, Unsettled

# The first and the second time that clocks in Amsterdam say 02:30 on this day.
SUMMER_HALF_PAST_TWO = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
WINTER_HALF_PAST_TWO = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
OPENED = datetime(2026, 9, 30, 22, tzinfo=UTC)
CLOSED = datetime(2026, 11, 4, 8, 0, 0, 123456, tzinfo=UTC)


def gateways(position: int = 1, **terms) -> Line:
    """128 at the peak, which Bob's order reached in the hour that is lived twice."""
    reading = Reading(
        object_id=7,
        label="WebRTC gateway",
        value=128,
        at_most=131,
        opening=80,
        closing=99,
        reached_at=WINTER_HALF_PAST_TWO,
        by_vendors_clock=True,
        order="K-20261025-0042",
        person="bob@acme.example",
        lasted=timedelta(days=2, hours=3, minutes=4),
        days=3,
        highest_use=97,
        levels=[
            Level(OPENED, 80, 60),
            Level(SUMMER_HALF_PAST_TWO, 120, 97),
            Level(WINTER_HALF_PAST_TWO, 128, 90),
            Level(datetime(2026, 10, 27, 4, 34, 0, 7, tzinfo=UTC), 99, 88),
        ],
        unsettled=[Unsettled("K-20261030-0043", 3, datetime(2026, 10, 30, 9, tzinfo=UTC), "unknown")],
        moments=[WINTER_HALF_PAST_TWO],
    )
    terms = {"unit_price": Decimal("4.2525"), "amount": Decimal("501.80"), **terms}
    return Line(position, "peak", "kandy.product", terms.pop("label", "WebRTC gateway"), reading, 10, 118, **terms)


def recordings(position: int = 2) -> Line:
    """25 all month long, at a price that changed."""
    prices = [Price(date(2026, 10, 1), 14, 25, Decimal("1")), Price(date(2026, 10, 15), 17, 25, Decimal("1.20"))]
    reading = Reading(
        8, "Recording", 25, 25, 25, 25, lasted=timedelta(days=31, hours=1), days=31, levels=[Level(OPENED, 25)]
    )
    return Line(
        position, "peak", "kandy.product", "Recording", reading, 0, 25, Decimal("1.2"), Decimal("27.74"), "by_days",
        prices=prices,
    )  # fmt: skip


def messages(position: int = 3) -> Line:
    reading = Reading(3, "Messages", 12_450, 12_450)
    return Line(position, "sum", "sms.message", "Messages", reading, 0, 12_450, Decimal("0.0525"), Decimal("653.63"))


def correction(position: int = 4) -> Line:
    """September's peak was 3 lower than its statement says."""
    reading = Reading(7, "WebRTC gateway", 77, 77)
    return Line(
        position, "correction", "kandy.product", "WebRTC gateway", reading, 10, 67, Decimal("4.25"), Decimal("-12.75"),
        "corrected", "2026-0006", 80, Decimal("297.50"),
    )  # fmt: skip


def statement(lines=None, **changes) -> Document:
    """Acme's closed October, with a digest that is its own."""
    lines = [gateways(), recordings(), messages(), correction()] if lines is None else lines
    net = sum((line.amount for line in lines), Decimal("0.00"))
    vat = (net * 21 / 100).quantize(Decimal("0.01"))
    values = {
        "number": "2026-0007",
        "tenant": "Acme B.V.",
        "month": date(2026, 10, 1),
        "zone": "Europe/Amsterdam",
        "currency": "EUR",
        "lines": lines,
        "net": net,
        "vat_rate": Decimal("21.00"),
        "vat": vat,
        "gross": net + vat,
        "drawn_at": CLOSED,
        "closed_at": CLOSED,
        "closed_by": "Bill",
        "previous_digest": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    }
    made = Document(**(values | changes))
    return made if made.draft else replace(made, digest=digest_of(text_of(made)))


def draft(lines=None, **changes) -> Document:
    """The same month on its 28th."""
    none_yet = {"number": "", "closed_at": None, "closed_by": "", "previous_digest": ""}
    return statement(lines, **({"drawn_at": datetime(2026, 10, 28, 9, 15, 3, tzinfo=UTC)} | none_yet | changes))
