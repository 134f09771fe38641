"""What people keep of lists: filters by name, and exports that were made in the background."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lists.addresses import LONGEST_QUERY
from portal.lists.registry import ListSpec, list_of
from portal.tenancy.models import Tenant, TenantModel
from portal.tenancy.wall import TenantForeignKey
from portal.turns import Turns

MOST_SHOWN = 60


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def for_list(self, tenant: Tenant, list_key: str, user: int) -> "SavedFilterQuerySet":
        """The person's own, and those that others share with the company; by name, the first MOST_SHOWN."""
        mine = Q(user=user) | Q(shared=True)
        return self.filter(mine, tenant=tenant, list_key=list_key).order_by("name", "pk")[:MOST_SHOWN]


class SavedFilter(TenantModel):
    """Filters and order of a list under a name: a person's own, or shared with the company."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    list_key = models.CharField(_("list"), max_length=80)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=LONGEST_QUERY)
    shared = models.BooleanField(_("shared with the company"), default=False)
    created_at = models.DateTimeField(_("saved"), default=timezone.now, editable=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("saved filter"), _("saved filters")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "list_key", "user", "name"], name="filter_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Export(Turns):
    """The rows of a list as a CSV file, written by the background in parts of some thousand rows.

    `place` is where the last part ended (`portal.ui.paging.place_of`), so that the next one begins after it whatever
    was killed in between. Rows that change while it is written are told as they were when their part was.
    """

    class Problem(models.TextChoices):
        NONE = "", _("None")
        LIST_GONE = "list_gone", _("The list no longer exists")
        NOT_UNDERSTOOD = "not_understood", _("The filters are not understood any more")
        STUCK = "stuck", _("It did not come to an end")

    list_key = models.CharField(_("list"), max_length=80)
    query = models.CharField(_("filters"), max_length=LONGEST_QUERY, blank=True)
    language = models.CharField(max_length=8, default="en")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    form_key = models.UUIDField(editable=False)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("began"), null=True, editable=False)
    finished_at = models.DateTimeField(_("ended"), null=True, editable=False)
    expires_at = models.DateTimeField(_("kept until"), null=True, editable=False)
    problem = models.CharField(_("problem"), max_length=16, choices=Problem, blank=True, editable=False)
    expected = models.PositiveIntegerField(_("rows expected"), default=0, editable=False)
    rows = models.PositiveIntegerField(_("rows"), default=0, editable=False)
    part_count = models.PositiveIntegerField(default=0, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"), default=0, editable=False)
    packed_size = models.PositiveBigIntegerField(default=0, editable=False)
    place = models.JSONField(default=list, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("export"), _("exports")
        constraints = [models.UniqueConstraint(fields=["tenant", "form_key"], name="export_form_key_once")]
        indexes = [
            models.Index(fields=["tenant", "-asked_at", "-id"], name="export_by_tenant"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="export_due"),
            models.Index(fields=["asked_at"], name="export_by_age"),
        ]

    def __str__(self) -> str:
        return str(self.label)

    @property
    def spec(self) -> ListSpec | None:
        return list_of(self.list_key)

    @property
    def label(self) -> object:
        spec = self.spec
        return spec.label if spec else self.list_key

    @property
    def condition(self) -> str:
        """One word for a badge: failed, ready, writing, or queued while no worker has begun."""
        if self.problem:
            return "failed"
        if self.finished_at:
            return "ready"
        return "writing" if self.started_at else "queued"

    @property
    def ready(self) -> bool:
        return self.condition == "ready"

    @property
    def under_way(self) -> bool:
        return self.due_at is not None


class ExportPart(TenantModel):
    """Some rows of an export, as gzip; its parts one after the other are one gzip file."""

    export = TenantForeignKey(Export, models.CASCADE, related_name="parts", verbose_name=_("export"))
    number = models.PositiveIntegerField(_("number"))
    packed = models.BinaryField()

    class Meta:
        verbose_name, verbose_name_plural = _("part of an export"), _("parts of an export")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="export_part_once")]

    def __str__(self) -> str:
        return f"{self.export_id}.{self.number}"
