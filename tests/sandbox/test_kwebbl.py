"""The simulated Kwebbl: consent, rotating tokens, subscriptions that hear what they may, and calls that live."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from sandbox.control import ControlError
from tests.realtime.mailbox import mailbox

ADMIN = ["company.users", "company.dialplans", "calls.events", "calls.manage", "calls.create"]
SECRET = "acme's secret"


class KwebblCaller:
    """A program with a grant of one user."""

    def __init__(self, sandbox, client_id, grant):
        self.base, self.client_id, self.grant = sandbox.kwebbl_url, client_id, grant

    def call(self, method, path, **options):
        headers = {"Authorization": f"Bearer {self.grant['access_token']}"}
        return requests.request(method, self.base + path, headers=headers, timeout=5, **options)

    def refresh(self, token=None, secret=SECRET):
        body = {"grant_type": "refresh_token", "refresh_token": token or self.grant["refresh_token"]}
        return requests.post(f"{self.base}/token", json=body, auth=(self.client_id, secret), timeout=5)

    def subscribe(self, url, **body):
        return self.call("POST", "/subscriptions", json={"callback_url": url, **body})


@pytest.fixture
def acme(sandbox, control):
    control.put_account("acme", SECRET)

    def caller(login="alice", scopes=ADMIN):
        return KwebblCaller(sandbox, "acme", control.kwebbl_grant("acme", login, list(scopes)))

    return caller


@pytest.fixture
def box():
    with mailbox() as box:
        yield box


def assert_refused(answer, status, code):
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json()["status_code"] == status


def settle(control):
    control.wait_until_quiet(20)


# --- Tokens -----------------------------------------------------------------------------------------------------------


def test_a_refresh_kills_both_earlier_tokens_at_once(acme, control):
    caller = acme()
    new = caller.refresh().json()
    assert_refused(caller.call("GET", "/extensions"), 401, "invalid_grant")
    assert caller.refresh().status_code == 401
    caller.grant = new
    assert caller.call("GET", "/extensions").ok
    (grant,) = control.kwebbl("acme")["grants"]
    assert (grant["generation"], grant["presented"], grant["alive"]) == (2, {"1": 2, "2": 0}, True)
    assert [entry["kind"] for entry in control.ledger("acme")] == ["token_granted", "token_refreshed"]


def test_tokens_end_by_time_by_secret_and_by_the_vendor(acme, control):
    control.put_kwebbl("acme", expires_in=0, refresh_expires_in=0)
    aged = acme()
    assert_refused(aged.call("GET", "/extensions"), 401, "invalid_grant")
    assert aged.refresh().status_code == 401
    control.put_kwebbl("acme", expires_in=900, refresh_expires_in=9000)
    revoked, other = acme(), acme("bob", ["company.users"])
    assert control.revoke_kwebbl("acme", "alice") >= 1
    assert_refused(revoked.call("GET", "/extensions"), 401, "invalid_grant")
    assert other.call("GET", "/extensions").ok
    control.put_account("acme", "a new secret")
    assert_refused(other.call("GET", "/extensions"), 401, "invalid_grant")


def test_a_user_may_have_one_grant_alone(acme, control):
    control.put_kwebbl("acme", one_grant_per_user=True)
    first, second = acme(), acme()
    assert_refused(first.call("GET", "/extensions"), 401, "invalid_grant")
    assert second.call("GET", "/extensions").ok


def test_faults_reach_the_token_endpoint_by_name_alone(acme, control):
    caller = acme()
    control.add_fault("status", status=500)
    caller.grant = caller.refresh().json()
    assert caller.call("GET", "/extensions").status_code == 500
    control.remove_faults()
    control.add_fault("status", status=500, path="/token", after_work=True, times=1)
    assert caller.refresh().status_code == 500
    assert caller.refresh().status_code == 401


def test_work_that_comes_late_is_still_the_users(acme, control, sandbox, box):
    caller = acme("bob", ["calls.events.personal"])
    control.add_fault("late_work", path="/subscriptions", seconds=0.05, status=504, times=1)
    assert caller.subscribe(box.url()).status_code == 504
    settle(control)
    (made,) = control.kwebbl("acme")["subscriptions"]
    assert made["own_alone"]


def test_state_survives_a_kill(acme, control, sandbox, box):
    caller = acme()
    made = caller.subscribe(box.url(), mode="detailed").json()
    call = control.start_call("acme", "+31612345678", "345")
    sandbox.restart()
    assert caller.call("GET", f"/subscriptions/{made['id']}").json() == made
    assert sandbox.control.step_call("acme", call["conversation"], "answer")["live"]


# --- Subscriptions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"callback_url": "nowhere"},
        {"callback_url": None},
        {"event_types": ["sneezed"]},
        {"event_types": []},
        {"event_types": "created"},
        {"mode": "secret"},
        {"agents": "all"},
        {"agents": [{"field": "via", "number": "201"}]},
        {"agents": [{"extension_id": "f" * 32}]},
        {"callback_content_type": "text/xml"},
        {"colour": "red"},
    ],
)
def test_what_no_subscription_can_be(acme, body):
    answer = acme().call("POST", "/subscriptions", json={"callback_url": "http://a.example/cb", **body})
    assert_refused(answer, 400, "validation")


def test_presence_hears_of_everybody_and_learns_little(acme, control, box):
    caller = acme("bob", ["calls.events.presence"])
    assert_refused(caller.subscribe(box.url(), mode="detailed"), 403, "access_denied")
    assert_refused(caller.subscribe(box.url(), event_types=["*"]), 403, "access_denied")
    assert caller.subscribe(box.url()).status_code == 201
    call = control.start_call("acme", "+31612345678", "345")
    for step in ("answer", "hold", "hang_up"):
        control.step_call("acme", call["conversation"], step)
    settle(control)
    assert set(box.types()) == {"created", "ringing", "answered", "terminated"}
    assert b"31612345678" not in b"".join(box.bodies["/"])


def test_personal_hears_of_its_own_calls_alone(acme, control, box):
    caller = acme("bob", ["calls.events.personal"])
    assert_refused(caller.subscribe(box.url(), mode="detailed", agents=[{"number": "203"}]), 403, "access_denied")
    caller.subscribe(box.url(), mode="detailed", event_types=["*"])
    control.start_call("acme", "203", "201")
    control.start_call("acme", "+31612345678", "202")
    settle(control)
    told = [json.loads(body) for body in box.bodies["/"]]
    assert {event["to"]["number"] for event in told} == {"202"}


def test_agents_choose_by_side(acme, control, box):
    caller = acme()
    caller.subscribe(box.url("/from"), agents=[{"field": "from", "number": "001"}])
    caller.subscribe(box.url("/to"), agents=[{"field": "to", "number": "001"}])
    control.start_call("acme", "001", "+31612345678")
    settle(control)
    assert box.types("/from") == ["created", "ringing"]
    assert box.types("/to") == []


def test_a_cancelled_subscription_hears_nothing_more(acme, control, box):
    caller = acme()
    made = caller.subscribe(box.url()).json()
    assert caller.call("DELETE", f"/subscriptions/{made['id']}").json() == {"ok": True}
    control.start_call("acme", "+31612345678", "345")
    settle(control)
    assert box.bodies == {}
    assert_refused(caller.call("GET", f"/subscriptions/{made['id']}"), 404, "entity_not_exist")


def test_another_company_sees_and_hears_nothing(acme, control, sandbox, box):
    made = acme().subscribe(box.url()).json()
    control.put_account("globex", "globex's secret")
    stranger = KwebblCaller(sandbox, "globex", control.kwebbl_grant("globex", "alice", ADMIN))
    assert stranger.call("GET", "/subscriptions").json() == []
    assert_refused(stranger.call("DELETE", f"/subscriptions/{made['id']}"), 404, "entity_not_exist")
    control.start_call("globex", "+31612345678", "345")
    settle(control)
    assert box.bodies == {}


# --- Calls ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def heard(acme, control, box):
    """Everything in detail, in the box."""
    acme().subscribe(box.url(), mode="detailed", event_types=["*"])
    return box


def steps(control, conversation, *names, **more):
    for name in names:
        control.step_call("acme", conversation, name, **more)


def test_an_inbound_call_from_ring_to_end(heard, control):
    call = control.start_call("acme", "+31612345678", "345")
    steps(control, call["conversation"], "answer", "start_recording", "hold", "resume", "stop_recording")
    assert not control.step_call("acme", call["conversation"], "hang_up", reason="busy")["live"]
    settle(control)
    assert heard.types() == [
        *("created", "created", "ringing", "ringing", "answered", "answered", "bridged"),
        *("start_recording", "holding", "resume", "stop_recording", "terminated", "terminated"),
    ]
    outer, inner = heard.events()[6].legs
    assert (outer.direction, outer.to.number, inner.direction, inner.to.number) == ("inbound", "345", "outbound", "202")
    assert heard.events()[1].legs[0].via.number == "345"
    assert {event.reason for event in heard.events()[-2:]} == {"busy"}


def test_a_dialplan_rings_who_is_free(heard, control):
    control.start_call("acme", "202", "+31612345678")
    call = control.start_call("acme", "+31687654321", "345")
    assert call["legs"][1]["parties"]["to"]["number"] == "203"


def test_an_attended_transfer_finished_and_one_cancelled(heard, control):
    for end, initiator_left in ("finish_transfer", True), ("cancel_transfer", False):
        call = control.start_call("acme", "+31612345678", "345")
        steps(control, call["conversation"], "answer")
        control.step_call("acme", call["conversation"], "transfer", target="203", attended=True)
        steps(control, call["conversation"], "answer", end)
        legs = {leg["role"]: leg for leg in control.kwebbl("acme")["calls"][-1]["legs"]}
        assert legs["consult"]["state"] == "ended"
        moved = {leg["parties"]["to"]["number"] for role, leg in legs.items() if role != "consult"}
        assert ("203" in moved) is initiator_left
        steps(control, call["conversation"], "hang_up")
    settle(control)
    (transfer,) = [event for event in heard.events() if event.event_type == "transferred"]
    assert (transfer.transfer_type, transfer.initiator.number) == ("attended", "202")
    assert (transfer.before.to.number, transfer.after.to.number) == ("202", "203")


def test_both_legs_of_colleagues_follow_a_transfer(heard, control):
    call = control.start_call("acme", "201", "202")
    steps(control, call["conversation"], "answer")
    moved = control.step_call("acme", call["conversation"], "transfer", target="203", by=_extension(control, "201"))
    ends = [{leg["parties"][side]["number"] for side in ("from", "to")} for leg in moved["legs"]]
    assert ends == [{"203", "202"}, {"203", "202"}]
    assert {leg["state"] for leg in moved["legs"]} == {"ringing"}


def test_a_transfer_of_either_leg_is_the_users(heard, control):
    for place in (0, 1):
        call = control.start_call("acme", "+31612345678", "345")
        steps(control, call["conversation"], "answer")
        leg = call["legs"][place]["call_id"]
        moved = control.step_call("acme", call["conversation"], "transfer", target="201", call_id=leg)
        assert [leg["parties"]["to"]["number"] for leg in moved["legs"]] == ["345", "201"]
        steps(control, call["conversation"], "hang_up")


def _extension(control, number):
    extensions = control.kwebbl("acme")["extensions"]
    return next(each["extension_id"] for each in extensions if each["number"] == number)


def test_who_calls_shows_a_number_or_none(heard, acme, control):
    vera = _extension(control, "203")
    second = acme().call("GET", f"/extensions/{vera}/multiple_caller_ids").json()[1]
    acme().call("PUT", f"/extensions/{vera}/caller_id", json={"caller_id": second["caller_id"]})
    control.start_call("acme", "203", "+31612345678")
    control.start_call("acme", "anonymous", "202")
    settle(control)
    callers = [event.legs[0].from_ for event in heard.events()]
    assert callers[0].caller_id == second["caller_number"] == "31102612346"
    assert (callers[-1].number, callers[-1].caller_id) == ("", "anonymous")


def test_a_placed_call_is_answered_by_itself_when_asked_to(acme, control):
    control.put_kwebbl("acme", answer_after=0.01)
    assert acme().call("POST", "/calls", json={"to": {"number": "+31612345678"}}).status_code == 202
    settle(control)
    (call,) = control.kwebbl("acme")["calls"]
    assert call["legs"][0]["state"] == "talking"


def test_the_name_of_a_party_as_its_table_spells_it(acme, control):
    vera = control.kwebbl("acme")["extensions"][2]["extension_id"]
    answer = acme().call("POST", "/calls", json={"to": {"extension_Id": vera}})
    assert answer.status_code == 202


def test_own_calls_alone(acme, control):
    bob = acme("bob", ["calls.manage.personal", "calls.create.personal"])
    call = control.start_call("acme", "203", "201")
    path = f"/calls/{call['legs'][0]['call_id']}/hangup"
    assert_refused(bob.call("POST", path), 403, "access_denied")
    body = {"from": {"number": "203"}, "to": {"number": "201"}}
    assert_refused(bob.call("POST", "/calls", json=body), 403, "access_denied")
    assert bob.call("POST", "/calls", json={"to": {"number": "201"}}).status_code == 202


def test_a_step_that_does_not_fit_is_refused(acme, control):
    acme()
    call = control.start_call("acme", "+31612345678", "345")
    for step in ("hold", "finish_transfer", "stop_recording"):
        with pytest.raises(ControlError):
            control.step_call("acme", call["conversation"], step)


# --- Events that misbehave --------------------------------------------------------------------------------------------


def test_events_come_late_twice_out_of_order_and_not_at_all(heard, control):
    control.put_kwebbl("acme", late=0.2, late_seconds=0.3, twice=0.3, disorder_seconds=0.2, lost=0.1, seed=7)
    for _ in range(4):
        call = control.start_call("acme", "+31612345678", "345")
        steps(control, call["conversation"], "answer", "hang_up")
    settle(control)
    ids = [event.event_id for event in heard.events()]
    assert len(set(ids)) < len(ids)
    assert len(set(ids)) < 4 * 9
    assert [event.at for event in heard.events()] != sorted(event.at for event in heard.events())


def test_events_are_spelled_in_every_way(heard, control):
    control.put_kwebbl("acme", spelling="mixed", seed=1)
    for _ in range(12):
        call = control.start_call("acme", "+31612345678", "345")
        steps(control, call["conversation"], "answer", "start_recording", "hold", "resume", "stop_recording", "hang_up")
    settle(control)
    text = b"".join(heard.bodies["/"]).decode()
    for spelling in (
        '"resume"',
        '"resumed"',
        '"start-recording"',
        '"start_recording"',
        '"0031612',
        '"+31612',
        '"31612',
    ):
        assert spelling in text
    assert any("call_id" not in body.decode() for body in heard.bodies["/"] if b'"created"' in body)
    assert any(not _is_json(body) for body in heard.bodies["/"])
    assert all(event.known for event in heard.events())
    of = {name: {event.event_id for event in heard.events() if event.event_type == name} for name in heard.types()}
    assert of["bridged"] <= of["answered"]


def _is_json(body):
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def test_who_does_not_answer_is_asked_again_as_often_as_agreed(heard, control):
    heard.status = 500
    control.put_kwebbl("acme", event_tries=2)
    control.start_call("acme", "201", "+31612345678")
    settle(control)
    assert [event["tries"] for event in control.kwebbl_events("acme")] == [2, 2]
    assert control.kwebbl("acme")["events"] == {"made": 2, "waiting": 0, "taken": 0, "failed": 2}


# --- Office life ------------------------------------------------------------------------------------------------------


def test_an_hour_of_office_life_ends_and_is_the_same_again(heard, control):
    first = control.office_life("acme", seed=4, minutes=60, speed=3600)
    assert first["calls"] > 20
    assert 0.5 < first["seconds"] < 2
    settle(control)
    calls = control.kwebbl("acme")["calls"]
    assert len(calls) == first["calls"]
    assert not any(call["live"] for call in calls)
    assert {"bridged", "transferred", "holding", "start_recording"} <= set(heard.types())
    control.reset()
    control.put_account("acme", SECRET)
    again = control.office_life("acme", seed=4, minutes=60, speed=3600)
    assert (again["calls"], again["steps"]) == (first["calls"], first["steps"])


# --- The consent page -------------------------------------------------------------------------------------------------


def test_a_browser_can_walk_through_the_page(acme, sandbox):
    query = {
        "client_id": "acme",
        "redirect_uri": "https://portal.example/cb?kept=1",
        "response_type": "code",
        "state": "a b",
        "scope": "user.info",
    }
    url = f"{sandbox.kwebbl_url}/authorize"
    assert 'method="post"' in requests.get(url, params=query, timeout=5).text
    form = {"login": "bob", "password": "bob", "decision": "allow"}
    answer = requests.post(url, params=query, data=form, allow_redirects=False, timeout=5)
    told = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert (told["kept"], told["state"], len(told["code"])) == ("1", "a b", 32)


def test_what_is_typed_into_the_address_is_not_run(acme, sandbox):
    query = {"client_id": "acme", "redirect_uri": "https://a.example", "response_type": "code", "scope": "<script>"}
    answer = requests.get(f"{sandbox.kwebbl_url}/authorize", params=query, allow_redirects=False, timeout=5)
    assert "<script>" not in answer.text
