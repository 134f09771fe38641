"""What happened to things that really happened, as their pages tell it: clicks, attempts, the vendor's answers, the ledger."""

import html
import re
from uuid import uuid4

import pytest
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.timeline import Wanted, timeline_of
from portal.operations.models import Operation
from portal.tenancy.scope import tenant_scope
from provisioning.models import Drift, Order, Subscriber

BOBS_ADDRESS = "203.0.113.7"


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


def url(name: str, *args) -> str:
    return reverse(name, args=["acme", *args])


def click(client, name: str, *args, **form):
    answer = client.post(url(name, *args), {"form_key": str(uuid4()), **form}, REMOTE_ADDR=BOBS_ADDRESS)
    assert answer.status_code in (200, 302), answer.content.decode()
    return answer


def ordered(client, video, quantity: int) -> Order:
    """By the form: the first press shows what the order does, the second places it."""
    form = {"product": video.product_id(), "type": "increment", "quantity": quantity}
    shown = click(client, "provisioning:order_new", **form).content.decode()
    click(client, "provisioning:order_new", **form, seen=re.search(r'name="seen" value="([^"]+)"', shown).group(1))
    return video.orders()[-1]


@pytest.fixture
def video(video):
    def product_id():
        with video.scope():
            return video.product.pk

    video.product_id = product_id
    return video


def page(client, name: str, *args, **query) -> str:
    answer = client.get(url(name, *args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def lines(shown: str) -> list[str]:
    """The lines of the timeline from top to bottom, without what is folded away."""
    story = shown[shown.index('id="story"') :]
    unfolded = re.sub(r'<details class="pb-story-steps">.*?</details>', "", story, flags=re.DOTALL)
    return [clean(line) for line in re.findall(r'class="pb-timeline-text">(.*?)</p>', unfolded, flags=re.DOTALL)]


def folded(shown: str) -> list[str]:
    parts = re.findall(r'<details class="pb-story-steps">(.*?)</details>', shown, flags=re.DOTALL)
    return [clean(line) for line in re.findall(r'class="pb-timeline-text">(.*?)</p>', "".join(parts), flags=re.DOTALL)]


def clean(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split()).replace(" :", ":")


def signed_in(client, person):
    client.force_login(person)
    return client


def test_an_order_whose_answer_was_lost_is_told_from_the_click_to_the_ledger(video, bob, cast):
    video.control.add_fault("lost_answer", method="POST", path="/order", times=1)
    order = ordered(bob, video, 5)
    video.work()
    shown = page(bob, "provisioning:order", order.pk)
    assert lines(shown)[0] == "Order products: +5 × KPN-VoiceVideo-C"
    # The vendor's clock has whole seconds: where its times stand among ours is not the same each time.
    assert sorted(lines(shown)[1:]) == sorted(
        [
            "Taken by the vendor",
            "Fulfilled by the vendor",
            "Entered into the ledger: +5, which makes 5",
            "Seen fulfilled",
            "Ended",
        ]
    )
    ours = [line for line in lines(shown) if "by the vendor" not in line]
    assert ours[-1] == "Ended"
    assert folded(shown) == ["Sending 1", "Look 1 at the vendor · HTTP 200"]
    assert shown.count("the vendor's clock") + shown.count("the vendor&#x27;s clock") == 2
    assert "POST /" in shown


def test_an_order_that_hung_tells_that_the_portal_saw_it_fulfilled(video, bob):
    """What the portal finds out by itself belongs to the order's one story too."""
    video.control.put_account(video.client_id, limit_eur="1")
    order = ordered(bob, video, 5)
    video.work()
    assert "Fulfilled by the vendor" not in lines(page(bob, "provisioning:order", order.pk))
    video.control.fulfil_order(video.client_id, video.orders()[0].number)
    video.sync()
    told = lines(page(bob, "provisioning:order", order.pk))
    assert told[0] == "Order products: +5 × KPN-VoiceVideo-C"
    assert {"Order changed at the vendor", "Seen fulfilled", "Entered into the ledger: +5, which makes 5"} <= set(told)


def test_a_subscriber_is_told_by_its_clicks_the_newest_first(video, bob):
    ordered(bob, video, 1)
    video.work()
    click(bob, "provisioning:subscriber_new", product=video.product_id(), username="anna", kind="persistent")
    video.work()
    (anna,) = video.subscribers()
    click(bob, "provisioning:credentials", anna.pk)
    click(bob, "provisioning:subscriber_delete", anna.pk)
    video.work()
    told = lines(page(bob, "provisioning:subscriber", anna.pk))
    assert [line for line in told if line != "Created by the vendor"] == [
        "Delete a subscriber: anna",
        "Ended",
        "Credentials shown",
        "Create a subscriber: anna",
        "Ended",
    ]
    assert told.index("Created by the vendor") > told.index("Create a subscriber: anna")


def test_a_difference_is_told_from_when_it_was_found_to_what_adopting_it_did(video, client, bob, cast):
    ordered(bob, video, 5)
    video.work()
    video.control.move_total_behind(video.client_id, 3)
    video.sync()
    video.sync()
    with video.scope():
        found = Drift.objects.open().get(kind=Drift.Kind.TOTAL)
    adam = signed_in(client, cast.adam)
    seen = re.search(r'name="seen" value="([^"]+)"', page(adam, "provisioning:difference", found.pk)).group(1)
    click(adam, "provisioning:difference_adopt", found.pk, reason="Agreed by telephone.", seen=seen)
    shown = page(adam, "provisioning:difference", found.pk)
    assert lines(shown) == [
        "Difference found",
        "Still there when the vendor was read",
        "Entered into the ledger: +3, which makes 8",
        "Adopted what the vendor says",
    ]
    assert "Agreed by telephone." in shown
    assert lines(page(adam, "provisioning:product", video.product_id()))[:4] == [
        "Difference found: Inventory total differs",
        "Still there when the vendor was read",
        "Entered into the ledger: +3, which makes 8",
        "Adopted what the vendor says",
    ]


def test_a_products_prices_are_told_with_before_and_after(video, client, cast):
    adam = signed_in(client, cast.adam)
    for price in ("2.00", "2.50"):
        click(adam, "provisioning:product", video.product_id(), unit_price=price, limit_eur="100")
    shown = page(adam, "provisioning:product", video.product_id())
    assert lines(shown)[:2] == ["Price and limit set"] * 2
    assert re.search(r"<del>2\.00.*?</del>.*?<ins>2\.50.*?</ins>", shown)


def test_a_connection_tells_its_acts_its_tests_and_its_differences(video, client, cast):
    adam = signed_in(client, cast.adam)
    click(adam, "vendors:connection_disable", video.connection.pk)
    click(adam, "vendors:connection_enable", video.connection.pk)
    video.control.order_behind(video.client_id, "increment", 4)
    video.sync()
    told = lines(page(adam, "vendors:connection", video.connection.pk))
    assert told.index("Difference found: An order that was not placed here " + _key(video)) < told.index(
        "Connection switched on"
    )
    assert told.index("Connection switched on") < told.index("Connection switched off")


def _key(video) -> str:
    with video.scope():
        return Drift.objects.get(kind=Drift.Kind.UNKNOWN_ORDER).key


# --- What came of one click ---------------------------------------------------------------------------------------


def test_everything_that_came_of_one_click(video, bob, client, cast):
    order = ordered(bob, video, 5)
    video.work()
    with video.scope():
        request_id = Operation.objects.get(pk=order.operation_id).request_id
    assert request_id
    told = lines(page(bob, "audit:request", request_id))
    assert told[0] == "Order products: +5 × KPN-VoiceVideo-C"
    assert "Entered into the ledger: +5, which makes 5" in told[3] + told[4] + told[5]
    assert f'href="{url("audit:request", request_id)}"' in page(bob, "provisioning:order", order.pk)


def test_a_click_that_nobody_made_is_not_found(bob, cast):
    assert bob.get(url("audit:request", "0" * 32)).status_code == 404


def test_members_who_may_not_read_the_trail_are_not_told_of_other_acts_of_a_click(client, cast):
    with tenant_scope(cast.acme.pk):
        Entry.objects.create(
            tenant=cast.acme,
            at="2026-07-01T12:00:00Z",
            actor=cast.alice,
            actor_label=cast.alice.email,
            request_id="invitation",
            action="tenancy.invited",
            object_type="tenancy.invitation",
            object_id="1",
            object_label="dora@example.com",
        )
    assert "dora@example.com" in page(signed_in(client, cast.adam), "audit:request", "invitation")
    assert signed_in(client, cast.vera).get(url("audit:request", "invitation")).status_code == 404


# --- Who is shown what --------------------------------------------------------------------------------------------


def test_only_who_reads_the_trail_is_shown_addresses_before_and_after_and_entries(video, client, bob, cast):
    order = ordered(bob, video, 5)
    video.work()
    with video.scope():
        request_id = Operation.objects.get(pk=order.operation_id).request_id
    for name, args in (("provisioning:order", [order.pk]), ("audit:request", [request_id])):
        for person, shown in ((cast.adam, True), (cast.bob, False), (cast.vera, False)):
            told = page(signed_in(client, person), name, *args)
            parts = told[told.index('id="story"') :]
            assert (BOBS_ADDRESS in told, "audit entry" in parts) == (shown, shown), (name, person)
            assert "Order products" in parts


def test_calls_are_links_for_who_may_read_them(video, client, bob, cast):
    order = ordered(bob, video, 5)
    video.work()
    calls = url("vendors:calls")
    assert f'href="{calls}' in page(bob, "provisioning:order", order.pk)
    assert f'href="{calls}' not in page(signed_in(client, cast.vera), "provisioning:order", order.pk)


def test_an_act_of_support_on_behalf_of_a_member_names_both(client, bob, cast, video):
    order = ordered(bob, video, 1)
    video.work()
    with tenant_scope(cast.acme.pk):
        Entry.objects.create(
            tenant=cast.acme,
            at="2026-07-01T12:00:00Z",
            actor=cast.sue,
            actor_label=cast.sue.email,
            on_behalf_of=cast.bob,
            on_behalf_of_label=cast.bob.email,
            action="provisioning.order_changed",
            object_type="provisioning.order",
            object_id=str(order.pk),
        )
    assert "Sue on behalf of Bob" in clean(page(bob, "provisioning:order", order.pk))


# --- However long -------------------------------------------------------------------------------------------------


@pytest.fixture
def hundred_prices(cast, video):
    with video.scope():
        for number in range(100):
            Entry.objects.create(
                tenant=cast.acme,
                at=f"2026-07-01T12:{number // 60:02}:{number % 60:02}Z",
                actor_label="alice@example.com",
                action="provisioning.price_set",
                object_type="provisioning.product",
                object_id=str(video.product.pk),
                reason=f"price {number:02}",
                after={"unit_price": str(number)},
            )


def test_a_long_story_is_told_in_pages_each_line_once(video, client, cast, hundred_prices):
    adam, told = signed_in(client, cast.adam), []
    address = url("provisioning:product", video.product_id())
    while address:
        shown = adam.get(html.unescape(address)).content.decode()
        told += re.findall(r"<p>price (\d\d)</p>", shown)
        older = re.search(r'<a href="([^"]+)">Older</a>', shown)
        address = older and older.group(1)
    assert told == [f"{number:02}" for number in reversed(range(100))]


@pytest.mark.parametrize("before", ["yesterday", "2026-13-45T00:00:00Z", "2026-07-01T12:00:00", "%00"])
def test_a_spoiled_place_in_a_story_is_its_beginning(video, client, cast, hundred_prices, before):
    shown = page(signed_in(client, cast.adam), "provisioning:product", video.product_id(), before=before)
    assert "<p>price 99</p>" in shown


def test_rows_of_one_moment_are_not_torn_apart(cast, video, hundred_prices):
    with video.scope():
        Entry.objects.bulk_create(
            Entry(
                tenant=cast.acme,
                at="2026-07-02T12:00:00Z",
                actor_label="alice@example.com",
                action="provisioning.price_set",
                object_type="provisioning.product",
                object_id=str(video.product.pk),
            )
            for _ in range(3)
        )
        timeline = timeline_of(Wanted("provisioning.product", video.product.pk), size=2)
        assert len(timeline.threads) == 3
        assert timeline.older is not None


def test_a_story_costs_one_query_however_long_it_is(video, client, cast, hundred_prices, django_assert_num_queries):
    with video.scope():
        for wanted in (
            Wanted("provisioning.product", video.product.pk),
            Wanted("provisioning.order", 1),
            Wanted("provisioning.subscriber", 1),
            Wanted("vendors.connection", video.connection.pk),
            Wanted(request_id="any"),
        ):
            with django_assert_num_queries(1):
                timeline_of(wanted)


def test_another_tenants_story_is_not_told(video, client, bob, cast):
    order = ordered(bob, video, 5)
    video.work()
    with video.scope():
        request_id = Operation.objects.get(pk=order.operation_id).request_id
    with tenant_scope(cast.globex.pk):
        assert timeline_of(Wanted("provisioning.order", order.pk)).threads == []
        assert timeline_of(Wanted(request_id=request_id)).threads == []
    charlie = signed_in(client, cast.charlie)
    assert charlie.get(reverse("audit:request", args=["globex", request_id])).status_code == 404


def test_every_kind_of_object_with_a_story_has_a_page(cast):
    """Order, Subscriber and the others: as they are registered."""
    from portal.audit.timeline import told_to
    from portal.tenancy.models import Membership, Role

    owner = told_to(Membership(role=Role.OWNER, tenant=cast.acme))
    assert {model._meta.label_lower for model in (Order, Subscriber, Drift, Operation)} <= owner
    assert "provisioning.product" not in told_to(Membership(role=Role.VIEWER, tenant=cast.acme))
