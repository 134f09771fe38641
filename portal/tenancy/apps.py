from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TenancyConfig(AppConfig):
    name = "portal.tenancy"
    label = "tenancy"
    verbose_name = _("Tenants and people")

    def ready(self) -> None:
        from portal.lists.registry import register as register_list
        from portal.search import registry as search
        from portal.tenancy import account_trail
        from portal.tenancy.grants import grant_runtime_roles
        from portal.tenancy.lists import PEOPLE as PEOPLE_LIST
        from portal.tenancy.roles import Role
        from portal.tenancy.search import PEOPLE
        from portal.ui.navigation import NavItem, register

        post_migrate.connect(grant_runtime_roles, sender=self)
        account_trail.connect()
        search.register(PEOPLE)
        register_list(PEOPLE_LIST)
        register(NavItem(_("Overview"), "tenancy:home", icon="home", order=0, key="h"))
        company = _("Company")
        register(NavItem(_("People"), "tenancy:people", icon="users", order=800, section=company))
        register(
            NavItem(_("Settings"), "tenancy:settings", icon="settings", role=Role.ADMIN, order=810, section=company)
        )
