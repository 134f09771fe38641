"""What was promised to a vendor, and what became of it: the journal that the engine works from."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.operations.registry import kind_label
from portal.sentences import Sentence
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.ui.badges import COUNTED
from portal.vendors.models import SEALED_OF_CONNECTION, Connection


class Status(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Sending")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Outcome unknown")
    NEEDS_PERSON = "needs_person", _("Needs a person")
    CANCELLED = "cancelled", _("Cancelled")


# While one of these is in a lane, nothing else in that lane may leave: its outcome could not be told apart.
HOLDING = [Status.SENDING, Status.UNKNOWN, Status.NEEDS_PERSON]
ENDED = [Status.DONE, Status.REFUSED, Status.CANCELLED]
# Sent, and nobody knows what became of it.
STUCK = [Status.UNKNOWN, Status.NEEDS_PERSON]


class OperationQuerySet(models.QuerySet["Operation"]):
    def open(self) -> "OperationQuerySet":
        return self.exclude(status__in=ENDED)

    def needing_a_person(self) -> "OperationQuerySet":
        return self.filter(status=Status.NEEDS_PERSON)

    def refusals_to_note(self) -> "OperationQuerySet":
        """Refused by the vendor, and support has not taken note of it."""
        return self.filter(status=Status.REFUSED, noted_at=None)

    def refused_alike(self, operation: "Operation") -> "OperationQuerySet":
        """`refusals_to_note` of the same kind, over the same connection, in the same words."""
        return self.refusals_to_note().filter(
            connection_id=operation.connection_id, kind=operation.kind, message=operation.message
        )

    def in_lane(self, connection_id: int, lane: str) -> "OperationQuerySet":
        return self.filter(connection_id=connection_id, lane=lane)

    def for_list(self) -> "OperationQuerySet":
        """With who and where, and without the connection's sealed fields."""
        return self.select_related("connection", "created_by").defer(*SEALED_OF_CONNECTION)

    def for_story(self) -> "OperationQuerySet":
        """`for_list`, with what else is in the lane: `holder` (id, label, status; or None), `behind` (ids, at most COUNTED).

        `decided` says whether anybody ever decided about it, `quiet_until` before when its connection must not be called.
        """
        lane = Operation.objects.filter(connection_id=OuterRef("connection_id"), lane=OuterRef("lane"))
        holder = lane.filter(status__in=HOLDING).exclude(pk=OuterRef("pk"))
        behind = lane.filter(status=Status.WAITING, pk__gt=OuterRef("pk")).order_by("pk")
        return self.for_list().annotate(  # type: ignore[no-redef]
            holder=Subquery(holder.values(json=JSONObject(id="pk", label="label", status="status"))[:1]),
            behind=ArraySubquery(behind.values("pk")[:COUNTED]),
            decided=Exists(Decision.objects.filter(operation=OuterRef("pk"))),
            quiet_until=F("connection__health__quiet_until"),
        )

    def due(self) -> "OperationQuerySet":
        """Waiting, their time has come, their lane is free, and their connection may be called."""
        holder = Operation.objects.filter(
            connection_id=OuterRef("connection_id"), lane=OuterRef("lane"), status__in=HOLDING
        )
        return self.filter(
            Q(connection__health__quiet_until=None) | Q(connection__health__quiet_until__lte=Now()),
            ~Exists(holder),
            status=Status.WAITING,
            due_at__lte=Now(),
            connection__enabled=True,
            tenant__state="active",
        )

    def to_be_settled(self) -> "OperationQuerySet":
        """Unknown, and it is time to look; nobody is looking now."""
        return self.filter(
            Q(lease_until=None) | Q(lease_until__lt=Now()),
            status=Status.UNKNOWN,
            due_at__lte=Now(),
            connection__enabled=True,
            tenant__state="active",
        )

    def overdue_sending(self) -> "OperationQuerySet":
        """Sent by a worker that has not come back within its lease, by the database's clock."""
        return self.filter(status=Status.SENDING, lease_until__lt=Now())


class Operation(TenantModel):
    """One promise: a change that a person (or the portal) asked for, to be made at a vendor exactly once.

    `lane` names what is serialised at the vendor; at most one operation of a lane is under way or unknown.
    `due_at` is when the next step may be taken: the next sending while waiting, the next look while unknown.
    """

    class Trouble(models.TextChoices):
        NONE = "", _("None")
        UNREACHABLE = "unreachable", _("Vendor unreachable")
        CREDENTIALS = "credentials", _("Credentials refused")
        QUOTA = "quota", _("Quota used up")
        REFUSED = "refused", _("Refused by the vendor")
        UNKNOWN = "unknown", _("No answer")
        PROTOCOL = "protocol", _("Answer not understood")

    connection = TenantForeignKey(Connection, related_name="operations", verbose_name=_("connection"))
    kind = models.CharField(_("kind"), max_length=60)
    lane = models.CharField(max_length=200)
    label = models.CharField(_("what"), max_length=254)
    subject_type = models.CharField(max_length=80, blank=True)
    subject_id = models.BigIntegerField(null=True)
    payload = models.JSONField(default=dict)
    costs_money = models.BooleanField(_("costs money"), default=False)
    form_key = models.UUIDField(null=True, editable=False)
    request_id = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by")
    )

    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.WAITING)
    due_at = models.DateTimeField(_("next step"), default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveIntegerField(_("attempts"), default=0)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    resend_count = models.PositiveIntegerField(default=0)
    look_count = models.PositiveIntegerField(_("looks"), default=0)
    unknown_since = models.DateTimeField(_("unknown since"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    trouble = models.CharField(_("trouble"), max_length=16, choices=Trouble, blank=True)
    message = models.TextField(_("message"), blank=True)
    # When support took note of a refusal; until then it is on the desk.
    noted_at = models.DateTimeField(null=True, editable=False)

    # Where it was read by `for_story`.
    holder: dict[str, Any] | None
    behind: list[int]
    decided: bool
    quiet_until: datetime | None

    objects = OperationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("operation"), _("operations")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "lane"], condition=Q(status__in=HOLDING), name="one_under_way_per_lane"
            ),
            models.UniqueConstraint(
                fields=["tenant", "form_key"], condition=Q(form_key__isnull=False), name="form_key_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="operation_by_tenant"),
            models.Index(fields=["tenant", "label", "id"], name="operation_list_label"),
            models.Index(
                fields=["tenant", "-created_at", "-id"], condition=Q(ended_at=None), name="operation_list_not_ended"
            ),
            models.Index(fields=["tenant", "status", "-created_at", "-id"], name="operation_by_status"),
            models.Index(fields=["tenant", "subject_type", "subject_id", "-id"], name="operation_by_subject"),
            models.Index(
                fields=["connection", "lane", "id"], condition=Q(status=Status.WAITING), name="operation_queue"
            ),
            models.Index(fields=["due_at"], condition=Q(status=Status.WAITING), name="operation_waiting"),
            models.Index(fields=["due_at"], condition=Q(status=Status.UNKNOWN), name="operation_unknown"),
            models.Index(fields=["lease_until"], condition=Q(status=Status.SENDING), name="operation_sending"),
            # For support staff, over all tenants.
            models.Index(fields=["status", "-id"], condition=~Q(status=Status.DONE), name="operation_not_done"),
            models.Index(fields=["trouble", "-id"], condition=~Q(trouble=""), name="operation_by_trouble"),
            models.Index(fields=["kind", "-id"], name="operation_by_kind"),
            models.Index(fields=["created_at", "id"], condition=Q(status__in=STUCK), name="operation_desk_stuck"),
            models.Index(
                fields=["ended_at", "id"],
                condition=Q(status=Status.REFUSED, noted_at=None),
                name="operation_desk_refused",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def kind_label(self) -> Any:
        return kind_label(self.kind)

    @property
    def said(self) -> str:
        """`message` for a reader: our own sentences in their language, anybody else's words as they came."""
        return str(Sentence(self.message))

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def subject_pk(self) -> int:
        """Of kinds that are always promised with what they are about."""
        assert self.subject_id is not None, "this kind is promised with its subject"
        return self.subject_id

    @property
    def cancellable(self) -> bool:
        return self.status == Status.WAITING


def status_about(model_label: str) -> Subquery:
    """An annotation of a model's rows: how the latest operation about each stands. "telephony.sipaccount" is a label."""
    own = Operation.objects.filter(tenant=OuterRef("tenant"), subject_type=model_label, subject_id=OuterRef("pk"))
    return Subquery(own.order_by("-id").values("status")[:1])


class Attempt(TenantModel):
    """One sending, or one look at the vendor to learn what a lost answer was."""

    class Purpose(models.TextChoices):
        SEND = "send", _("Sent")
        LOOK = "look", _("Looked")

    class Outcome(models.TextChoices):
        OPEN = "open", _("Under way")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        NOT_SENT = "not_sent", _("Not sent")
        THROTTLED = "throttled", _("Told to wait")
        CREDENTIALS = "credentials", _("Credentials refused")
        UNKNOWN = "unknown", _("No answer")
        FOUND = "found", _("Found at the vendor")
        ABSENT = "absent", _("Not at the vendor")
        CANNOT_TELL = "cannot_tell", _("Cannot tell")
        LATE = "late", _("Answered after its time")

    operation = TenantForeignKey(Operation, related_name="attempts", verbose_name=_("operation"))
    number = models.PositiveIntegerField(_("number"))
    purpose = models.CharField(_("purpose"), max_length=4, choices=Purpose)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.OPEN)
    status = models.PositiveIntegerField(_("status"), null=True)
    vendor_request_id = models.CharField(_("vendor's request id"), max_length=100, blank=True)
    message = models.TextField(_("message"), blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    worker = models.CharField(_("worker"), max_length=120, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("attempt"), _("attempts")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "purpose", "number"], name="attempt_number_once"),
        ]
        indexes = [models.Index(fields=["outcome", "-id"], condition=~Q(outcome="done"), name="attempt_by_outcome")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.number}: {self.get_outcome_display()}"

    @property
    def said(self) -> str:
        """As `Operation.said`."""
        return str(Sentence(self.message))


class DecisionQuerySet(models.QuerySet["Decision"]):
    def pending(self) -> "DecisionQuerySet":
        """Asked for, and waiting for a second person."""
        return self.filter(needs_second=True, confirmed_at=None, withdrawn_at=None)


class Decision(TenantModel):
    """What a person decided about an operation, and why. Where it costs money a second person confirms it."""

    class Action(models.TextChoices):
        CANCEL = "cancel", _("Cancel")
        SEND_AGAIN = "send_again", _("Send again")
        MARK_DONE = "mark_done", _("Mark as done")
        GIVE_UP = "give_up", _("Give up")
        LOOK_AGAIN = "look_again", _("Look again")

    operation = TenantForeignKey(Operation, related_name="decisions", verbose_name=_("operation"))
    action = models.CharField(_("decision"), max_length=12, choices=Action)
    reason = models.TextField(_("reason"), blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    asked_at = models.DateTimeField(_("decided"), default=timezone.now)
    needs_second = models.BooleanField(_("needs a second person"), default=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("decision"), _("decisions")
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("asked_by")), name="second_person_is_another"
            ),
            models.UniqueConstraint(
                fields=["operation"],
                condition=Q(needs_second=True, confirmed_at=None, withdrawn_at=None),
                name="one_open_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.operation}"

    @property
    def pending(self) -> bool:
        return self.needs_second and self.confirmed_at is None and self.withdrawn_at is None
