"""The peaks that PostgreSQL keeps month by month while the ledger is written, and how they are checked against it."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.billing.months import month_of
from portal.tenancy.scope import tenant_scope
from provisioning import ledger
from provisioning.models import InventoryChange, MonthPeak, Order, Product
from provisioning.rollup import Month, first_day_of, month_peaks, peaks_by_month, rebuild, verify
from tests.fixtures.database import superuser
from tests.provisioning.samples import some_connection

OCTOBER, NOVEMBER, DECEMBER, JANUARY = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def product(cast, db, at_acme) -> Product:
    with at_acme():
        return Product.objects.get(connection=some_connection(cast.acme))


@pytest.fixture
def write(product, at_acme):
    """Enter a change as the ledger's verbs do, with the vendor's time."""

    def enter(at: datetime, quantity: int, cause: str = "order") -> InventoryChange:
        with at_acme():
            last = InventoryChange.objects.filter(product=product).order_by("-sequence").first()
            return InventoryChange.objects.create(
                tenant_id=product.tenant_id,
                product=product,
                sequence=last.sequence + 1 if last else 1,
                quantity=quantity,
                level=(last.level if last else 0) + quantity,
                cause=cause,
                vendor_at=at,
                recorded_at=at + timedelta(hours=1),
            )

    return enter


@pytest.fixture
def opened(write) -> InventoryChange:
    """100 products on 10 October."""
    return write(on(10, 10), 100, "opening")


@pytest.fixture
def kept(product, at_acme):
    """{month: (opening, closing, peak, change that reached it, changes)} of the rows there are."""

    def rows() -> dict[date, tuple]:
        with at_acme():
            return {
                row.month: (row.opening, row.closing, row.peak, row.peak_change_id, row.changes)
                for row in MonthPeak.objects.filter(product=product)
            }

    return rows


def on(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


# --- Written ------------------------------------------------------------------------------------------------------


def test_the_month_in_which_the_ledger_began_does_not_know_what_was_before(opened, kept):
    assert kept() == {OCTOBER: (None, 100, 100, opened.pk, 1)}


def test_a_change_in_order_moves_the_month_and_only_a_higher_level_its_peak(opened, write, kept):
    up = write(on(10, 12), 5)
    write(on(10, 13), -20)
    write(on(10, 14), 20)
    assert kept() == {OCTOBER: (None, 105, 105, up.pk, 4)}


def test_a_month_opens_with_what_the_last_one_with_changes_closed_with(opened, write, kept):
    write(on(12, 1), -30)
    assert kept()[DECEMBER] == (100, 70, 100, None, 1)
    assert NOVEMBER not in kept()


def test_a_change_at_local_midnight_is_in_the_month_that_begins(opened, write, kept):
    write(datetime(2026, 10, 31, 22, 59, 59, 999999, tzinfo=UTC), 1)
    write(datetime(2026, 10, 31, 23, tzinfo=UTC), 2)
    assert (kept()[OCTOBER][:3], kept()[NOVEMBER][:3]) == ((None, 101, 101), (101, 103, 103))


def test_changes_of_one_instant_count_in_their_order(opened, write, kept):
    up = write(on(11, 5), 7)
    write(on(11, 5), -7)
    assert kept()[NOVEMBER] == (100, 100, 107, up.pk, 2)


def test_a_late_change_moves_its_month_and_all_later_ones(opened, write, kept):
    november = write(on(11, 20), 10)
    write(on(12, 20), -50)
    late = write(on(10, 20), 3)
    assert kept() == {
        OCTOBER: (None, 103, 103, late.pk, 2),
        NOVEMBER: (103, 113, 113, november.pk, 1),
        DECEMBER: (113, 63, 113, None, 1),
    }


def test_a_late_reduction_can_take_the_peak_to_another_moment(opened, write, kept):
    first = write(on(11, 10), 10)
    second = write(on(11, 20), 5)
    assert kept()[NOVEMBER][2:4] == (115, second.pk)
    write(on(11, 15), -6)
    assert kept()[NOVEMBER] == (100, 109, 110, first.pk, 3)


def test_a_late_change_makes_the_row_of_a_month_that_had_none(opened, write, kept):
    write(on(12, 20), 1)
    write(on(11, 20), 4)
    assert kept()[NOVEMBER][:3] == (100, 104, 104)
    assert kept()[DECEMBER][:3] == (104, 105, 105)


def test_a_change_dated_before_the_ledger_began_moves_all_levels_and_makes_no_month(opened, write, kept, product):
    write(on(11, 20), 1)
    write(on(9, 20), 4)
    assert kept() == {OCTOBER: (None, 104, 104, opened.pk, 1), NOVEMBER: (104, 105, 105, kept()[NOVEMBER][3], 1)}
    assert list(verify([product.pk])) == []


def test_the_history_that_a_ledger_opens_with_is_kept_month_by_month(cast, product, at_acme, kept):
    with at_acme():
        for number, (at, quantity) in enumerate([(on(10, 5), 40), (on(10, 9), 20), (on(12, 9), 2)]):
            Order.objects.create(
                tenant=cast.acme, connection=product.connection, product=product, type="increment", quantity=quantity,
                status="fulfilled", number=f"N{number}", fulfilled_at=at,
            )  # fmt: skip
        ledger.open_ledger(product, 70, read_at=on(12, 15))
    assert {month: row[:3] for month, row in kept().items()} == {OCTOBER: (None, 68, 68), DECEMBER: (68, 70, 70)}


def test_one_statement_may_write_many_products_and_months_in_any_order(cast, product, at_acme, opened):
    with at_acme():
        other = Product.objects.create(tenant=cast.acme, connection=product.connection, name="Other")
        moves = [(other, 1, 12, 5), (product, 2, 12, 1), (product, 3, 11, 2), (other, 2, 11, 6), (product, 4, 10, -4)]
        InventoryChange.objects.bulk_create(
            InventoryChange(
                tenant=cast.acme, product=one, sequence=number, quantity=by, level=0, cause="order",
                recorded_at=on(month, 20),
            )
            for one, number, month, by in moves
        )  # fmt: skip
        by_product = {pk: [month and month.peak for month in months] for pk, months in _year_end().items()}
    assert by_product == {product.pk: [100, 98, 99], other.pk: [None, None, 11]}
    assert list(verify([product.pk, other.pk])) == []


def _year_end() -> dict:
    return peaks_by_month([OCTOBER, NOVEMBER, DECEMBER])


def test_nobody_writes_the_kept_months_by_hand(opened, product, at_acme):
    with at_acme(), pytest.raises(DatabaseError, match="follows the ledger"), transaction.atomic():
        MonthPeak.objects.filter(product=product).update(peak=1)
    with at_acme(), pytest.raises(DatabaseError, match="follows the ledger"), transaction.atomic():
        MonthPeak.objects.all().delete()


# --- Read ---------------------------------------------------------------------------------------------------------


def test_a_month_without_changes_is_as_the_one_before_it_closed(opened, write, product, at_acme):
    write(on(10, 20), -25)
    with at_acme(), CaptureQueriesContext(connection) as asked:
        told = month_peaks(JANUARY)
    assert told == [Month(product.pk, JANUARY, 75, 75, 75)]
    assert len(asked) == 1


def test_before_the_ledger_began_nothing_is_told(opened, product, at_acme):
    with at_acme():
        assert month_peaks(date(2026, 9, 1)) == []
        years = peaks_by_month([date(2026, 9, 1), OCTOBER, NOVEMBER], [product.pk])
    assert [month and month.peak for month in years[product.pk]] == [None, 100, 100]


def test_months_of_another_company_are_not_seen(opened, cast):
    with tenant_scope(cast.globex.pk):
        assert month_peaks(OCTOBER) == []
        assert not MonthPeak.objects.exists()


# --- Checked ------------------------------------------------------------------------------------------------------


def checked(*arguments: str) -> str:
    told = io.StringIO()
    call_command("verify_peaks", *arguments, stdout=told)
    return told.getvalue()


@pytest.fixture
def years(transactional_db, write, product) -> Product:
    """Months with peaks of all sorts, committed, so that the superuser sees them."""
    write(on(8, 10), 100, "opening")
    for at, by in ((on(8, 12), 7), (on(8, 12), -7), (on(10, 1), -20), (on(11, 4), 50), (on(9, 30), 2), (on(7, 1), 1)):
        write(at, by)
    return product


@pytest.mark.parametrize(
    "altered",
    [
        "update provisioning_monthpeak set peak = peak + 1 where month = '2026-11-01'",
        "update provisioning_monthpeak set peak_at = peak_at - interval '1 second' where month = '2026-11-01'",
        "update provisioning_monthpeak set opening = 0 where month = '2026-11-01'",
        "delete from provisioning_monthpeak where month = '2026-11-01'",
        "update provisioning_monthpeak set month = '2027-11-01' where month = '2026-11-01'",
    ],
)
def test_a_row_that_was_altered_behind_the_portals_back_is_named(years, altered):
    assert "1 products checked" in checked()
    superuser().execute(altered)
    told = io.StringIO()
    with pytest.raises(CommandError) as stopped:
        call_command("verify_peaks", stdout=told)
    assert stopped.value.returncode == 1
    assert "Acme" in told.getvalue()
    assert "2026-11" in told.getvalue()


def test_made_anew_from_the_ledger_the_rows_are_the_same(years, at_acme):
    def rows() -> list[tuple]:
        with at_acme():
            columns = ["month", "opening", "closing", "peak", "peak_at", "peak_change", "changes", "last_at"]
            return list(MonthPeak.objects.filter(product=years).order_by("month").values_list(*columns))

    before = rows()
    superuser().execute("update provisioning_monthpeak set peak = 7")
    assert rows() != before
    assert "1 products checked" in checked("--rebuild", "--tenant", "acme")
    assert rows() == before
    assert len(before) == 4


def test_writing_goes_on_from_what_was_made_anew(years, write, kept):
    rebuild([years.pk])
    up = write(on(11, 20), 3)
    assert kept()[NOVEMBER] == (83, 136, 136, up.pk, 2)
    assert list(verify([years.pk])) == []


def test_an_order_that_was_carried_out_is_kept_under_its_month(video, placed):
    placed(7)
    with video.scope():
        fulfilled, product = Order.objects.get().fulfilled_at, video.product
        told = month_peaks(first_day_of(month_of(fulfilled)))
    assert [(one.product_id, one.closing, one.peak, one.peak_at) for one in told] == [(product.pk, 7, 7, fulfilled)]
