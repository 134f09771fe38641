"""Where the desk's pages are in the admin."""

from typing import cast

from django.contrib import admin

from portal.support import desk_views
from portal.tenancy.admin_site import StaffAdminSite


def register() -> None:
    site = cast(StaffAdminSite, admin.site)
    site.add_page("desk/", desk_views.desk_page, "desk")
    site.add_page("desk/case-file/<int:object_id>/", desk_views.case_file, "desk_case_file")
    site.add_page("desk/<slug:name>/", desk_views.group_page, "desk_group")
