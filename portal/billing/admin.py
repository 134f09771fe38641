"""Money for staff, over all tenants: terms are agreed on and months closed by the verbs; statements are only read."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.billing import runs, staff_files
from portal.billing.asking import AskedForm, MonthFilter
from portal.billing.closing import close
from portal.billing.contracts import agree, end, set_cost
from portal.billing.invoices import admin as invoices_admin  # noqa: F401
from portal.billing.mailing import admin as mailing_admin  # noqa: F401
from portal.billing.mailing.readers import read_runs, reads_runs
from portal.billing.meters import names_of
from portal.billing.models import ClosingRun, ClosingStep, Contract, RunMail, Statement, StatementLine, VatTerms
from portal.billing.reasons import said
from portal.billing.staff_files import FORMS
from portal.billing.staff_forms import ClosingForm, MailMeForm, TermsForm, VatForm
from portal.billing.vat import agree_vat
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import Refused
from portal.ui.journals import JournalAdmin, JournalInline


class ContractList(ChangeList):
    """Each row of the page with the name of what is counted, read for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        named = names_of((contract.meter, contract.object_id) for contract in self.result_list)
        for contract in self.result_list:
            contract.name = named[contract.meter, contract.object_id]


@admin.register(Contract)
class ContractAdmin(AskedForm):
    """What was agreed. Other terms are added from a day on; those before end by that."""

    list_display = ["tenant", "counted", "starts_on", "ends_on", "price", "cost_price", "free_units", "limit"]
    list_select_related = ["tenant", "cost", "agreed_by"]
    fields = [
        "tenant",
        "counted",
        "starts_on",
        "ends_on",
        "unit_price",
        "cost_price",
        "free_units",
        "limit_eur",
        "zone",
    ]
    fields += ["price_change", "agreed_at", "agreed_by"]
    readonly_fields = ["counted", "cost_price", "agreed_at", "agreed_by"]
    may_add, form_title, form_button = "billing.add_contract", _("Agree on terms"), _("Agree")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ContractList

    @admin.display(description=_("for"))
    def counted(self, contract: Any) -> str:
        meter = (contract.meter, contract.object_id)
        return getattr(contract, "name", None) or names_of([meter])[meter]

    @admin.display(description=_("price (EUR)"), ordering="unit_price")
    def price(self, contract: Contract) -> str:
        return str(contract.unit_price)

    @admin.display(description=_("limit (EUR)"), ordering="limit_eur")
    def limit(self, contract: Contract) -> str:
        return "–" if contract.limit_eur is None else str(contract.limit_eur)

    @admin.display(description=_("cost price (EUR)"))
    def cost_price(self, contract: Contract) -> str:
        return str(contract.cost) if hasattr(contract, "cost") else "–"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Of one company, which the address names; without one the list of companies is where to begin."""
        self._require_adding(request)
        chosen = request.GET.get("tenant", "")
        if not chosen.isdecimal():
            messages.info(request, _("Choose the company, then press “Agree on terms”."))
            return redirect("admin:tenancy_tenant_changelist")
        tenant = get_object_or_404(Tenant, pk=chosen)
        form = TermsForm(request.POST or None, tenant=tenant)
        return self._agree(request, tenant, form) or self._ask(request, form, company=tenant)

    def _agree(self, request: HttpRequest, tenant: Tenant, form: TermsForm) -> HttpResponse | None:
        if not form.is_valid():
            return None
        terms = dict(form.cleaned_data)
        (meter, object_id), ends_on, cost_price = (terms.pop(name) for name in ("counted", "ends_on", "cost_price"))
        try:
            with transaction.atomic():
                contract = agree(tenant, meter, object_id, **terms, acting_user=request.user)
                if ends_on:
                    end(contract, ends_on=ends_on, acting_user=request.user)
                if cost_price is not None:
                    set_cost(contract, cost_price=cost_price, acting_user=request.user)
        except (Refused, ValidationError) as refusal:
            form.add_error(None, refusal.messages if isinstance(refusal, ValidationError) else str(refusal))
            return None
        messages.success(request, _("The terms are agreed."))
        return redirect("admin:billing_contract_change", contract.pk)


@admin.register(VatTerms)
class VatTermsAdmin(AskedForm):
    """By what VAT companies are charged. Other terms are added from a month on; those before end by that."""

    list_display = ["tenant", "starts_on", "kind", "rate", "number", "ground", "agreed_by"]
    list_select_related = ["tenant", "agreed_by"]
    readonly_fields = ["agreed_at", "agreed_by"]
    may_add, form_title, form_button = "billing.add_vatterms", _("Agree on VAT"), _("Agree")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Of one company, which the address names; without one the list of companies is where to begin."""
        self._require_adding(request)
        chosen = request.GET.get("tenant", "")
        if not chosen.isdecimal():
            messages.info(request, _("Choose the company, then press “Agree on VAT”."))
            return redirect("admin:tenancy_tenant_changelist")
        tenant = get_object_or_404(Tenant, pk=chosen)
        form = VatForm(request.POST or None)
        return self._agree(request, tenant, form) or self._ask(request, form, company=tenant)

    def _agree(self, request: HttpRequest, tenant: Tenant, form: VatForm) -> HttpResponse | None:
        if not form.is_valid():
            return None
        try:
            terms = agree_vat(tenant, **form.cleaned_data, acting_user=request.user)
        except ValidationError as error:
            form.add_error(None, error)
            return None
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return None
        messages.success(request, _("The VAT is agreed."))
        return redirect("admin:billing_vatterms_change", terms.pk)


class LineInline(JournalInline):
    model = StatementLine
    fk_name = "statement"
    fields = ["label", "value", "reached_at", "order", "person", "charged", "unit_price", "amount", "correction"]
    readonly_fields = ["correction"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatementLine]:
        return super().get_queryset(request).select_related("corrects").defer("levels", "corrects__canonical")

    @admin.display(description=_("corrects"))
    def correction(self, line: StatementLine) -> str:
        if line.corrects is None:
            return "–"
        told = {"number": line.corrects.number, "before": line.old_value, "after": line.value}
        return _("%(number)s: %(before)s → %(after)s") % told


@admin.register(Statement)
class StatementAdmin(JournalAdmin):
    """To be looked at and downloaded: the database itself refuses every change."""

    list_display = ["number", "tenant", "month_name", "net", "vat", "gross", "closed_at", "who"]
    list_filter = [MonthFilter]
    list_select_related = ["tenant"]
    fields = [
        "number",
        "files",
        "tenant",
        "tenant_name",
        "month_name",
        "zone",
        "net",
        "vat_kind",
        "vat_rate",
        "vat_number",
        "vat_ground",
        "vat",
        "gross",
        "closed_at",
    ]
    fields += ["who", "reason", "digest", "previous_digest"]
    readonly_fields = ["number", "month_name", "who", "files"]
    inlines = [LineInline]
    actions = ["download"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Statement]:
        return super().get_queryset(request).defer("canonical")

    @admin.display(description=_("number"), ordering="sequence")
    def number(self, statement: Statement) -> str:
        return statement.number

    @admin.display(description=_("month"), ordering="month")
    def month_name(self, statement: Statement) -> str:
        return date_format(statement.month, "YEAR_MONTH_FORMAT")

    @admin.display(description=_("closed by"))
    def who(self, statement: Statement) -> Any:
        return statement.closed_by_name or _("Patchbay")

    @admin.display(description=_("files"))
    def files(self, statement: Statement) -> Any:
        links = [(reverse("admin:billing_statement_file", args=[statement.pk, each]), each.upper()) for each in FORMS]
        return format_html_join(" ", '<a href="{}">{}</a>', links)

    def get_urls(self) -> list[URLPattern]:
        file = self.admin_site.admin_view(self.file_view)
        return [path("<int:pk>/file/<slug:suffix>/", file, name="billing_statement_file"), *super().get_urls()]

    def file_view(self, request: Any, pk: int, suffix: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if suffix not in FORMS:
            raise Http404
        return staff_files.one(get_object_or_404(Statement, pk=pk), suffix, acting_user=request.user)

    @admin.action(description=_("Download as one file"), permissions=["view"])
    def download(self, request: Any, queryset: QuerySet[Statement]) -> StreamingHttpResponse:
        return staff_files.many(queryset, acting_user=request.user)


class RunMailInline(JournalInline):
    """Who was told that it has ended."""

    model = RunMail
    fields = ["user", "state", "reason", "created_at", "ended_at"]
    readonly_fields = ["reason", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RunMail]:
        return super().get_queryset(request).select_related("user")

    @admin.display(description=_("why"))
    def reason(self, mail: RunMail) -> str:
        return str(mail.reason) or "–"


@admin.register(ClosingRun)
class ClosingRunAdmin(AskedForm):
    """The month's end: started by the portal, or here; what is blocked is tried again here, too."""

    list_display = ["name", "started_at", "started_by", "waiting", "closed", "nothing", "blocked", "failed"]
    list_select_related = ["started_by"]
    readonly_fields = ["started_at", "started_by", "ended_at", "waiting", "closed", "nothing", "blocked", "failed"]
    readonly_fields += ["bundle"]
    actions = ["try_again"]
    inlines = [RunMailInline]
    change_list_template = "admin/billing/closing_runs.html"
    may_add, form_title, form_button = "billing.add_closingrun", _("Close a month"), _("Close")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClosingRun]:
        counts = {f"n_{state}": Count("steps", filter=Q(steps__state=state)) for state in ClosingStep.State.values}
        return super().get_queryset(request).annotate(**counts)

    @admin.display(description=_("month"), ordering="month")
    def name(self, run: ClosingRun) -> str:
        return date_format(run.month, "YEAR_MONTH_FORMAT")

    @admin.display(description=_("waiting"))
    def waiting(self, run: ClosingRun) -> Any:
        return _steps_link(run, ClosingStep.State.WAITING)

    @admin.display(description=_("closed"))
    def closed(self, run: ClosingRun) -> Any:
        return _steps_link(run, ClosingStep.State.DONE)

    @admin.display(description=_("nothing to close"))
    def nothing(self, run: ClosingRun) -> Any:
        return _steps_link(run, ClosingStep.State.NOTHING)

    @admin.display(description=_("blocked"))
    def blocked(self, run: ClosingRun) -> Any:
        return _steps_link(run, ClosingStep.State.BLOCKED)

    @admin.display(description=_("failed"))
    def failed(self, run: ClosingRun) -> Any:
        return _steps_link(run, ClosingStep.State.FAILED)

    @admin.display(description=_("files"))
    def bundle(self, run: ClosingRun) -> Any:
        address, month = reverse("admin:billing_closingrun_bundle", args=[run.pk]), self.name(run)
        return format_html('<a href="{}">{}</a>', address, _("All statements of %(month)s") % {"month": month})

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("mail-me/", wrap(self.mail_me_view), name="billing_closingrun_mail_me"),
            path("<int:pk>/bundle/", wrap(self.bundle_view), name="billing_closingrun_bundle"),
            *super().get_urls(),
        ]

    def bundle_view(self, request: Any, pk: int) -> StreamingHttpResponse:
        """The statements of the run's month, of every company that has closed it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(ClosingRun, pk=pk)
        return staff_files.many(Statement.objects.filter(month=run.month), acting_user=request.user)

    def mail_me_view(self, request: Any) -> HttpResponse:
        """Whether who asks is mailed when a run has ended."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = MailMeForm(
            request.POST if request.method == "POST" else None, initial={"wanted": reads_runs(request.user)}
        )
        if form.is_valid():
            read_runs(request.user, wanted=form.cleaned_data["wanted"], acting_user=request.user)
            messages.success(request, _("Saved."))
            return redirect("admin:billing_closingrun_changelist")
        form.fields["wanted"].help_text = _("To %(email)s, with a link and without the statements.") % {
            "email": request.user.email
        }
        return self._ask(request, form, title=_("Mails about month-end runs"), button=_("Save"))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        self._require_adding(request)
        form = ClosingForm(request.POST or None)
        return self._close(request, form) or self._ask(request, form)

    def _close(self, request: HttpRequest, form: ClosingForm) -> HttpResponse | None:
        """One company's month at once, or a run over all of them."""
        if not form.is_valid():
            return None
        month, tenant = form.cleaned_data["month"], form.cleaned_data["company"]
        if tenant is None:
            run = runs.start_run(month, acting_user=request.user)
            messages.success(request, _("Begun. Reload in a moment to see how far it is."))
            return redirect("admin:billing_closingrun_change", run.pk)
        try:
            with transaction.atomic():
                statement = close(tenant, month, acting_user=request.user, force_reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return None
        messages.success(request, _("%(number)s is closed.") % {"number": statement.number})
        return redirect("admin:billing_statement_change", statement.pk)

    @admin.action(description=_("Try again what is blocked or failed"), permissions=["add"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[ClosingRun]) -> None:
        waiting = sum(runs.repeat(run) for run in queryset)
        told = ngettext("%(n)d company waits for its turn.", "%(n)d companies wait for their turn.", waiting)
        self.message_user(request, told % {"n": waiting}, messages.SUCCESS)


def _steps_link(run: Any, state: str) -> Any:
    number = getattr(run, f"n_{state}")
    if not number:
        return "0"
    address = f"{reverse('admin:billing_closingstep_changelist')}?run__id__exact={run.pk}&state__exact={state}"
    return format_html('<a href="{}">{}</a>', address, number)


@admin.register(ClosingStep)
class ClosingStepAdmin(JournalAdmin):
    list_display = ["tenant", "month", "state", "why", "ended_at"]
    list_filter = ["state"]
    list_select_related = ["tenant", "run"]
    readonly_fields = ["why"]
    exclude = ["reasons"]

    @admin.display(description=_("why"))
    def why(self, step: ClosingStep) -> str:
        return " ".join(said(step.reasons))
