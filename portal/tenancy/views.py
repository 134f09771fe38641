"""A company's first page, its people and its settings."""

from collections.abc import Callable
from copy import copy
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.lists.pages import list_page
from portal.tenancy import invitations, tenants
from portal.tenancy import people as members
from portal.tenancy.authority import grantable_roles
from portal.tenancy.door import tenant_view
from portal.tenancy.forms import InviteForm, RoleForm, SettingsForm
from portal.tenancy.invitation_mail import mail_invitation
from portal.tenancy.lists import PEOPLE, members_of
from portal.tenancy.models import Invitation, Role
from portal.tenancy.refusals import Refused
from portal.ui.home import home_of


@tenant_view(Role.VIEWER)
def home(request: Any) -> HttpResponse:
    may_dismiss = request.membership.allows(Role.ADMIN)
    return render(request, "tenancy/home.html", home_of(request) | {"may_dismiss": may_dismiss})


@tenant_view(Role.ADMIN)
@require_POST
def dismiss_first_steps(request: Any) -> HttpResponse:
    tenants.dismiss_first_steps(request.tenant, acting_user=request.user)
    return redirect("tenancy:home", request.tenant.slug)


@tenant_view(Role.VIEWER)
def people(request: Any) -> HttpResponse:
    manages = request.membership.allows(Role.ADMIN)
    waiting = Invitation.objects.unanswered().select_related("invited_by").order_by("-pk")[:50] if manages else []
    context = {**list_page(request, PEOPLE), "invitations": waiting, "manages": manages}
    return render(request, "tenancy/people.html", context)


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
    member = get_object_or_404(members_of(request.tenant), pk=pk)
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
    member = get_object_or_404(members_of(request.tenant), pk=pk)
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
