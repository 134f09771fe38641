"""How many SIP accounts the vendor had, kept as a ledger and charged by its peak: against levels that are simply counted."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
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
from telephony import drift
from telephony.models import Drift, MirrorState, SipAccount, SipLevel
from telephony.operations import CREATE_SIP_ACCOUNT, DELETE_SIP_ACCOUNT, delete_sip_account
from telephony.usage import KEY, KIND, MOVES, SipMeters, names
from tests.billing.accounts import EDGES, some_account
from tests.telephony.samples import some_account as some_sip_account
from tests.telephony.samples import some_connection
from tests.telephony.telephone import Telephone

read, history, blockers = KIND.read, KIND.history, KIND.blockers
PERIODS = [month_of(start) for start in EDGES[:-1]]
ACCOUNTS = 30


def ledger(telephone) -> list[tuple[str, int, int]]:
    """(cause, change, level) of each entry in order."""
    with telephone.scope():
        return list(
            SipLevel.objects.filter(connection=telephone.connection)
            .order_by("sequence")
            .values_list("cause", "quantity", "level")
        )


def now_of(telephone):
    with telephone.scope():
        (found,) = read(telephone.tenant.pk, month_of(timezone.now()))
    return found


# --- The ledger -------------------------------------------------------------------------------------------------------


def test_it_opens_with_what_the_first_reading_found(cast, sandbox, transactional_db, quick_vendor):
    full = Telephone(cast.acme, sandbox)
    full.control.add_sip_accounts_behind(full.client_id, 7)
    assert ledger(full) == []
    full.sync()
    full.sync()
    assert ledger(full) == [("opening", 7, 7)]


def test_each_account_that_comes_or_goes_is_one_entry(telephone, cast):
    telephone.create("anna", cast.bob)
    telephone.create("ben", cast.bob)
    assert ledger(telephone) == [("opening", 0, 0)], "what is asked for is not there yet"
    telephone.work()
    with telephone.scope():
        delete_sip_account(telephone.account("anna"), acting_user=cast.bob)
    assert len(ledger(telephone)) == 3, "what is being deleted is still there"
    telephone.work()
    telephone.sync()
    assert ledger(telephone) == [("opening", 0, 0), ("created", 1, 1), ("created", 1, 2), ("deleted", -1, 1)]


def test_what_the_vendor_refused_never_counted(telephone, cast):
    telephone.control.add_sip_account_behind(telephone.client_id, "anna")
    telephone.create("anna", cast.bob)
    telephone.work()
    assert telephone.usernames("failed") == ["anna"]
    assert ledger(telephone) == [("opening", 0, 0)]


def test_an_adopted_difference_is_an_entry_of_its_own(telephone, cast):
    telephone.control.add_sip_account_behind(telephone.client_id, "carol")
    telephone.sync()
    with telephone.scope():
        drift.adopt(Drift.objects.open().get(), reason="Ours", acting_user=cast.alice)
    telephone.sync()
    telephone.control.remove_sip_account_behind(telephone.client_id, telephone.account("carol").vendor_id)
    telephone.sync()
    with telephone.scope():
        drift.adopt(Drift.objects.open().get(), reason="Gone", acting_user=cast.alice)
    assert ledger(telephone) == [("opening", 0, 0), ("reconcile", 1, 1), ("reconcile", -1, 0)]


def test_nobody_changes_what_is_written(telephone):
    with telephone.scope(), pytest.raises(Error, match=r"append-only|permission denied"), transaction.atomic():
        SipLevel.objects.update(level=100)


def test_the_vendors_time_counts_where_it_can_be(telephone, cast):
    asked = timezone.now()
    with telephone.scope():
        for username, told in (
            ("true", asked),
            ("ahead", asked + timedelta(days=2)),
            ("long-ago", asked - timedelta(days=40)),
            ("untold", None),
        ):
            account = SipAccount.objects.create(
                tenant=cast.acme, connection=telephone.connection, username=username, vendor_created_at=told
            )
            account.state = SipAccount.State.ACTIVE
            account.save(update_fields=["state"])
        kept = dict(SipLevel.objects.exclude(account=None).values_list("account__username", "vendor_at"))
    assert kept == {"true": asked, "ahead": None, "long-ago": None, "untold": None}


def test_whatever_happens_to_the_rows_the_last_level_is_how_many_there_are(telephone, cast):
    random, states = Random(7), SipAccount.State.values
    with telephone.scope():
        for number in range(60):
            SipAccount.objects.create(
                tenant=cast.acme,
                connection=telephone.connection,
                username=f"u{number}",
                state=random.choice(states),
                vendor_id=str(number),
            )
            some = random.sample(list(SipAccount.objects.values_list("pk", flat=True)), k=random.randint(1, number + 1))
            SipAccount.objects.filter(pk__in=some).update(state=random.choice(states))
            there = SipAccount.objects.filter(state__in=["active", "deleting"]).count()
            assert SipLevel.objects.order_by("-sequence").values_list("level", flat=True)[0] == there
        levels = list(SipLevel.objects.order_by("sequence").values_list("quantity", "level"))
    assert all(before + by == after for (_by, before), (by, after) in pairwise(levels))


# --- What a month showed ------------------------------------------------------------------------------------------------


@pytest.fixture
def written(cast, db):
    """Connections with ledgers whose true levels are known, written as they were heard of."""
    random = Random(20271001)
    with tenant_scope(cast.acme.pk):
        known = {}
        for number in range(ACCOUNTS):
            place, account = some_connection(cast.acme, f"Telephones {number}"), some_account(random)
            _write(place, account)
            known[place.pk] = account
        yield known


def _write(place, account) -> None:
    """After the first entry: with nothing, at the reading of the sample."""
    own, level = {"tenant_id": place.tenant_id, "connection": place}, account.opening
    entries = [SipLevel(**own, sequence=2, quantity=level, level=level, cause="opening", recorded_at=account.opened)]
    for number, moved in enumerate(account.heard(), 3):
        level += moved.quantity
        entries.append(
            SipLevel(
                **own, sequence=number, quantity=moved.quantity, level=level, cause="created",
                vendor_at=moved.at if moved.timed_by_vendor else None, recorded_at=moved.told,
            )
        )  # fmt: skip
    SipLevel.objects.bulk_create(entries)


def test_the_peaks_of_three_hundred_months_are_exact(cast, written):
    found = SipMeters(cast.acme.pk, PERIODS[0].start.date()).read([(period, None) for period in PERIODS])
    compared = 0
    for number, readings in enumerate(found):
        for reading in readings:
            opening, closing, peak, reached = written[reading.object_id].truth(number)
            assert (reading.value, reading.at_most, reading.closing) == (peak, peak, closing)
            if written[reading.object_id].opened < PERIODS[number].start:
                assert (reading.opening, reading.reached_at) == (opening, reached)
            compared += 1
    assert compared == ACCOUNTS * len(PERIODS)
    told = history(cast.acme.pk, PERIODS)
    assert told == {pk: [one.truth(number)[2] for number in range(len(PERIODS))] for pk, one in written.items()}


def test_more_connections_cost_no_more_queries(cast, written):
    with CaptureQueriesContext(connection) as asked:
        read(cast.acme.pk, PERIODS[3])
    assert len(asked) == 1


def test_the_reading_says_who_lifted_it_there(telephone, cast):
    telephone.create("anna", cast.bob)
    telephone.work()
    reading = now_of(telephone)
    assert (reading.value, reading.at_most, reading.closing, reading.person) == (1, 1, 1, "Bob")
    assert reading.reached_at is not None
    assert reading.by_vendors_clock
    with telephone.scope():
        assert names([reading.object_id]) == {reading.object_id: reading.label}


def test_while_an_outcome_is_unknown_the_peak_is_an_interval(telephone, cast):
    telephone.create("anna", cast.bob)
    telephone.work()
    telephone.control.add_fault("lost_answer", method="POST", path="/sipaccounts", times=1)
    telephone.create("ben", cast.bob)
    telephone.work_once()
    reading = now_of(telephone)
    assert (reading.value, reading.at_most) == (1, 2)
    assert [(one.text, one.quantity, one.condition) for one in reading.unsettled] == [("ben", 1, "unknown")]


def test_what_moves_the_level_are_the_operations_that_make_and_delete():
    assert set(MOVES) == {CREATE_SIP_ACCOUNT.name, DELETE_SIP_ACCOUNT.name}


def test_before_the_first_reading_there_is_nothing_to_charge(cast, sandbox, transactional_db, quick_vendor):
    unread = Telephone(cast.acme, sandbox)
    with unread.scope():
        assert read(cast.acme.pk, month_of(timezone.now())) == []


# --- Closing, and contracts ---------------------------------------------------------------------------------------------


def test_what_has_not_ended_differs_or_is_old_is_in_the_way(telephone, cast):
    period = month_of(timezone.now())

    def texts() -> list[str]:
        with telephone.scope():
            return [str(each.text) for each in blockers(cast.acme.pk, period)]

    assert ["has not been read since" in text for text in texts()] == [True]
    with telephone.scope():
        MirrorState.objects.update(read_at=period.end + timedelta(minutes=5))
    assert texts() == []
    telephone.create("anna", cast.bob)
    assert texts() == ["“anna” has not ended: Waiting."]
    telephone.control.add_sip_account_behind(telephone.client_id, "carol")
    telephone.work()
    telephone.sync()
    with telephone.scope():
        MirrorState.objects.update(read_at=period.end + timedelta(minutes=5))
    assert texts() == ["A difference has not been decided: A SIP account that was not made here."]


def test_accounts_are_charged_by_their_contract(cast, db):
    first = today().replace(day=1)
    with tenant_scope(cast.acme.pk):
        place = some_connection(cast.acme)
        for username in ("anna", "ben", "carol"):
            some_sip_account(place, cast.bob, username)
        agree(
            cast.acme, KEY, place.pk, starts_on=first, unit_price=Decimal("2.50"), free_units=1, acting_user=cast.adam
        )
        with CaptureQueriesContext(connection) as asked:
            (line,) = charged_lines(books_of(cast.acme.pk, first), [first])[first]
        assert dict(meters_of(cast.acme)) == {f"{KEY}:{place.pk}": "SIP accounts, Telephones: SIP"}
    assert len(asked) == 2, "that of the books, and one of another app"
    assert (line.label, line.reading.value, line.charged, line.amount) == ("Telephones: SIP", 3, 2, Decimal("5.00"))


def test_a_month_before_the_ledger_has_no_reading(cast, db):
    with tenant_scope(cast.acme.pk):
        some_connection(cast.acme)
        assert read(cast.acme.pk, month(2020, 1)) == []
