"""Names that recipients see: which there are, asking for one, giving one up."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from messaging import senders as verbs
from messaging.models import Sender
from messaging.rules_forms import SenderForm
from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, may, status_of


@tenant_view(Role.VIEWER)
@require_safe
def senders(request: TenantRequest) -> HttpResponse:
    """All of them: there are MOST_SENDERS at most."""
    found = Sender.objects.select_related("asked_by", "decided_by").order_by("name")
    return render(request, "messaging/senders.html", {"senders": found, "may_administer": may(request, Role.ADMIN)})


@tenant_view(Role.ADMIN)
def sender_new(request: TenantRequest) -> HttpResponse:
    form = SenderForm(request.POST or None)
    if asked(form, lambda: verbs.ask_sender(request.tenant, form.cleaned_data["name"], acting_user=request.user)):
        told = _("“%(name)s” was asked for. Support decides about it, and you are told.")
        return done(request, told % form.cleaned_data, "messaging:senders")
    return render(request, "messaging/sender_new.html", {"form": form}, status=status_of(form))


@tenant_view(Role.ADMIN)
@require_POST
def sender_withdraw(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Sender, pk=pk)
    try:
        verbs.withdraw_sender(found, acting_user=request.user)
    except NotPromised as refusal:
        messages.error(request, str(refusal))
        return redirect("messaging:senders", request.tenant.slug)
    return done(request, _("Nothing new is sent as “%(name)s”.") % {"name": found.name}, "messaging:senders")
