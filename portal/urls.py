"""Every address of the portal. Pages of a tenant live under /t/<slug>/ and pass the one door (`tenant_view`)."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal.billing.mailing.views import by_link
from portal.tenancy import entrance
from portal.ui import views as ui
from realtime.views.callback_public import callback_form, callback_status
from realtime.views.connect import connected
from telephony.views.phone_setup import phone_setup

handler400 = "portal.ui.views.bad_request"
handler500 = "portal.ui.views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", entrance.home, name="home"),
    path("second-factor/", entrance.second_factor_needed, name="second_factor_needed"),
    path("invitations/<str:token>/", entrance.invitation, name="invitation"),
    path("statements-by-mail/<str:token>/", by_link, name="billing_contact"),
    path("phone-setup/<str:token>/", phone_setup, name="phone_setup"),
    path("live/connected", connected, name="live_connected"),
    path("live/callback/<str:public_id>/", callback_form, name="callback_form"),
    path("live/callback/<str:public_id>/<str:token>/", callback_status, name="callback_status"),
    path("healthz", ui.healthy, name="healthy"),
    path("accounts/profile/", entrance.profile, name="profile"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("support/", include("portal.support.urls")),
    path("t/<slug:slug>/", include("portal.tenancy.urls")),
    path("t/<slug:slug>/connections/", include("portal.vendors.urls")),
    path("t/<slug:slug>/activity/", include("portal.operations.urls")),
    path("t/<slug:slug>/audit/", include("portal.audit.urls")),
    path("t/<slug:slug>/lists/", include("portal.lists.urls")),
    path("t/<slug:slug>/batches/", include("portal.bulk.urls")),
    path("t/<slug:slug>/search/", include("portal.search.urls")),
    path("t/<slug:slug>/notices/", include("portal.notices.urls")),
    path("t/<slug:slug>/visits/", include("portal.support.tenant_urls")),
    path("t/<slug:slug>/billing/", include("portal.billing.urls")),
    path("t/<slug:slug>/video/", include("provisioning.urls")),
    path("t/<slug:slug>/telephony/", include("telephony.urls")),
    path("t/<slug:slug>/sms/", include("messaging.urls")),
    path("t/<slug:slug>/live/", include("realtime.urls")),
]

if settings.DEBUG:
    urlpatterns.append(path("ui/", include("portal.ui.urls")))
