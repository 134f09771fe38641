"""Texts to begin from: the list, a new one, changes."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from messaging.models import LONGEST_TEXT
from messaging.people import templates as shelf
from messaging.people.forms import TemplateForm
from messaging.people.lists import TEMPLATES
from messaging.people.models import Template
from messaging.views.compose import measured, text_after
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, may, status_of


@tenant_view(Role.VIEWER)
@require_safe
def templates(request: TenantRequest) -> HttpResponse:
    found = {**list_page(request, TEMPLATES), "may_operate": may(request, Role.OPERATOR)}
    return render(request, "messaging/templates.html", found)


@tenant_view(Role.OPERATOR)
def template_new(request: TenantRequest) -> HttpResponse:
    form = _form(request)

    def add() -> None:
        told = form.cleaned_data
        shelf.add_template(request.tenant, told["name"], told["text"], acting_user=request.user)

    if asked(form, add):
        return done(request, _("The template “%(name)s” is kept.") % form.cleaned_data, "messaging:templates")
    return _page(request, form)


@tenant_view(Role.OPERATOR)
def template_edit(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Template.objects.select_related("changed_by"), pk=pk)
    name = found.name
    form = _form(request, name=name, text=found.text)

    def change() -> None:
        told = form.cleaned_data
        shelf.change_template(found, told["name"], told["text"], acting_user=request.user)

    if asked(form, change):
        return done(request, _("The template “%(name)s” is kept.") % form.cleaned_data, "messaging:templates")
    return _page(request, form, template=found, name=name)


def _form(request: TenantRequest, **kept: str) -> TemplateForm:
    """As it was sent; as it begins, also where characters of the text were only to be replaced."""
    if act := request.POST.get("act", ""):
        return TemplateForm(initial={"name": request.POST.get("name", ""), "text": text_after(request, act)})
    return TemplateForm(request.POST or None, initial=kept)


def _page(request: TenantRequest, form: TemplateForm, **more: Any) -> HttpResponse:
    """With what the text measures, as in a campaign."""
    context = {"form": form, **more, **measured(str(form["text"].value() or ""), LONGEST_TEXT)}
    return render(request, "messaging/template_form.html", context, status=status_of(form))


@tenant_view(Role.OPERATOR)
@require_POST
def template_delete(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Template, pk=pk)
    shelf.delete_template(found, acting_user=request.user)
    return done(request, _("The template “%(name)s” is deleted.") % {"name": found.name}, "messaging:templates")
