"""Troubles made at the sandbox, and how Sue goes about them at the desk."""

import re
from uuid import uuid4

from django.test import Client

from portal.operations.models import Operation, Status
from portal.tenancy.models import User
from portal.tenancy.scope import staff_scope
from provisioning.models import Order, Product
from provisioning.operations import order_products
from tests.fixtures.video import Video

DESK = "/admin/desk/"
REASON = "Their support looked it up: ticket 4711."
PRICE = "2.50"


def text_of(response) -> str:
    """What a reader sees: no markup, single blanks."""
    without = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", without).replace("&nbsp;", " ").replace("\xa0", " ").split())


def pile_of(response, name: str) -> str:
    """The part of the desk with this group, as a reader sees it; "" where it is not there."""
    found = re.search(rf'<section class="desk-pile" id="{name}".*?</section>', response.content.decode(), re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).replace("\xa0", " ").split()) if found else ""


def decide(client: Client, name: str, *operations: Operation, **answers):
    """See the page that asks why, then send it; follows to where it leads."""
    url = f"/admin/operations/operation/decide/{name}/"
    chosen = {"_selected_action": [operation.pk for operation in operations], "back": "desk"}
    asked = client.get(url, chosen)
    assert asked.status_code == 200, asked.status_code
    return client.post(url, {**chosen, "decided": "yes", "form_key": str(uuid4()), **answers}, follow=True)


def order(video: Video, who: User, quantity: int = 5, order_type: str = "increment") -> Order:
    with video.scope():
        return order_products(video.product, order_type, quantity, acting_user=who)


def agree_price(video: Video) -> None:
    with video.scope():
        Product.objects.update(unit_price=PRICE)


def lose_order(video: Video, who: User, quantity: int = 5) -> Operation:
    """Two sendings vanish on their way: sent again once, and then nobody knows."""
    fault = video.control.add_fault("no_work_lost", method="POST", path="/order", times=2)
    order(video, who, quantity)
    video.work()
    video.control.remove_faults(fault["id"])
    return needing(video)


def swallow_answer(video: Video, who: User, quantity: int = 5) -> Operation:
    """The vendor takes the order and swallows its answer, and somebody else moves the same stock: looking cannot tell."""
    video.control.add_fault("lost_answer", method="POST", path="/order", times=1)
    order(video, who, quantity)
    video.work_once()
    video.control.move_total_behind(video.client_id, 1)
    video.work()
    return needing(video)


def needing(video: Video) -> Operation:
    operation = video.operation()
    assert operation.status == Status.NEEDS_PERSON, (operation.status, operation.message)
    return operation


def now(operation: Operation) -> Operation:
    with staff_scope():
        return Operation.objects.select_related("tenant", "connection").get(pk=operation.pk)
