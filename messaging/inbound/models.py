"""What people send to a company's virtual numbers."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.sealing import SealedField
from portal.tenancy.wall import TenantForeignKey
from portal.vendors.models import Connection


class VirtualNumber(TenantModel):
    """A number that people can send SMS to (digits of E.164 with +). `forward_to_mail` and `forward_to_url` pass them on."""

    connection = TenantForeignKey(Connection, related_name="sms_numbers", verbose_name=_("connection"))
    number = models.CharField(_("number"), max_length=16)
    name = models.CharField(_("name"), max_length=80, blank=True)
    forward_to_mail = models.EmailField(_("forward to e-mail"), blank=True)
    forward_to_url = models.URLField(_("forward to address"), max_length=500, blank=True)
    # What is forwarded to an address is signed with it.
    forward_secret = SealedField(_("secret of the forwarding"))
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("virtual number"), _("virtual numbers")
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="sms_number_once")]

    def __str__(self) -> str:
        return self.name or self.number


class InboundMessage(TenantModel):
    """An SMS from somebody. `vendor_id` is the vendor's message ID; the same one over one connection is kept once."""

    connection = TenantForeignKey(Connection, related_name="+", verbose_name=_("connection"))
    to = TenantForeignKey(VirtualNumber, related_name="messages", verbose_name=_("to"))
    sender = models.CharField(_("from"), max_length=40)
    text = models.TextField(_("text"), blank=True)
    vendor_id = models.CharField(_("vendor's ID"), max_length=200)
    sent_at = models.DateTimeField(_("sent"), null=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    stop_word = models.CharField(_("stop word"), max_length=20, blank=True)
    text_removed_at = models.DateTimeField(_("text removed"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("inbound message"), _("inbound messages")
        constraints = [models.UniqueConstraint(fields=["connection", "vendor_id"], name="sms_inbound_once")]
        indexes = [
            models.Index(fields=["tenant", "-received_at", "-id"], name="sms_inbound_list"),
            models.Index(fields=["tenant", "sender", "id"], name="sms_inbound_by_sender"),
            models.Index(fields=["to", "sender", "-id"], name="sms_inbound_talk"),
        ]

    def __str__(self) -> str:
        return self.sender


class Forward(TenantModel):
    """An inbound message on its way to a mailbox or an address of the company: tried until done or given up."""

    class Way(models.TextChoices):
        MAIL = "mail", _("E-mail")
        URL = "url", _("Address")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Passed on")
        GIVEN_UP = "given_up", _("Given up")

    inbound = TenantForeignKey(InboundMessage, models.CASCADE, related_name="forwards", verbose_name=_("message"))
    way = models.CharField(_("way"), max_length=4, choices=Way)
    target = models.CharField(_("to"), max_length=500)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    due_at = models.DateTimeField(_("next try"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, editable=False)
    error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("forwarding"), _("forwardings")
        constraints = [models.UniqueConstraint(fields=["inbound", "way"], name="sms_forward_once")]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="waiting"), name="sms_forward_due")]

    def __str__(self) -> str:
        return self.target

    @property
    def condition(self) -> str:
        """One word for a badge (see `portal.ui.statuses`)."""
        return f"forward_{self.state}"
