"""Connecting live calls: who allowed what at the vendor, the way to its consent page and back, and the end of a permission."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.tenancy.sealing import SealBroken
from portal.vendors.models import SEALED_OF_CONNECTION
from realtime.grants import consent as visits
from realtime.grants.ending import end_grant
from realtime.grants.forms import AskingForm, PurposesForm, company_form, own_form
from realtime.grants.lists import GRANTS
from realtime.grants.models import Consent, Grant
from realtime.grants.scopes import PURPOSES, SCOPES, purposes_in, scopes_for
from realtime.grants.settings import change_asking, choose_purposes
from realtime.grants.words import word_for
from realtime.models import RealtimeAccount


@tenant_view(Role.VIEWER)
@require_safe
def connect(request: TenantRequest) -> HttpResponse:
    """What is connected, for the company and for oneself, and how to connect."""
    accounts = _accounts()
    if not accounts:
        return render(request, "realtime/connect_none.html", {"may_administer": request.membership.allows(Role.ADMIN)})
    account = _chosen(accounts, request.GET.get("connection", ""))
    return _page(request, accounts, account)


@tenant_view(Role.ADMIN, reveals_secrets=True)
@never_cache
@require_POST
def connect_company(request: TenantRequest) -> HttpResponse:
    """To the vendor's page, for the company."""
    accounts = _accounts()
    account = _chosen(accounts, request.POST.get("connection", ""))
    form = company_form(request.POST, chosen=[])
    if not form.is_valid():
        return _page(request, accounts, account, company=form)
    choose_purposes(account, form.cleaned_data["purposes"])
    return _leave(request, account, form.cleaned_data["purposes"], personal=False)


@tenant_view(Role.VIEWER, reveals_secrets=True)
@never_cache
@require_POST
def connect_own(request: TenantRequest) -> HttpResponse:
    """To the vendor's page, for one's own calls."""
    accounts = _accounts()
    account = _chosen(accounts, request.POST.get("connection", ""))
    form = own_form(request.POST)
    if not form.is_valid():
        return _page(request, accounts, account, own=form)
    return _leave(request, account, form.cleaned_data["purposes"], personal=True)


@never_cache
@require_GET
def connected(request: HttpRequest) -> HttpResponse:
    """Where the vendor sends people back to, whatever their company: the state tells whose visit it was."""
    if not request.user.is_authenticated or not request.session.session_key:
        return _refused(
            request, _("You are not signed in here any more. Nothing was connected: sign in and begin again.")
        )
    told = {name: request.GET.get(name, "") for name in ("state", "code", "error")}
    try:
        consent = visits.take_answer(
            visits.Answer(**told), session_key=request.session.session_key, acting_user=request.user
        )
    except visits.ConsentRefused as refusal:
        return _refused(request, str(refusal))
    return redirect("realtime:connect_return", consent.tenant.slug, consent.pk)


@tenant_view(Role.VIEWER)
@require_safe
def connect_return(request: TenantRequest, pk: int) -> HttpResponse:
    """What became of a visit to the vendor's page; polls itself while a worker fetches the tokens."""
    rows = Consent.objects.select_related("connection").defer("answer", *SEALED_OF_CONNECTION)
    consent = get_object_or_404(rows, pk=pk)
    context = {"consent": consent, "word": word_for(consent.error) if consent.error else None}
    piece = request.headers.get("HX-Request") is not None
    return render(request, "realtime/_connect_return.html" if piece else "realtime/connect_return.html", context)


@tenant_view(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def connect_asking(request: TenantRequest, pk: int) -> HttpResponse:
    """How the vendor is asked."""
    account = get_object_or_404(
        RealtimeAccount.objects.select_related("connection").defer(*SEALED_OF_CONNECTION), connection=pk
    )
    shown = {"authorize_url": account.authorize_url, "secret_in_body": int(account.secret_in_body)}
    form = AskingForm(request.POST if request.method == "POST" else None, initial=shown)
    if form.is_valid():
        values = {name: form.cleaned_data[name] for name in shown}
        change_asking(account, **values, acting_user=request.user)
        messages.success(request, _("Saved. It counts from the next consent and the next token on."))
        return redirect(_address(request, account))
    context = {"form": form, "account": account, "back": _address(request, account)}
    return render(request, "realtime/connect_asking.html", context, status=422 if form.is_bound else 200)


@tenant_view(Role.ADMIN)
@require_safe
def grants(request: TenantRequest) -> HttpResponse:
    return render(request, "realtime/connect_grants.html", list_page(request, GRANTS))


@tenant_view(Role.ADMIN)
@require_POST
def grant_end(request: TenantRequest, pk: int) -> HttpResponse:
    """Anybody's, by an admin."""
    grant = get_object_or_404(Grant.objects.select_related("connection").defer(*SEALED_OF_CONNECTION), pk=pk)
    return _end(request, grant, grant.connection_id)


@tenant_view(Role.VIEWER)
@require_POST
def own_grant_end(request: TenantRequest, pk: int) -> HttpResponse:
    """One's own at this connection, if there is one."""
    account = get_object_or_404(RealtimeAccount, connection=pk)
    rows = Grant.objects.exclude(state=Grant.State.ENDED).filter(connection=pk, user=request.user.pk)
    grant = rows.select_related("connection").defer(*SEALED_OF_CONNECTION).first()
    return _end(request, grant, account.connection_id)


def _end(request: TenantRequest, grant: Grant | None, connection_pk: int) -> HttpResponse:
    if grant is not None:
        end_grant(grant, acting_user=request.user)
    messages.success(
        request,
        _("The permission is ended here and its tokens are forgotten. Remove the application at the vendor as well."),
    )
    return redirect(f"{reverse('realtime:connect', args=[request.tenant.slug])}?connection={connection_pk}")


def _accounts() -> list[RealtimeAccount]:
    rows = RealtimeAccount.objects.select_related("connection").defer(*SEALED_OF_CONNECTION)
    return list(rows.order_by("connection__name", "connection_id"))


def _chosen(accounts: list[RealtimeAccount], connection_pk: str) -> RealtimeAccount:
    """The one that is named, else the first. Raises Http404 for one that is not the tenant's."""
    wanted = (each for each in accounts if not connection_pk or str(each.connection_id) == connection_pk)
    account = next(wanted, None)
    if account is None:
        raise Http404
    return account


def _page(
    request: TenantRequest,
    accounts: list[RealtimeAccount],
    account: RealtimeAccount,
    *,
    company: PurposesForm | None = None,
    own: PurposesForm | None = None,
) -> HttpResponse:
    rows = Grant.objects.exclude(state=Grant.State.ENDED).filter(connection=account.connection_id)
    found = rows.defer("access_token", "refresh_token").select_related("granted_by")
    mine = {grant.personal: grant for grant in found if grant.user_id in (None, request.user.pk)}
    chosen = [*account.purposes, request.GET.get("purpose", "")] if account.purposes else _first(request)
    context = {
        "accounts": accounts,
        "account": account,
        "connection": account.connection,
        "company_grant": _told(mine.get(False)),
        "own_grant": _told(mine.get(True)),
        "company_form": company or company_form(chosen=chosen),
        "own_form": own or own_form(),
        "redirect_uri": visits.redirect_uri(),
        "may_administer": request.membership.allows(Role.ADMIN),
    }
    return render(request, "realtime/connect.html", context, status=422 if company or own else 200)


def _first(request: TenantRequest) -> list[str]:
    """Before anybody chose: what no admin is needed for, and what was asked for."""
    return ["directory", "presence", *([asked] if (asked := request.GET.get("purpose", "")) in PURPOSES else [])]


def _told(grant: Grant | None) -> dict[str, Any] | None:
    if grant is None:
        return None
    return {
        "grant": grant,
        "purposes": purposes_in(grant.scopes),
        "scopes": [SCOPES[name] for name in SCOPES if name in grant.scopes],
        "status": f"grant_{grant.state}",
    }


@sensitive_variables("visit", "context")
def _leave(request: TenantRequest, account: RealtimeAccount, purposes: list[str], *, personal: bool) -> HttpResponse:
    """A page with the way to the vendor: a form may not lead to another site."""
    connection = account.connection
    scopes = scopes_for(purposes)
    try:
        visit = visits.begin(
            connection,
            scopes,
            personal=personal,
            session_key=request.session.session_key or "",
            acting_user=request.user,
        )
    except SealBroken:
        messages.error(request, _("The stored credentials cannot be opened. Enter them again, then connect."))
        return redirect("vendors:connection", request.tenant.slug, connection.pk)
    context = {
        "url": visit.url,
        "account": account,
        "connection": connection,
        "personal": personal,
        "scopes": [SCOPES[name] for name in scopes],
        "needs_admin": any(SCOPES[name].admin_only for name in scopes),
        "back": _address(request, account),
    }
    return render(request, "realtime/connect_leave.html", context)


def _refused(request: HttpRequest, sentence: str) -> HttpResponse:
    return render(request, "realtime/connect_refused.html", {"sentence": sentence}, status=400)


def _address(request: TenantRequest, account: RealtimeAccount) -> str:
    return f"{reverse('realtime:connect', args=[request.tenant.slug])}?connection={account.connection_id}"
