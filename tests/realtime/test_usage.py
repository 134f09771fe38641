"""How many users a telephone system had, kept as a ledger and charged by its peak: against levels that are simply counted."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import Error, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.billing.books import books_of
from portal.billing.contracts import agree, today
from portal.billing.lines import charged_lines
from portal.billing.months import month, month_of
from portal.billing.staff_forms import meters_of
from portal.tenancy.scope import tenant_scope
from realtime.models import Extension, RealtimeAccount, UserLevel
from realtime.usage import KEY, KIND, UserMeters, names
from tests.billing.accounts import EDGES, some_account
from tests.realtime.directory.office import DIRECTORY, Office
from tests.realtime.samples import some_connection, some_extension

read, history, blockers = KIND.read, KIND.history, KIND.blockers
PERIODS = [month_of(start) for start in EDGES[:-1]]
PLACES = 12


@pytest.fixture
def office(transactional_db, cast, sandbox, quick_vendor) -> Office:
    """Connected, with four users and two dialplans at the vendor, and not read yet."""
    made = Office(cast.acme, sandbox)
    made.connect(cast.alice, DIRECTORY)
    return made


def ledger(office) -> list[tuple[int, int]]:
    """(change, level) of each entry in order."""
    with office.scope():
        rows = UserLevel.objects.filter(connection=office.connection).order_by("sequence")
        return list(rows.values_list("quantity", "level"))


def remove(office, name: str) -> None:
    found = next(row for row in office.truth()["extensions"] if row["name"] == name)
    office.control.remove_kwebbl_extension(office.client_id, found["extension_id"])


# --- The ledger -------------------------------------------------------------------------------------------------------


def test_it_opens_with_the_users_that_the_first_reading_found(office):
    assert ledger(office) == []
    office.sync()
    office.sync()
    assert ledger(office) == [(4, 4)], "neither dialplans nor a reading that found nothing new"


def test_each_reading_that_finds_another_number_is_one_entry(office):
    office.sync()
    office.control.add_kwebbl_extension(office.client_id, "user", name="Carol", number="204")
    office.control.add_kwebbl_extension(office.client_id, "user", name="Dirk", number="205")
    office.control.add_kwebbl_extension(office.client_id, "dialplan", name="Returns", number="347")
    office.sync()
    remove(office, "Carol")
    office.sync()
    assert ledger(office) == [(4, 4), (2, 6), (-1, 5)]


def test_who_comes_while_another_goes_makes_no_peak(office):
    """They were never there together, as far as anybody knows."""
    office.sync()
    office.control.add_kwebbl_extension(office.client_id, "user", name="Carol", number="204")
    remove(office, "Bob de Vries")
    office.sync()
    assert ledger(office) == [(4, 4)]
    with office.scope():
        (reading,) = read(office.tenant.pk, month_of(timezone.now()))
    assert reading.value == 4


def test_nobody_changes_what_is_written(office):
    office.sync()
    with office.scope(), pytest.raises(Error, match=r"append-only|permission denied"), transaction.atomic():
        UserLevel.objects.update(level=100)


def test_before_the_first_reading_there_is_nothing_to_charge(office, cast):
    with office.scope():
        assert read(cast.acme.pk, month_of(timezone.now())) == []


# --- What a month showed ------------------------------------------------------------------------------------------------


@pytest.fixture
def written(cast, db):
    """Telephone systems with ledgers whose true levels are known."""
    random = Random(20271101)
    with tenant_scope(cast.acme.pk):
        known = {}
        for number in range(PLACES):
            place, account = some_connection(cast.acme, f"House {number}"), some_account(random)
            _write(place, account)
            known[place.pk] = account
        yield known


def _write(place, account) -> None:
    """After the first entry: with nothing, at the reading of the sample."""
    own, level = {"tenant_id": place.tenant_id, "connection": place}, account.opening
    entries = [UserLevel(**own, sequence=2, quantity=level, level=level, recorded_at=account.opened)]
    for number, moved in enumerate(sorted(account.moves, key=lambda moved: moved.at), 3):
        level += moved.quantity
        entries.append(UserLevel(**own, sequence=number, quantity=moved.quantity, level=level, recorded_at=moved.at))
    UserLevel.objects.bulk_create(entries)


def test_the_peaks_of_months_are_exact(cast, written):
    found = UserMeters(cast.acme.pk, PERIODS[0].start.date()).read([(period, None) for period in PERIODS])
    compared = 0
    for number, readings in enumerate(found):
        for reading in readings:
            opening, closing, peak, reached = written[reading.object_id].truth(number)
            assert (reading.value, reading.at_most, reading.closing) == (peak, peak, closing)
            if written[reading.object_id].opened < PERIODS[number].start:
                assert (reading.opening, reading.reached_at) == (opening, reached)
            compared += 1
    assert compared == PLACES * len(PERIODS)
    told = history(cast.acme.pk, PERIODS)
    assert told == {pk: [one.truth(number)[2] for number in range(len(PERIODS))] for pk, one in written.items()}


def test_more_telephone_systems_cost_no_more_queries(cast, written):
    with CaptureQueriesContext(connection) as asked:
        read(cast.acme.pk, PERIODS[3])
    assert len(asked) == 1


def test_one_companys_users_are_not_anothers(cast, written):
    with tenant_scope(cast.globex.pk):
        assert read(cast.globex.pk, PERIODS[3]) == []


# --- Closing, and contracts ---------------------------------------------------------------------------------------------


def test_a_month_is_not_closed_before_it_was_read_to_its_end(cast, db):
    period = month_of(timezone.now())
    with tenant_scope(cast.acme.pk):
        some_connection(cast.acme)
        assert ["has not been read since" in str(each.text) for each in blockers(cast.acme.pk, period)] == [True]
        RealtimeAccount.objects.update(read_at=period.end + timedelta(minutes=5))
        assert blockers(cast.acme.pk, period) == []


def test_users_are_charged_by_their_contract(cast, db):
    first = today().replace(day=1)
    with tenant_scope(cast.acme.pk):
        place = some_connection(cast.acme)
        for number in ("201", "202", "203"):
            some_extension(place, f"Person {number}", number)
        _read_now()
        Extension.objects.filter(number="203").update(gone_at=timezone.now())
        _read_now()
        agree(
            cast.acme, KEY, place.pk, starts_on=first, unit_price=Decimal("2.50"), free_units=1, acting_user=cast.adam
        )
        (line,) = charged_lines(books_of(cast.acme.pk, first), [first])[first]
        assert dict(meters_of(cast.acme)) == {
            f"{KEY}:{place.pk}": "Users of live calls, Telephone system: users",
        }
        assert names([place.pk]) == {place.pk: "Telephone system: users"}
    assert (line.label, line.reading.value, line.charged) == ("Telephone system: users", 3, 2)
    assert (line.reading.closing, line.amount) == (2, Decimal("5.00"))


def test_a_month_before_the_ledger_has_no_reading(cast, db):
    with tenant_scope(cast.acme.pk):
        some_connection(cast.acme)
        assert read(cast.acme.pk, month(2020, 1)) == []


def _read_now() -> None:
    """As a reading's end does."""
    RealtimeAccount.objects.update(read_at=timezone.now())
