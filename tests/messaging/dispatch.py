"""A campaign that was planned, and the background that sends it, step by step in the test's own process."""

from collections.abc import Sequence
from decimal import Decimal

from django.db.models.functions import Now
from django.utils import timezone

from messaging.campaigns import release, turns
from messaging.models import Batch, Campaign, Destination, Message, MessageState, Sender, Sending, SmsRules
from portal.tenancy.scope import tenant_scope
from portal.turns import take_turn
from portal.vendors.models import Connection
from tests.messaging.mailroom import Mailroom

PRICE = Decimal("0.0700")


def mobiles(number: int, first: int = 0) -> list[str]:
    """That many Dutch mobile numbers."""
    return [f"+316{10_000_000 + first + each}" for each in range(number)]


def keep_rules(tenant_id: int, **fields: object) -> None:
    with tenant_scope(tenant_id):
        SmsRules.objects.update_or_create(tenant_id=tenant_id, defaults=fields)


def planned(connection: Connection, *sizes: int, canary: int = 0, country: str = "NL", **fields: object) -> Campaign:
    """A campaign as the pre-flight leaves it: batches of these sizes, the first alone where `canary` is its size."""
    tenant_id, sizes = connection.tenant_id, ((canary, *sizes) if canary else sizes)
    total = sum(sizes)
    with tenant_scope(tenant_id):
        Sender.objects.update_or_create(tenant_id=tenant_id, name="Acme", defaults={"state": Sender.State.ALLOWED})
        Destination.objects.get_or_create(
            connection=connection, country=country, defaults={"tenant_id": tenant_id, "unit_price": PRICE}
        )
        values = {"name": "Spring", "text": "Hello", "sender": "Acme", "state": Campaign.State.READY} | fields
        values.setdefault("eur", (PRICE * total).quantize(Decimal("0.01")))
        campaign = Campaign.objects.create(
            tenant_id=tenant_id,
            connection=connection,
            recipients=total,
            parts=total,
            planned_at=timezone.now(),
            **values,
        )
        numbers = iter(mobiles(total, first=campaign.pk * 1_000))
        for number, size in enumerate(sizes, 1):
            _batch(campaign, number, [next(numbers) for _ in range(size)], country, canary=bool(canary) and number == 1)
    return campaign


def _batch(campaign: Campaign, number: int, recipients: Sequence[str], country: str, *, canary: bool) -> None:
    batch = Batch.objects.create(tenant_id=campaign.tenant_id, campaign=campaign, number=number, canary=canary)
    Message.objects.bulk_create(
        Message(
            tenant_id=campaign.tenant_id,
            campaign=campaign,
            batch=batch,
            number=each,
            country=country,
            parts=1,
            line=line,
        )
        for line, each in enumerate(recipients, 1)
    )


class Dispatch:
    """One tenant's mailroom, with what its people do to campaigns."""

    def __init__(self, mailroom: Mailroom, person: object) -> None:
        self.mailroom, self.person = mailroom, person
        self.connection = mailroom.connection
        # Reports are made by hand.
        mailroom.control.sms_settings(mailroom.client_id, mode="manual")

    def scope(self):
        return self.mailroom.scope()

    def planned(self, *sizes: int, **how: object) -> Campaign:
        return planned(self.connection, *sizes, **how)

    def release(self, campaign: Campaign, person: object | None = None) -> Campaign:
        with self.scope():
            return release.release(campaign, planned_at=campaign.planned_at, acting_user=person or self.person)

    def released(self, *sizes: int, **how: object) -> Campaign:
        return self.release(self.planned(*sizes, **how))

    def turn(self, campaign: Campaign) -> Campaign:
        """The background looks at the campaign once, as if it were due."""
        with self.scope():
            Campaign.objects.filter(pk=campaign.pk, due_at__isnull=False).update(due_at=Now())
        take_turn(Campaign, self.mailroom.tenant.pk, campaign.pk, turns.step)
        return self.fresh(campaign)

    def send(self, campaign: Campaign, rounds: int = 20) -> Campaign:
        """Turns and workers until the campaign rests."""
        for _ in range(rounds):
            self.turn(campaign)
            self.mailroom.work()
        return self.turn(campaign)

    def fresh(self, campaign: Campaign) -> Campaign:
        with self.scope():
            return Campaign.objects.get(pk=campaign.pk)

    def batch(self, campaign: Campaign, number: int = 1) -> Batch:
        with self.scope():
            return Batch.objects.select_related("operation").get(campaign=campaign, number=number)

    def counts(self, campaign: Campaign) -> dict[str, int]:
        """How many messages are in which state, as the batches count them."""
        with self.scope():
            rows = list(Batch.objects.filter(campaign=campaign))
        sums = {state.value: sum(getattr(row, state.value) for row in rows) for state in MessageState}
        return {state: number for state, number in sums.items() if number}

    def reached(self) -> list[str]:
        """Each number that the vendor really sent to, as often as it did."""
        return [each["number"] for each in self.mailroom.control.sms(self.mailroom.client_id)]

    def lose_answers(self, times: int = 1, *, worked: bool = True) -> None:
        kind = "lost_answer" if worked else "no_work_lost"
        self.mailroom.control.add_fault(kind, method="POST", path="/send", times=times)

    def give_up_looking(self) -> None:
        """Let the portal look in vain until a person is asked."""
        for _ in range(4):
            self.mailroom.let_time_pass()
            self.mailroom.work_once()

    def report(self, campaign: Campaign, number: int = 1) -> Sending:
        """A first report came to the address of the batch's last sending."""
        with self.scope():
            sending = Sending.objects.filter(batch__campaign=campaign, batch__number=number).latest("number")
            sending.first_report_at = timezone.now()
            sending.save(update_fields=["first_report_at"])
        return sending
