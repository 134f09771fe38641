"""Calls, put together from what events told of their legs, and what was asked of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.operations.models import Operation
from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection
from realtime.extensions.models import Extension


class LegState(models.TextChoices):
    """`UNSURE`: its end may have been lost, so nobody says any more that it is going on."""

    CREATED = "created", _("Begun")
    RINGING = "ringing", _("Ringing")
    TALKING = "talking", _("Talking")
    ON_HOLD = "on_hold", _("On hold")
    ENDED = "ended", _("Ended")
    UNSURE = "unsure", _("Unsure")


LIVE = [LegState.CREATED, LegState.RINGING, LegState.TALKING, LegState.ON_HOLD]


def known_as(pk: int) -> Q:
    """The call of this number, also where it turned out to be part of another one: links to it are out in the world."""
    return Q(pk=pk) | Q(pk__in=Leg.objects.filter(was_of=pk).values("call"))


class Call(TenantModel):
    """A conversation: the legs that were bridged together, or one leg alone. What its legs say, in one row for lists."""

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    state = models.CharField(_("state"), max_length=8, choices=LegState, default=LegState.CREATED)
    direction = models.CharField(_("direction"), max_length=10, blank=True)
    # In byte order, so that the beginning of a number is a range, which an index answers behind the wall.
    from_number = models.CharField(_("from"), max_length=40, blank=True, db_collation="C")
    from_extension = TenantForeignKey(Extension, null=True, related_name="+", verbose_name=_("from"))
    to_number = models.CharField(_("to"), max_length=40, blank=True, db_collation="C")
    to_extension = TenantForeignKey(Extension, null=True, related_name="+", verbose_name=_("to"))
    began_at = models.DateTimeField(_("began"))
    answered_at = models.DateTimeField(_("answered"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    recorded = models.BooleanField(_("recorded"), default=False)
    transferred = models.CharField(_("transferred"), max_length=10, blank=True)
    last_event_at = models.DateTimeField(_("last event"))
    # When a call of which nothing more was heard is unsure.
    unsure_at = models.DateTimeField(null=True, editable=False)
    # Counts every change, so that a board knows what it has shown.
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("telephone", "call"), pgettext_lazy("telephone", "calls")
        indexes = [
            models.Index(fields=["tenant", "-began_at", "-id"], name="realtime_call_list"),
            models.Index(
                fields=["tenant", "began_at"], condition=~Q(state__in=["ended", "unsure"]), name="realtime_call_live"
            ),
            models.Index(fields=["unsure_at"], condition=~Q(unsure_at=None), name="realtime_call_unsure"),
            models.Index(fields=["tenant", "from_number", "-id"], name="realtime_call_from"),
            models.Index(fields=["tenant", "to_number", "-id"], name="realtime_call_to"),
        ]

    def __str__(self) -> str:
        return f"{self.from_number} → {self.to_number}"


class Leg(TenantModel):
    """One leg by the vendor's `call_id`: what its events say, in whatever order they came (`realtime.calls.folding`)."""

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    call = TenantForeignKey(Call, models.CASCADE, related_name="legs", verbose_name=_("call"))
    # The call that it was made with, where that is gone because it turned out to be part of `call`.
    was_of = models.BigIntegerField(null=True, editable=False)
    vendor_id = models.CharField(_("vendor's call ID"), max_length=80)
    state = models.CharField(_("state"), max_length=8, choices=LegState, default=LegState.CREATED)
    direction = models.CharField(_("direction"), max_length=10, blank=True)
    from_number = models.CharField(_("from"), max_length=40, blank=True)
    from_extension = TenantForeignKey(Extension, null=True, related_name="+", verbose_name=_("from"))
    from_caller_id = models.CharField(_("caller ID"), max_length=80, blank=True)
    via_number = models.CharField(_("via"), max_length=40, blank=True)
    via_extension = TenantForeignKey(Extension, null=True, related_name="+", verbose_name=_("via"))
    to_number = models.CharField(_("to"), max_length=40, blank=True)
    to_extension = TenantForeignKey(Extension, null=True, related_name="+", verbose_name=_("to"))
    began_at = models.DateTimeField(_("began"))
    ringing_at = models.DateTimeField(_("ringing"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    held_at = models.DateTimeField(_("on hold since"), null=True)
    recording_at = models.DateTimeField(_("recorded since"), null=True)
    recorded = models.BooleanField(_("recorded"), default=False)
    transferred = models.CharField(_("transferred"), max_length=10, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    # Between whom it began, and when its own events begin: by these a "created" without a call ID finds it. "" for a leg
    # that was told its own "created".
    ends = models.CharField(max_length=140, blank=True, editable=False)
    heard_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("leg"), _("legs")
        constraints = [models.UniqueConstraint(fields=["connection", "vendor_id"], name="realtime_leg_once")]
        indexes = [
            models.Index(fields=["call"], name="realtime_leg_of_call"),
            models.Index(fields=["was_of"], condition=~Q(was_of=None), name="realtime_leg_was_of"),
            models.Index(fields=["connection", "ends", "heard_at"], condition=~Q(ends=""), name="realtime_leg_ends"),
            models.Index(fields=["tenant", "began_at"], condition=~Q(state="ended"), name="realtime_leg_open"),
        ]

    def __str__(self) -> str:
        return self.vendor_id


class LegEvent(TenantModel):
    """What one event said of one leg: the facts that the leg is made of. `told` is the event without what is not understood."""

    leg = TenantForeignKey(Leg, models.CASCADE, related_name="events", verbose_name=_("leg"))
    event_key = models.CharField(_("event"), max_length=80)
    event_type = models.CharField(_("type"), max_length=40)
    at = models.DateTimeField(_("time"))
    told = models.JSONField(default=dict)

    class Meta:
        verbose_name, verbose_name_plural = _("event of a leg"), _("events of a leg")
        constraints = [models.UniqueConstraint(fields=["leg", "event_key"], name="realtime_leg_event_once")]

    def __str__(self) -> str:
        return self.event_type


class LooseBegin(TenantModel):
    """A "created" that names no call. It belongs to `leg` while that alone can be meant (`realtime.calls.pairing`)."""

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    event_key = models.CharField(_("event"), max_length=80)
    at = models.DateTimeField(_("time"))
    ends = models.CharField(max_length=140)
    told = models.JSONField(default=dict)
    leg = TenantForeignKey(Leg, models.SET_NULL, null=True, related_name="+", verbose_name=_("leg"))

    class Meta:
        verbose_name, verbose_name_plural = _("beginning without a call"), _("beginnings without a call")
        constraints = [models.UniqueConstraint(fields=["connection", "event_key"], name="realtime_loose_begin_once")]
        indexes = [models.Index(fields=["connection", "ends", "at"], name="realtime_loose_begin_ends")]

    def __str__(self) -> str:
        return self.event_key


class CallAction(TenantModel):
    """What somebody asked of a call, or to be called: shown as asked for until an event confirms it.

    Never repeated by itself. `call` is None for a call that is to be placed, until its events tell which one it became.
    """

    class Kind(models.TextChoices):
        PLACE = "place", pgettext_lazy("telephone", "Call")
        HANG_UP = "hang_up", _("Hang up")
        TRANSFER_BLIND = "transfer_blind", _("Transfer")
        TRANSFER_ATTENDED = "transfer_attended", _("Transfer after asking")
        HOLD = "hold", _("Hold")
        RESUME = "resume", _("Resume")
        START_RECORDING = "start_recording", _("Start recording")
        STOP_RECORDING = "stop_recording", _("Stop recording")

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        TAKEN = "taken", _("Taken by the vendor")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Refused")
        UNKNOWN = "unknown", _("Outcome unknown")
        UNCONFIRMED = "unconfirmed", _("Not confirmed")
        TOO_LATE = "too_late", _("Too late, not sent")

    connection = TenantForeignKey(Connection, models.CASCADE, related_name="+", verbose_name=_("connection"))
    call = TenantForeignKey(Call, null=True, related_name="actions", verbose_name=_("call"))
    leg = TenantForeignKey(Leg, null=True, related_name="+", verbose_name=_("leg"))
    kind = models.CharField(_("what"), max_length=20, choices=Kind)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.ASKED)
    operation = TenantForeignKey(Operation, null=True, related_name="+", verbose_name=_("operation"))
    from_number = models.CharField(_("from"), max_length=40, blank=True)
    from_extension = TenantForeignKey(Extension, null=True, related_name="+", verbose_name=_("from"))
    to_number = models.CharField(_("to"), max_length=40, blank=True)
    to_extension = TenantForeignKey(Extension, null=True, related_name="+", verbose_name=_("to"))
    said = models.TextField(_("the vendor said"), blank=True)
    # Nothing leaves after this: a telephone that rings minutes later frightens people.
    send_until = models.DateTimeField(_("to be sent until"))
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("call action"), _("call actions")
        indexes = [
            models.Index(fields=["tenant", "-asked_at", "-id"], name="realtime_action_list"),
            models.Index(fields=["call", "-id"], name="realtime_action_of_call"),
            models.Index(
                fields=["connection", "id"],
                condition=Q(state__in=["asked", "taken", "unknown"]),
                name="realtime_action_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}"
