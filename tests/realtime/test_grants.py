"""Over whose grant something is done, what is missing, and how a grant is ended; the pages that show it."""

import re
from uuid import uuid4

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from portal.audit.models import Entry
from portal.operations.models import Operation
from portal.tenancy.models import Membership
from portal.tenancy.scope import tenant_scope
from portal.vendors.connections import Account, change_connection
from portal.vendors.errors import VendorRefused, VendorUnavailable
from portal.vendors.models import Connection
from realtime.client import KwebblClient
from realtime.grants.ending import end_grant
from realtime.grants.lines import ScopeMissing, grant_for, http_of, line_for, line_over
from realtime.grants.models import Grant
from realtime.grants.scopes import PURPOSES, SCOPES, missing, scopes_for
from realtime.models import RealtimeAccount
from tests.realtime.granting import again, change, grant, open_account
from tests.realtime.switchboard import Switchboard

CONNECT = "/t/acme/live/connect/"


@pytest.fixture
def switchboard(transactional_db, cast, sandbox, quick_vendor) -> Switchboard:
    return open_account(Switchboard(cast.acme, sandbox))


@pytest.fixture
def company(switchboard, cast) -> Grant:
    return grant(switchboard, cast.alice, scopes=["company.users", "calls.manage"], due=False)


@pytest.fixture
def veras(switchboard, cast) -> Grant:
    return grant(
        switchboard,
        cast.vera,
        user=cast.vera,
        login="vera",
        scopes=["calls.manage.personal", "company.users"],
        due=False,
    )


def browser_of(person) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def shown(template: str, cast, person, **context) -> str:
    request = RequestFactory().get("/")
    request.user, request.tenant = person, cast.acme
    request.membership = Membership.objects.get(tenant=cast.acme, user=person)
    loaded = "{% load live %}" + template
    return Template(loaded).render(Context({"request": request, **context}))


# --- Scopes -----------------------------------------------------------------------------------------------------------


def test_every_documented_scope_is_asked_for_by_some_purpose():
    """Available Scopes."""
    assert len(SCOPES) == 10
    assert set(scopes_for(PURPOSES)) == set(SCOPES)
    assert {name for name, scope in SCOPES.items() if scope.admin_only} == {
        "calls.events",
        "calls.manage",
        "calls.create",
    }


def test_what_is_for_oneself_needs_no_admin():
    assert not [purpose for purpose in PURPOSES.values() if purpose.personal and purpose.needs_admin]


def test_a_scope_is_missing_until_it_was_granted(switchboard, cast, company):
    with switchboard.scope():
        assert not missing(company, "calls.manage")
        assert not missing(switchboard.connection, "calls.manage")
        assert missing(company, "calls.create")
        assert missing(switchboard.connection, "calls.create")
        Grant.objects.update(state=Grant.State.LOST)
        assert missing(switchboard.connection, "calls.manage")
        assert missing(Grant.objects.get(), "calls.manage")


# --- Whose grant ------------------------------------------------------------------------------------------------------


def test_ones_own_grant_comes_first_and_acts_for_nobody_else(switchboard, cast, company, veras):
    with switchboard.scope():
        assert grant_for(switchboard.connection, cast.vera, "calls.manage") == veras
        assert grant_for(switchboard.connection, cast.bob, "calls.manage") == company
        assert grant_for(switchboard.connection, None, "calls.manage") == company
        assert grant_for(switchboard.connection, cast.vera, "company.users") == company, "that has no personal kind"


def test_without_a_companys_grant_ones_own_still_serves(switchboard, cast, veras):
    with switchboard.scope():
        assert grant_for(switchboard.connection, cast.vera, "calls.manage") == veras
        with pytest.raises(ScopeMissing) as stopped:
            grant_for(switchboard.connection, cast.bob, "calls.manage")
    assert "Nothing was done" in str(stopped.value)
    assert stopped.value.scope == "calls.manage"


def test_a_line_speaks_with_the_grants_own_token(switchboard, cast, company, veras):
    with switchboard.scope():
        line = line_for(switchboard.connection, cast.vera, "calls.manage")
    KwebblClient(line.http).extensions()
    switchboard.control.revoke_kwebbl(switchboard.client_id, "alice")
    KwebblClient(line_over(switchboard.connection, veras).http).extensions()
    change(company, access_issued_at=None)
    with pytest.raises(VendorUnavailable):
        KwebblClient(line_over(switchboard.connection, company).http).extensions()


class Work:
    """As much of a worker's work as the grant looks at."""

    def __init__(self, switchboard: Switchboard, created_by, **payload) -> None:
        with switchboard.scope():
            connection = Connection.objects.get(pk=switchboard.connection.pk)
        self.operation = Operation(
            tenant=switchboard.tenant, connection=connection, payload=payload, created_by=created_by
        )
        self.line = line_over(connection, Grant(pk=None))
        self.http = self.line.http


def test_an_operation_goes_over_the_grant_that_it_names_and_is_logged_with_it(switchboard, cast, company, veras):
    work = Work(switchboard, cast.vera, grant=veras.pk)
    switchboard.control.revoke_kwebbl(switchboard.client_id, "alice")
    KwebblClient(http_of(work)).extensions()
    assert [call.status for call in work.line.calls] == [200]


def test_an_operation_never_goes_over_another_persons_grant(switchboard, cast, veras):
    work = Work(switchboard, cast.bob, grant=veras.pk)
    with pytest.raises(VendorRefused):
        http_of(work)
    assert work.line.calls == []


def test_an_operation_that_names_none_goes_over_the_companys(switchboard, cast, company):
    work = Work(switchboard, cast.bob)
    assert http_of(work) is work.http


# --- Pieces on other pages --------------------------------------------------------------------------------------------


def test_a_missing_scope_is_shown_where_it_is_missed(switchboard, cast, company, veras):
    piece = '{% missing_scope connection "calls.create" %}'
    with switchboard.scope():
        for_admin = shown(piece, cast, cast.adam, connection=switchboard.connection)
        for_viewer = shown(piece, cast, cast.vera, connection=switchboard.connection)
        there = shown(
            '{% missing_scope connection "calls.manage" %}', cast, cast.adam, connection=switchboard.connection
        )
    assert "needs an admin of the telephone system" in for_admin
    assert f"{CONNECT}?connection={switchboard.connection.pk}&amp;purpose=call#company" in for_admin
    assert "An owner or an admin can ask for it" in for_viewer
    assert there.strip() == ""


def test_the_way_to_ask_again_has_it_chosen(switchboard, cast, company):
    adam = browser_of(cast.adam)
    chosen = r'<input[^>]*value="call"[^>]* checked'
    assert re.search(chosen, adam.get(f"{CONNECT}?purpose=call").content.decode())
    assert not re.search(chosen, adam.get(CONNECT).content.decode())


def test_a_lost_grant_is_on_a_banner_for_whom_it_concerns(switchboard, cast, company, veras):
    change(company, state=Grant.State.LOST)
    change(veras, state=Grant.State.LOST)
    with switchboard.scope():
        for_vera, for_adam = (shown("{% lost_grants %}", cast, who) for who in (cast.vera, cast.adam))
    assert "Your own permission" in for_vera
    assert "neither shown nor steered" in for_vera
    assert "Your own permission" not in for_adam
    assert "Connect again" in for_adam


# --- Ending -----------------------------------------------------------------------------------------------------------


def test_ending_forgets_the_tokens_and_is_on_record(switchboard, cast, company):
    answer = browser_of(cast.adam).post(f"/t/acme/live/permissions/{company.pk}/end/")
    assert answer.status_code == 302
    ended = again(company)
    assert ended.state == Grant.State.ENDED
    assert not ended.access_token
    assert not ended.refresh_token
    with switchboard.scope():
        assert Entry.objects.get(action="realtime.grant_ended").actor_id == cast.adam.pk


def test_everybody_ends_their_own_and_nobody_elses(switchboard, cast, company, veras):
    vera = browser_of(cast.vera)
    assert vera.post(f"/t/acme/live/permissions/{company.pk}/end/").status_code == 403
    assert again(company).state == Grant.State.ACTIVE
    assert vera.post(f"{CONNECT}own/{switchboard.connection.pk}/end/").status_code == 302
    assert again(company).state == Grant.State.ACTIVE
    assert again(veras).state == Grant.State.ENDED


def test_a_stranger_ends_nothing(switchboard, cast, company):
    assert browser_of(cast.charlie).post(f"/t/acme/live/permissions/{company.pk}/end/").status_code == 404
    assert browser_of(cast.charlie).post(f"/t/globex/live/permissions/{company.pk}/end/").status_code == 404
    assert again(company).state == Grant.State.ACTIVE


def test_ending_twice_is_one_act(switchboard, cast, company):
    with switchboard.scope():
        for _ in range(2):
            end_grant(company, acting_user=cast.adam)
        assert Entry.objects.filter(action="realtime.grant_ended").count() == 1


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_the_page_says_what_is_connected(switchboard, cast, company, veras):
    for_vera = browser_of(cast.vera).get(CONNECT).content.decode()
    assert "calls.manage.personal" in for_vera
    assert 'name="company-purposes"' not in for_vera, "an admin alone connects the company"
    for_adam = browser_of(cast.adam).get(CONNECT).content.decode()
    assert "calls.manage.personal" not in for_adam
    assert 'name="company-purposes"' in for_adam


def test_the_list_shows_the_permissions_of_all(switchboard, cast, company, veras):
    listed = browser_of(cast.adam).get("/t/acme/live/permissions/").content.decode()
    assert "Vera" in listed
    assert "the company" in listed
    assert browser_of(cast.bob).get("/t/acme/live/permissions/").status_code == 403


@pytest.mark.parametrize("path", [CONNECT, "/t/acme/live/permissions/"])
def test_pages_stay_within_twelve_queries(switchboard, cast, company, veras, path, django_assert_max_num_queries):
    adam = browser_of(cast.adam)
    adam.get(path)
    with django_assert_max_num_queries(12):
        assert adam.get(path).status_code == 200


def test_no_token_is_on_any_page(switchboard, cast, company, veras):
    secrets = [each.reveal() for one in (company, veras) for each in (one.access_token, one.refresh_token)]
    for path in (CONNECT, "/t/acme/live/permissions/"):
        page = browser_of(cast.adam).get(path).content.decode()
        assert not [secret for secret in secrets if secret in page]


def test_how_it_is_asked_is_changed_by_an_admin(switchboard, cast):
    path = f"{CONNECT}asking/{switchboard.connection.pk}/"
    adam = browser_of(cast.adam)
    key = adam.get(path).content.decode().split('name="form_key" value="')[1].split('"')[0]
    sent = {"authorize_url": "https://live.example.com/v100/authorize", "secret_in_body": "1", "form_key": key}
    assert adam.post(path, sent).status_code == 302
    with switchboard.scope():
        switchboard.connection.realtime_account.refresh_from_db()
        assert switchboard.connection.realtime_account.secret_in_body is True
        assert Entry.objects.filter(action="realtime.asking_changed").count() == 1
    assert adam.post(path, {**sent, "authorize_url": "javascript:alert(1)"}).status_code == 422
    assert browser_of(cast.bob).get(path).status_code == 403


def test_a_new_connection_has_its_token_url_from_its_base_url(cast, transactional_db, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    adam = browser_of(cast.adam)
    form = adam.get("/t/acme/connections/new/?vendor=kwebbl").content.decode()
    key = form.split('name="form_key" value="')[1].split('"')[0]
    sent = {
        "name": "Telephones",
        "environment": "production",
        "base_url": "https://realtime.api.example.com/v100/",
        "token_url": "",
        "client_id": "acme",
        "client_secret": "secret of acme",
        "form_key": key,
    }
    assert adam.post("/t/acme/connections/new/?vendor=kwebbl", sent).status_code == 302
    with tenant_scope(cast.acme.pk):
        made = Connection.objects.get()
        assert made.token_url == "https://realtime.api.example.com/v100/token"
        assert made.realtime_account.authorize_url == "https://realtime.api.example.com/v100/authorize"


# --- A connection that leads elsewhere --------------------------------------------------------------------------------


def moved(switchboard: Switchboard, cast, **changes: str) -> None:
    kept = {name: getattr(switchboard.connection, name) for name in ("name", "base_url", "token_url", "environment")}
    with switchboard.scope():
        change_connection(switchboard.connection, Account(**{**kept, **changes}), acting_user=cast.adam)


@pytest.mark.parametrize("what", ["base_url", "token_url"])
def test_no_token_is_sent_to_another_address(switchboard, cast, company, veras, what, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    change(veras, renewer=uuid4(), refresh_sent_at=timezone.now())
    moved(switchboard, cast, **{what: "https://elsewhere.example.com/v100"})
    for one in map(again, (company, veras)):
        assert one.state == Grant.State.LOST
        assert not one.refresh_token
        assert one.renewer is None, "no late answer of the old address is taken any more"


def test_the_consent_page_follows_the_base_url(switchboard, cast, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    moved(switchboard, cast, base_url="https://live.example.com/v100")
    with switchboard.scope():
        account = RealtimeAccount.objects.get()
    assert account.authorize_url == "https://live.example.com/v100/authorize"


def test_another_name_leaves_the_permissions_alone(switchboard, cast, company, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    moved(switchboard, cast, name="Our telephones")
    assert again(company).state == Grant.State.ACTIVE
