"""The demo's messaging: an account at the vendor sandbox, people to write to, and campaigns that have come differently far.

What was sent before today is laid down as rows, since reports of days ago cannot be asked for. All else is done by the
portal's own verbs (`messaging.demo_campaigns`).
"""

import logging
import os
import secrets
from datetime import datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from messaging import demo_campaigns
from messaging.models import (
    Batch,
    Campaign,
    Contact,
    Destination,
    Group,
    GroupMember,
    Message,
    MessageState,
    PartsSent,
    Report,
    Sender,
    Sending,
)
from portal.local.demo import Demo
from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from portal.vendors.connections import Account, add_connection
from portal.vendors.models import Connection

logger = logging.getLogger(__name__)

CLIENT_ID, NAME, SENDER, GROUP = "acme-messages", "Messages", "Acme", "Customers"
# A second account, which the vendor lets send little: a campaign by it can be watched for some minutes.
SLOW_CLIENT_ID, SLOW_NAME = "acme-newsletters", "Newsletters"
SLOW_QUOTA = {"quota_limit": 1, "quota_interval": 2, "quota_time_unit": "minute"}
SURVEYED = 260
FIRST_NAMES = ("Anna", "Daan", "Emma", "Finn", "Julia", "Levi", "Lotte", "Mees", "Nora", "Sem", "Tess", "Vera")
PEOPLE = 120
State = MessageState
# Of the campaign that is over: so many messages ended so, with the vendor's code.
ENDS = (
    (State.DELIVERED, "", 98),
    (State.FAILED, "002", 6),
    (State.FAILED, "007", 4),
    (State.REJECTED, "018", 2),
    (State.EXPIRED, "024", 3),
    (State.ACCEPTED, "", 5),
    (State.HANDED_OVER, "", 2),
)
# How the vendor writes the ends of messages.
STATUSES = {State.DELIVERED: "1", State.FAILED: "4", State.REJECTED: "5", State.EXPIRED: "6"}


def load(demo: Demo) -> None:
    """Add what is missing. Raises CommandError, with the reason, when the sandbox cannot be commanded."""
    url, token = os.environ.get("SANDBOX_URL"), os.environ.get("SANDBOX_CONTROL_TOKEN")
    if not url or not token:
        logger.warning("There is no vendor sandbox here (SANDBOX_URL), so the demo has no messaging.")
        return
    tenant, people = demo.tenants["acme"], demo.people
    sandbox = Sandbox(url, token)
    try:
        connection = _known(tenant, NAME) or _connect(tenant, people["adam"], sandbox, NAME, CLIENT_ID)
        slow = _known(tenant, SLOW_NAME) or _connect(
            tenant, people["adam"], sandbox, SLOW_NAME, SLOW_CLIENT_ID, **SLOW_QUOTA
        )
        with tenant_scope(tenant.pk):
            numbers = _address_book(tenant)
            group = Group.objects.get(tenant=tenant, name=GROUP)
            loaded = Campaign.objects.filter(tenant=tenant).exists()
        if not loaded:
            _campaigns(sandbox, connection, slow, group, numbers, people["bob"])
    except requests.RequestException as error:
        raise CommandError(
            f"The demo's messaging is not there: the vendor sandbox at {url} did not do what it was asked ({error}). "
            "Load it again with: make manage ARGS=load_demo"
        ) from error


class Sandbox:
    """What its control is asked for here. Raises requests.RequestException."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._session = f"{url}/_sandbox", requests.Session()
        self._session.trust_env, self._session.headers["X-Sandbox-Control"] = False, token

    def put_account(self, client_id: str, **fields: Any) -> None:
        self._session.put(f"{self._url}/accounts/{client_id}", json=fields, timeout=5).raise_for_status()

    def lose_the_second_call(self, client_id: str) -> None:
        """It does not arrive, and nobody is told so."""
        rule = {"kind": "no_work_lost", "method": "POST", "path": "/send", "client_id": client_id}
        self._session.post(f"{self._url}/faults", json={**rule, "skip": 1, "times": 1}, timeout=5).raise_for_status()


def _known(tenant: Tenant, name: str) -> Connection | None:
    with tenant_scope(tenant.pk):
        rows = Connection.objects.filter(tenant=tenant, vendor="kpn_sms", name=name)
        return rows.select_related("tenant").first()


def _connect(tenant: Tenant, admin: Any, sandbox: Sandbox, name: str, client_id: str, **quota: Any) -> Connection:
    """An account that is there already only gets the new secret."""
    secret = secrets.token_urlsafe(24)
    sandbox.put_account(client_id, client_secret=secret, **quota)
    account = Account(
        name,
        settings.KPN_SMS_BASE_URL,
        settings.KPN_TOKEN_URL,
        Connection.Environment.PRODUCTION,
        client_id=client_id,
        client_secret=secret,
    )
    with tenant_scope(tenant.pk):
        return add_connection(tenant, "kpn_sms", account, acting_user=admin)


def _address_book(tenant: Tenant) -> list[str]:
    """Numbers of the customers, who are all in one group."""
    numbers = [f"+316{12_345_000 + place}" for place in range(PEOPLE)]
    group, made = Group.objects.get_or_create(tenant=tenant, name=GROUP)
    if made:
        named = [f"{FIRST_NAMES[place % len(FIRST_NAMES)]} {place + 1}" for place in range(PEOPLE)]
        Contact.objects.bulk_create(
            (Contact(tenant=tenant, number=number, name=name) for number, name in zip(numbers, named, strict=True)),
            ignore_conflicts=True,
        )
        contacts = Contact.objects.filter(tenant=tenant, number__in=numbers)
        GroupMember.objects.bulk_create(GroupMember(tenant=tenant, group=group, contact=each) for each in contacts)
    Sender.objects.get_or_create(tenant=tenant, name=SENDER, defaults={"state": Sender.State.ALLOWED})
    return numbers


def _campaigns(
    sandbox: Sandbox, connection: Connection, slow: Connection, group: Group, numbers: list[str], bob: Any
) -> None:
    with tenant_scope(connection.tenant_id):
        over = _planned(connection, "Opening hours in December", numbers, bob, timezone.now() - timedelta(days=2), 60)
        for batch in over.batches.order_by("number"):
            _taken(batch, over.created_at)
        _ended(over)
    sandbox.lose_the_second_call(CLIENT_ID)
    asked = [f"+316{12_345_000 + place}" for place in range(SURVEYED)]
    survey = demo_campaigns.load(connection, slow, group.pk, asked, bob)
    demo_campaigns.looked_up_in_vain(demo_campaigns.sent(survey))


def _planned(connection: Connection, name: str, numbers: list[str], who: Any, at: datetime, size: int) -> Campaign:
    """Released, in batches of `size`, none of which has left."""
    own = {"tenant_id": connection.tenant_id}
    campaign = Campaign.objects.create(
        **own,
        connection=connection,
        name=name,
        text=f"{name}: see www.example.com. Reply STOP to hear no more.",
        sender=SENDER,
        state=Campaign.State.SENDING,
        recipients=len(numbers),
        parts=len(numbers),
        created_at=at,
        created_by=who,
        planned_at=at,
        released_at=at,
        released_by=who,
    )
    for number, first in enumerate(range(0, len(numbers), size), 1):
        batch = Batch.objects.create(**own, campaign=campaign, number=number)
        Message.objects.bulk_create(
            Message(**own, campaign=campaign, batch=batch, number=to, country="NL", parts=1, line=line, state="waiting")
            for line, to in enumerate(numbers[first : first + size], first + 1)
        )
    return campaign


def _turn(campaign: Campaign, state: Campaign.State, **fields: Any) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=state, **fields)


def _taken(batch: Batch, at: datetime) -> None:
    """By the vendor, and charged."""
    own, sending = {"tenant_id": batch.tenant_id}, _sending(batch, at)
    Sending.objects.filter(pk=sending.pk).update(document_id=f"demo-{batch.pk}", first_report_at=at)
    due = at + timedelta(hours=72)
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DONE, taken_at=at, reports_due_at=due)
    Message.objects.filter(batch=batch).update(state=State.HANDED_OVER, state_at=at)
    place, _made = Destination.objects.get_or_create(
        tenant_id=batch.tenant_id, connection_id=batch.campaign.connection_id, country="NL"
    )
    count = batch.messages.count()
    PartsSent.objects.create(
        **own, destination=place, batch=batch, sending=sending, sent_at=at, messages=count, parts=count
    )


def _sending(batch: Batch, at: datetime) -> Sending:
    return Sending.objects.create(
        tenant_id=batch.tenant_id,
        batch=batch,
        connection_id=batch.campaign.connection_id,
        number=1,
        started_at=at,
        messages=batch.messages.count(),
    )


def _ended(campaign: Campaign) -> None:
    """With reports of some minutes later."""
    at = campaign.created_at + timedelta(minutes=3)
    waiting = list(Message.objects.filter(campaign=campaign).order_by("pk"))
    for state, code, count in ENDS:
        some, waiting = waiting[:count], waiting[count:]
        Message.objects.filter(pk__in=[each.pk for each in some]).update(state=state, code=code, state_at=at)
        if state in STATUSES:
            _reports(campaign, some, state, code, at)
    _turn(campaign, Campaign.State.DONE, began_at=campaign.created_at, ended_at=at)


def _reports(campaign: Campaign, told: list[Message], state: MessageState, code: str, at: datetime) -> None:
    status = STATUSES[state]
    Report.objects.bulk_create(
        Report(
            tenant_id=campaign.tenant_id,
            connection_id=campaign.connection_id,
            digest=b"demo" + message.pk.to_bytes(28, "big"),
            body=f'{{"StatusCode": "{status}", "ErrorCode": "{code}"}}'.encode(),
            key_id="demo",
            received_at=at,
            handled_at=at,
            outcome=Report.Outcome.APPLIED,
            message_id=message.pk,
            status=status,
            code=code,
        )
        for message in told
    )
