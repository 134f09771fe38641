"""The demo of development machines."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.audit.models import Entry
from portal.local import demo as local
from portal.tenancy import demo
from portal.tenancy.mfa import has_second_factor
from portal.tenancy.models import Membership, Tenant, User
from portal.tenancy.scope import staff_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _people_only(monkeypatch):
    monkeypatch.setattr(local, "_parts", [])


@pytest.fixture
def development(settings):
    settings.DEBUG = True


def counts() -> tuple[int, int, int, int]:
    with staff_scope():
        return Tenant.objects.count(), User.objects.count(), Membership.objects.count(), Entry.objects.count()


def test_loading_twice_makes_it_once(development, capsys):
    call_command("load_demo")
    once = counts()
    call_command("load_demo")
    assert counts() == once
    assert once[:3] == (2, 9, 9)
    assert demo.PASSWORD in capsys.readouterr().out


def test_everybody_printed_can_sign_in(development, capsys):
    call_command("load_demo")
    printed = capsys.readouterr().out
    for email, _ in demo.sign_ins():
        assert email in printed
        client = Client()
        answer = client.post("/accounts/login/", {"login": email, "password": demo.PASSWORD}, REMOTE_ADDR="192.0.2.1")
        assert answer.status_code == 302, email


def test_support_signs_in_with_a_printed_recovery_code(development, client, capsys):
    call_command("load_demo")
    client.post("/accounts/login/", {"login": demo.SUPPORT[0], "password": demo.PASSWORD})
    assert client.get("/admin/").status_code == 302
    client.post("/accounts/2fa/authenticate/", {"code": demo.RECOVERY_CODES[0]})
    assert client.get("/admin/").status_code == 200
    assert has_second_factor(User.objects.get(email=demo.SUPPORT[0]))
    assert demo.TOTP_SECRET in capsys.readouterr().out


def test_showing_makes_nothing(development, capsys, db):
    call_command("load_demo", "--show")
    assert "alice@acme.example" in capsys.readouterr().out
    assert counts() == (0, 0, 0, 0)


def test_where_debug_is_off_it_is_refused(settings, db):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("load_demo")
    assert counts() == (0, 0, 0, 0)


def test_parts_of_other_apps_get_companies_and_people(development):
    seen = []
    local.register(seen.append)
    call_command("load_demo")
    assert set(seen[0].tenants) == {"acme", "globex"}
    assert seen[0].people["alice"].email == "alice@acme.example"
