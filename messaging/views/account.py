"""What a company tells of its account at the vendor: shown beside the signing keys, changed here."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from messaging import accounts as verbs
from messaging.account_forms import AccountForm
from messaging.models import SmsAccount
from messaging.views.desk import desk_of, no_connection, page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, status_of


@tenant_view(Role.ADMIN)
def account_change(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    # The form writes what was typed onto its own row, and the page shows the one there is.
    form = AccountForm(request.POST or None, instance=SmsAccount.objects.get(pk=desk.account.pk))
    if asked(form, lambda: verbs.change_account(desk.account, form.wanted, acting_user=request.user)):
        messages.success(request, _("The settings are kept. They hold from now on."))
        return redirect(reverse("messaging:keys", args=[request.tenant.slug]) + desk.query)
    return page(request, "messaging/account_change.html", desk, status=status_of(form), form=form)


def told(account: SmsAccount) -> list[tuple[Any, str]]:
    """Each setting with what it is, as a person reads it."""
    words = {
        "test_mode": _("on: texts of at most 160 characters") if account.test_mode else _("off"),
        "wants_reports": _("asked for with each message") if account.wants_reports else _("not asked for"),
        "key_level": account.get_key_level_display(),
        "keys_url": account.keys_url or _("KPN's own"),
    }
    form = AccountForm(instance=account)
    return [(form[name].label, words[name]) for name in verbs.FIELDS]
