"""A company's first page with video on it: is everything all right, what to do, what it costs, and the first steps."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from portal.audit.models import Entry
from portal.billing.months import month_of
from portal.operations.models import Operation, Status
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.ui import charges
from portal.ui.charges import last_month
from portal.vendors.home import SHOWN
from portal.vendors.models import Connection, ConnectionState
from provisioning import ledger
from provisioning.models import Inventory, InventoryChange, MirrorState, Order, Product, Subscriber
from tests.provisioning.pages import text_of
from tests.provisioning.samples import (
    priced,
    some_connection,
    some_difference,
    some_order,
    some_subscriber,
    stocked_product,
    unpriced,
)

HOME = "/t/acme/"
MOST_QUERIES = 11
ALL_RIGHT = "Everything is all right"


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def home_of(client):
    """The words of the first page as somebody sees it."""

    def home_of(person) -> str:
        client.force_login(person)
        return text_of(client.get(HOME)).replace("&#x27;", "'")

    return home_of


@pytest.fixture
def product(cast) -> Product:
    """Ten products at € 2.50, held since last month, over a connection that works."""
    return working_product(cast.acme, held_since=last_month(month_of(timezone.now())).start)


def working_product(tenant: Tenant, *, held_since: datetime, name: str = "Video") -> Product:
    with tenant_scope(tenant.pk):
        connection, now = some_connection(tenant, name), timezone.now()
        ConnectionState.objects.filter(connection=connection).update(succeeded_at=now)
        MirrorState.objects.filter(connection=connection).update(read_at=now)
        priced("2.50")
        product = Product.objects.get(connection=connection)
        Inventory.objects.create(tenant=tenant, product=product, total=10, available=10, read_at=now)
        ledger.open_ledger(product, 10, read_at=held_since)
        return product


def change(product: Product, quantity: int, level: int, at: datetime) -> None:
    """A line of the ledger."""
    sequence = InventoryChange.objects.filter(product=product).count() + 1
    InventoryChange.objects.create(
        tenant=product.tenant, product=product, sequence=sequence, quantity=quantity, level=level,
        cause=InventoryChange.Cause.ORDER, vendor_at=at, recorded_at=at,
    )  # fmt: skip


def busy_company(cast, rows: int) -> None:
    """`rows` connections in trouble, each with a product, an order that needs a person and a difference."""
    with tenant_scope(cast.acme.pk):
        for number in range(rows):
            product = stocked_product(cast.acme, total=10, name=f"Video {number:03}")
            some_order(product, cast.bob, operation_status=Status.NEEDS_PERSON)
            some_difference(product)
        ConnectionState.objects.update(trouble="unreachable", sunset="Sat, 01 May 2027 00:00:00 GMT")


def badges(response) -> dict[str, str]:
    links = [link for section in response.context["nav_sections"] for link in section.links]
    return {str(link.label): link.badge for link in links if link.badge}


def todo(response) -> list[str]:
    return [matter.text for matter in response.context["todo"]]


@pytest.mark.parametrize("rows", [3, 120])
def test_it_costs_the_same_at_any_size(transactional_db, alice, cast, rows, django_assert_max_num_queries):
    busy_company(cast, rows)
    with django_assert_max_num_queries(MOST_QUERIES):
        answer = alice.get(HOME)
    assert badges(answer) == {"Activity": "3" if rows == 3 else "99+", "Differences": "3" if rows == 3 else "99+"}
    assert sum("switch this API off" in text for text in todo(answer)) == min(rows, SHOWN)


# --- Is everything all right? -------------------------------------------------------------------------------------


def test_a_company_whose_video_works_is_all_right(alice, product):
    answer = alice.get(HOME)
    assert ALL_RIGHT in answer.text
    assert answer.context["standing"].tone == "success"
    assert todo(answer) == []
    assert "Nothing waits for you" in answer.text


def test_what_is_wrong_is_said_first_and_the_gravest_first(alice, cast, product):
    with tenant_scope(cast.acme.pk):
        some_difference(product)
        some_order(product, cast.bob, operation_status=Status.NEEDS_PERSON)
    answer = alice.get(HOME)
    assert "2 things are not as they should be" in answer.text
    assert answer.context["standing"].tone == "danger"
    assert todo(answer) == [
        "1 operation needs a person.",
        "1 difference between the portal and the vendor is open.",
    ]


def test_one_operation_is_a_click_away(alice, cast, product):
    with tenant_scope(cast.acme.pk):
        order = some_order(product, cast.bob, operation_status=Status.NEEDS_PERSON)
    assert alice.get(HOME).context["todo"][0].url == f"/t/acme/activity/{order.operation_id}/"


def test_an_unknown_outcome_is_a_reason_and_nothing_to_do(alice, cast, product):
    with tenant_scope(cast.acme.pk):
        some_order(product, cast.bob, operation_status=Status.UNKNOWN)
    answer = alice.get(HOME)
    assert "The outcome of 1 operation is not known yet" in answer.text
    assert todo(answer) == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"trouble": "unreachable"}, "Video: The vendor cannot be reached."),
        ({"trouble": "credentials"}, "Video: The vendor refuses the credentials."),
        ({"sunset": "Sat, 01 May 2027"}, "Video: the vendor will switch this API off (Sat, 01 May 2027)."),
        ({"previous_api_version": "1.4", "api_version": "2.0"}, "Video: the API's version was 1.4 and is 2.0."),
    ],
)
def test_trouble_of_a_connection_is_told(alice, cast, product, trouble, said):
    with tenant_scope(cast.acme.pk):
        ConnectionState.objects.update(**trouble)
    assert todo(alice.get(HOME)) == [said]


def test_a_connection_that_is_switched_off_is_told_once(alice, cast, product):
    with tenant_scope(cast.acme.pk):
        Connection.objects.update(enabled=False)
        MirrorState.objects.update(read_at=timezone.now() - timedelta(days=3))
    assert todo(alice.get(HOME)) == ["Video is switched off: nothing is sent or read."]


def test_credentials_that_end_are_told_a_month_ahead(alice, cast, product):
    today = timezone.now().astimezone(cast.acme.zone).date()
    for days, told in ((29, "end on"), (-1, "ended on")):
        with tenant_scope(cast.acme.pk):
            Connection.objects.update(credentials_end_on=today + timedelta(days=days))
        assert f"The credentials of Video {told}" in todo(alice.get(HOME))[0]
    with tenant_scope(cast.acme.pk):
        Connection.objects.update(credentials_end_on=today + timedelta(days=40))
    assert todo(alice.get(HOME)) == []


def test_an_old_mirror_a_late_order_and_lost_credentials_are_told(alice, cast, product):
    with tenant_scope(cast.acme.pk):
        MirrorState.objects.update(read_at=timezone.now() - timedelta(hours=5))
        some_subscriber(product, cast.bob, vendor_id="")
        order = some_order(product, cast.bob, number="o-1", status="pending", operation_status=Status.DONE)
        Order.objects.filter(pk=order.pk).update(created_at=timezone.now() - timedelta(days=2))
    answer = alice.get(HOME)
    assert "Video was last read 5 hours ago; what is shown may be out of date." in answer.text
    assert todo(answer) == [
        "The credentials of 1 subscriber were lost on their way.",
        "An order of Video has been pending at the vendor for long.",
    ]


def test_few_free_products_are_told_where_somebody_wants_to_know(alice, cast, product):
    with tenant_scope(cast.acme.pk):
        Product.objects.update(warn_free_below=20)
    assert todo(alice.get(HOME)) == ["Video has only 10 free products."]


# --- What does it cost? -------------------------------------------------------------------------------------------


def test_the_month_costs_its_peak_and_is_compared_with_the_last_one(home_of, cast, product):
    this = month_of(timezone.now())
    with tenant_scope(cast.acme.pk):
        change(product, 3, 13, this.start + timedelta(seconds=1))
        change(product, -3, 10, this.start + timedelta(seconds=2))
    home = home_of(cast.alice)
    assert "€ 32.50 so far" in home
    assert "€ 7.50 more than in" in home
    assert "(€ 25.00)" in home


def test_a_level_brought_along_has_no_moment_in_the_month(home_of, cast, product):
    home = home_of(cast.alice)
    assert "since before the month" in home
    assert "As much as in" in home


def test_what_is_on_its_way_makes_it_an_interval(home_of, cast, product):
    with tenant_scope(cast.acme.pk):
        some_order(product, cast.bob, operation_status=Status.UNKNOWN)
    home = home_of(cast.alice)
    assert "€ 25.00 so far" in home
    assert "At most € 30.00 when all that is on its way arrives." in home
    assert "10 to 12" in home


def test_a_missing_price_is_said_and_is_something_to_do(home_of, cast, product):
    with tenant_scope(cast.acme.pk):
        unpriced()
    home = home_of(cast.alice)
    assert "Price not set" in home
    assert "€ 0.00" not in home
    assert "No price is set for Video, so its costs are not known. Enter the price" in home


def test_a_ledger_that_was_opened_this_month_has_nothing_to_compare(home_of, cast):
    working_product(cast.acme, held_since=month_of(timezone.now()).start)
    assert "There are no figures of" in home_of(cast.alice)


def test_a_month_is_amsterdams(cast, rf, monkeypatch):
    """Half past midnight of 1 August in Amsterdam is still July in UTC."""
    working_product(cast.acme, held_since=datetime(2026, 7, 10, tzinfo=UTC))
    monkeypatch.setattr(charges.timezone, "now", lambda: datetime(2026, 7, 31, 22, 30, tzinfo=UTC))
    request = rf.get(HOME)
    request.tenant = cast.acme
    with tenant_scope(cast.acme.pk):
        bill = charges.bill_of(request)
    assert (bill.month, bill.last_month) == ("August 2026", "July 2026")
    assert bill.cost == bill.last_cost == 25


# --- Who sees what ------------------------------------------------------------------------------------------------


def test_billing_sees_the_money_first(home_of, cast, product):
    for person, first in ((cast.bill, "Cost in"), (cast.bob, "What to do")):
        home = home_of(person)
        assert min(home.index("Cost in"), home.index("What to do")) == home.index(first)


def test_a_viewer_reads_what_is_wrong_and_has_nothing_to_press(client, cast, product):
    with tenant_scope(cast.acme.pk):
        some_order(product, cast.bob, operation_status=Status.NEEDS_PERSON)
    client.force_login(cast.vera)
    answer = client.get(HOME)
    assert "1 operation needs a person." in answer.text
    assert todo(answer) == []
    assert 'class="btn' not in answer.text.partition("<main")[2].partition("</main>")[0]


# --- The first steps ----------------------------------------------------------------------------------------------


def guide_of(client):
    return client.get(HOME).context["guide"]


def test_the_first_steps_tick_themselves_off(alice, cast):
    assert "Nothing is connected yet" in alice.get(HOME).text
    assert guide_of(alice).next.title == "Connect a vendor"
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=0)
    assert guide_of(alice).next.title == "Test the connection"
    with tenant_scope(cast.acme.pk):
        ConnectionState.objects.update(succeeded_at=timezone.now())
    assert guide_of(alice).next.title == "Place the first order"
    with tenant_scope(cast.acme.pk):
        some_order(product, cast.bob)
    assert guide_of(alice).next.title == "Create the first subscriber"
    with tenant_scope(cast.acme.pk):
        subscriber = some_subscriber(product, cast.bob)
    assert guide_of(alice) is None
    with tenant_scope(cast.acme.pk):
        Subscriber.objects.filter(pk=subscriber.pk).update(state=Subscriber.State.DELETED)
    assert guide_of(alice) is None


def test_the_button_stands_at_the_next_step_of_who_may(client, cast):
    for person, may in ((cast.adam, True), (cast.vera, False)):
        client.force_login(person)
        assert ("Add a connection" in client.get(HOME).text) is may


def test_an_admin_puts_the_list_away_for_everybody(client, cast):
    client.force_login(cast.adam)
    assert client.post("/t/acme/first-steps/dismiss/").url == HOME
    client.post("/t/acme/first-steps/dismiss/")
    assert guide_of(client) is None
    client.force_login(cast.vera)
    assert guide_of(client) is None
    with staff_scope():
        assert Tenant.objects.get(slug="globex").first_steps_dismissed_at is None
    with tenant_scope(cast.acme.pk):
        assert Entry.objects.filter(action="tenancy.first_steps_dismissed").count() == 1


def test_others_cannot_put_it_away(client, cast):
    client.force_login(cast.bob)
    assert "Put this list away" not in client.get(HOME).text
    assert client.post("/t/acme/first-steps/dismiss/").status_code == 403


# --- Badges -------------------------------------------------------------------------------------------------------


def test_the_badges_count_what_waits_for_somebody(alice, cast):
    assert badges(alice.get(HOME)) == {}
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=10)
        some_difference(product)
        some_difference(product, key="other")
        some_order(product, cast.bob, operation_status=Status.NEEDS_PERSON)
    # The same on a page that reads neither.
    for page in (HOME, "/t/acme/people/"):
        assert badges(alice.get(page)) == {"Activity": "1", "Differences": "2"}
    with tenant_scope(cast.acme.pk):
        Operation.objects.update(status=Status.DONE)
    assert badges(alice.get("/t/acme/people/")) == {"Differences": "2"}
