"""A campaign, the batches it leaves in, and what became of each of its messages."""

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.bounds import LONGEST_SENDER
from portal.operations.models import Operation
from portal.sentences import Sentence
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey, TenantOneToOneField
from portal.turns import Turns
from portal.vendors.models import SEALED_OF_CONNECTION, Connection


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def for_list(self) -> "CampaignQuerySet":
        return self.select_related("connection", "created_by").defer(*SEALED_OF_CONNECTION)

    def living(self) -> "CampaignQuerySet":
        return self.exclude(state__in=Campaign.ENDED)

    def wanting_a_person(self) -> "CampaignQuerySet":
        return self.filter(state__in=Campaign.WANTS_A_PERSON)

    def with_counts(self) -> "CampaignQuerySet":
        """Each with `counts`: how many of its messages are in each state (see `messaging.campaigns.tally`)."""
        sums = JSONObject(**{state: Sum(state) for state in MessageState.values})
        batches = Batch.objects.filter(campaign=OuterRef("pk")).order_by().values("campaign")
        return self.annotate(counts=Subquery(batches.annotate(sums=sums).values("sums")))


class Campaign(Turns):
    """One text (with or without placeholders) to many people, or to one.

    `audience` says where recipients come from (see `messaging.campaigns.audience`); `plan` is what the pre-flight found, as
    counts and money. `recipients`, `parts` and `eur` are of the plan; `eur` is None while a price is not agreed.
    `starts_at` None means as soon as it is released. `stopped_because` is a `Sentence` as JSON.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        CHECKING = "checking", _("Being checked")
        READY = "ready", _("Ready")
        AWAITING = "awaiting", _("Waits for a second person")
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        STOPPED = "stopped", _("Stopped by itself")
        DONE = "done", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")

    EDITABLE = [State.DRAFT, State.CHECKING, State.READY]
    ENDED = [State.DONE, State.CANCELLED]
    WANTS_A_PERSON = [State.STOPPED, State.AWAITING]

    connection = TenantForeignKey(Connection, related_name="sms_campaigns", verbose_name=_("connection"))
    name = models.CharField(_("name"), max_length=120)
    text = models.TextField(_("text"), blank=True)
    sender = models.CharField(_("sender"), max_length=LONGEST_SENDER)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    audience = models.JSONField(default=dict)
    # Of one message, in seconds; None: as long as the vendor tries.
    expires_in = models.PositiveIntegerField(_("valid for (seconds)"), null=True, blank=True)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ignores_quiet_hours = models.BooleanField(_("also in quiet hours"), default=False)

    plan = models.JSONField(default=dict)
    planned_at = models.DateTimeField(null=True, editable=False)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    parts = models.PositiveIntegerField(_("parts"), default=0)
    eur = models.DecimalField(_("price (EUR)"), max_digits=12, decimal_places=2, null=True)
    # The day on which the bounds were held against, while something is set aside there.
    reserved_on = models.DateField(null=True, editable=False)

    form_key = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("made by")
    )
    released_at = models.DateTimeField(_("released"), null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("released by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    began_at = models.DateTimeField(_("began"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    stopped_because = models.JSONField(default=dict)
    text_removed_at = models.DateTimeField(_("texts removed"), null=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("campaign"), _("campaigns")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "form_key"], condition=Q(form_key__isnull=False), name="sms_campaign_form_once"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("released_by")), name="sms_second_is_another"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="sms_campaign_list"),
            models.Index(fields=["tenant", "name", "id"], name="sms_campaign_by_name"),
            models.Index(fields=["tenant", "state", "-created_at", "-id"], name="sms_campaign_by_state"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="sms_campaign_due"),
            models.Index(
                fields=["state", "id"],
                condition=Q(state__in=["stopped", "awaiting"]),
                name="sms_campaign_wants_a_person",
            ),
            models.Index(
                fields=["ended_at"], condition=Q(ended_at__isnull=False, text_removed_at=None), name="sms_text_kept"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def editable(self) -> bool:
        return self.state in self.EDITABLE

    @property
    def living(self) -> bool:
        return self.state not in self.ENDED

    @property
    def why_stopped(self) -> Sentence:
        return Sentence.from_json(self.stopped_because)

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"campaign_{self.state}"


class MessageState(models.TextChoices):
    """Where a message is. Its end is told by a delivery report, except where it never left."""

    PLANNED = "planned", _("Planned")
    WAITING = "waiting", _("Waiting")
    HANDED_OVER = "handed_over", _("Handed over")
    ACCEPTED = "accepted", _("Accepted")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    UNKNOWN = "unknown", _("Unknown")
    REFUSED = "refused", _("Refused by the vendor")
    SKIPPED = "skipped", _("Left out")
    CANCELLED = "cancelled", _("Cancelled")


# A report may lead from an earlier group to a later one, never back; those of the last group are final.
BEFORE_LEAVING = [MessageState.PLANNED, MessageState.WAITING]
LEFT = [MessageState.UNKNOWN, MessageState.HANDED_OVER, MessageState.ACCEPTED]
TOLD_ENDS = [MessageState.DELIVERED, MessageState.FAILED, MessageState.REJECTED, MessageState.EXPIRED]
NEVER_LEFT = [MessageState.REFUSED, MessageState.SKIPPED, MessageState.CANCELLED]


class Batch(TenantModel):
    """What goes to the vendor by one call: at most MOST_IN_A_CALL messages of a campaign, frozen before the first is sent.

    The counts of its messages by state are kept by PostgreSQL (migration 0002): whoever changes messages locks their batches
    first, in the order of their ids.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        ASKED = "asked", _("Being sent")
        DONE = "done", _("Taken by the vendor")
        UNKNOWN = "unknown", _("Outcome unknown")
        REFUSED = "refused", _("Refused")
        CANCELLED = "cancelled", _("Cancelled")

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="batches", verbose_name=_("campaign"))
    number = models.PositiveIntegerField(_("number"))
    canary = models.BooleanField(_("first one alone"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    operation = TenantForeignKey(Operation, null=True, related_name="sms_batches", verbose_name=_("operation"))
    # When the vendor had it at the latest, and until when it may still deliver it.
    taken_at = models.DateTimeField(_("taken"), null=True)
    reports_due_at = models.DateTimeField(_("reports due"), null=True)
    # Reports that belong to it and cannot be told to one message: the customer's privacy settings left out the number.
    unmatched = models.PositiveIntegerField(_("reports without a number"), default=0)

    planned = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    handed_over = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    expired = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("batch"), _("batches")
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="sms_batch_once")]
        indexes = [
            models.Index(fields=["campaign", "state", "number"], name="sms_batch_by_state"),
            models.Index(
                fields=["tenant", "state", "id"],
                condition=Q(state__in=["asked", "unknown"]),
                name="sms_batch_open",
            ),
            models.Index(
                fields=["reports_due_at"],
                condition=Q(handed_over__gt=0) | Q(accepted__gt=0),
                name="sms_batch_reports_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.number}"

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"sms_batch_{self.state}"


class Message(TenantModel):
    """One SMS to one recipient, who is in a campaign once. `number` is E.164; `text` is "" where it is the campaign's own.

    `code` is the vendor's error code of a delivery report ("" for none), `line` where the recipient stood in the list or file.
    """

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="messages", verbose_name=_("campaign"))
    batch = TenantForeignKey(Batch, models.CASCADE, related_name="messages", verbose_name=_("batch"))
    number = models.CharField(_("recipient"), max_length=16)
    country = models.CharField(_("country"), max_length=2)
    text = models.TextField(_("text"), blank=True)
    parts = models.PositiveSmallIntegerField(_("parts"))
    line = models.PositiveIntegerField(_("line"), default=0)
    state = models.CharField(_("state"), max_length=11, choices=MessageState, default=MessageState.PLANNED)
    state_at = models.DateTimeField(_("since"), default=timezone.now)
    code = models.CharField(_("vendor's code"), max_length=20, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("message"), _("messages")
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="sms_recipient_once")]
        indexes = [
            models.Index(fields=["tenant", "number", "-id"], name="sms_message_by_number"),
            models.Index(fields=["campaign", "state", "id"], name="sms_message_by_state"),
            models.Index(fields=["batch", "state"], name="sms_message_of_batch"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"sms_{self.state}"


class Sending(TenantModel):
    """One attempt to hand a batch over. Its report address is made from its id, so a report there proves that it left."""

    batch = TenantForeignKey(Batch, models.CASCADE, related_name="sendings", verbose_name=_("batch"))
    connection = TenantForeignKey(Connection, related_name="+", verbose_name=_("connection"))
    number = models.PositiveIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    messages = models.PositiveIntegerField(_("messages"))
    document_id = models.CharField(_("vendor's document ID"), max_length=100, blank=True)
    first_report_at = models.DateTimeField(_("first report"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("sending"), _("sendings")
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="sms_sending_once")]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.number}"


class PartsSent(TenantModel):
    """The ledger of what is charged for: parts that the vendor is proven to have taken, by batch and destination."""

    destination = TenantForeignKey("Destination", related_name="+", verbose_name=_("destination"))
    batch = TenantForeignKey(Batch, related_name="+", verbose_name=_("batch"))
    sending = TenantForeignKey(Sending, related_name="+", verbose_name=_("sending"))
    # When the vendor had them: the sending's own time, also where it was proven later.
    sent_at = models.DateTimeField(_("sent"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    messages = models.PositiveIntegerField(_("messages"))
    parts = models.PositiveIntegerField(_("parts"))

    class Meta:
        verbose_name, verbose_name_plural = _("parts sent"), _("parts sent")
        constraints = [models.UniqueConstraint(fields=["sending", "destination"], name="sms_parts_once")]
        indexes = [models.Index(fields=["destination", "sent_at"], name="sms_parts_of_month")]

    def __str__(self) -> str:
        return f"{self.parts}"


class RejectedLine(TenantModel):
    """A line of a campaign's list that becomes no message, and why (a `Sentence` as JSON). `kind` sorts the reasons."""

    class Kind(models.TextChoices):
        INVALID = "invalid", _("Not a mobile number")
        COUNTRY = "country", _("Country not allowed")
        DUPLICATE = "duplicate", _("Twice in the list")
        OPTED_OUT = "opted_out", _("On the do-not-send list")
        TEXT = "text", _("Text not possible")

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="rejected_lines", verbose_name=_("campaign"))
    line = models.PositiveIntegerField(_("line"))
    value = models.CharField(_("as it was given"), max_length=100, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    reason = models.JSONField(default=dict)

    class Meta:
        verbose_name, verbose_name_plural = _("line left out"), _("lines left out")
        indexes = [models.Index(fields=["campaign", "kind", "line"], name="sms_rejected_by_kind")]

    def __str__(self) -> str:
        return f"{self.line}: {self.value}"

    @property
    def why(self) -> str:
        return str(Sentence.from_json(self.reason))


class AudienceFile(TenantModel):
    """The list of a campaign as it was given: pasted numbers or a CSV file, as UTF-8 compressed by zlib."""

    campaign = TenantOneToOneField(Campaign, models.CASCADE, related_name="audience_file", verbose_name=_("campaign"))
    name = models.CharField(_("file"), max_length=200, blank=True)
    content = models.BinaryField()

    class Meta:
        verbose_name, verbose_name_plural = _("list of recipients"), _("lists of recipients")

    def __str__(self) -> str:
        return self.name
