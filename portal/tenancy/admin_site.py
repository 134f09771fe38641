"""The Django admin of support staff: nobody enters without a second factor, and each request is on record."""

from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from portal.tenancy.door import SAFE_METHODS
from portal.tenancy.mfa import has_shown_second_factor, lead_to_second_factor

# Their own admin pages show what opens accounts, such as keys of sessions; Django's groups mean nothing here.
UNSHOWN_APPS = {"account", "mfa", "usersessions", "auth"}


class StaffAdminSite(AdminSite):
    """Signs in by the portal's own pages; to everybody but staff there is nothing here."""

    site_title = site_header = _("Patchbay support")
    index_title = _("All tenants")
    site_url = "/"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._pages: list[URLPattern] = []

    def add_page(self, route: str, view: Any, name: str) -> None:
        """A page of its own beside those of the models, behind the same guard: /admin/<route>, "admin:<name>"."""
        self._pages.append(path(route, self.admin_view(view), name=name))

    def get_urls(self) -> list[Any]:
        # The last of Django's own takes every address.
        return [*self._pages, *super().get_urls()]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        shown = [model for model in models if model._meta.app_label not in UNSHOWN_APPS]
        super().register(shown, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        opened = super().admin_view(view, cacheable)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not (request.user.is_active and request.user.is_staff):
                raise Http404
            if not has_shown_second_factor(request):
                return lead_to_second_factor(request)
            _record(request)
            return opened(request, *args, **kwargs)

        return guarded

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.user.is_authenticated and not request.user.is_staff:
            raise Http404
        return redirect_to_login(request.GET.get("next") or request.path.removesuffix("login/"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Signing out is allauth's, so that sessions and the audit trail know of it."""
        from allauth.account.adapter import get_adapter

        get_adapter(request).logout(request)
        return redirect("account_login")


def _record(request: HttpRequest) -> None:
    from portal.audit.trail import record

    action = "staff.viewed" if request.method in SAFE_METHODS else "staff.changed"
    record(action, None, after={"path": request.get_full_path()[:1000]}, acting_user=request.user)
