"""Visits, incidents and the vendors' health in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from portal.support import visits
from portal.support.forms import NoteForm, VisitForm
from portal.support.health import vendor_reports
from portal.support.incidents import meaning_of, note_incident, with_last_note
from portal.support.models import Incident, VendorHealth, Visit
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import Refused
from portal.ui.journals import JournalAdmin
from portal.vendors.models import Call
from portal.vendors.registry import vendors


@admin.register(Visit)
class VisitAdmin(JournalAdmin):
    """Started from a company's page; ended by whoever made it, by a colleague, or by time."""

    list_display = ["started_at", "tenant", "staff", "as_user", "reason", "may_change", "ends_at", "ended_at"]
    list_select_related = ["tenant", "staff", "as_user"]
    list_filter = ["may_change"]
    search_fields = ["tenant__name", "tenant__slug", "staff__email", "reason"]
    ordering = ["-started_at", "-pk"]
    exclude = ["key"]
    actions = ["end"]

    def has_add_permission(self, request: Any, *args: Any) -> bool:
        return request.user.has_perm("support.add_visit")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Of one company, which the address names; without one the list of companies is where to begin."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        chosen = request.GET.get("tenant", "")
        if not chosen.isdecimal():
            messages.info(request, _("Choose the company to visit, then press “View as this company”."))
            return redirect("admin:tenancy_tenant_changelist")
        tenant = get_object_or_404(Tenant, pk=chosen)
        form = VisitForm(request.POST or None, tenant=tenant)
        return self._start(request, tenant, form) or self._ask(request, tenant, form)

    def _start(self, request: HttpRequest, tenant: Tenant, form: VisitForm) -> HttpResponse | None:
        if not form.is_valid():
            return None
        try:
            visit = visits.start_visit(tenant, **form.cleaned_data, acting_user=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return None
        visits.hold(request, visit)
        return redirect("tenancy:home", tenant.slug)

    def _ask(self, request: HttpRequest, tenant: Tenant, form: VisitForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("View as %(company)s") % {"company": tenant},
            "company": tenant,
            "form": form,
            "opts": self.model._meta,
        }
        return render(request, "support/visit_start.html", context, status=422 if form.errors else 200)

    @admin.action(description=_("End now"), permissions=["view"])
    def end(self, request: HttpRequest, queryset: QuerySet[Visit]) -> None:
        for visit in queryset.filter(ended_at=None).select_related("as_user"):
            visits.end_visit(visit, acting_user=request.user)
            messages.success(request, _("%(row)s: done.") % {"row": visit})


class VendorFilter(admin.SimpleListFilter):
    """By the registry, not by asking the table which vendors it has."""

    title, parameter_name = _("vendor"), "vendor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(vendor.key, vendor.label) for vendor in vendors()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        return queryset.filter(vendor=self.value()) if self.value() else queryset


class OpenFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Open")), ("closed", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        if self.value() is None:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "open")


@admin.register(Incident)
class IncidentAdmin(JournalAdmin):
    """Opened and closed by the portal; people write notes."""

    list_display = [
        "vendor_name",
        "kind",
        "open_now",
        "opened_at",
        "last_seen_at",
        "connections",
        "tenants",
        "worst_tenants",
        "calls_failed",
        "last_note",
    ]
    list_filter = [OpenFilter, VendorFilter, "kind"]
    search_fields = ["vendor", "kind"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        return with_last_note(super().get_queryset(request))

    @admin.display(description=_("vendor"), ordering="vendor")
    def vendor_name(self, incident: Incident) -> Any:
        return incident.vendor_label

    @admin.display(description=_("open"), boolean=True, ordering="closed_at")
    def open_now(self, incident: Incident) -> bool:
        return incident.is_open

    @admin.display(description=_("last note"))
    def last_note(self, incident: Any) -> str:
        return incident.last_note or "–"

    def get_urls(self) -> list[URLPattern]:
        note = path("<int:pk>/note/", self.admin_site.admin_view(self.note_view), name="support_incident_note")
        return [note, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        self._require_sight(request)
        incident = self.get_object(request, object_id)
        if incident is None:
            raise Http404
        return self._page(request, incident, NoteForm())

    def note_view(self, request: Any, pk: int) -> HttpResponse:
        self._require_sight(request)
        incident, form = get_object_or_404(Incident, pk=pk), NoteForm(request.POST or None)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not form.is_valid():
            return self._page(request, incident, form)
        note_incident(incident, text=form.cleaned_data["text"], acting_user=request.user)
        messages.success(request, _("The note is written down."))
        return redirect("admin:support_incident_change", pk)

    def _require_sight(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, incident: Incident, form: NoteForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": incident,
            "incident": incident,
            "meaning": meaning_of(incident),
            "notes": incident.notes.select_related("author"),
            "example": _example(incident),
            "form": form,
            "opts": self.opts,
        }
        return render(request, "support/incident.html", context, status=422 if form.errors else 200)


def _example(incident: Incident) -> Call | None:
    """None where the call log has let it go."""
    kept = Call.objects.select_related("tenant", "connection")
    return kept.filter(pk=incident.example_call_id).first() if incident.example_call_id else None


@admin.register(VendorHealth)
class VendorHealthAdmin(JournalAdmin):
    """One page in place of a list of rows."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Vendor health"),
            "reports": vendor_reports(),
            "opts": self.opts,
        }
        return render(request, "support/health.html", context)

    def change_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("admin:support_vendorhealth_changelist")
