"""1,000 account-months whose true peak is known: reckoned from a ledger, and kept by PostgreSQL while the ledger is written."""

from datetime import timedelta
from itertools import compress, pairwise, product
from random import Random

import pytest

from portal.billing.months import BILLING_ZONE, month_of
from portal.billing.peaks import Change, peak_range, peaks, steps
from portal.tenancy.scope import tenant_scope
from provisioning.meters import history
from provisioning.models import InventoryChange, Product
from provisioning.rollup import month_peaks, verify
from tests.billing.accounts import EDGES, Account, some_account
from tests.provisioning.samples import some_connection

ACCOUNTS, MONTHS = 100, len(EDGES) - 1
PERIODS = [month_of(start) for start in EDGES[:-1]]
FIRST_DAYS = [start.astimezone(BILLING_ZONE).date() for start in EDGES[:-1]]


@pytest.fixture(scope="module")
def accounts() -> list[Account]:
    random = Random(20271001)
    return [some_account(random) for _ in range(ACCOUNTS)]


def known(account: Account) -> list[Change]:
    """As the ledger has them: in the order in which they were heard of."""
    return [Change(moved.at, moved.quantity) for moved in account.heard()]


def test_the_months_are_those_whose_edges_were_written_down():
    assert [(period.start, period.end) for period in PERIODS] == list(pairwise(EDGES))
    assert ACCOUNTS * MONTHS == 1000


def test_the_accounts_have_what_is_easily_counted_wrong(accounts):
    moves = [moved for account in accounts for moved in account.moves]
    late = [moved for account in accounts for moved, after in pairwise(account.heard()) if after.at < moved.at]
    spikes = [
        1 for account in accounts for up, down in pairwise(account.moves) if down.at - up.at < timedelta(seconds=4)
    ]
    empty = [1 for account in accounts for month in PERIODS if not any(moved.at in month for moved in account.moves)]
    edges = [moved for moved in moves if moved.at in EDGES or moved.at + timedelta(microseconds=1) in EDGES]
    assert all(len(found) > 50 for found in (late, spikes, empty, edges))
    assert 50 < sum(moved.timed_by_vendor for moved in moves) < len(moves) - 50


def test_a_thousand_peaks_are_exact(accounts):
    for account in accounts:
        found = peaks(known(account), PERIODS, opening=account.opening)
        for number, (period, peak) in enumerate(zip(PERIODS, found, strict=True)):
            levels = steps(known(account), period, opening=account.opening)
            told = (levels[0].level, levels[-1].level, peak.value, None if peak.carried else peak.at)
            assert told == account.truth(number)


def test_while_outcomes_are_unknown_the_truth_lies_between_bounds_that_are_no_wider_than_they_must_be(accounts):
    unsure = 0
    for account in accounts:
        doubts = [Change(doubt.at, doubt.quantity) for doubt in account.doubts]
        for number, period in enumerate(PERIODS):
            near = [doubt for doubt in doubts if doubt.at < period.end][-6:]
            told = peak_range(known(account), near, period, opening=account.opening)
            outcomes = [
                peak_range([*compress(near, done), *known(account)], [], period, opening=account.opening).proven.value
                for done in product((True, False), repeat=len(near))
            ]
            assert (told.at_least, told.at_most) == (min(outcomes), max(outcomes))
            if len(near) == len([doubt for doubt in doubts if doubt.at < period.end]):
                assert told.at_least <= account.truth(number, with_doubts=True)[2] <= told.at_most
            unsure += told.at_least < told.at_most
    assert unsure > 100


@pytest.fixture
def ledgers(cast, accounts) -> dict[int, Account]:
    """By product an account whose ledger was written as the portal heard of it, many products in each statement."""
    with tenant_scope(cast.acme.pk):
        shop = some_connection(cast.acme)
        products = Product.objects.bulk_create(
            Product(tenant=cast.acme, connection=shop, name=f"account {number}") for number in range(ACCOUNTS)
        )
        written = {one: list(_entries(one, account)) for one, account in zip(products, accounts, strict=True)}
        random = Random(4)
        while any(written.values()):
            at_once = [entry for entries in written.values() for entry in _take(entries, random.randint(0, 5))]
            InventoryChange.objects.bulk_create(at_once)
    return {one.pk: account for one, account in zip(products, accounts, strict=True)}


def _take(entries: list, count: int) -> list:
    taken, entries[:] = entries[:count], entries[count:]
    return taken


def _entries(of: Product, account: Account):
    own = {"tenant_id": of.tenant_id, "product": of}
    level = account.opening
    yield InventoryChange(**own, sequence=1, quantity=level, level=level, cause="opening", recorded_at=account.opened)
    for number, moved in enumerate(account.heard(), 2):
        level += moved.quantity
        yield InventoryChange(
            **own, sequence=number, quantity=moved.quantity, level=level, cause="order",
            vendor_at=moved.at if moved.timed_by_vendor else None, recorded_at=moved.told,
        )  # fmt: skip


def test_postgresql_keeps_a_thousand_peaks_exactly(cast, ledgers):
    with tenant_scope(cast.acme.pk):
        for number, first_day in enumerate(FIRST_DAYS):
            kept = {one.product_id: one for one in month_peaks(first_day)}
            assert kept.keys() == ledgers.keys()
            for product_id, account in ledgers.items():
                one, true = kept[product_id], account.truth(number)
                assert (one.closing, one.peak) == true[1:3]
                # The ledger of some begins with the first instant of the first month: what was before is not known.
                if one.opening is not None:
                    assert (one.opening, one.peak_at) == (true[0], true[3])
        values = history(cast.acme.pk, PERIODS)
    assert {pk: list(found) for pk, found in values.items()} == {
        pk: [account.truth(number)[2] for number in range(MONTHS)] for pk, account in ledgers.items()
    }
    assert list(verify(ledgers)) == []
