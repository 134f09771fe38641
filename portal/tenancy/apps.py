from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TenancyConfig(AppConfig):
    name = "portal.tenancy"
    label = "tenancy"
    verbose_name = _("Tenants and people")

    def ready(self) -> None:
        from portal.tenancy import account_trail
        from portal.tenancy.grants import grant_runtime_roles
        from portal.tenancy.roles import Role
        from portal.ui.navigation import NavItem, register

        post_migrate.connect(grant_runtime_roles, sender=self)
        account_trail.connect()
        register(NavItem(_("Overview"), "tenancy:home", icon="home", order=0))
        company = _("Company")
        register(NavItem(_("People"), "tenancy:people", icon="users", order=800, section=company))
        register(
            NavItem(_("Settings"), "tenancy:settings", icon="settings", role=Role.ADMIN, order=810, section=company)
        )
