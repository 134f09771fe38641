"""The pages before any company: the way in, the second factor, an invitation, the own profile."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.tenancy.adapters import remember_language
from portal.tenancy.forms import ProfileForm
from portal.tenancy.invitations import accept_invitation, find_invitation, has_verified, tenant_of
from portal.tenancy.mfa import has_second_factor, has_shown_second_factor
from portal.tenancy.models import Invitation, Membership
from portal.tenancy.profiles import update_profile
from portal.tenancy.refusals import AlreadyMember, InvitationGone, InvitedSomebodyElse
from portal.tenancy.scope import tenant_scope
from portal.tenancy.welcome import forget_invitation, remember_invitation


@require_safe
@login_required
def home(request: Any) -> HttpResponse:
    """To the only company, or to the choice of several; staff without a company to the admin."""
    places = list(
        Membership.objects.filter(user=request.user).select_related("tenant").order_by("tenant__name", "tenant_id")
    )
    if len(places) == 1:
        return redirect("tenancy:home", places[0].tenant.slug)
    if not places and request.user.is_staff:
        return redirect("admin:index")
    return render(request, "tenancy/choose.html" if places else "tenancy/nowhere.html", {"places": places})


@require_safe
@login_required
def second_factor_needed(request: Any) -> HttpResponse:
    """Why, where to set one up or to show it, and the way back in `next`."""
    back = _own_address(request, request.GET.get("next", ""))
    if has_shown_second_factor(request):
        return redirect(back)
    context = {"next": back, "has_one": has_second_factor(request.user)}
    return render(request, "tenancy/second_factor_needed.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: Any, token: str) -> HttpResponse:
    """GET shows what is offered; POST takes it."""
    try:
        with tenant_scope(tenant_of(token)):
            offer = find_invitation(token)
    except InvitationGone as gone:
        return _gone(request, gone)
    if not request.user.is_authenticated:
        return _ask_to_sign_in(request, token, offer)
    if not has_verified(request.user, offer.email):
        return _for_somebody_else(request, offer)
    if request.method == "POST":
        return _accept(request, token, offer)
    return render(request, "tenancy/invitation.html", {"invitation": offer})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: Any) -> HttpResponse:
    """How others see the person, and the language of the portal."""
    form = ProfileForm(request.POST or None, instance=copy(request.user))
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "tenancy/profile.html", {"form": form}, status=status)
    update_profile(
        request.user,
        name=form.cleaned_data["name"],
        language=form.cleaned_data["language"],
        acting_user=request.user,
    )
    messages.success(request, _("Your profile is saved."))
    response = redirect("profile")
    remember_language(response, form.cleaned_data["language"])
    return response


def _own_address(request: HttpRequest, url: str) -> str:
    """`url` if it leads into this portal, else the start page."""
    own = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if own else resolve_url("home")


def _ask_to_sign_in(request: HttpRequest, token: str, offer: Invitation) -> HttpResponse:
    if request.method == "POST":
        return redirect(request.path)
    remember_invitation(request, token, offer)
    return render(request, "tenancy/invitation.html", {"invitation": offer, "next": request.path})


def _accept(request: Any, token: str, offer: Invitation) -> HttpResponse:
    try:
        accept_invitation(token, acting_user=request.user)
    except AlreadyMember:
        messages.info(request, _("You are a member of %(company)s already.") % {"company": offer.tenant})
    except InvitedSomebodyElse:
        return _for_somebody_else(request, offer)
    except InvitationGone as gone:
        return _gone(request, gone)
    else:
        messages.success(request, _("Welcome to %(company)s.") % {"company": offer.tenant})
    forget_invitation(request)
    return redirect("tenancy:home", offer.tenant.slug)


def _gone(request: Any, gone: InvitationGone) -> HttpResponse:
    status = 404 if gone.why == "unknown" else 410
    context = {"why": gone.why, "sentence": str(gone), "invitation": gone.invitation}
    return render(request, "tenancy/invitation_gone.html", context, status=status)


def _for_somebody_else(request: HttpRequest, offer: Invitation) -> HttpResponse:
    sign_out = f"{reverse('account_logout')}?next={request.path}"
    return render(
        request, "tenancy/invitation_for_somebody_else.html", {"invitation": offer, "sign_out": sign_out}, status=403
    )
