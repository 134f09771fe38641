"""What people send to the company: talks, and the numbers that they send to."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from messaging.inbound import numbers as verbs
from messaging.inbound.forms import ForwardingForm, NumberForm
from messaging.inbound.talks import talk_before, with_standing
from messaging.lists import REPLIES
from messaging.models import Forward, VirtualNumber
from messaging.reports.addresses import inbound_url
from messaging.views.desk import desk_of, no_connection, page
from portal.lists.pages import list_page
from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import first_time
from portal.ui.forms import PortalForm
from portal.ui.paging import keyset_page

SHOWN = 20


@tenant_view(Role.VIEWER)
@require_safe
def talks(request: TenantRequest) -> HttpResponse:
    return render(request, "messaging/talks.html", list_page(request, REPLIES))


@tenant_view(Role.VIEWER)
@require_safe
def talk(request: TenantRequest, pk: int) -> HttpResponse:
    """The talk that this inbound message belongs to; ?before= goes back in it."""
    newest = get_object_or_404(with_standing(), pk=pk)
    said, older = talk_before(newest, _moment(request.GET.get("before", "")))
    context = {
        "newest": newest,
        "said": said,
        "older": older.isoformat() if older else "",
    }
    return render(request, "messaging/talk.html", context)


def _moment(text: str) -> datetime | None:
    """None for what is no moment with a zone."""
    try:
        found = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return found if found and found.tzinfo else None


# --- Numbers --------------------------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def numbers(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    mine = VirtualNumber.objects.filter(connection=desk.connection).defer("forward_secret")
    found = keyset_page(mine, order=("number", "pk"), cursor=request.GET.get("cursor", ""))
    address = inbound_url(desk.connection) if request.membership.allows(Role.ADMIN) else ""
    return page(request, "messaging/numbers.html", desk, page=found, address=address)


@tenant_view(Role.ADMIN)
def number_new(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    form = NumberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            new = verbs.add_number(desk.connection, told["number"], told["name"], acting_user=request.user)
        except NotPromised as refusal:
            form.add_error("number", str(refusal))
        else:
            return redirect("messaging:number", request.tenant.slug, new.pk)
    return page(request, "messaging/number_new.html", desk, 422 if form.is_bound else 200, form=form)


@tenant_view(Role.VIEWER)
@require_safe
def number(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    return _number(request, found, _form_of(found), 200)


@tenant_view(Role.ADMIN)
@require_POST
def number_change(request: TenantRequest, pk: int) -> HttpResponse:
    """How it is called, and where its messages go besides this portal."""
    found, form = _find(pk), ForwardingForm(request.POST)
    if not form.is_valid():
        return _number(request, found, form, 422)
    fields = {name: form.cleaned_data[name] for name in verbs.FORWARDED}
    verbs.change_number(found, acting_user=request.user, **fields)
    messages.success(request, _("Changed. It holds for messages that come from now on."))
    return redirect("messaging:number", request.tenant.slug, pk)


@tenant_view(Role.ADMIN, reveals_secrets=True)
@never_cache
@require_POST
@sensitive_variables("secret")
def number_secret(request: TenantRequest, pk: int) -> HttpResponse:
    """What its posts are signed with, shown once for each form."""
    found, form = _find(pk), PortalForm(request.POST)
    if not form.is_valid() or not first_time(request, form):
        return redirect("messaging:number", request.tenant.slug, pk)
    try:
        secret = verbs.reveal_secret(found, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return redirect("messaging:number", request.tenant.slug, pk)
    return _number(request, found, _form_of(found), 200, secret)


def _form_of(number: VirtualNumber) -> ForwardingForm:
    return ForwardingForm(initial={name: getattr(number, name) for name in verbs.FORWARDED})


def _number(
    request: TenantRequest, found: VirtualNumber, form: ForwardingForm, status: int, secret: str = ""
) -> HttpResponse:
    forwards = Forward.objects.filter(inbound__to=found).select_related("inbound").order_by("-pk")[:SHOWN]
    context = {
        "number": found,
        "form": form,
        "forwards": list(forwards),
        "secret": secret,
        "confirm": PortalForm(),
        "may_administer": request.membership.allows(Role.ADMIN),
    }
    return render(request, "messaging/number.html", context, status=status)


def _find(pk: int) -> VirtualNumber:
    return get_object_or_404(VirtualNumber.objects.select_related("connection__tenant"), pk=pk)
