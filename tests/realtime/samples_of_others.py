"""One row of each kind that the pages of live calls name, and the arguments of each of their addresses."""

from typing import Any

from portal.vendors.models import Connection, ConnectionState
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.cards.models import Card, CardNumber
from realtime.connecting import prepare
from realtime.extensions.models import Extension
from realtime.grants.models import Grant
from realtime.hooks.models import Delivery, Endpoint

PLAIN = [
    "cards",
    "card_new",
    "card_link",
    "callback_requests",
    "callback_forms",
    "callback_form_new",
    "endpoints",
    "endpoint_new",
    "deliveries",
]
OF_CARDS = ["card", "card_edit", "card_delete"]
OF_FORMS = ["callback_form", "callback_form_edit", "callback_form_delete"]
OF_ENDPOINTS = ["", "_edit", "_secret", "_enable", "_disable", "_test", "_delete"]


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {name: {} for name in PLAIN}
    found |= for_other_systems(tenant)
    return {f"realtime:{name}": arguments for name, arguments in found.items()}


def for_other_systems(tenant) -> dict[str, dict[str, Any]]:
    """A card, a form that was used, and a webhook that was told something."""
    card = Card.objects.create(tenant=tenant, name="Anna Bos", company="Bos BV", reference="C-1")
    CardNumber.objects.create(tenant=tenant, card=card, number="+31612345678")
    form = make_form(tenant)
    asked = CallbackRequest.objects.create(tenant=tenant, form=form, number="+31612345678", name="Anna")
    endpoint = Endpoint.objects.create(
        tenant=tenant, name="Tickets", url="https://tickets.example/calls", secret="whsec_AAAA", events=["call.inbound"]
    )
    told = Delivery.objects.create(
        tenant=tenant, endpoint=endpoint, message_id="msg_1", event="call.inbound", body='{"type":"call.inbound"}'
    )
    found = {name: {"pk": card.pk} for name in OF_CARDS} | {name: {"pk": form.pk} for name in OF_FORMS}
    found |= {f"endpoint{name}": {"pk": endpoint.pk} for name in OF_ENDPOINTS}
    return found | {
        "callback_request": {"pk": asked.pk},
        "delivery": {"pk": told.pk},
        "delivery_resend": {"pk": told.pk},
    }


def make_agent(tenant, system: str, *, name: str, number: str) -> Extension:
    """Of the tenant's telephone system of that name, which is made where there is none."""
    connection, new = Connection.objects.get_or_create(
        tenant=tenant,
        vendor="kwebbl",
        name=system,
        defaults={"base_url": "https://live.example/v100", "token_url": "https://live.example/token", "client_id": "1"},
    )
    if new:
        ConnectionState.objects.create(tenant=tenant, connection=connection)
        prepare(connection)
    agent, _made = Extension.objects.get_or_create(
        tenant=tenant,
        connection=connection,
        vendor_id="a" * 32,
        defaults={"name": name, "number": number, "kind": "user"},
    )
    return agent


def make_form(tenant) -> CallbackForm:
    agent = make_agent(tenant, "Telephones", name="Bob", number="101")
    return CallbackForm.objects.create(
        tenant=tenant,
        connection_id=agent.connection_id,
        name="Shop",
        agent=agent,
        origins=["https://shop.example"],
        countries=["NL", "BE"],
        language="en",
    )


def let_call(form: CallbackForm, owner) -> Grant:
    """The company's permission to place calls, without which nobody is called back."""
    return Grant.objects.create(
        tenant_id=form.tenant_id, connection=form.connection, scopes=["calls.create"], granted_by=owner
    )
