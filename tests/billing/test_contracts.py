"""Terms are agreed from a day on, never overlap, and never reach into a month that is closed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from portal.audit.models import Entry
from portal.billing.closing import close
from portal.billing.contracts import agree, apply_due, contract_at, end, set_cost, today
from portal.billing.models import Contract, ContractCost
from portal.billing.refusals import ClosedAlready
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning.meters import KEY
from provisioning.models import Product
from provisioning.pricing import set_price
from tests.billing.samples_months import FEBRUARY, JANUARY, MARCH, agreed, at
from tests.billing.samples_seats import SEATS
from tests.fixtures.database import superuser
from tests.provisioning.samples import stocked_product

pytestmark = pytest.mark.django_db


def price_on(cast, day: date, object_id: int = 1) -> Decimal | None:
    with tenant_scope(cast.acme.pk):
        found = contract_at(cast.acme.pk, SEATS, object_id, day)
    return found.unit_price if found else None


def periods(cast) -> list[tuple[date, date | None]]:
    with tenant_scope(cast.acme.pk):
        return list(Contract.objects.order_by("starts_on").values_list("starts_on", "ends_on"))


def latest_act(action: str) -> Entry:
    with staff_scope():
        return Entry.objects.filter(action=action).latest("pk")


def test_a_price_holds_from_its_day_on(cast, seats):
    agreed(cast, "2.50", starts_on=FEBRUARY)
    assert price_on(cast, FEBRUARY - timedelta(days=1)) is None
    assert price_on(cast, FEBRUARY) == Decimal("2.50")
    assert price_on(cast, FEBRUARY + timedelta(days=999)) == Decimal("2.50")
    assert price_on(cast, FEBRUARY, object_id=2) is None


def test_the_next_terms_end_those_before(cast, seats):
    agreed(cast, "2.50", starts_on=JANUARY)
    agreed(cast, "3.00", starts_on=date(2025, 2, 15))
    assert periods(cast) == [(JANUARY, date(2025, 2, 15)), (date(2025, 2, 15), None)]
    assert price_on(cast, date(2025, 2, 14)) == Decimal("2.50")
    assert price_on(cast, date(2025, 2, 15)) == Decimal("3.00")


def test_terms_in_between_hold_until_those_agreed_for_later(cast, seats):
    agreed(cast, "2.50", starts_on=JANUARY)
    agreed(cast, "4.00", starts_on=MARCH)
    agreed(cast, "3.00", starts_on=FEBRUARY)
    assert periods(cast) == [(JANUARY, FEBRUARY), (FEBRUARY, MARCH), (MARCH, None)]


def test_terms_agreed_again_for_the_same_day_replace_the_first(cast, seats):
    agreed(cast, "2.50", starts_on=JANUARY)
    agreed(cast, "4.00", starts_on=MARCH)
    agreed(cast, "2.75", starts_on=JANUARY, free_units=3)
    assert periods(cast) == [(JANUARY, MARCH), (MARCH, None)]
    assert price_on(cast, JANUARY) == Decimal("2.75")


def test_the_same_terms_again_write_nothing(cast, seats):
    first = agreed(cast, "2.50", starts_on=JANUARY)
    assert agreed(cast, "2.50", starts_on=FEBRUARY) == first
    assert periods(cast) == [(JANUARY, None)]


def test_the_trail_keeps_both_sides(cast, seats):
    agreed(cast, "2.50", starts_on=JANUARY)
    agreed(cast, "3.0001", starts_on=FEBRUARY, limit_eur=Decimal("500"))
    act = latest_act("billing.terms_agreed")
    assert (act.before["unit_price"], act.after["unit_price"]) == ("2.5000", "3.0001")
    assert (act.before["limit_eur"], act.after["limit_eur"]) == (None, "500")
    assert (act.actor_id, act.tenant_id) == (cast.adam.pk, cast.acme.pk)


@pytest.mark.parametrize(
    "terms",
    [{"price": "-1"}, {"price": "1.00001"}, {"zone": "Europe/Utrecht"}, {"limit_eur": Decimal(-1)}, {"rule": "x"}],
)
def test_terms_that_cannot_be_are_refused(cast, seats, terms):
    with pytest.raises(ValidationError):
        agreed(cast, **terms)
    assert periods(cast) == []


def test_no_terms_reach_into_a_closed_month(cast, seats):
    agreed(cast, "2.50", starts_on=JANUARY)
    seats.change(cast.acme, 5, at(1, 10))
    with tenant_scope(cast.acme.pk):
        close(cast.acme, JANUARY, acting_user=None)
    with pytest.raises(ClosedAlready, match="January 2025"):
        agreed(cast, "1.00", starts_on=date(2025, 1, 31))
    agreed(cast, "3.00", starts_on=FEBRUARY)
    assert periods(cast) == [(JANUARY, FEBRUARY), (FEBRUARY, None)]


def test_terms_can_end_without_others_to_follow(cast, seats):
    contract = agreed(cast, "2.50", starts_on=JANUARY)
    with tenant_scope(cast.acme.pk):
        end(contract, ends_on=MARCH, acting_user=cast.adam)
    assert price_on(cast, MARCH) is None
    assert latest_act("billing.terms_ended").after["ends_on"] == "2025-03-01"


@pytest.mark.parametrize("ends_on", [JANUARY, date(2025, 3, 2)])
def test_terms_end_after_they_began_and_not_after_others_begin(cast, seats, ends_on):
    contract = agreed(cast, "2.50", starts_on=JANUARY)
    agreed(cast, "3.00", starts_on=MARCH)
    with tenant_scope(cast.acme.pk), pytest.raises(ValidationError):
        end(contract, ends_on=ends_on, acting_user=cast.adam)
    assert periods(cast) == [(JANUARY, MARCH), (MARCH, None)]


def test_the_database_refuses_two_at_once(cast, seats):
    standing = agreed(cast, "2.50", starts_on=JANUARY)
    with (
        tenant_scope(cast.acme.pk),
        pytest.raises(IntegrityError, match="contract_no_two_at_once"),
        transaction.atomic(),
    ):
        Contract.objects.create(
            tenant=cast.acme, meter=SEATS, object_id=standing.object_id, starts_on=MARCH, unit_price=1
        )
    agreed(cast, "2.50", starts_on=MARCH, object_id=2)


def test_charlie_sees_no_terms_of_acme(cast, seats):
    agreed(cast)
    with tenant_scope(cast.globex.pk):
        assert not Contract.objects.exists()


def test_the_cost_price_is_for_staff_alone(cast, seats):
    contract = agreed(cast)
    with staff_scope():
        set_cost(contract, cost_price=Decimal("1.10"), acting_user=cast.sue)
        assert ContractCost.objects.get().cost_price == Decimal("1.10")
        assert latest_act("staff.cost_price_set").tenant_id is None
    with tenant_scope(cast.acme.pk):
        assert not ContractCost.objects.exists()


def test_terms_in_force_are_told_at_once_and_later_ones_in_time(cast, seats):
    tomorrow = today() + timedelta(days=1)
    agreed(cast, "2.50", starts_on=today() - timedelta(days=40))
    agreed(cast, "3.00", starts_on=tomorrow, limit_eur=Decimal("90"))
    assert seats.terms == {1: (Decimal("2.50"), None)}
    assert apply_due() == 0
    assert apply_due(timezone.now() + timedelta(days=2)) == 1
    assert seats.terms == {1: (Decimal("3.0000"), Decimal("90.00"))}
    assert apply_due(timezone.now() + timedelta(days=2)) == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_row_of_periods(cast, seats):
    days = [date(2025, month, day) for month in (1, 2, 3) for day in (1, 11, 21)]

    def one(day: date) -> None:
        try:
            # Each at a price of its own: the same one again would write nothing.
            agreed(cast, f"{day.month}{day.day}.00", starts_on=day)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, days[::2] + days[1::2]))
    assert periods(cast) == list(zip(days, [*days[1:], None], strict=True))


# --- The price of a product ---------------------------------------------------------------------------------------


@pytest.fixture
def product(cast):
    with tenant_scope(cast.acme.pk):
        return stocked_product(cast.acme, total=10)


def priced(cast, product, price: str, limit: str | None = None) -> None:
    with tenant_scope(cast.acme.pk):
        set_price(product, unit_price=Decimal(price), limit_eur=limit and Decimal(limit), acting_user=cast.adam)


def test_the_first_price_of_a_product_holds_from_the_months_beginning(cast, product):
    priced(cast, product, "2.2550", "500")
    with tenant_scope(cast.acme.pk):
        contract = Contract.objects.get()
        assert contract_at(cast.acme.pk, KEY, product.pk, today()) == contract
        product.refresh_from_db()
    assert (contract.starts_on, contract.ends_on) == (today().replace(day=1), None)
    assert (
        (contract.unit_price, contract.limit_eur) == (product.unit_price, product.limit_eur) == (Decimal("2.2550"), 500)
    )


def test_a_later_price_holds_from_today_on_and_keeps_the_other_terms(cast, product):
    begun = today() - timedelta(days=60)
    with tenant_scope(cast.acme.pk):
        agree(
            cast.acme,
            KEY,
            product.pk,
            starts_on=begun,
            unit_price=Decimal(2),
            free_units=4,
            rule="days",
            acting_user=None,
        )
        product.refresh_from_db()
    assert product.unit_price == 2
    priced(cast, product, "3.00")
    assert periods(cast) == [(begun, today()), (today(), None)]
    with tenant_scope(cast.acme.pk):
        contract = contract_at(cast.acme.pk, KEY, product.pk, today())
    assert (contract.unit_price, contract.free_units, contract.price_change) == (3, 4, "days")


def test_the_price_as_it_was_agrees_on_nothing(cast, product):
    priced(cast, product, "0")
    assert periods(cast) == []


def test_terms_for_later_reach_the_product_in_time(cast, product):
    priced(cast, product, "2.00")
    with tenant_scope(cast.acme.pk):
        agree(
            cast.acme, KEY, product.pk, starts_on=today() + timedelta(days=1), unit_price=Decimal(3), acting_user=None
        )
    assert apply_due(timezone.now() + timedelta(days=2)) == 1
    with tenant_scope(cast.acme.pk):
        product.refresh_from_db()
    assert product.unit_price == 3


@pytest.mark.django_db(transaction=True)
def test_prices_set_before_there_were_contracts_become_contracts(cast, product):
    migration = import_module("provisioning.migrations.0009_first_contracts")
    with tenant_scope(cast.acme.pk):
        stocked_product(cast.acme, total=1, name="Without a price")
        Product.objects.filter(pk=product.pk).update(unit_price="2.2550", limit_eur=500)
    with psycopg.connect(superuser().info.dsn) as owner:
        owner.execute("set role portal_owner")
        owner.execute(migration.AGREE_ON_WHAT_IS_SET)
        owner.execute(migration.AGREE_ON_WHAT_IS_SET)
    with tenant_scope(cast.acme.pk):
        contract = Contract.objects.get()
    assert (contract.meter, contract.object_id, contract.starts_on) == (KEY, product.pk, today().replace(day=1))
    assert (contract.unit_price, contract.limit_eur) == (Decimal("2.2550"), 500)
