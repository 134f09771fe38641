"""Which site the Django admin is. Apart from the site itself, which needs models that are not loaded yet."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "portal.tenancy.admin_site.StaffAdminSite"
