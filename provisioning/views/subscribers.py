"""Subscribers: the list, a new one, one followed while it is made or deleted, and its end."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.lists.pages import list_page, selectable
from portal.operations.followed import about, latest, page_of, standing
from portal.operations.promises import AlreadySubmitted
from portal.operations.words import sent_before_words
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import status_of
from portal.ui.formats import zone_of
from portal.ui.forms import ConfirmForm
from portal.vendors.desks import frame, page, slug_of
from provisioning import operations
from provisioning.forecast import free_of
from provisioning.forms import ReasonForm, SubscriberForm, SubscriberIdForm
from provisioning.lists import SUBSCRIBERS
from provisioning.models import Subscriber
from provisioning.operations import NotPromised
from provisioning.stories import request_for_credentials
from provisioning.views.desk import Desk, desk_of, no_connection


@tenant_view(Role.VIEWER)
@require_safe
def subscribers(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    found = list_page(request, SUBSCRIBERS, fixed={"connection": desk.connection.pk})
    free = sum(free_of(product) for product in desk.own_products)
    return page(request, "provisioning/subscribers.html", desk, free=free, **found)


@tenant_view(Role.VIEWER)
@require_safe
def subscriber_row(request: TenantRequest, pk: int) -> HttpResponse:
    """One row of the list, polled while it moves."""
    found = get_object_or_404(Subscriber.objects.for_list(), pk=pk)
    context = {"subscriber": found, "selectable": selectable(request, SUBSCRIBERS)}
    return render(request, "provisioning/_subscriber_row.html", context)


# --- A new one ----------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
def subscriber_new(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    form = SubscriberForm(request.POST or None, products=desk.own_products, zone=zone_of(request))
    if request.method == "POST" and form.is_valid():
        return _create(request, desk, form)
    return _form_page(request, desk, form)


def _create(request: HttpRequest, desk: Desk, form: SubscriberForm) -> HttpResponse:
    values = form.cleaned_data
    try:
        made = operations.create_subscriber(
            values["product"],
            values["username"],
            ends_at=values["ends_at"],
            form_key=form.form_key,
            acting_user=request.user,
        )
    except AlreadySubmitted as earlier:
        messages.warning(request, sent_before_words())
        return redirect(page_of(request, earlier.operation, Subscriber, "provisioning:subscriber"))
    except NotPromised as refusal:
        form.add_error(None, str(refusal))
        return _form_page(request, desk, form)
    messages.success(request, _("“%(name)s” is being created at the vendor.") % {"name": made.username})
    return redirect("provisioning:subscriber", slug_of(request), made.pk)


def _form_page(request: HttpRequest, desk: Desk, form: SubscriberForm) -> HttpResponse:
    free = sum(free_of(product) for product in desk.own_products)
    return page(request, "provisioning/subscriber_new.html", desk, status_of(form), form=form, free=free)


# --- One ----------------------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def subscriber(request: HttpRequest, pk: int) -> HttpResponse:
    return detail_page(request, find(pk))


@tenant_view(Role.VIEWER)
@require_safe
def subscriber_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The page's own piece, polled while the vendor is at work."""
    return render(request, "provisioning/_subscriber.html", whole(request, find(pk)))


@tenant_view(Role.OPERATOR)
def subscriber_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then deletes. Whoever uses the subscriber in an application is forced out."""
    found, form = find(pk), ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _delete(request, found, form)
    context = {
        **frame(request, found.connection),
        "subscriber": found,
        "form": form,
        "title": _("Delete “%(name)s”?") % {"name": found.username},
        "text": _(
            "The application that uses this subscriber will be forced out of its calls. The product becomes free again; "
            "this month's peak stays."
        ),
        "verb": _("Delete"),
        "cancel_url": reverse("provisioning:subscriber", args=[slug_of(request), pk]),
    }
    return render(request, "ui/confirm_page.html", context, status=422 if form.is_bound else 200)


def _delete(request: HttpRequest, found: Subscriber, form: ConfirmForm) -> HttpResponse:
    try:
        operations.delete_subscriber(found, form_key=form.form_key, acting_user=request.user)
        messages.success(request, _("“%(name)s” is being deleted at the vendor.") % {"name": found.username})
    except AlreadySubmitted:
        messages.info(request, _("“%(name)s” is being deleted already.") % {"name": found.username})
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    return redirect("provisioning:subscriber", slug_of(request), found.pk)


@tenant_view(Role.OPERATOR)
def subscriber_gone(request: HttpRequest, pk: int) -> HttpResponse:
    """A person knows that it was deleted at the vendor by somebody else."""
    found, form = find(pk), ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.declare_gone(found, reason=form.cleaned_data["reason"], acting_user=request.user)
            messages.success(request, _("“%(name)s” counts as deleted now.") % {"name": found.username})
            return redirect("provisioning:subscriber", slug_of(request), pk)
        except NotPromised as refusal:
            form.add_error(None, str(refusal))
    context = {
        **frame(request, found.connection),
        "form": form,
        "title": _("Declare “%(name)s” gone?") % {"name": found.username},
        "text": _(
            "For a subscriber that somebody deleted at the vendor directly. Nothing is sent; the mirror is read again, and "
            "should the subscriber still be there, it shows as a difference."
        ),
        "verb": _("Declare gone"),
        "cancel_url": reverse("provisioning:subscriber", args=[slug_of(request), pk]),
    }
    return render(request, "ui/confirm_page.html", context, status=422 if form.is_bound else 200)


@tenant_view(Role.OPERATOR)
def subscriber_id(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter what the vendor told of a subscriber whose answer was lost."""
    found, form = find(pk), SubscriberIdForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            operations.enter_subscriber_id(found, values["vendor_id"], values["identity"], acting_user=request.user)
            messages.success(request, _("The ID is kept. The subscriber can be deleted now."))
            return redirect("provisioning:subscriber", slug_of(request), pk)
        except NotPromised as refusal:
            form.add_error(None, str(refusal))
    return detail_page(request, found, status=422 if form.is_bound else 200, id_form=form)


def find(pk: int) -> Subscriber:
    return get_object_or_404(Subscriber.objects.for_detail(), pk=pk)


def detail_page(request: HttpRequest, subscriber: Subscriber, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "provisioning/subscriber.html", whole(request, subscriber) | more, status=status)


def whole(request: HttpRequest, subscriber: Subscriber) -> dict[str, Any]:
    return {
        **frame(request, subscriber.connection),
        "subscriber": subscriber,
        **standing(latest(about(Subscriber, subscriber.pk)), zone_of(request)),
        "text": request_for_credentials(subscriber) if subscriber.credentials_lost else "",
        "id_form": SubscriberIdForm(),
        "confirm": ConfirmForm(),
    }
