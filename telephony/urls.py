from django.urls import path

from telephony.views import accounts, differences, scripts

app_name = "telephony"
urlpatterns = [
    path("", accounts.sip_accounts, name="sip_accounts"),
    path("new/", accounts.sip_account_new, name="sip_account_new"),
    path("mirror/", accounts.mirror, name="mirror"),
    path("mirror/refresh/", accounts.refresh_mirror, name="refresh"),
    path("accounts/<int:pk>/", accounts.sip_account, name="sip_account"),
    path("accounts/<int:pk>/row/", accounts.sip_account_row, name="sip_account_row"),
    path("accounts/<int:pk>/now/", accounts.sip_account_now, name="sip_account_now"),
    path("accounts/<int:pk>/change/", accounts.sip_account_edit, name="sip_account_edit"),
    path("accounts/<int:pk>/delete/", accounts.sip_account_delete, name="sip_account_delete"),
    path("accounts/<int:pk>/password/", accounts.sip_password, name="sip_password"),
    path("differences/", differences.differences, name="differences"),
    path("differences/<int:pk>/", differences.difference, name="difference"),
    path("differences/<int:pk>/adopt/", differences.difference_decide, {"decision": "adopt"}, name="difference_adopt"),
    path(
        "differences/<int:pk>/repaired/",
        differences.difference_decide,
        {"decision": "repaired"},
        name="difference_repaired",
    ),
    path("scripts/", scripts.scripts, name="scripts"),
    path("scripts/new/", scripts.script_new, name="script_new"),
    path("scripts/<int:pk>/", scripts.script, name="script"),
    path("scripts/<int:pk>/save/", scripts.script_save, name="script_save"),
    path("scripts/<int:pk>/check/", scripts.script_check, name="script_check"),
    path("scripts/<int:pk>/versions/<int:number>/", scripts.script_compare, name="script_compare"),
    path("scripts/<int:pk>/versions/<int:number>/publish/", scripts.script_publish, name="script_publish"),
    path("scripts/<int:pk>/withdraw/", scripts.script_withdraw, name="script_withdraw"),
    path("scripts/<int:pk>/delete/", scripts.script_delete, name="script_delete"),
    path("scripts/<int:pk>/address/", scripts.script_address, name="script_address"),
    path("scripts/<int:pk>/address/new/", scripts.script_address_change, name="script_address_change"),
    path("scripts/<int:pk>/cases/new/", scripts.script_case_new, name="script_case_new"),
    path("scripts/<int:pk>/cases/<int:case_pk>/", scripts.script_case, name="script_case"),
    path("scripts/<int:pk>/cases/<int:case_pk>/delete/", scripts.script_case_delete, name="script_case_delete"),
]
