"""The simulated signing-key API: three levels, and a life of four states for each key."""

import pytest

from tests.sandbox.caller import SmsCaller
from tests.sandbox.test_kpn_sms import assert_sms_refused

LEVELS = ["organizations", "teams", "applications"]


@pytest.fixture
def acme(sandbox, control):
    control.put_account("acme", "acme's secret")
    return SmsCaller(sandbox, "acme", "acme's secret")


@pytest.fixture
def globex(sandbox, control):
    control.put_account("globex", "globex's secret")
    return SmsCaller(sandbox, "globex", "globex's secret")


def states(acme, level="applications"):
    return {key["key_id"]: key["status"] for key in acme.keys("GET", level=level).json()}


@pytest.mark.parametrize("level", LEVELS)
def test_a_rotation_from_the_first_key_to_the_second(acme, control, level):
    old = acme.add_key("wk_old", level=level)
    assert set(old) == {"key_id", "status", "created_at", "updated_at"}
    assert old["status"] == "active"
    assert acme.add_key("wk_new", level=level, staged=True)["status"] == "staged"
    assert acme.keys("GET", "/reveal", level=level).json()["secret"] == "secret of wk_old"

    activated = acme.keys("POST", "/wk_new/activate", level=level)
    assert (activated.status_code, activated.json()["status"]) == (200, "active")
    assert states(acme, level) == {"wk_new": "active", "wk_old": "retiring"}
    assert acme.keys("GET", "/reveal", level=level).json() == {**activated.json(), "secret": "secret of wk_new"}

    assert acme.keys("POST", "/wk_old/retire", level=level).json()["status"] == "retired"
    deleted = acme.keys("DELETE", "/wk_old", level=level)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert states(acme, level) == {"wk_new": "active"}
    assert [entry["kind"] for entry in control.ledger("acme")] == [
        "signing_key_created",
        "signing_key_created",
        "signing_key_activated",
        "signing_key_retired",
        "signing_key_deleted",
    ]
    assert "secret of" not in str(control.ledger("acme"))


def test_a_key_that_is_active_at_once_moves_the_other_to_retiring(acme):
    acme.add_key("wk_1")
    acme.add_key("wk_2")
    assert states(acme) == {"wk_2": "active", "wk_1": "retiring"}


def test_levels_and_customers_are_apart(acme, globex):
    acme.add_key("wk_1", level="teams")
    assert states(acme) == states(acme, "organizations") == states(globex, "teams") == {}
    assert_sms_refused(globex.keys("POST", "/wk_1/retire", level="teams"), 404)


def test_apps_of_one_organization_share_its_keys(acme, globex, control):
    for client_id in ("acme", "globex"):
        control.sms_settings(client_id, organization="holding")
    acme.add_key("wk_1", level="organizations")
    assert states(globex, "organizations") == {"wk_1": "active"}
    assert states(globex, "teams") == {}


def test_without_a_key_id_the_vendor_makes_one(acme):
    made = acme.keys("POST", json={"secret": "x"}).json()
    assert made["key_id"].startswith("wk_")
    assert len(made["key_id"]) == 27


def test_lists_are_filtered_by_status(acme):
    acme.add_key("wk_1")
    acme.add_key("wk_2", staged=True)
    for status, found in (("STAGED", ["wk_2"]), ("ACTIVE", ["wk_1"]), ("RETIRED", [])):
        listed = acme.keys("GET", params={"status": status}).json()
        assert [key["key_id"] for key in listed] == found
    assert_sms_refused(acme.keys("GET", params={"status": "LOST"}), 400)


def test_only_the_next_step_is_allowed(acme):
    acme.add_key("wk_active")
    acme.add_key("wk_staged", staged=True)
    for method, path in (
        ("POST", "/wk_active/activate"),
        ("POST", "/wk_active/retire"),
        ("POST", "/wk_staged/retire"),
        ("DELETE", "/wk_active"),
        ("DELETE", "/wk_staged"),
    ):
        assert_sms_refused(acme.keys(method, path), 400)
    assert states(acme) == {"wk_active": "active", "wk_staged": "staged"}


def test_what_is_not_there(acme):
    assert_sms_refused(acme.keys("GET", "/reveal"), 404)
    for method, path in (("POST", "/wk_1/activate"), ("POST", "/wk_1/retire"), ("DELETE", "/wk_1")):
        assert_sms_refused(acme.keys(method, path), 404)
    assert_sms_refused(acme.keys("GET", level="planets"), 404)
    assert_sms_refused(acme.keys("PUT"), 405)
    assert_sms_refused(acme.keys("GET", "/wk_1"), 405)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"secret": ""},
        {"secret": 7},
        {"secret": "x" * 4097},
        {"secret": "x", "key_id": "k" * 129},
        {"secret": "x", "key_id": ""},
        {"secret": "x", "key_id": 7},
        {"secret": "x", "staged": "true"},
        {"secret": "x", "colour": "red"},
        {"secret": "x", "key_id": "wk_taken"},
    ],
)
def test_a_key_that_breaks_the_document_is_refused(acme, body):
    acme.add_key("wk_taken")
    assert_sms_refused(acme.keys("POST", json=body), 400)
    assert states(acme) == {"wk_taken": "active"}


def test_who_has_not_subscribed_to_the_keys_is_turned_away(acme, control):
    control.sms_settings("acme", keys_offered=False)
    assert_sms_refused(acme.keys("GET"), 403)


def test_the_gateway_guards_the_keys_too(acme, control):
    control.revoke_tokens("acme")
    acme.token  # noqa: B018 - the one that was revoked
    control.revoke_tokens("acme")
    assert_sms_refused(acme.keys("GET"), 401)
