"""Companies and people for support staff, across all tenants."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from portal.search.finding import anywhere
from portal.tenancy import access, invitations, people, tenants
from portal.tenancy.forms import ReasonForm
from portal.tenancy.invitation_mail import mail_invitation
from portal.tenancy.models import Invitation, Membership, Role, Tenant, User
from portal.tenancy.refusals import Refused
from portal.ui.journals import CappedPaginator, JournalAdmin

Verb = Callable[..., Any]


def apply_to_each(request: HttpRequest, queryset: QuerySet[Any], verb: Verb) -> None:
    """Call `verb(row)` for each row, and say what became of it."""
    for row in queryset:
        try:
            verb(row)
        except Refused as refusal:
            messages.error(request, f"{row}: {refusal}")
        else:
            messages.success(request, _("%(row)s: done.") % {"row": row})


def apply_with_reason(
    site: admin.AdminSite, request: HttpRequest, queryset: QuerySet[Any], title: Any, verb: Verb
) -> HttpResponse | None:
    """Ask for a reason on a page of its own; then `verb(row, reason=…, acting_user=…)` for each row."""
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        apply_to_each(request, queryset, lambda row: verb(row, reason=reason, acting_user=request.user))
        return None
    context = {**site.each_context(request), "title": title, "form": form, "rows": queryset, "post": request.POST}
    return render(request, "tenancy/admin_reason.html", context)


class TenantForm(forms.ModelForm):
    """A new company needs somebody who owns it."""

    owner = forms.EmailField(label=_("Owner"), required=False, help_text=_("Who has no account yet is invited."))

    class Meta:
        model = Tenant
        fields = ["name", "slug", "time_zone", "language", "require_mfa"]

    def clean_owner(self) -> str:
        email = self.cleaned_data["owner"]
        if self.instance.pk is None and not email:
            raise ValidationError(_("A company needs an owner: give the e-mail address of a person."))
        return email


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):
    form = TenantForm
    list_display = ["name", "slug", "state", "time_zone", "require_mfa", "created_at"]
    list_filter = ["state", "require_mfa"]
    search_fields = ["name", "slug"]
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ["suspend", "resume"]

    def get_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        both = ["name", "slug", "time_zone", "language"]
        return [*both, "require_mfa", "state", "created_at"] if obj else [*both, "owner"]

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> list[str]:
        return ["slug", "state", "created_at"] if obj else []

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        wanted = {name: form.cleaned_data[name] for name in ("name", "time_zone", "language")}
        if change:
            require_mfa = form.cleaned_data["require_mfa"]
            tenants.update_settings(obj, **wanted, require_mfa=require_mfa, acting_user=request.user)
            return
        email = form.cleaned_data["owner"]
        owner = User.objects.filter(email__iexact=email, is_active=True).first()
        made = tenants.create_tenant(slug=form.cleaned_data["slug"], owner=owner, **wanted, acting_user=request.user)
        if owner is None:
            mail_invitation(request, invitations.invite(made, email, Role.OWNER, acting_user=request.user))
        obj.pk, obj._state.adding = made.pk, False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Suspend…"), permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponse | None:
        return apply_with_reason(self.admin_site, request, queryset, _("Suspend"), tenants.suspend_tenant)

    @admin.action(description=_("Resume…"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponse | None:
        return apply_with_reason(self.admin_site, request, queryset, _("Resume"), tenants.resume_tenant)


class MembershipInline(admin.TabularInline):
    model = Membership
    fields = ("tenant", "role", "created_at")
    readonly_fields = ("tenant", "role", "created_at")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("tenant")


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Name, language, address and password are the person's own; staff opens and closes accounts."""

    list_display = ["email", "name", "is_active", "is_staff", "joined_at", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    fields = ["email", "name", "language", "joined_at", "last_login", "is_active", "is_staff", "is_superuser"]
    inlines = [MembershipInline]
    actions = ["remove_second_factors"]
    ACCESS = ("is_active", "is_staff", "is_superuser")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the beginning of the address, or as a member of any company, by the words of the name."""
        if not search_term.strip():
            return queryset, False
        members = Membership.objects.filter(pk__in=anywhere("tenancy.membership", search_term)).values("user")
        return queryset.filter(Q(email__startswith=search_term.strip().lower()) | Q(pk__in=members)), False

    def get_readonly_fields(self, request: Any, obj: User | None = None) -> list[str]:
        own = ["email", "name", "language", "joined_at", "last_login"]
        return own if request.user.is_superuser else [*own, "is_staff", "is_superuser"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        access.change_access(obj, **{name: getattr(obj, name) for name in self.ACCESS}, acting_user=request.user)

    @admin.action(description=_("Remove second factors…"), permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        title = _("Remove second factors")
        return apply_with_reason(self.admin_site, request, queryset, title, access.remove_second_factors)


@admin.register(Membership)
class MembershipAdmin(JournalAdmin):
    list_display = ["user", "tenant", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "tenant"]
    found_by = {"pk": "tenancy.membership"}
    actions = ["make_owner", "make_admin", "make_viewer", "remove"]

    @admin.action(description=_("Make owner"))
    def make_owner(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._give(request, queryset, Role.OWNER)

    @admin.action(description=_("Make admin"))
    def make_admin(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._give(request, queryset, Role.ADMIN)

    @admin.action(description=_("Make viewer"))
    def make_viewer(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._give(request, queryset, Role.VIEWER)

    @admin.action(description=_("Remove from the company"))
    def remove(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        apply_to_each(request, queryset, lambda member: people.remove_member(member, acting_user=request.user))

    def _give(self, request: HttpRequest, queryset: QuerySet[Membership], role: Role) -> None:
        apply_to_each(request, queryset, lambda member: people.change_role(member, role, acting_user=request.user))


@admin.register(Invitation)
class InvitationAdmin(JournalAdmin):
    list_display = ["email", "tenant", "role", "state", "invited_by", "created_at", "expires_at", "mailed_at"]
    list_filter = ["role"]
    list_select_related = ["tenant", "invited_by"]
    found_exactly = ["email"]
    search_help_text = _("The whole e-mail address. A company's address before it, or alone, narrows to that company.")
    exclude = ["token_digest"]
    actions = ["resend", "withdraw"]

    @admin.action(description=_("Send again"))
    def resend(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        def send(invitation: Invitation) -> None:
            mail_invitation(request, invitations.resend(invitation, acting_user=request.user))

        apply_to_each(request, queryset, send)

    @admin.action(description=_("Withdraw"))
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        apply_to_each(request, queryset, lambda row: invitations.withdraw(row, acting_user=request.user))
