import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import path

from portal.ui import navigation
from portal.ui.context import navigation as context_processor
from portal.ui.navigation import NavItem, check_entries, register, sections

urlpatterns = [
    path("t/<slug:slug>/", lambda request, slug: None, name="dashboard"),
    path("t/<slug:slug>/orders/", lambda request, slug: None, name="orders"),
    path("t/<slug:slug>/members/", lambda request, slug: None, name="members"),
    path("t/<slug:slug>/orders/prices/", lambda request, slug: None, name="prices"),
]


@pytest.fixture(autouse=True)
def sidebar(monkeypatch, settings):
    settings.ROOT_URLCONF = __name__
    monkeypatch.setattr(navigation, "_items", {})
    register(NavItem("Members", "members", "users", role="admin", order=800, section="Tenant"))
    register(NavItem("Orders", "orders", "package", order=210, section="Video"))
    register(NavItem("Dashboard", "dashboard", "home", order=0))


def labels(found):
    return [(section.label, [link.label for link in section.links]) for section in found]


def test_sections_stand_in_their_order():
    found = sections("acme", "/", lambda role: True)
    assert labels(found) == [("", ["Dashboard"]), ("Video", ["Orders"]), ("Tenant", ["Members"])]


def test_entries_of_a_stronger_role_are_not_shown():
    assert "Tenant" not in [section.label for section in sections("acme", "/", lambda role: False)]


def test_a_detail_page_marks_its_list_and_not_the_dashboard():
    found = sections("acme", "/t/acme/orders/7/", lambda role: True)
    assert [link.label for section in found for link in section.links if link.current] == ["Orders"]


def test_a_page_elsewhere_marks_the_entry_it_belongs_to():
    register(NavItem("Members", "members", "users", section="Tenant", also=("prices",)))
    found = sections("acme", "/t/acme/orders/prices/7/", lambda role: True)
    assert [link.label for section in found for link in section.links if link.current] == ["Members"]


@pytest.mark.parametrize("item", [NavItem("Lost", "lost", "x"), NavItem("Half lost", "orders", "x", also=("lost",))])
def test_an_entry_that_leads_nowhere_is_reported(item):
    assert check_entries() == []
    register(item)
    assert [error.id for error in check_entries()] == ["ui.E001"]


def test_outside_of_a_tenant_and_signed_out_the_frame_asks_the_database_nothing():
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    context = context_processor(request)
    assert context["tenant"] is None
    assert list(context["nav_sections"]) == []
    assert list(context["memberships"]) == []
