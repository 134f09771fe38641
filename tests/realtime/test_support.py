"""What support sees of live calls: operations by their names, and in the case file those by which the vendor knows a call."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from portal.notices.registry import kinds as notice_kinds
from portal.operations import registry
from portal.operations.models import Operation
from portal.operations.registry import kind_label, names_at_vendor
from portal.tenancy.scope import tenant_scope
from realtime.extensions.operations import SET_CALLER_ID
from realtime.models import CallAction, Leg, Subscription
from realtime.subscriptions.operations import CANCEL, SUBSCRIBE
from tests.fixtures.cast import sign_in_with_second_factor
from tests.realtime.boards import Office

OURS = [kind for kind in registry.kinds() if kind.name.startswith("realtime.")]
RAW = re.compile(r"\b(realtime\.[a-z_]+|call_id|extension_id|event_types|subscription_id)\b")


@pytest.fixture
def office(db, cast) -> Office:
    return Office(cast.acme, cast.alice)


@pytest.fixture
def sue(cast) -> Client:
    client = Client()
    sign_in_with_second_factor(client, cast.sue)
    return client


def operation(office, kind: str, subject_id: int = 0, **payload) -> Operation:
    with office.scope():
        return Operation.objects.create(
            tenant=office.tenant,
            connection=office.connection,
            kind=kind,
            lane=f"{kind}:{subject_id}",
            label="Bob",
            status="needs_person",
            trouble="unknown",
            subject_id=subject_id,
            payload=payload,
        )


def told(made: Operation) -> dict[str, str]:
    with tenant_scope(made.tenant_id):
        return dict(names_at_vendor(made))


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.name)
def test_every_operation_has_a_name_and_says_what_the_vendor_calls_it(kind):
    assert str(kind_label(kind.name)) not in ("", kind.name)
    assert kind.name in registry._identify


def test_every_notice_has_a_name():
    ours = [kind for kind in notice_kinds() if kind.name.startswith("realtime.")]
    assert ours
    assert not [kind.name for kind in ours if str(kind.label) in ("", kind.name)]


def test_something_asked_of_a_call_is_known_by_the_calls_id(office):
    assert told(operation(office, "realtime.hold", call_id="c-17")) == {"Call ID": "c-17"}


def test_a_call_that_was_placed_is_known_by_what_it_became(office):
    bob = office.extension("Bob", "202", vendor_id="b" * 32)
    call = office.call(bob, "+31612345678")
    with office.scope():
        leg_id = Leg.objects.get(call=call).vendor_id
        action = CallAction.objects.create(
            tenant=office.tenant, connection=office.connection, call=call, kind="place", send_until=timezone.now()
        )
    placed = operation(office, "realtime.place_call", action.pk, to={"extension_id": bob.vendor_id})
    assert told(placed) == {"Call ID": leg_id, "Extension ID (to)": bob.vendor_id}


def test_subscriptions_and_caller_ids_are_known_by_their_ids(office):
    with office.scope():
        row = Subscription.objects.create(
            tenant=office.tenant, connection=office.connection, vendor_id="s-1", digest="d" * 64
        )
    assert told(operation(office, SUBSCRIBE.name, row.pk)) == {"Subscription ID": "s-1"}
    assert told(operation(office, CANCEL.name, row.pk, subscription_id="s-1")) == {"Subscription ID": "s-1"}
    asked = operation(office, SET_CALLER_ID.name, 3, extension_id="e-1", caller_id="c-1", number="+31102612345")
    assert told(asked) == {"Extension ID": "e-1", "Caller ID's ID": "c-1"}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("realtime.transfer", {"grant": 1, "call_id": "c-17", "target": {"extension_id": "e-1"}}),
        ("realtime.place_call", {"grant": 1, "to": {"number": "+31612345678"}, "from": {"extension_id": "e-1"}}),
        ("realtime.subscribe", {"grant": 1, "event_types": ["ringing"], "agents": [], "mode": "detailed"}),
    ],
)
def test_case_file_and_desk_have_no_raw_keys(office, sue, kind, payload):
    made = operation(office, kind, **payload)
    case_file = sue.get(f"/admin/desk/case-file/{made.pk}/").text
    assert str(kind_label(kind)) in case_file
    assert RAW.findall(case_file) == []
    page = sue.get(f"/admin/operations/operation/{made.pk}/change/")
    shown = re.sub(r"<[^>]*>", " ", page.content.decode().split("</head>")[1])
    assert str(kind_label(kind)) in shown
    assert RAW.findall(shown) == []
