"""The directory: who and what can be called, one extension, its caller ID, whose telephone it is, and favourites."""

from typing import Any

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.lists.pages import list_page
from portal.operations.followed import about, latest, standing
from portal.operations.models import Operation
from portal.operations.promises import AlreadySubmitted
from portal.operations.refusals import NotPromised
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.models import Membership, User
from portal.tenancy.roles import Role
from portal.ui.formats import zone_of
from portal.vendors.desks import allows, frame, mirror_asked, mirror_piece, page, slug_of
from portal.vendors.models import SEALED_OF_CONNECTION
from realtime import sync
from realtime.extensions.following import scope_for
from realtime.extensions.forms import CallerIdForm, MemberForm
from realtime.extensions.models import CallerId, Extension, Favourite
from realtime.extensions.operations import SET_CALLER_ID, link_member, set_caller_id
from realtime.grants.standing import held_by, remember
from realtime.lists import DIRECTORY, with_shown_number
from realtime.views.desk import desk_of, no_connection

BACK = ("directory", "subscriptions")
FAVOURITES_SHOWN = 24
# Nobody has more that are found again by it.
MOST_FAVOURITES = 500
# No select is longer.
MOST_MEMBERS = 500


@tenant_view(Role.VIEWER)
@require_safe
def directory(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request, favourites=_favourites_of(request.user.pk), held=held_by(request.user.pk))
    if desk is None:
        return no_connection(request)
    remember(request, [(account.connection, account.held) for account in desk.accounts])  # type: ignore[attr-defined]
    found = list_page(request, DIRECTORY, fixed={"connection": desk.connection.pk, "of": request.user.pk})
    favourites = [Extension(**told) for told in desk.account.favourites]  # type: ignore[attr-defined]
    there = [each for each in favourites if each.gone_at is None]
    found |= {"favourites": there[:FAVOURITES_SHOWN], "favoured": {each.pk for each in favourites}}
    return page(request, "realtime/directory.html", desk, **found)


def _favourites_of(user_id: int | None) -> ArraySubquery:
    """Along with an account: those of its extensions, by name."""
    mine = Favourite.objects.filter(user=user_id).values("extension")
    rows = Extension.objects.filter(connection=OuterRef("connection"), pk__in=mine)
    told = JSONObject(pk="pk", name="name", number="number", gone_at="gone_at")
    return ArraySubquery(rows.order_by("name", "pk").values(told=told)[:MOST_FAVOURITES])


@tenant_view(Role.VIEWER)
@require_safe
def directory_mirror(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    return no_connection(request) if desk is None else mirror_piece(request, desk, BACK)


@tenant_view(Role.VIEWER)
@require_POST
def directory_refresh(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    sync.refresh(desk.connection)
    return mirror_asked(request, desk, BACK)


@tenant_view(Role.VIEWER)
@require_POST
def favourite(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it among the favourites, or take it away; each person has their own."""
    found = get_object_or_404(Extension, pk=pk)
    kept, made = Favourite.objects.get_or_create(
        tenant_id=found.tenant_id, user_id=request.user.pk or 0, extension=found
    )
    if not made:
        kept.delete()
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "realtime/_favourite.html", {"extension": found, "favoured": {pk} if made else set()})
    text = _("“%(name)s” is among your favourites.") if made else _("“%(name)s” is no favourite any more.")
    messages.success(request, text % {"name": found.name})
    if request.POST.get("back") == "extension":
        return _to(request, pk)
    return redirect(reverse("realtime:directory", args=[slug_of(request)]) + f"?connection={found.connection_id}")


# --- One ----------------------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def extension(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "realtime/extension.html", _whole(request, _latest_operation(pk), _find(request, pk)))


@tenant_view(Role.VIEWER)
@require_safe
def extension_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The page's own piece, polled while the vendor is at work."""
    return render(request, "realtime/_extension.html", _whole(request, _latest_operation(pk), _find(request, pk)))


@tenant_view(Role.VIEWER)
@require_POST
def caller_id_set(request: HttpRequest, pk: int) -> HttpResponse:
    """By an admin, or by the person whose telephone it is."""
    found = _find(request, pk)
    if not may_set(request, found):
        messages.error(request, _("An admin can set this caller ID, and the person whose telephone it is."))
        return _to(request, pk)
    form = CallerIdForm(request.POST, offered=_offered(found))
    if not form.is_valid():
        return render(
            request, "realtime/extension.html", _whole(request, _latest_operation(pk), found, form=form), status=422
        )
    try:
        set_caller_id(form.chosen, form_key=form.form_key, acting_user=request.user)
        messages.success(request, _("The caller ID is on its way to the vendor."))
    except AlreadySubmitted:
        messages.info(request, _("The caller ID is on its way to the vendor already."))
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    return _to(request, pk)


@tenant_view(Role.VIEWER)
@require_POST
def caller_ids_refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the caller IDs of one extension read with the next reading, which is asked for."""
    found = _find(request, pk)
    Extension.objects.filter(pk=pk).update(caller_ids_read_at=None)
    sync.refresh(found.connection)
    messages.info(request, _("The vendor is being asked. Reload the page in a moment to see what it says."))
    return _to(request, pk)


@tenant_view(Role.ADMIN)
@require_POST
def extension_member(request: HttpRequest, pk: int) -> HttpResponse:
    """Say whose telephone it is: its person may act on its calls by a grant of their own, and set its caller ID."""
    found = _find(request, pk)
    form = MemberForm(request.POST, members=_members(found))
    if not form.is_valid():
        return render(
            request,
            "realtime/extension.html",
            _whole(request, _latest_operation(pk), found, member_form=form),
            status=422,
        )
    link_member(found, form.chosen, acting_user=request.user)
    messages.success(request, _("Saved."))
    return _to(request, pk)


def may_set(request: HttpRequest, found: Extension) -> bool:
    """Is this the person whose telephone it is, or an admin?"""
    return found.member_id == request.user.pk or allows(request, Role.ADMIN)


def _find(request: HttpRequest, pk: int) -> Any:
    """With what its page says: `offered`, whether the reader `favours` it, for admins the company's `people`. One query."""
    offered = CallerId.objects.filter(extension=OuterRef("pk")).order_by("number", "pk")
    rows = with_shown_number(Extension.objects.select_related("member", "connection__tenant")).annotate(
        offered=ArraySubquery(offered.values(told=JSONObject(pk="pk", vendor_id="vendor_id", number="number"))),
        favours=Exists(Favourite.objects.filter(user=request.user.pk, extension=OuterRef("pk"))),
        held=held_by(request.user.pk),
    )
    if allows(request, Role.ADMIN):
        rows = rows.annotate(people=_people())
    return get_object_or_404(rows.defer(*SEALED_OF_CONNECTION), pk=pk)


def _people() -> ArraySubquery:
    members = Membership.objects.filter(tenant=OuterRef("tenant")).order_by("user__email")
    told = JSONObject(pk="user_id", email="user__email", name="user__name")
    return ArraySubquery(members.values(told=told)[:MOST_MEMBERS])


def _members(found: Any) -> list[User]:
    return [User(**told) for told in found.people]


def _offered(found: Any) -> list[CallerId]:
    own = {"tenant_id": found.tenant_id, "extension_id": found.pk}
    return [CallerId(**own, **told) for told in found.offered]


def _whole(
    request: HttpRequest,
    operation: Operation | None,
    found: Any,
    *,
    form: CallerIdForm | None = None,
    member_form: MemberForm | None = None,
) -> dict[str, Any]:
    """`operation` is read before `found`: what is shown after its end has what it brought, and nobody needs to ask again."""
    remember(request, [(found.connection, found.held)])
    offered = _offered(found)
    administers = allows(request, Role.ADMIN)
    chosen = next((each.pk for each in offered if each.vendor_id == found.caller_id), None)
    return {
        **frame(request, found.connection),
        "extension": found,
        "needed_scope": scope_for(found),
        "offered": offered,
        "favoured": {found.pk} if found.favours else set(),
        "may_set": may_set(request, found) and found.gone_at is None and bool(offered),
        "form": form or CallerIdForm(offered=offered, initial={"caller_id": chosen}),
        "member_form": (member_form or _member_form(found)) if administers else None,
        **standing(operation, zone_of(request)),
    }


def _member_form(found: Any) -> MemberForm:
    return MemberForm(members=_members(found), initial={"member": found.member_id})


def _latest_operation(pk: int) -> Operation | None:
    return latest(about(Extension, pk).filter(kind=SET_CALLER_ID.name))


def _to(request: HttpRequest, pk: int) -> HttpResponse:
    return redirect("realtime:extension", slug_of(request), pk)
