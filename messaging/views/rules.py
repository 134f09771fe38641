"""A company's rules for sending: everybody sees them, admins change them."""

from datetime import time
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from messaging import rules as verbs
from messaging.models import SmsRules
from messaging.rules_forms import RulesForm
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, may, status_of
from portal.ui.formats import money, number


@tenant_view(Role.VIEWER)
@require_safe
def rules(request: TenantRequest) -> HttpResponse:
    found = verbs.rules_of(request.tenant.pk)
    form = RulesForm(instance=found)
    told = [(form[name].label, told_value(found, name), form[name].help_text) for name in verbs.FIELDS]
    context = {"told": told, "rules": found, "may_administer": may(request, Role.ADMIN)}
    return render(request, "messaging/rules.html", context)


@tenant_view(Role.ADMIN)
def rules_change(request: TenantRequest) -> HttpResponse:
    form = RulesForm(request.POST or None, instance=verbs.rules_of(request.tenant.pk))
    if asked(form, lambda: verbs.change_rules(request.tenant, form.wanted, acting_user=request.user)):
        return done(request, _("The rules are kept. They hold from now on."), "messaging:rules")
    return render(request, "messaging/rules_change.html", {"form": form}, status=status_of(form))


def told_value(found: SmsRules, name: str) -> str:
    """As a person reads it; what is empty bounds nothing."""
    value = getattr(found, name)
    if isinstance(value, list):
        return ", ".join(["NL", *value])
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if value is None:
        return _("none") if name.startswith("quiet") else _("no bound")
    return money(value, "EUR") if isinstance(value, Decimal) else number(value)
