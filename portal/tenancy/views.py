"""A company's first page, its people and its settings."""

from collections.abc import Callable
from copy import copy
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.tenancy import invitations, tenants
from portal.tenancy import people as members
from portal.tenancy.authority import grantable_roles
from portal.tenancy.door import tenant_view
from portal.tenancy.forms import InviteForm, RoleForm, SettingsForm
from portal.tenancy.invitation_mail import mail_invitation
from portal.tenancy.models import Invitation, Membership, Role
from portal.tenancy.refusals import Refused
from portal.ui.home import banners_for, cards_for
from portal.ui.paging import keyset_page


@tenant_view(Role.VIEWER)
def home(request: Any) -> HttpResponse:
    return render(request, "tenancy/home.html", {"banners": banners_for(request), "cards": cards_for(request)})


@tenant_view(Role.VIEWER)
def people(request: Any) -> HttpResponse:
    page = keyset_page(_members(request), order=("created_at", "pk"), cursor=request.GET.get("cursor", ""))
    manages = request.membership.allows(Role.ADMIN)
    waiting = Invitation.objects.unanswered().select_related("invited_by").order_by("-pk")[:50] if manages else []
    return render(request, "tenancy/people.html", {"page": page, "invitations": waiting, "manages": manages})


@tenant_view(Role.ADMIN)
def invite(request: Any) -> HttpResponse:
    form = InviteForm(request.POST or None, roles=grantable_roles(request.membership))
    if request.method != "POST":
        return render(request, "tenancy/invite.html", {"form": form})

    def ask() -> str:
        issued = invitations.invite(request.tenant, **_fields(form), acting_user=request.user)
        mail_invitation(request, issued)
        return _("%(email)s is invited.") % {"email": issued.invitation.email}

    return _ask_by_form(request, form, "tenancy/invite.html", {}, ask)


@tenant_view(Role.ADMIN)
def change_role(request: Any, pk: int) -> HttpResponse:
    member = get_object_or_404(_members(request), pk=pk)
    roles = grantable_roles(request.membership)
    form = RoleForm(request.POST or None, roles=roles, initial={"role": member.role})
    context = {"form": form, "member": member}
    if request.method != "POST":
        return render(request, "tenancy/change_role.html", context)

    def ask() -> str:
        changed = members.change_role(member, form.cleaned_data["role"], acting_user=request.user)
        return _("%(who)s is now: %(role)s.") % {"who": changed.user, "role": changed.get_role_display()}

    return _ask_by_form(request, form, "tenancy/change_role.html", context, ask)


@tenant_view(Role.ADMIN)
def remove_member(request: Any, pk: int) -> HttpResponse:
    member = get_object_or_404(_members(request), pk=pk)
    if request.method != "POST":
        return _confirm(
            request,
            title=_("Remove %(who)s from %(company)s?") % {"who": member.user, "company": request.tenant},
            text=_("They can no longer open any page of this company. What they did stays on record."),
            verb=_("Remove"),
        )

    def ask() -> str:
        members.remove_member(member, acting_user=request.user)
        return _("%(who)s is no longer a member.") % {"who": member.user}

    return _ask(request, ask, "tenancy:people")


@tenant_view(Role.VIEWER)
def leave(request: Any) -> HttpResponse:
    if request.method != "POST":
        return _confirm(
            request,
            title=_("Leave %(company)s?") % {"company": request.tenant},
            text=_("Its pages close for you at once. To come back you need a new invitation."),
            verb=_("Leave"),
        )
    try:
        members.leave(request.membership, acting_user=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("tenancy:people", request.tenant.slug)
    messages.success(request, _("You have left %(company)s.") % {"company": request.tenant})
    return redirect("home")


@tenant_view(Role.ADMIN)
@require_POST
def resend_invitation(request: Any, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)

    def ask() -> str:
        issued = invitations.resend(invitation, acting_user=request.user)
        mail_invitation(request, issued)
        return _("A new link is on its way to %(email)s; the old one no longer works.") % {"email": invitation.email}

    return _ask(request, ask, "tenancy:people")


@tenant_view(Role.ADMIN)
@require_POST
def withdraw_invitation(request: Any, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)

    def ask() -> str:
        invitations.withdraw(invitation, acting_user=request.user)
        return _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email}

    return _ask(request, ask, "tenancy:people")


@tenant_view(Role.ADMIN)
def settings(request: Any) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=copy(request.tenant))
    if request.method != "POST":
        return render(request, "tenancy/settings.html", {"form": form})

    def ask() -> str:
        tenants.update_settings(request.tenant, **_fields(form), acting_user=request.user)
        return _("The settings are saved.")

    return _ask_by_form(request, form, "tenancy/settings.html", {}, ask, back="tenancy:settings")


def _members(request: Any) -> QuerySet[Membership]:
    """Filtered by hand: the wall also lets people see their own memberships elsewhere, to switch between companies."""
    return Membership.objects.filter(tenant=request.tenant).select_related("user")


def _fields(form: Any) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if name != "form_key"}


def _ask(request: Any, ask: Callable[[], str], back: str) -> HttpResponse:
    """Do it and say so, or say why not; then show the page `back`."""
    try:
        messages.success(request, ask())
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(back, request.tenant.slug)


def _ask_by_form(
    request: Any,
    form: Any,
    template: str,
    context: dict[str, Any],
    ask: Callable[[], str],
    *,
    back: str = "tenancy:people",
) -> HttpResponse:
    """As `_ask`, but what is wrong is shown in the form."""
    if form.is_valid():
        try:
            messages.success(request, ask())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(back, request.tenant.slug)
    return render(request, template, {**context, "form": form}, status=422)


def _confirm(request: Any, **question: str) -> HttpResponse:
    back = reverse("tenancy:people", args=[request.tenant.slug])
    return render(request, "ui/confirm_page.html", {**question, "tone": "danger", "cancel_url": back, "form": ""})
