"""The do-not-send list: looking a number up, entering numbers, taking one off."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from messaging.people import optouts
from messaging.people.forms import LiftForm, OptOutForm
from messaging.people.lists import OPT_OUTS
from messaging.people.models import OptOut
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, may, status_of


@tenant_view(Role.VIEWER)
@require_safe
def opt_outs(request: TenantRequest) -> HttpResponse:
    roles = {"may_operate": may(request, Role.OPERATOR), "may_administer": may(request, Role.ADMIN)}
    return render(request, "messaging/opt_outs.html", {**list_page(request, OPT_OUTS), **roles})


@tenant_view(Role.OPERATOR)
def opt_out_new(request: TenantRequest) -> HttpResponse:
    form = OptOutForm(request.POST or None, initial={"numbers": request.GET.get("number", "")[:20]})
    if form.is_bound and form.is_valid():
        told = form.cleaned_data
        new = optouts.opt_out(
            request.tenant.pk, told["numbers"], OptOut.Source.PERSON, told["note"], acting_user=request.user
        )
        return done(request, _told(len(new)), "messaging:opt_outs")
    return render(request, "messaging/opt_out_new.html", {"form": form}, status=status_of(form))


def _told(count: int) -> str:
    if not count:
        return _("These numbers stood on the list already.")
    told = ngettext("%(n)s number was put on the list.", "%(n)s numbers were put on the list.", count)
    return f"{told % {'n': count}} {_('Nothing is sent to it from now on.')}"


@tenant_view(Role.ADMIN)
def opt_out_lift(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(OptOut, pk=pk)
    form = LiftForm(request.POST or None)
    if asked(form, lambda: optouts.lift(found, form.cleaned_data["reason"], acting_user=request.user)):
        return done(request, _("%(number)s may be sent to again.") % {"number": found.number}, "messaging:opt_outs")
    context = {
        "form": form,
        "title": _("Take %(number)s off the do-not-send list?") % {"number": found.number},
        "text": _("It came there so: %(source)s. Campaigns reach this number again.")
        % {"source": found.get_source_display()},
        "verb": _("Take off the list"),
        "cancel_url": reverse("messaging:opt_outs", args=[request.tenant.slug]),
    }
    return render(request, "ui/confirm_page.html", context, status=status_of(form))
