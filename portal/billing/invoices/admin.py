"""Vendors' invoices for staff: entered by a form or a file, looked at beside what is proven, disputed and settled by verbs."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.billing.asking import AskedForm, MonthFilter
from portal.billing.invoices import disputes, pages, verbs
from portal.billing.invoices.forms import FileForm, InvoiceForm, LineForm, ReasonForm, SettleForm, vendor_choices
from portal.billing.invoices.models import DisputeFile, VendorInvoice, VendorInvoiceLine
from portal.billing.invoices.refusals import BadLines
from portal.tenancy.refusals import Refused
from portal.ui.formats import NOTHING

SAFE_METHODS = ("GET", "HEAD")
MAY_DECIDE = "billing.change_vendorinvoice"


class InvoicePages(AskedForm):
    """What the admins of invoices and of their lines share."""

    def has_deciding_permission(self, request: Any) -> bool:
        return request.user.has_perm(MAY_DECIDE)

    def _require_deciding(self, request: HttpRequest) -> None:
        if not self.has_deciding_permission(request):
            raise PermissionDenied

    def _show(self, request: HttpRequest, object_id: str, page: Callable[..., dict[str, Any]]) -> HttpResponse:
        """A row's own page in place of the form of its row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in SAFE_METHODS:
            return HttpResponse(status=403)
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts, **page(row, request)}
        return render(request, f"admin/billing/{self.opts.model_name}/row.html", context)

    def _decide(self, request: HttpRequest, form: forms.Form, verb: Callable[..., Any]) -> bool:
        """Whether it was done; what refused it stands on the form."""
        if not form.is_valid():
            return False
        try:
            verb(**form.cleaned_data, acting_user=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return False
        return True


class VendorFilter(admin.SimpleListFilter):
    """By the registry, not by asking the table which vendors it has."""

    title, parameter_name = _("vendor"), "vendor"
    vendor_field = "vendor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return vendor_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = self.value() in dict(vendor_choices())
        return queryset.filter(**{self.vendor_field: self.value()}) if known else queryset


class LinesVendorFilter(VendorFilter):
    vendor_field = "invoice__vendor"


class LinesMonthFilter(MonthFilter):
    month_field = "invoice__month"


class ProgressFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*pages.PROGRESS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[VendorInvoice]) -> QuerySet[VendorInvoice]:
        return pages.in_progress(queryset, self.value() or "")


class InvoiceList(ChangeList):
    """Each row of the page with how many of its lines are in which state, counted for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        pages.tally(self.result_list)


@admin.register(VendorInvoice)
class VendorInvoiceAdmin(InvoicePages):
    list_display = ["number", "vendor_name", "month_name", "amount", "lines", "open", "disputed", "entered_at", "state"]
    list_filter = [ProgressFilter, VendorFilter, MonthFilter]
    search_fields = ["number"]
    search_help_text = _("Number of the invoice.")
    may_add, form_title, form_button = "billing.add_vendorinvoice", _("Enter a vendor's invoice"), _("Enter and check")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VendorInvoice]:
        return super().get_queryset(request).select_related("entered_by", "withdrawn_by")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return InvoiceList

    @admin.display(description=_("vendor"), ordering="vendor")
    def vendor_name(self, invoice: VendorInvoice) -> str:
        return pages.vendor_name(invoice.vendor)

    @admin.display(description=_("month"), ordering="month")
    def month_name(self, invoice: VendorInvoice) -> str:
        return date_format(invoice.month, "YEAR_MONTH_FORMAT")

    @admin.display(description=_("lines"))
    def lines(self, invoice: Any) -> int:
        return invoice.line_count

    @admin.display(description=_("open"))
    def open(self, invoice: Any) -> int:
        return invoice.tallied.get("open", 0)

    @admin.display(description=_("disputed"))
    def disputed(self, invoice: Any) -> int:
        return invoice.tallied.get("disputed", 0)

    @admin.display(description=_("state"))
    def state(self, invoice: Any) -> Any:
        return pages.PROGRESS[pages.progress_of(invoice)]

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("line/", guard(self.line_view), name="billing_vendorinvoice_line"),
            path("<int:pk>/check/", guard(self.check_view), name="billing_vendorinvoice_check"),
            path("<int:pk>/withdraw/", guard(self.withdraw_view), name="billing_vendorinvoice_withdraw"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """By a file of the vendor."""
        return self._enter(request, FileForm(request.POST or None, request.FILES or None))

    def line_view(self, request: HttpRequest) -> HttpResponse:
        """An invoice of one line, typed."""
        return self._enter(request, LineForm(request.POST or None))

    def _enter(self, request: HttpRequest, form: InvoiceForm) -> HttpResponse:
        self._require_adding(request)
        invoice = self._entered(request, form) if form.is_valid() else None
        if invoice is None:
            return self._ask(request, form)
        messages.success(request, _now("Invoice %(number)s is entered and checked.") % {"number": invoice.number})
        return redirect("admin:billing_vendorinvoice_change", invoice.pk)

    def _entered(self, request: Any, form: InvoiceForm) -> VendorInvoice | None:
        """What refused it stands on the form."""
        told: dict[str, Any] = {name: form.cleaned_data[name] for name in ("vendor", "number", "month")}
        told |= {"complete": form.cleaned_data.get("complete", False), **form.about_file}
        try:
            with transaction.atomic():
                return verbs.enter_invoice(**told, lines=form.lines, acting_user=request.user)
        except BadLines as refusal:
            form.add_error(None, forms.ValidationError(refusal.sentences()))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        return None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._show(request, object_id, pages.invoice_page)

    def check_view(self, request: Any, pk: int) -> HttpResponse:
        self._require_deciding(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            changed = verbs.check_again(get_object_or_404(VendorInvoice, pk=pk), acting_user=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            told = ngettext("Checked; %(n)d line has changed.", "Checked; %(n)d lines have changed.", changed)
            messages.success(request, told % {"n": changed})
        return redirect("admin:billing_vendorinvoice_change", pk)

    def withdraw_view(self, request: Any, pk: int) -> HttpResponse:
        self._require_deciding(request)
        invoice = get_object_or_404(VendorInvoice.objects.select_related("entered_by"), pk=pk)
        form = ReasonForm(request.POST or None)
        if self._decide(request, form, lambda **told: verbs.withdraw(invoice, **told)):
            messages.success(request, _now("Invoice %(number)s is withdrawn.") % {"number": invoice.number})
            return redirect("admin:billing_vendorinvoice_change", pk)
        title = _("Withdraw invoice %(number)s") % {"number": invoice.number}
        return self._ask(request, form, title=title, button=_("Withdraw"))


@admin.register(VendorInvoiceLine)
class VendorInvoiceLineAdmin(InvoicePages):
    list_display = ["what", "invoice", "company", "counts", "count_difference", "amount_difference", "outcome", "state"]
    list_filter = ["state", "outcome", LinesVendorFilter, LinesMonthFilter]
    list_select_related = ["invoice", "company"]
    search_fields = ["label", "account", "product", "invoice__number"]
    search_help_text = _("Product, account, or number of the invoice.")

    def has_add_permission(self, request: Any, *args: Any) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[VendorInvoiceLine]:
        related = ("invoice", "company", "settled_by")
        return super().get_queryset(request).defer("written", "explanations").select_related(*related)

    @admin.display(description=_("product"), ordering="label")
    def what(self, line: VendorInvoiceLine) -> str:
        return line.label or line.product

    @admin.display(description=_("charged / proven"), ordering="count")
    def counts(self, line: VendorInvoiceLine) -> str:
        return f"{line.count} / {NOTHING if line.proven is None else line.proven}"

    @admin.display(description=_("difference"))
    def count_difference(self, line: VendorInvoiceLine) -> str:
        return pages.signed(line.count_difference)

    @admin.display(description=_("difference (EUR)"))
    def amount_difference(self, line: VendorInvoiceLine) -> str:
        return pages.signed(line.amount_difference)

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/dispute/", guard(self.dispute_view), name="billing_vendorinvoiceline_dispute"),
            path("<int:pk>/settle/", guard(self.settle_view), name="billing_vendorinvoiceline_settle"),
            path("file/<int:pk>/<slug:part>/", guard(self.file_view), name="billing_vendorinvoiceline_file"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._show(request, object_id, pages.line_page)

    def dispute_view(self, request: Any, pk: int) -> HttpResponse:
        self._require_deciding(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            disputes.dispute(self._line(pk), acting_user=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _now("The dispute file is made. Download it below and send it to the vendor."))
        return redirect("admin:billing_vendorinvoiceline_change", pk)

    def settle_view(self, request: Any, pk: int) -> HttpResponse:
        self._require_deciding(request)
        line, form = self._line(pk), SettleForm(request.POST or None)
        if self._decide(request, form, lambda **told: verbs.settle(line, **told)):
            messages.success(request, _now("The line is settled."))
            return redirect("admin:billing_vendorinvoiceline_change", pk)
        return self._ask(request, form, title=_("Settle %(line)s") % {"line": line}, button=_("Settle"))

    def file_view(self, request: Any, pk: int, part: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if part not in disputes.PARTS:
            raise Http404
        return disputes.download(get_object_or_404(DisputeFile, pk=pk), part, acting_user=request.user)

    @staticmethod
    def _line(pk: int) -> VendorInvoiceLine:
        return get_object_or_404(VendorInvoiceLine.objects.select_related("invoice"), pk=pk)
