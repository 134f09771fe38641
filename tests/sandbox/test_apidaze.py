"""The simulated Apidaze: forms in, lists out, one script a domain."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import requests

from sandbox.control import ControlError
from tests.sandbox.caller import ApidazeCaller, assert_refused

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def acme(sandbox, control):
    control.put_account("acme", "acme's secret")
    return ApidazeCaller(sandbox, "acme", "acme's secret")


@pytest.fixture
def globex(sandbox, control):
    control.put_account("globex", "globex's secret")
    return ApidazeCaller(sandbox, "globex", "globex's secret")


def kinds(control, client_id="acme"):
    return [entry["kind"] for entry in control.ledger(client_id)]


# --- SIP accounts -----------------------------------------------------------------------------------------------------


def test_an_account_is_created_and_told_in_a_list(acme, control):
    answer = acme.create("ann", name="Ann", internal_caller_id_number="201", external_caller_id_number="+31201234567")
    assert answer.status_code == 200
    (ann,) = answer.json()
    assert set(ann) == {"id", "name", "sip", "callerid", "voicemail", "created_at", "updated_at"}
    assert ann["sip"]["username"] == "ann"
    assert ann["sip"]["password"]
    assert ann["callerid"] == {
        "internal_name": "Ann",
        "internal_number": "201",
        "external_name": "Ann",
        "external_number": "+31201234567",
    }
    assert ann["voicemail"] == {"mwi_account": ""}
    assert datetime.fromisoformat(ann["created_at"]).tzinfo == UTC
    assert acme.call("GET", f"/sipaccounts/{ann['id']}").json() == [ann]
    assert acme.call("GET", "/sipaccounts").json() == [ann]
    (effect,) = control.ledger("acme")
    assert (effect["kind"], effect["facts"]) == ("sip_account_created", {"sip_id": ann["id"], "username": "ann"})


def test_an_account_that_answers_objects_still_lists(acme, control):
    control.put_account("acme", single_answers="object")
    ann = acme.create("ann").json()
    assert ann["sip"]["username"] == "ann"
    assert acme.call("GET", f"/sipaccounts/{ann['id']}").json() == ann
    assert acme.call("GET", "/sipaccounts").json() == [ann]


def test_an_update_changes_what_it_names_and_nothing_else(acme, control):
    ann = acme.created("ann", name="Ann", mwi_account="box-1")
    (changed,) = acme.call("PUT", f"/sipaccounts/{ann['id']}", data={"name": "Anna", "mwi_account": ""}).json()
    assert changed["name"] == changed["callerid"]["internal_name"] == "Anna"
    assert changed["voicemail"]["mwi_account"] == ""
    assert changed["sip"] == ann["sip"]
    assert changed["updated_at"] > ann["updated_at"]
    assert control.ledger("acme")[-1]["facts"]["changed"] == ["mwi_account", "name"]


def test_an_update_without_a_difference_has_no_effect(acme, control):
    ann = acme.created("ann", name="Ann")
    assert acme.call("PUT", f"/sipaccounts/{ann['id']}", data={"name": "Ann"}).json() == [ann]
    assert acme.call("PUT", f"/sipaccounts/{ann['id']}").json() == [ann]
    assert kinds(control) == ["sip_account_created"]


def test_a_deleted_account_is_told_once_more_and_then_gone(acme, control):
    ann = acme.created("ann")
    assert acme.call("DELETE", f"/sipaccounts/{ann['id']}").json() == [ann]
    for method, path in (("DELETE", ""), ("GET", ""), ("PUT", ""), ("GET", "/status")):
        assert_refused(acme.call(method, f"/sipaccounts/{ann['id']}{path}"), 404, "SipAccountNotFound")
    assert acme.usernames() == []
    assert kinds(control) == ["sip_account_created", "sip_account_deleted"]


def test_a_username_is_taken_until_its_account_is_deleted(acme, control):
    ann = acme.created("ann")
    assert_refused(acme.create("Ann"), 400, "DuplicateUsername")
    acme.call("DELETE", f"/sipaccounts/{ann['id']}")
    assert acme.create("Ann").status_code == 200
    assert kinds(control).count("sip_account_created") == 2


def test_the_status_tells_domain_and_registration_where_that_was_agreed(acme, control):
    ann = acme.created("ann")
    (told,) = acme.call("GET", f"/sipaccounts/{ann['id']}/status").json()
    assert told == {**ann, "domain": "acme.example", "status": "unregistered"}
    control.set_sip_status("acme", ann["id"], "registered")
    assert acme.call("GET", f"/sipaccounts/{ann['id']}/status").json()[0]["status"] == "registered"
    control.put_account("acme", status_told=False)
    assert acme.call("GET", f"/sipaccounts/{ann['id']}/status").json() == [ann]


@pytest.mark.parametrize("username", ["", "two words", "a@b", "x" * 65, "é", 'a"b', "<a>"])
def test_an_odd_username_is_refused(acme, control, username):
    assert acme.create(username).status_code == 400
    assert kinds(control) == []


# --- Forms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded2"]
)
def test_another_content_type_is_refused(acme, control, kind):
    answer = acme.call("POST", "/sipaccounts", data="username=ann", headers_more={"Content-Type": kind})
    assert_refused(answer, 400, "WrongContentType")
    assert kinds(control) == []


def test_json_is_refused(acme):
    assert_refused(acme.call("POST", "/sipaccounts", json={"username": "ann"}), 400, "WrongContentType")


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("POST", "/sipaccounts", "", "MissingField"),
        ("POST", "/sipaccounts", "name=Ann", "MissingField"),
        ("POST", "/sipaccounts", "username=", "MissingField"),
        ("POST", "/sipaccounts", "username=ann&colour=red", "UnknownField"),
        ("POST", "/sipaccounts", "username=ann&username=bob", "RepeatedField"),
        ("POST", "/sipaccounts", "username", "MalformedBody"),
        ("POST", "/sipaccounts", "username=%ff", "MalformedBody"),
        ("POST", "/sipaccounts", "username=ann&name=%00", "InvalidField"),
        ("POST", "/sipaccounts", "username=ann&name=" + "x" * 2001, "InvalidField"),
        ("POST", "/externalscripts", "name=calls", "MissingField"),
        ("POST", "/externalscripts", "url=ftp%3A%2F%2Facme.example", "InvalidUrl"),
        ("POST", "/externalscripts", "url=http%3A%2F%2F%5B", "InvalidUrl"),
        ("GET", "/externalscripts/test", "", "MissingField"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(acme, control, method, path, body, name):
    assert_refused(acme.call(method, path, data=body, headers_more=FORM), 400, name)
    assert kinds(control) == []


def test_an_update_takes_no_username(acme):
    ann = acme.created("ann")
    assert_refused(acme.call("PUT", f"/sipaccounts/{ann['id']}", data={"username": "bob"}), 400, "UnknownField")


# --- The script -------------------------------------------------------------------------------------------------------


def test_a_domain_has_one_script(acme, control):
    answer = acme.put_script("https://acme.example/calls?tone=1", name="Calls")
    (script,) = answer.json()
    assert answer.status_code == 200
    assert set(script) == {"id", "name", "url", "created_at", "updated_at"}
    assert (script["name"], script["url"]) == ("Calls", "https://acme.example/calls?tone=1")
    assert_refused(acme.put_script("https://acme.example/other"), 400, "ScriptExists")
    assert acme.call("GET", "/externalscripts").json() == [script]
    assert acme.call("GET", f"/externalscripts/{script['id']}").json() == [script]
    assert kinds(control) == ["script_created"]


def test_a_script_is_changed_and_deleted(acme, control):
    (script,) = acme.put_script(name="Calls").json()
    path = f"/externalscripts/{script['id']}"
    (changed,) = acme.call("PUT", path, data={"url": "https://acme.example/new"}).json()
    assert (changed["id"], changed["name"], changed["url"]) == (script["id"], "Calls", "https://acme.example/new")
    assert acme.call("PUT", path, data={"url": "https://acme.example/new"}).json() == [changed]
    deleted = acme.call("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_refused(acme.call("DELETE", path), 404, "ScriptNotFound")
    assert acme.call("GET", "/externalscripts").json() == []
    assert kinds(control) == ["script_created", "script_changed", "script_deleted"]


def test_a_trial_run_answers_xml_made_of_what_was_asked(acme, control):
    answer = acme.call("GET", "/externalscripts/test", data={"url": "https://acme.example/<calls>", "from": "+3161"})
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert "https://acme.example/&lt;calls&gt;, from is +3161" in answer.text
    assert kinds(control) == []


def test_a_trial_run_may_answer_as_the_document_says(acme, control):
    control.put_account("acme", script_answer="list")
    script = acme.put_script().json()
    assert acme.call("GET", "/externalscripts/test", data={"url": "https://acme.example/calls"}).json() == script


# --- Paths, accounts, gateway -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["", "/", "/sipaccounts/", "/sipaccounts/a/b", "/sipaccounts//status", "/externalscripts/a/status", "/order"],
)
def test_an_unknown_path_is_not_found(acme, path):
    assert acme.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/sipaccounts"),
        ("POST", "/sipaccounts/a"),
        ("POST", "/sipaccounts/a/status"),
        ("POST", "/externalscripts/test"),
        ("DELETE", "/externalscripts/test"),
    ],
)
def test_a_method_that_is_not_offered_is_refused(acme, method, path):
    answer = acme.call(method, path)
    assert_refused(answer, 405, "MethodNotAllowed")
    assert answer.headers["Allow"]


def test_customers_see_nothing_of_each_other(acme, globex, control):
    ann = acme.created("ann")
    (script,) = acme.put_script().json()
    assert globex.usernames() == []
    assert globex.call("GET", "/externalscripts").json() == []
    assert_refused(globex.call("GET", f"/sipaccounts/{ann['id']}"), 404, "SipAccountNotFound")
    assert_refused(globex.call("DELETE", f"/externalscripts/{script['id']}"), 404, "ScriptNotFound")
    assert globex.create("ann").status_code == 200
    assert globex.put_script().status_code == 200
    assert kinds(control) == ["sip_account_created", "script_created"]


def test_the_gateway_is_the_same_as_in_front_of_video(acme, control):
    control.put_account("acme", quota_limit=1, sunset="2027-01-01")
    first, second = acme.call("GET", "/sipaccounts"), acme.call("GET", "/sipaccounts")
    assert (first.headers["quota-used"], first.headers["sunset"]) == ("1", "2027-01-01")
    assert_refused(second, 429, "TooManyRequests")
    assert_refused(acme.call("GET", "/sipaccounts", token="wrong"), 401, "Unauthorized")
    assert control.count_requests("acme", "GET", "/sipaccounts") == 2


def test_calls_are_counted_by_route(acme, control):
    ann = acme.created("ann")
    acme.call("GET", f"/sipaccounts/{ann['id']}/status")
    acme.call("GET", "/externalscripts/test", data={"url": "https://acme.example"})
    assert control.count_requests("acme", "GET", "/sipaccounts/{id}/status") == 1
    assert control.count_requests("acme", "GET", "/externalscripts/test") == 1


# --- Faults and kills -------------------------------------------------------------------------------------------------


def test_late_work_remembers_that_its_body_was_a_form(acme, control, sandbox):
    control.add_fault("late_work", method="POST", path="/sipaccounts", seconds=0.05, status=504, times=1)
    assert acme.create("ann").status_code == 504
    sandbox.restart()
    control.wait_until_quiet()
    assert acme.usernames() == ["ann"]
    assert [entry["cause"] for entry in control.ledger("acme")] == ["late_work"]


def test_a_lost_answer_leaves_the_account_made(acme, control):
    control.add_fault("lost_answer", method="POST", times=1)
    with pytest.raises(requests.ConnectionError):
        acme.create("ann")
    assert acme.usernames() == ["ann"]


@pytest.mark.parametrize("kind", ["slow_bytes", "broken_json", "wrong_shape", "delay"])
def test_faults_leave_an_answer_without_a_body_bare(acme, control, kind):
    (script,) = acme.put_script().json()
    control.add_fault(kind, method="DELETE", **({"seconds": 0.001} if kind in ("slow_bytes", "delay") else {}))
    deleted = acme.call("DELETE", f"/externalscripts/{script['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")


def test_half_of_an_xml_answer(acme, control):
    asked = {"url": "https://acme.example"}
    whole = acme.call("GET", "/externalscripts/test", data=asked).content
    control.add_fault("broken_json", times=1)
    assert acme.call("GET", "/externalscripts/test", data=asked).content == whole[: len(whole) // 2]


def test_everything_survives_a_kill(acme, control, sandbox):
    ann = acme.created("ann", name="Ann")
    acme.put_script()
    control.set_sip_status("acme", ann["id"], "registered")
    before = control.apidaze("acme"), control.ledger()
    sandbox.restart()
    assert (control.apidaze("acme"), control.ledger()) == before
    assert acme.call("GET", f"/sipaccounts/{ann['id']}").json() == [ann]


# --- Behind our back --------------------------------------------------------------------------------------------------


def test_what_others_do_shows_at_the_vendor_and_in_the_ledger(acme, control):
    bob = control.add_sip_account_behind("acme", "bob", name="Bob", external_caller_id_number="+31201234567")
    control.change_sip_account_behind("acme", bob["id"], name="Robert", mwi_account="")
    (told,) = acme.call("GET", "/sipaccounts").json()
    assert (told["sip"]["username"], told["name"]) == ("bob", "Robert")
    control.remove_sip_account_behind("acme", bob["id"])
    assert acme.usernames() == []
    script = control.set_script_behind("acme", "https://elsewhere.example/calls")
    assert control.set_script_behind("acme", "https://elsewhere.example/2", "Two")["id"] == script["id"]
    control.remove_script_behind("acme")
    assert {entry["cause"] for entry in control.ledger("acme")} == {"behind"}
    assert kinds(control) == [
        "sip_account_created",
        "sip_account_updated",
        "sip_account_deleted",
        "script_created",
        "script_changed",
        "script_deleted",
    ]


def test_a_list_can_be_cut_short_while_nothing_is_gone(acme, control):
    assert control.add_sip_accounts_behind("acme", 5, "phone") == 5
    control.put_account("acme", list_cut_at=3)
    assert acme.usernames() == ["phone1", "phone2", "phone3"]
    hidden = control.apidaze("acme")["sip_accounts"][4]
    assert acme.call("GET", f"/sipaccounts/{hidden['id']}").json()[0]["sip"]["username"] == "phone5"
    control.put_account("acme", list_cut_at=None)
    assert len(acme.usernames()) == 5


def test_the_truth_names_everything_but_passwords(acme, control):
    ann = acme.created("ann", name="Ann", mwi_account="box-1")
    (script,) = acme.put_script().json()
    state = control.apidaze("acme")
    (told,) = state["sip_accounts"]
    assert (told["id"], told["username"], told["name"], told["mwi_account"]) == (ann["id"], "ann", "Ann", "box-1")
    assert state["script"]["url"] == script["url"]
    assert ann["sip"]["password"] not in urlencode({"state": str(state), "ledger": str(control.ledger())})


@pytest.mark.parametrize(
    "impossible",
    [
        lambda control: control.apidaze("nobody"),
        lambda control: control.add_sip_account_behind("acme", "two words"),
        lambda control: control.add_sip_account_behind("acme", "bob", colour="red"),
        lambda control: control.remove_sip_account_behind("acme", "nobody"),
        lambda control: control.remove_script_behind("acme"),
        lambda control: control.add_sip_accounts_behind("acme", 0),
        lambda control: control.put_account("acme", single_answers="sometimes"),
    ],
)
def test_what_cannot_be_ordered_is_refused(acme, control, impossible):
    with pytest.raises(ControlError):
        impossible(control)
    assert kinds(control) == []
