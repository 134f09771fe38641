"""To the vendor's consent page and back: whose answer counts, once, and what is said of each that does not."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from portal.tenancy.models import Membership, Role, Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.grants import exchanging
from realtime.grants.models import Consent, Grant
from realtime.grants.moving import forget_grants
from realtime.grants.words import DOCUMENTED
from realtime.models import RealtimeAccount
from tests.realtime.granting import at_the_vendor, open_account
from tests.realtime.switchboard import Switchboard

CONNECT = "/t/acme/live/connect/"


@pytest.fixture
def switchboard(transactional_db, cast, sandbox, quick_vendor, settings) -> Switchboard:
    settings.KWEBBL_REFRESH_READ_TIMEOUT = 1
    return open_account(Switchboard(cast.acme, sandbox))


def browser_of(person) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


@pytest.fixture
def alice(cast):
    return browser_of(cast.alice)


def leave(browser: Client, switchboard: Switchboard, *purposes: str, own: bool = False) -> str:
    """To the vendor: the address that the portal's page leads to."""
    prefix = "own" if own else "company"
    shown = browser.get(f"/t/{switchboard.tenant.slug}/live/connect/").content.decode()
    key = re.search(rf'name="{prefix}-form_key" value="([^"]+)"', shown)[1]
    sent = {
        f"{prefix}-purposes": purposes,
        f"{prefix}-form_key": key,
        "connection": switchboard.connection.pk,
    }
    page = browser.post(f"/t/{switchboard.tenant.slug}/live/connect/{prefix}/", sent)
    assert page.status_code == 200, page.content.decode()
    return unescape(re.search(r'href="([^"]+/authorize\?[^"]+)"', page.content.decode())[1])


def back(browser: Client, address: str):
    """Into the portal, as the vendor's redirect does it."""
    parts = urlsplit(address)
    assert parts.path == "/live/connected"
    return browser.get(f"{parts.path}?{parts.query}")


def work(switchboard: Switchboard) -> None:
    for tenant_id, consent_id in exchanging.open_exchanges():
        exchanging.exchange(tenant_id, consent_id)


def grants(tenant: Tenant) -> list[Grant]:
    with tenant_scope(tenant.pk):
        return list(Grant.objects.order_by("pk"))


def state_in(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def answer_with(browser: Client, **told: str):
    return browser.get(f"/live/connected?{urlencode(told)}")


# --- The way there and back -------------------------------------------------------------------------------------------


def test_an_admin_connects_the_company(alice, switchboard, cast):
    """Authorization Code Grant Flow, a to e."""
    address = leave(alice, switchboard, "directory", "presence", "steer")
    asked = parse_qs(urlsplit(address).query)
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == ["http://localhost:8000/live/connected"]
    assert asked["scope"] == ["user.info company.dialplans company.users calls.events.presence calls.manage"]
    returned = back(alice, at_the_vendor(address))
    assert returned.status_code == 302
    assert "Being connected" in text_of(alice.get(returned.url))
    work(switchboard)
    assert "It is renewed by itself" in text_of(alice.get(returned.url))
    (made,) = grants(cast.acme)
    assert (made.state, made.user_id, made.granted_by_id) == ("active", None, cast.alice.pk)
    assert made.scopes == asked["scope"][0].split()
    assert made.access_token.reveal()
    assert made.refresh_token.reveal()


def test_what_was_chosen_is_remembered_and_marked(alice, switchboard):
    leave(alice, switchboard, "directory", "call")
    shown = text_of(alice.get(CONNECT))
    assert "Place calls for anybody, and call-me-back (needs an admin of the telephone system)" in shown
    assert "http://localhost:8000/live/connected" in shown
    with switchboard.scope():
        assert RealtimeAccount.objects.get().purposes == ["directory", "call"]


def test_code_and_state_are_not_kept_in_the_open(alice, switchboard):
    address = leave(alice, switchboard, "directory")
    returned = at_the_vendor(address)
    back(alice, returned)
    code = parse_qs(urlsplit(returned).query)["code"][0]
    with switchboard.scope():
        (row,) = Consent.objects.values()
        assert code not in str(row)
        assert state_in(address) not in str(row)
        assert code in Consent.objects.get().answer.reveal()
    work(switchboard)
    with switchboard.scope():
        assert not Consent.objects.get().answer, "forgotten once it is exchanged"


def test_whoever_connects_again_keeps_the_same_permission(alice, switchboard, cast):
    for purposes in (["directory"], ["directory", "presence"]):
        back(alice, at_the_vendor(leave(alice, switchboard, *purposes)))
        work(switchboard)
    (made,) = grants(cast.acme)
    assert made.generation == 3
    assert "calls.events.presence" in made.scopes


def test_the_vendor_says_which_scopes_it_gave(alice, switchboard, cast):
    switchboard.control.put_kwebbl(switchboard.client_id, scope_told=True)
    back(alice, at_the_vendor(leave(alice, switchboard, "directory")))
    work(switchboard)
    assert "company.users" in grants(cast.acme)[0].scopes


def test_every_member_connects_for_themselves(switchboard, cast):
    vera = browser_of(cast.vera)
    back(vera, at_the_vendor(leave(vera, switchboard, "own_call", own=True), login="vera"))
    work(switchboard)
    (made,) = grants(cast.acme)
    assert made.user_id == cast.vera.pk
    assert made.scopes == ["calls.create.personal"]


def test_the_address_that_the_vendor_was_told_is_shown_and_is_the_white_label_one(alice, switchboard):
    with switchboard.scope():
        RealtimeAccount.objects.update(authorize_url="https://realtime.api.example.com/v100/authorize")
    assert leave(alice, switchboard, "directory").startswith("https://realtime.api.example.com/v100/authorize?")


@pytest.mark.parametrize("in_body", [False, True])
def test_credentials_stand_in_one_place(alice, switchboard, cast, in_body):
    """Exchange authorization code for access token."""
    with switchboard.scope():
        RealtimeAccount.objects.update(secret_in_body=in_body)
    back(alice, at_the_vendor(leave(alice, switchboard, "directory")))
    work(switchboard)
    assert [each.state for each in grants(cast.acme)] == ["active"]


def test_nobody_exchanges_a_code_twice(alice, switchboard):
    back(alice, at_the_vendor(leave(alice, switchboard, "directory")))
    ((tenant_id, consent_id),) = exchanging.open_exchanges()
    for _ in range(3):
        exchanging.exchange(tenant_id, consent_id)
    assert switchboard.control.count_requests(None, "POST", "/token") == 1


def test_a_lost_answer_means_to_begin_again(alice, switchboard, cast):
    returned = back(alice, at_the_vendor(leave(alice, switchboard, "directory")))
    switchboard.control.add_fault("reset", path="/kwebbl/v100/token", after_work=True)
    work(switchboard)
    assert "its answer was lost" in text_of(alice.get(returned.url))
    assert grants(cast.acme) == []


def test_a_worker_that_never_came_back_is_told(alice, switchboard):
    returned = back(alice, at_the_vendor(leave(alice, switchboard, "directory")))
    with switchboard.scope():
        Consent.objects.update(exchange_sent_at=timezone.now() - timedelta(minutes=5))
    work(switchboard)
    assert "its answer was lost" in text_of(alice.get(returned.url))


def test_while_the_vendor_is_away_it_is_tried_again_and_then_told(alice, switchboard):
    returned = back(alice, at_the_vendor(leave(alice, switchboard, "directory")))
    with switchboard.scope():
        switchboard.connection.token_url = "http://127.0.0.1:9/token"
        switchboard.connection.save(update_fields=["token_url"])
    work(switchboard)
    assert "Being connected" in text_of(alice.get(returned.url))
    with switchboard.scope():
        Consent.objects.update(used_at=timezone.now() - timedelta(minutes=11))
    work(switchboard)
    assert "could not be reached in time" in text_of(alice.get(returned.url))


# --- What the vendor says no to ---------------------------------------------------------------------------------------


def test_refused_on_the_vendors_page(alice, switchboard, cast):
    """Redirection to client application: access_denied."""
    returned = back(alice, at_the_vendor(leave(alice, switchboard, "directory"), decision="deny"))
    told = text_of(alice.get(returned.url))
    assert "The permission was refused" in told
    assert "Begin again and agree there" in told
    assert grants(cast.acme) == []


def test_wrong_password_on_the_vendors_page(alice, switchboard):
    """Redirection to client application: invalid_grant."""
    returned = back(alice, at_the_vendor(leave(alice, switchboard, "directory"), password="wrong"))
    assert "did not take what was entered" in text_of(alice.get(returned.url))


def test_no_admin_of_the_telephone_system(alice, switchboard):
    """Available Scopes: admin only."""
    returned = back(alice, at_the_vendor(leave(alice, switchboard, "steer"), login="bob"))
    assert "for everybody's calls an admin of the telephone system has to" in text_of(alice.get(returned.url))


@pytest.mark.parametrize("code", sorted(DOCUMENTED))
def test_every_documented_error_has_words_and_what_to_do(alice, switchboard, code):
    address = leave(alice, switchboard, "directory")
    returned = answer_with(alice, state=state_in(address), error=code)
    told = text_of(alice.get(returned.url))
    assert "Not connected" in told
    assert code in told
    assert "its documents do not name" not in told
    assert grants(switchboard.tenant) == []


@pytest.mark.parametrize("error", ["brand_new", "<script>", "x" * 5_000])
def test_an_unknown_error_is_told_as_such(alice, switchboard, error):
    returned = answer_with(alice, state=state_in(leave(alice, switchboard, "directory")), error=error)
    assert "its documents do not name" in text_of(alice.get(returned.url))


def test_wrong_credentials_of_the_application(alice, switchboard):
    """Response with access token: 401, invalid_client."""
    returned = back(alice, at_the_vendor(leave(alice, switchboard, "directory")))
    with switchboard.scope():
        switchboard.connection.client_secret = "another secret altogether"
        switchboard.connection.save(update_fields=["client_secret"])
    work(switchboard)
    assert "Compare client ID and client secret" in text_of(alice.get(returned.url))


def test_a_code_of_nobody(alice, switchboard):
    """Response with access token: 401, invalid_grant."""
    returned = answer_with(alice, state=state_in(leave(alice, switchboard, "directory")), code="made-up")
    work(switchboard)
    assert "invalid_grant" in text_of(alice.get(returned.url))


# --- Whose answer it is -----------------------------------------------------------------------------------------------


@pytest.fixture
def answered(alice, switchboard):
    """Alice has been at the vendor, and has not come back: where it sends her."""
    return at_the_vendor(leave(alice, switchboard, "directory"))


def nothing_stored(switchboard: Switchboard) -> bool:
    with switchboard.scope():
        return not Grant.objects.exists() and not Consent.objects.exclude(used_at=None).exists()


def test_another_persons_session(switchboard, cast, answered):
    refused = back(browser_of(cast.adam), answered)
    assert refused.status_code == 400
    assert "another person or another sign-in" in text_of(refused)
    assert nothing_stored(switchboard)


def test_the_same_person_in_another_session(switchboard, cast, answered):
    refused = back(browser_of(cast.alice), answered)
    assert refused.status_code == 400
    assert nothing_stored(switchboard)


def test_a_state_of_globex_in_acmes_session_and_the_other_way_round(switchboard, cast, sandbox, answered):
    globex = open_account(Switchboard(cast.globex, sandbox))
    charlie = browser_of(cast.charlie)
    charlies = at_the_vendor(leave(charlie, globex, "directory"))
    alice = browser_of(cast.alice)
    for browser, address in ((charlie, answered), (alice, charlies)):
        refused = back(browser, address)
        assert refused.status_code == 400
        assert "Nothing was connected" in text_of(refused)
    assert nothing_stored(switchboard)
    assert nothing_stored(globex)


def test_one_person_in_two_companies_connects_the_one_the_visit_began_in(alice, switchboard, cast, sandbox):
    with staff_scope():
        Membership.objects.create(tenant=cast.globex, user=cast.alice, role=Role.OWNER)
    globex = open_account(Switchboard(cast.globex, sandbox))
    returned = back(alice, at_the_vendor(leave(alice, globex, "directory")))
    work(globex)
    assert returned.url.startswith("/t/globex/")
    assert grants(cast.acme) == []
    assert len(grants(cast.globex)) == 1


def test_an_answer_counts_once(alice, switchboard, answered):
    assert back(alice, answered).status_code == 302
    again = back(alice, answered)
    assert again.status_code == 400
    assert "counts once only" in text_of(again)


def test_a_tampered_state(alice, switchboard, answered):
    refused = back(alice, answered.replace(state_in(answered), state_in(answered)[:-1] + "_"))
    assert refused.status_code == 400
    assert "has not asked for this answer" in text_of(refused)
    assert nothing_stored(switchboard)


def test_no_state_at_all(alice, switchboard, answered):
    refused = answer_with(alice, code="some-code")
    assert refused.status_code == 400
    assert "does not say which visit" in text_of(refused)


def test_an_answer_after_ten_minutes(alice, switchboard, answered):
    with switchboard.scope():
        Consent.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    refused = back(alice, answered)
    assert "more than ten minutes" in text_of(refused)
    assert nothing_stored(switchboard)


def test_a_connection_that_was_changed_meanwhile(alice, switchboard, answered):
    with switchboard.scope():
        forget_grants(switchboard.connection)
    assert "The connection was changed" in text_of(back(alice, answered))
    assert nothing_stored(switchboard)


def test_who_is_signed_out_begins_again(switchboard, answered):
    refused = back(Client(), answered)
    assert refused.status_code == 400
    assert "sign in and begin again" in text_of(refused)
    assert nothing_stored(switchboard)


def test_who_lost_the_role_on_the_way_connects_nothing(alice, switchboard, cast, answered):
    with staff_scope():
        Membership.objects.filter(user=cast.alice).update(role=Role.VIEWER)
    assert "does not allow this any more" in text_of(back(alice, answered))
    assert nothing_stored(switchboard)


def test_a_suspended_company_connects_nothing(alice, switchboard, cast, answered):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state="suspended")
    assert "suspended" in text_of(back(alice, answered))
    assert nothing_stored(switchboard)


def test_the_outcome_is_shown_to_the_company_alone(alice, switchboard, cast, answered):
    url = back(alice, answered).url
    assert browser_of(cast.adam).get(url).status_code == 200
    assert browser_of(cast.charlie).get(url).status_code == 404
    assert browser_of(cast.charlie).get(url.replace("acme", "globex")).status_code == 404


def test_weak_roles_cannot_connect_the_company(switchboard, cast):
    sent = {"company-purposes": ["directory"], "connection": switchboard.connection.pk}
    assert browser_of(cast.bob).post(f"{CONNECT}company/", sent).status_code == 403
    with switchboard.scope():
        assert not Consent.objects.exists()
