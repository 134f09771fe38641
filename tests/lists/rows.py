"""Rows for each list: as many as are asked for, with equal values in what it is sorted by, made by few statements."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count

from django.utils import timezone

from messaging.models import Batch, Campaign, InboundMessage, Message, VirtualNumber
from messaging.people.models import Contact, OptOut, Template
from portal.audit.trail import record_many
from portal.billing.models import Statement
from portal.operations.models import Operation
from portal.tenancy.models import Membership, Role, Tenant, User
from portal.vendors.models import Call, Connection, ConnectionState
from provisioning.models import Drift, Order, Product, Subscriber
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.calls.models import Call as LiveCall
from realtime.cards.models import Card, CardNumber
from realtime.events.models import Event
from realtime.hooks.models import Delivery, Endpoint
from realtime.models import Extension, Grant
from telephony.models import CallScript, SipAccount
from telephony.models import Drift as SipDrift
from tests.messaging.rows import some_connection as some_sms
from tests.provisioning.samples import some_connection
from tests.realtime.samples import some_connection as some_switchboard
from tests.realtime.samples_of_others import make_form
from tests.telephony.samples import some_connection as some_telephones

Maker = Callable[[Tenant, User, int], None]
_numbers = count(1)
BEGAN = timezone.now() - timedelta(days=1)


def _moments(number: int) -> list:
    """Three rows share each moment."""
    return [BEGAN + timedelta(minutes=place // 3) for place in range(number)]


def product_of(tenant: Tenant) -> Product:
    """Of the tenant's first connection, the one that the video pages show."""
    found = Product.objects.filter(tenant=tenant).order_by("connection__name").first()
    if found is None:
        some_connection(tenant, "Lists")
        found = Product.objects.get(tenant=tenant)
    return found


def subscribers(tenant: Tenant, owner: User, number: int) -> None:
    product = product_of(tenant)
    own = {"tenant": tenant, "connection_id": product.connection_id, "product": product, "requested_by": owner}
    # Names may come again once a subscriber is deleted: those are equal.
    Subscriber.objects.bulk_create(
        Subscriber(
            **own,
            username=f"user-{place // 2}" if place % 2 else f"user-{next(_numbers)}",
            state="deleted" if place % 2 else "active",
            vendor_id=f"S-{place}",
            password="secret-of-a-subscriber",
            created_at=moment,
        )
        for place, moment in enumerate(_moments(number))
    )


def orders(tenant: Tenant, owner: User, number: int) -> None:
    product = product_of(tenant)
    own = {"tenant": tenant, "connection_id": product.connection_id, "product": product, "requested_by": owner}
    Order.objects.bulk_create(
        Order(
            **own,
            type="increment",
            quantity=1 + place // 3,
            status="failed" if place % 2 else "fulfilled",
            number="" if place % 2 else f"O-{next(_numbers)}",
            created_at=moment,
        )
        for place, moment in enumerate(_moments(number))
    )


def differences(tenant: Tenant, owner: User, number: int) -> None:
    product = product_of(tenant)
    Drift.objects.bulk_create(
        Drift(
            tenant=tenant,
            connection_id=product.connection_id,
            product=product,
            kind="unknown_order",
            key=f"O-{next(_numbers)}",
            theirs={"type": "increment", "quantity": 1, "status": "pending"},
            ours_at=moment,
            first_seen_at=moment,
            last_seen_at=moment,
        )
        for moment in _moments(number)
    )


def operations(tenant: Tenant, owner: User, number: int) -> None:
    connection = product_of(tenant).connection
    Operation.objects.bulk_create(
        Operation(
            tenant=tenant,
            connection=connection,
            kind="tests.nothing",
            lane=f"lane-{next(_numbers)}",
            label=f"Something {place // 3}",
            status="done",
            ended_at=moment,
            created_at=moment,
            created_by=owner,
        )
        for place, moment in enumerate(_moments(number))
    )


def calls(tenant: Tenant, owner: User, number: int) -> None:
    connection = product_of(tenant).connection
    Call.objects.bulk_create(
        Call(
            tenant=tenant,
            connection=connection,
            started_at=moment,
            duration_ms=place // 3,
            method="GET",
            path="/provisioning/subscriber",
            status=200,
        )
        for place, moment in enumerate(_moments(number))
    )


def connections(tenant: Tenant, owner: User, number: int) -> None:
    address = "https://vendor.example/"
    made = Connection.objects.bulk_create(
        Connection(
            tenant=tenant,
            vendor="kandy",
            name=f"Line {next(_numbers)}",
            base_url=address,
            token_url=address,
            client_id="account-of-a-connection",
            client_secret="secret-of-a-connection",
        )
        for place in range(number)
    )
    ConnectionState.objects.bulk_create(ConnectionState(tenant=tenant, connection=each) for each in made)


def people(tenant: Tenant, owner: User, number: int) -> None:
    made = User.objects.bulk_create(User(email=f"person-{next(_numbers)}@example.com") for _ in range(number))
    Membership.objects.bulk_create(
        Membership(tenant=tenant, user=user, role=Role.VIEWER, created_at=moment)
        for user, moment in zip(made, _moments(number), strict=True)
    )


def entries(tenant: Tenant, owner: User, number: int) -> None:
    record_many(
        "tenancy.settings_changed", [(tenant, {"name": f"Acme {place}"}) for place in range(number)], acting_user=owner
    )


def statements(tenant: Tenant, owner: User, number: int) -> None:
    """One a month from the year 2000 on, three of each total; each names the one before it, as the database wants."""
    known = Statement.objects.filter(tenant=tenant).count()
    closed = {"tenant": tenant, "tenant_name": tenant.name, "zone": "UTC", "currency": "EUR", "line_count": 0}
    Statement.objects.bulk_create(
        Statement(
            **closed,
            sequence=place + 1,
            month=date(2000 + place // 12, place % 12 + 1, 1),
            net=place // 3,
            vat_rate=0,
            vat=0,
            gross=place // 3,
            drawn_at=BEGAN,
            closed_at=BEGAN,
            canonical="{}",
            previous_digest=f"{place:064x}" if place else "",
            digest=f"{place + 1:064x}",
        )
        for place in range(known, known + number)
    )


def telephones(tenant: Tenant) -> Connection:
    found = Connection.objects.filter(tenant=tenant, vendor="apidaze").order_by("name").first()
    return found or some_telephones(tenant, "Lists of telephones")


def sip_accounts(tenant: Tenant, owner: User, number: int) -> None:
    connection = telephones(tenant)
    SipAccount.objects.bulk_create(
        SipAccount(
            tenant=tenant,
            connection=connection,
            requested_by=owner,
            username=f"phone-{place // 2}" if place % 2 else f"phone-{next(_numbers)}",
            name=f"Desk {place // 3}",
            state="deleted" if place % 2 else "active",
            vendor_id=f"sip-{next(_numbers)}",
            password="secret-of-a-telephone",
            created_at=moment,
        )
        for place, moment in enumerate(_moments(number))
    )


def sip_differences(tenant: Tenant, owner: User, number: int) -> None:
    connection = telephones(tenant)
    SipDrift.objects.bulk_create(
        SipDrift(
            tenant=tenant,
            connection=connection,
            kind="unknown_account",
            key=f"phone-{place}",
            vendor_id=f"sip-{next(_numbers)}",
            told={},
            first_seen_at=moment,
            last_seen_at=moment,
        )
        for place, moment in enumerate(_moments(number))
    )


def call_scripts(tenant: Tenant, owner: User, number: int) -> None:
    """Names may come again once a script is deleted, but those are in no list."""
    CallScript.objects.bulk_create(
        CallScript(
            tenant=tenant,
            name=f"Script {next(_numbers)}",
            address="secret-address-of-a-script",
            address_digest=f"{tenant.pk}-{next(_numbers)}",
        )
        for _ in range(number)
    )


def contacts(tenant: Tenant, owner: User, number: int) -> None:
    Contact.objects.bulk_create(
        Contact(tenant=tenant, number=_mobile(), name=f"Person {place // 3}", tags=["customer"], created_at=moment)
        for place, moment in enumerate(_moments(number))
    )


def opt_outs(tenant: Tenant, owner: User, number: int) -> None:
    OptOut.objects.bulk_create(
        OptOut(tenant=tenant, number=_mobile(), source="file", created_by=owner, created_at=moment)
        for moment in _moments(number)
    )


def templates(tenant: Tenant, owner: User, number: int) -> None:
    Template.objects.bulk_create(
        Template(tenant=tenant, name=f"Text {next(_numbers)}", text="Hello", changed_by=owner, changed_at=moment)
        for moment in _moments(number)
    )


def _mobile() -> str:
    return f"+316{next(_numbers):08}"


def sms_connection(tenant: Tenant) -> Connection:
    found = Connection.objects.filter(tenant=tenant, vendor="kpn_sms").order_by("name").first()
    return found or some_sms(tenant, "Lists of messages")


def campaigns(tenant: Tenant, owner: User, number: int) -> None:
    """Each with a batch of one message."""
    own = {"tenant": tenant, "connection": sms_connection(tenant), "sender": "Acme", "created_by": owner}
    made = Campaign.objects.bulk_create(
        Campaign(**own, name=f"Spring {place // 3}", state="done", recipients=1, created_at=moment)
        for place, moment in enumerate(_moments(number))
    )
    for campaign in made:
        sms_messages(tenant, owner, 1, campaign)


def sms_messages(tenant: Tenant, owner: User, number: int, campaign: Campaign | None = None) -> None:
    """Of several campaigns, so that a number comes again."""
    own = {"tenant": tenant, "connection": sms_connection(tenant)}
    for first in range(0, number, 20):
        of = campaign or Campaign.objects.create(**own, name="Autumn", sender="Acme", text="Hello", recipients=20)
        batch = Batch.objects.create(tenant=tenant, campaign=of, number=1)
        Message.objects.bulk_create(
            Message(tenant=tenant, campaign=of, batch=batch, number=f"+316{12_345_000 + place}", country="NL", parts=1)
            for place in range(min(20, number - first))
        )


def replies(tenant: Tenant, owner: User, number: int) -> None:
    """Each of another talk; a sender who writes to several numbers comes again."""
    connection = sms_connection(tenant)
    numbers = VirtualNumber.objects.bulk_create(
        VirtualNumber(tenant=tenant, connection=connection, number=f"+3197{next(_numbers):09}") for _ in range(3)
    )
    InboundMessage.objects.bulk_create(
        InboundMessage(
            tenant=tenant,
            connection=connection,
            to=numbers[place % 3],
            sender=f"+316{12_345_000 + place // 3}",
            text="=1+1",
            vendor_id=f"reply-{next(_numbers)}",
            received_at=moment,
        )
        for place, moment in enumerate(_moments(number))
    )


def extensions(tenant: Tenant, owner: User, number: int) -> None:
    """Of the tenant's first telephone system, the one that the pages show."""
    connection = Connection.objects.filter(tenant=tenant, vendor="kwebbl").order_by("name").first()
    connection = connection or some_switchboard(tenant)
    Extension.objects.bulk_create(
        Extension(
            tenant=tenant,
            connection=connection,
            vendor_id=f"E-{next(_numbers)}",
            name=f"Person {place // 3}",
            number=f"{200 + place}",
            kind="user",
        )
        for place in range(number)
    )


def grants(tenant: Tenant, owner: User, number: int) -> None:
    """Those that ended: there is one that has not for each person."""
    connection = live_connection(tenant)
    Grant.objects.bulk_create(
        Grant(
            tenant=tenant,
            connection=connection,
            user=owner,
            scopes=["user.info"],
            state="ended",
            granted_at=moment,
            granted_by=owner,
        )
        for moment in _moments(number)
    )


def live_calls(tenant: Tenant, owner: User, number: int) -> None:
    connection = live_connection(tenant)
    LiveCall.objects.bulk_create(
        LiveCall(
            tenant=tenant,
            connection=connection,
            state="ended",
            direction="inbound" if place % 2 else "outbound",
            from_number=f"+3161{next(_numbers):07}",
            to_number="345",
            began_at=moment,
            last_event_at=moment,
        )
        for place, moment in enumerate(_moments(number))
    )


def live_events(tenant: Tenant, owner: User, number: int) -> None:
    connection = live_connection(tenant)
    Event.objects.bulk_create(
        Event(
            tenant=tenant,
            connection=connection,
            subscription_id=0,
            key=f"event-{next(_numbers)}",
            body=b"{}",
            event_type="ringing",
            received_at=moment,
            handled_at=moment,
            outcome="applied",
        )
        for place, moment in enumerate(_moments(number))
    )


def live_connection(tenant: Tenant) -> Connection:
    found = Connection.objects.filter(tenant=tenant, vendor="kwebbl").order_by("name").first()
    return found or some_switchboard(tenant, "Lists of calls")


def cards(tenant: Tenant, owner: User, number: int) -> None:
    made = Card.objects.bulk_create(
        Card(tenant=tenant, name=f"Customer {place // 3}", company=f"Company {place % 7}", changed_at=moment)
        for place, moment in enumerate(_moments(number))
    )
    CardNumber.objects.bulk_create(
        CardNumber(tenant=tenant, card=card, number=f"+316{next(_numbers):08}") for card in made
    )


def callback_requests(tenant: Tenant, owner: User, number: int) -> None:
    form = CallbackForm.objects.filter(tenant=tenant).first() or make_form(tenant)
    CallbackRequest.objects.bulk_create(
        CallbackRequest(tenant=tenant, form=form, number=f"+316{next(_numbers):08}", name="Anna", created_at=moment)
        for moment in _moments(number)
    )


def deliveries(tenant: Tenant, owner: User, number: int) -> None:
    endpoint, _made = Endpoint.objects.get_or_create(tenant=tenant, name="Log", defaults={"url": "https://x.example/"})
    Delivery.objects.bulk_create(
        Delivery(
            tenant=tenant, endpoint=endpoint, message_id=f"m{next(_numbers)}", event="call.ended", created_at=moment
        )
        for moment in _moments(number)
    )


MAKERS: dict[str, Maker] = {
    "provisioning.subscribers": subscribers,
    "provisioning.orders": orders,
    "provisioning.differences": differences,
    "operations.operations": operations,
    "vendors.calls": calls,
    "vendors.connections": connections,
    "tenancy.people": people,
    "audit.entries": entries,
    "billing.statements": statements,
    "telephony.sip_accounts": sip_accounts,
    "telephony.differences": sip_differences,
    "telephony.scripts": call_scripts,
    "messaging.contacts": contacts,
    "messaging.opt_outs": opt_outs,
    "messaging.templates": templates,
    "messaging.campaigns": campaigns,
    "messaging.messages": sms_messages,
    "messaging.replies": replies,
    "realtime.extensions": extensions,
    "realtime.grants": grants,
    "realtime.cards": cards,
    "realtime.callback_requests": callback_requests,
    "realtime.deliveries": deliveries,
    "realtime.calls": live_calls,
    "realtime.events": live_events,
}
