"""Contacts and their groups: the lists, one contact, and what is changed about them."""

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from messaging.people import contacts as book
from messaging.people import groups as shelf
from messaging.people.forms import ContactForm, GroupForm, NewContactForm, contact_values
from messaging.people.lists import CONTACTS
from messaging.people.models import Contact, Group
from messaging.rules import rules_of
from portal.lists.pages import list_page
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import asked, done, may, status_of
from portal.ui.forms import PortalForm


@tenant_view(Role.VIEWER)
@require_safe
def contacts(request: TenantRequest) -> HttpResponse:
    found = {**list_page(request, CONTACTS), "may_operate": may(request, Role.OPERATOR)}
    return render(request, "messaging/contacts.html", found)


@tenant_view(Role.VIEWER)
@require_safe
def contact(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(request, pk)
    groups = Group.objects.filter(members__contact=found).order_by("name")
    context = {"contact": found, "groups": groups, "may_operate": may(request, Role.OPERATOR)}
    return render(request, "messaging/contact.html", context)


@tenant_view(Role.OPERATOR)
def contact_new(request: TenantRequest) -> HttpResponse:
    groups, countries = list(Group.objects.order_by("name")), rules_of(request.tenant.pk).countries
    initial = {"groups": [request.GET.get("group", "")]}
    form = NewContactForm(request.POST or None, groups=groups, countries=countries, initial=initial)

    def add() -> None:
        book.add_contact(request.tenant, form.person, groups=form.chosen_groups, acting_user=request.user)

    if asked(form, add):
        return done(request, _("“%(name)s” is in the contacts.") % {"name": _called(form)}, "messaging:contacts")
    return _form_page(request, form, _("New contact"), _("Add"))


@tenant_view(Role.OPERATOR)
def contact_edit(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(request, pk)
    form = ContactForm(
        request.POST or None, countries=rules_of(request.tenant.pk).countries, initial=contact_values(found)
    )
    if asked(form, lambda: book.change_contact(found, form.person, acting_user=request.user)):
        return done(request, _("“%(name)s” is changed.") % {"name": _called(form)}, "messaging:contact", pk)
    return _form_page(request, form, _("Change the contact"), _("Save"), found)


@tenant_view(Role.OPERATOR)
@require_POST
def contact_delete(request: TenantRequest, pk: int) -> HttpResponse:
    found = _find(request, pk)
    book.delete_contacts(request.tenant, [found.pk], acting_user=request.user)
    return done(request, _("“%(name)s” is deleted.") % {"name": found}, "messaging:contacts")


def _find(request: TenantRequest, pk: int) -> Any:
    """With `on_list`, as in the list."""
    return get_object_or_404(CONTACTS.rows(request.tenant), pk=pk)


def _called(form: ContactForm) -> str:
    return form.cleaned_data["name"] or form.cleaned_data["number"]


def _form_page(
    request: TenantRequest, form: ContactForm, title: str, verb: str, found: Contact | None = None
) -> HttpResponse:
    context = {"form": form, "title": title, "verb": verb, "contact": found}
    return render(request, "messaging/contact_form.html", context, status=status_of(form))


# --- Groups -------------------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def groups(request: TenantRequest) -> HttpResponse:
    """All of them: there are MOST_GROUPS at most."""
    found = Group.objects.annotate(count=Count("members")).order_by("name")
    return render(request, "messaging/groups.html", {"groups": found, "may_operate": may(request, Role.OPERATOR)})


@tenant_view(Role.OPERATOR)
def group_new(request: TenantRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if asked(form, lambda: shelf.make_group(request.tenant, form.cleaned_data["name"], acting_user=request.user)):
        told = _("The group “%(name)s” is there. Tick contacts in their list to put them into it.")
        return done(request, told % form.cleaned_data, "messaging:groups")
    return _group_page(request, form, _("New group"), _("Make the group"))


@tenant_view(Role.OPERATOR)
def group_rename(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Group, pk=pk)
    form = GroupForm(request.POST or None, initial={"name": found.name})
    if asked(form, lambda: shelf.rename_group(found, form.cleaned_data["name"], acting_user=request.user)):
        return done(request, _("The group is called “%(name)s” now.") % form.cleaned_data, "messaging:groups")
    return _group_page(request, form, _("Rename the group"), _("Rename"))


@tenant_view(Role.OPERATOR)
@require_POST
def group_delete(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Group, pk=pk)
    shelf.delete_group(found, acting_user=request.user)
    return done(
        request, _("The group “%(name)s” is deleted. Its contacts stay.") % {"name": found.name}, "messaging:groups"
    )


@tenant_view(Role.OPERATOR)
@require_POST
def group_leave(request: TenantRequest, pk: int, contact_pk: int) -> HttpResponse:
    """Take one contact out of the group."""
    group, found = get_object_or_404(Group, pk=pk), _find(request, contact_pk)
    shelf.remove_from_group(group, [found.pk], acting_user=request.user)
    told = _("“%(name)s” is not in the group “%(group)s” any more.")
    return done(request, told % {"name": found, "group": group}, "messaging:contact", found.pk)


def _group_page(request: TenantRequest, form: PortalForm, title: str, verb: str) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "verb": verb,
        "tone": "primary",
        "cancel_url": reverse("messaging:groups", args=[request.tenant.slug]),
    }
    return render(request, "ui/confirm_page.html", context, status=status_of(form))
