"""Customer cards: the list, one card, what is changed about them, and where they lead."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, may, status_of
from realtime.cards import keeping
from realtime.cards.forms import CardForm, LinkForm, card_values
from realtime.cards.lists import CARDS
from realtime.cards.matching import links_of
from realtime.cards.models import Card


@tenant_view(Role.VIEWER)
@require_safe
def cards(request: TenantRequest) -> HttpResponse:
    found = {
        **list_page(request, CARDS),
        "may_operate": may(request, Role.OPERATOR),
        "may_administer": may(request, Role.ADMIN),
    }
    return render(request, "realtime/cards.html", found)


@tenant_view(Role.VIEWER)
@require_safe
def card(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    context = {"card": found, "links": links_of(found), "may_operate": may(request, Role.OPERATOR)}
    return render(request, "realtime/card.html", context)


@tenant_view(Role.OPERATOR)
def card_new(request: TenantRequest) -> HttpResponse:
    initial = {"numbers": request.GET.get("number", "")[:40]}
    form = CardForm(request.POST or None, initial=initial)
    if asked(form, lambda: keeping.add_card(request.tenant, form.customer, acting_user=request.user)):
        return done(request, _("“%(name)s” has a card now.") % {"name": form.customer.name}, "realtime:cards")
    return _page(request, form, _("New card"), _("Add"))


@tenant_view(Role.OPERATOR)
def card_edit(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    form = CardForm(request.POST or None, initial=card_values(found))
    if asked(form, lambda: keeping.change_card(found, form.customer, acting_user=request.user)):
        return done(
            request, _("The card of “%(name)s” is changed.") % {"name": form.customer.name}, "realtime:card", pk
        )
    return _page(request, form, _("Change the card"), _("Save"), card=found)


@tenant_view(Role.OPERATOR)
@require_POST
def card_delete(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(pk)
    keeping.delete_cards(request.tenant, [found.pk], acting_user=request.user)
    return done(request, _("The card of “%(name)s” is deleted.") % {"name": found}, "realtime:cards")


@tenant_view(Role.ADMIN)
def card_link(request: TenantRequest) -> HttpResponse:
    """Where cards lead in the company's CRM."""
    form = LinkForm(request.POST or None, initial={"link": keeping.rules_of(request.tenant).link})

    def change() -> None:
        keeping.change_link(request.tenant, form.cleaned_data["link"], acting_user=request.user)

    if asked(form, change):
        return done(request, _("Cards lead there from now on."), "realtime:cards")
    return _page(request, form, _("Where cards lead"), _("Save"))


def _page(request: TenantRequest, form: Any, title: str, verb: str, **more: Any) -> HttpResponse:
    context = {"form": form, "title": title, "verb": verb, **more}
    return render(request, "realtime/card_form.html", context, status=status_of(form))


def _find(pk: int) -> Card:
    return get_object_or_404(Card.objects.select_related("tenant"), pk=pk)
