"""People whom a company writes to, what it writes to them, and those who asked not to be written to."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.tenancy.models import TenantModel
from portal.tenancy.wall import TenantForeignKey

MOST_CONTACTS = 100_000


class Group(TenantModel):
    """Contacts that are written to together."""

    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("group"), _("groups")
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="sms_group_once")]

    def __str__(self) -> str:
        return self.name


class Contact(TenantModel):
    """A person by mobile number (E.164). `values` fill the placeholders of a text."""

    number = models.CharField(_("mobile number"), max_length=16)
    name = models.CharField(_("name"), max_length=120, blank=True)
    tags = ArrayField(models.CharField(max_length=40), verbose_name=_("tags"), default=list, blank=True)
    values = models.JSONField(_("values"), default=dict, blank=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("contact"), _("contacts")
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="sms_contact_once")]
        indexes = [
            models.Index(fields=["tenant", "name", "id"], name="sms_contact_by_name"),
            models.Index(fields=["tenant", "number", "id"], name="sms_contact_by_number"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="sms_contact_by_age"),
            GinIndex(fields=["tags"], name="sms_contact_by_tag"),
        ]

    def __str__(self) -> str:
        return self.name or self.number


class GroupMember(TenantModel):
    """A contact's place in a group."""

    group = TenantForeignKey(Group, models.CASCADE, related_name="members", verbose_name=_("group"))
    contact = TenantForeignKey(Contact, models.CASCADE, related_name="places", verbose_name=_("contact"))

    class Meta:
        verbose_name, verbose_name_plural = _("member"), _("members")
        constraints = [models.UniqueConstraint(fields=["group", "contact"], name="sms_member_once")]

    def __str__(self) -> str:
        return f"{self.contact_id}"


class OptOutQuerySet(models.QuerySet["OptOut"]):
    def standing(self) -> "OptOutQuerySet":
        return self.filter(lifted_at=None)


class OptOut(TenantModel):
    """The do-not-send list: a number that nothing is sent to by this company, while `lifted_at` is None."""

    class Source(models.TextChoices):
        PERSON = "person", _("Entered here")
        FILE = "file", _("From a file")
        REPLY = "reply", _("Answered with a stop word")
        REPORT = "report", _("Told by a delivery report")

    number = models.CharField(_("mobile number"), max_length=16)
    source = models.CharField(_("source"), max_length=6, choices=Source)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("entered by")
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("lifted by")
    )
    lifted_because = models.CharField(_("reason"), max_length=300, blank=True)

    objects = OptOutQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("number on the do-not-send list"), _("do-not-send list")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"], condition=models.Q(lifted_at=None), name="sms_opt_out_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="sms_opt_out_list"),
            models.Index(fields=["tenant", "number", "id"], name="sms_opt_out_by_number"),
        ]

    def __str__(self) -> str:
        return self.number


class Template(TenantModel):
    """A text to begin from, with placeholders such as {{ name }}."""

    name = models.CharField(_("name"), max_length=80)
    text = models.TextField(_("text"))
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("changed by")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("template"), _("templates")
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="sms_template_once")]
        indexes = [
            models.Index(fields=["tenant", "name", "id"], name="sms_template_by_name"),
            models.Index(fields=["tenant", "-changed_at", "-id"], name="sms_template_by_age"),
        ]

    def __str__(self) -> str:
        return self.name
