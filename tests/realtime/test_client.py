"""The client against the simulated vendor, each side held to the vendor's document by the relay between them.

The name of each test's chapter stands in its docstring.
"""

import pytest

from portal.vendors.errors import (
    VendorCredentialsRejected,
    VendorOutcomeUnknown,
    VendorProtocolError,
    VendorRefused,
    VendorUnavailable,
)
from realtime.client import AccessDenied, Agent, Cancellation, Party, RemoteExtension
from tests.realtime.kwebbl_contract import OPERATIONS

NOBODY = "f" * 32


@pytest.fixture(params=["plain", "mixed"])
def either_spelling(request, control, account):
    """As the tables of the document have it, or as its examples do: JSON numbers, and JSON that is none."""
    control.put_kwebbl(account, spelling=request.param)
    return request.param


def extension_of(control, account, login="bob"):
    return next(each for each in control.kwebbl(account)["extensions"] if each["login"] == login)["extension_id"]


@pytest.fixture
def talking(control, account):
    """An inbound call that Bob has answered; the call_id of his leg."""
    call = control.start_call(account, "+31612345678", "345")
    return control.step_call(account, call["conversation"], "answer")["legs"][-1]["call_id"]


def leg(control, account, call_id):
    return next(
        each for call in control.kwebbl(account)["calls"] for each in call["legs"] if each["call_id"] == call_id
    )


# --- Access Informational Resources -----------------------------------------------------------------------------------


def test_the_directory(direct, either_spelling):
    """List of Extensions"""
    told = {each.name: each for each in direct.kwebbl.extensions()}
    assert [(each.number, each.kind, each.external_number) for each in told.values()] == [
        ("201", "user", ""),
        ("202", "user", ""),
        ("203", "user", ""),
        ("001", "user", ""),
        ("345", "dialplan", "31102612345"),
        ("346", "dialplan", "31102612346"),
    ]
    assert direct.kwebbl.extensions().complete


def test_one_extension(direct, either_spelling):
    """Retrieve a specific extension"""
    for each in direct.kwebbl.extensions():
        assert direct.kwebbl.extension(each.id) == each


def test_the_documents_own_example_of_an_extension_breaks_its_pattern_and_is_taken():
    """List of Extensions: an ID with capitals and letters beyond f, numbers as JSON numbers"""
    sales = RemoteExtension.parse(
        {
            "id": "p9wprKzFTprxzHyQ5aogpb9ao9agmtNd",
            "name": "Sales Dept",
            "number": 345,
            "external_number": 31102612345,
            "type": "dialplan",
        }
    )
    assert (sales.id, sales.number, sales.external_number) == ("p9wprKzFTprxzHyQ5aogpb9ao9agmtNd", "345", "31102612345")


def test_each_scope_shows_its_own_kind(granted):
    """Available Scopes; List of Extensions"""
    users = granted(scopes=["company.users"]).kwebbl.extensions()
    assert {each.kind for each in users} == {"user"}
    dialplans = granted(scopes=["company.dialplans"]).kwebbl.extensions()
    assert {each.kind for each in dialplans} == {"dialplan"}


# --- Subscribing to Realtime Events -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202])
def test_from_a_new_subscription_to_a_cancelled_one(kwebbl, control, account, status):
    """Request a new subscription (success is 200, 201 or 202); List of subscriptions (`events`); Retrieve a specific
    subscription (`event_types`); Cancel a subscription (`{"ok": true}`)
    """
    control.put_kwebbl(account, created_status=status)
    url = "https://portal.example/live/events/secret"
    made = kwebbl.subscribe(url, ["*"], mode="detailed")
    assert (made.callback_url, made.event_types, made.mode, made.agents) == (url, ("*",), "detailed", (Agent(),))
    assert kwebbl.subscription(made.id) == made
    assert list(kwebbl.subscriptions()) == [made]
    assert kwebbl.cancel_subscription(made.id) is Cancellation.CANCELLED
    assert kwebbl.cancel_subscription(made.id) is Cancellation.ALREADY_GONE
    assert list(kwebbl.subscriptions()) == []


def test_a_subscription_by_default(kwebbl):
    """Request a new subscription: minimal settings"""
    made = kwebbl.subscribe("http://example.com/callback")
    assert (made.event_types, made.mode) == (("created", "ringing", "answered", "terminated"), "presence")


def test_a_subscription_for_one_caller(kwebbl):
    """Request a new subscription: only if user 001 is the caller"""
    made = kwebbl.subscribe(
        "http://example.com/callback", ["created", "terminated"], [Agent(number="001", field="from")]
    )
    assert made.agents == (Agent(number="001", field="from"),)


def test_an_extension_outweighs_a_number(kwebbl, control, account):
    """Request a new subscription: notes about agents[] fields"""
    bob = extension_of(control, account)
    (agent,) = kwebbl.subscribe("http://example.com/cb", agents=[Agent("999", bob, "to")]).agents
    assert agent == Agent(number="*", extension_id=bob, field="to")
    (agent,) = kwebbl.subscribe("http://example.com/cb", agents=[Agent(field="to")]).agents
    assert agent == Agent()


# --- Perform Realtime Call Actions ------------------------------------------------------------------------------------


def test_a_call_from_oneself_and_one_from_a_colleague(kwebbl, control, account):
    """Placing a new call"""
    kwebbl.place_call("+31203080700")
    kwebbl.place_call(Party(number="+31203080701"), "202")
    kwebbl.place_call(Party(extension_id=extension_of(control, account, "vera")))
    ends = [
        tuple(call["legs"][0]["parties"][side]["number"] for side in ("from", "to"))
        for call in control.kwebbl(account)["calls"]
    ]
    assert ends == [("201", "+31203080700"), ("202", "+31203080701"), ("201", "203")]


def test_a_dialplan_never_calls(kwebbl, control, account):
    """Placing a new call, Limitations: from dialplan is reversed"""
    kwebbl.place_call("+31203080700", "345")
    parties = control.kwebbl(account)["calls"][0]["legs"][0]["parties"]
    assert (parties["from"]["number"], parties["to"]["number"]) == ("+31203080700", "345")


def test_two_outsiders_are_not_connected(kwebbl, control, account):
    """Placing a new call, Limitations: 2 external numbers"""
    with pytest.raises(VendorRefused) as caught:
        kwebbl.place_call("+31203080700", "+31203080701")
    assert (caught.value.status, caught.value.vendor_code) == (400, "validation")
    assert control.ledger(account, "call_placed") == []


def test_a_call_is_held_and_resumed(kwebbl, control, account, talking):
    """Hold and Resume"""
    kwebbl.hold(talking)
    assert leg(control, account, talking)["state"] == "on_hold"
    kwebbl.resume(talking)
    assert leg(control, account, talking)["state"] == "talking"


def test_a_call_is_recorded(kwebbl, control, account, talking):
    """Call Recording"""
    kwebbl.start_recording(talking)
    assert leg(control, account, talking)["recording"]
    kwebbl.stop_recording(talking)
    assert not leg(control, account, talking)["recording"]


def test_a_blind_transfer_rings_somebody_else(kwebbl, control, account, talking):
    """Transfer"""
    kwebbl.transfer(talking, "203")
    moved = leg(control, account, talking)
    assert (moved["state"], moved["parties"]["to"]["number"]) == ("ringing", "203")


def test_an_attended_transfer_asks_first(kwebbl, control, account, talking):
    """Transfer: * finishes it"""
    kwebbl.transfer(talking, Party(extension_id=extension_of(control, account, "vera")), attended=True)
    held = leg(control, account, talking)
    assert (held["state"], held["parties"]["to"]["number"]) == ("on_hold", "202")
    conversation = control.kwebbl(account)["calls"][0]["conversation"]
    control.step_call(account, conversation, "answer")
    control.step_call(account, conversation, "finish_transfer")
    assert leg(control, account, talking)["parties"]["to"]["number"] == "203"


def test_a_call_is_hung_up(kwebbl, control, account, talking):
    """Terminate / Hangup"""
    kwebbl.hang_up(talking)
    assert leg(control, account, talking)["state"] == "ended"
    with pytest.raises(VendorRefused) as caught:
        kwebbl.hang_up(talking)
    assert (caught.value.status, caught.value.vendor_code) == (404, "entity_not_exist")


# --- Multiple CallerID's ----------------------------------------------------------------------------------------------


def test_a_caller_id_is_chosen(direct, control, account, either_spelling):
    """Get list of CallerID's; Change user CallerID"""
    bob = extension_of(control, account)
    first, second = direct.kwebbl.caller_ids(bob)
    assert (first.number, second.number) == ("31102612345", "31102612346")
    assert direct.kwebbl.set_caller_id(bob, second.id) == second.id
    (effect,) = control.ledger(account, "caller_id_set")
    assert effect["facts"]["caller_id"] == second.id


def test_only_an_admin_changes_somebody_elses_caller_id(granted, control, account):
    """Change user CallerID"""
    line = granted("bob", ["company.users"])
    vera = extension_of(control, account, "vera")
    (first, _) = line.kwebbl.caller_ids(vera)
    with pytest.raises(AccessDenied):
        line.kwebbl.set_caller_id(vera, first.id)
    assert control.ledger(account, "caller_id_set") == []


# --- Every error ------------------------------------------------------------------------------------------------------

CALLS = {
    ("GET", "/extensions"): lambda kwebbl, call_id: kwebbl.extensions(),
    ("GET", "/extensions/{id}"): lambda kwebbl, call_id: kwebbl.extension(NOBODY),
    ("GET", "/subscriptions"): lambda kwebbl, call_id: kwebbl.subscriptions(),
    ("GET", "/subscriptions/{id}"): lambda kwebbl, call_id: kwebbl.subscription(NOBODY),
    ("POST", "/subscriptions"): lambda kwebbl, call_id: kwebbl.subscribe("http://example.com/callback", ["sneezed"]),
    ("DELETE", "/subscriptions/{id}"): lambda kwebbl, call_id: kwebbl.cancel_subscription(NOBODY),
    ("POST", "/calls"): lambda kwebbl, call_id: kwebbl.place_call("+31203080700", "+31203080701"),
    ("POST", "/calls/{id}/hangup"): lambda kwebbl, call_id: kwebbl.hang_up("4a2bcad2-c4b9e70a"),
    ("POST", "/calls/{id}/transfer"): lambda kwebbl, call_id: kwebbl.transfer("4a2bcad2-c4b9e70a", "203"),
    ("POST", "/calls/{id}/hold"): lambda kwebbl, call_id: kwebbl.hold("4a2bcad2-c4b9e70a"),
    ("POST", "/calls/{id}/resume"): lambda kwebbl, call_id: kwebbl.resume(call_id),
    ("POST", "/calls/{id}/start-recording"): lambda kwebbl, call_id: kwebbl.start_recording("4a2bcad2-c4b9e70a"),
    ("POST", "/calls/{id}/stop-recording"): lambda kwebbl, call_id: kwebbl.stop_recording(call_id),
    ("GET", "/extensions/{id}/multiple_caller_ids"): lambda kwebbl, call_id: kwebbl.caller_ids(NOBODY),
    ("PUT", "/extensions/{id}/caller_id"): lambda kwebbl, call_id: kwebbl.set_caller_id(NOBODY, NOBODY),
}
CHAPTERS = [f"{method} {path}" for method, path in CALLS]


def test_these_are_all_operations_but_one_that_has_two_names():
    """Terminate / Hangup: either path"""
    known = {(each.method, each.path) for each in OPERATIONS}
    assert known - CALLS.keys() == {("POST", "/calls/{id}/terminate")}
    assert CALLS.keys() <= known


@pytest.mark.parametrize("call", CALLS.values(), ids=CHAPTERS)
@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize("shape", ["full", "oauth"])
def test_what_was_not_granted_is_refused(granted, control, account, call, status, shape):
    """Known error codes of every chapter: 403 access_denied; Using an Access token to make requests: 503"""
    control.put_kwebbl(account, denied_status=status, errors=shape)
    line = granted(scopes=["user.info"])
    with pytest.raises(AccessDenied) as caught:
        call(line.kwebbl, "4a2bcad2-c4b9e70a")
    assert (caught.value.status, caught.value.vendor_code) == (status, "access_denied")
    assert "permission" in caught.value.vendor_message


@pytest.mark.parametrize("call", CALLS.values(), ids=CHAPTERS)
def test_a_dead_token_is_renewed_once_and_then_told(granted, control, account, call):
    """Known error codes of every chapter: 401 invalid_grant"""
    line = granted()
    control.revoke_kwebbl(account)
    with pytest.raises(VendorCredentialsRejected) as caught:
        call(line.kwebbl, "4a2bcad2-c4b9e70a")
    assert (caught.value.status, caught.value.vendor_code) == (401, "invalid_grant")
    assert line.token.renewals == 1


@pytest.mark.parametrize(("operation", "call"), CALLS.items(), ids=CHAPTERS)
def test_what_is_not_there_and_what_does_not_fit(kwebbl, relay, control, account, talking, operation, call):
    """Known error codes of every chapter: 400 validation, 404 entity_not_exist, each where its chapter lists it"""
    refused = None
    try:
        call(kwebbl, talking)
    except VendorRefused as refusal:
        refused = (refusal.status, refusal.vendor_code)
    nothing_to_refuse = {("GET", "/extensions"), ("GET", "/subscriptions"), ("DELETE", "/subscriptions/{id}")}
    assert refused in ({None} if operation in nothing_to_refuse else {(400, "validation"), (404, "entity_not_exist")})
    assert relay.operations == [operation]


def test_an_outage_is_no_refusal(direct, control):
    """Using an Access token to make requests: a 503 without access_denied is one of the network's"""
    control.add_fault("status", status=503, times=2)
    with pytest.raises(VendorUnavailable):
        direct.kwebbl.extensions()
    with pytest.raises(VendorOutcomeUnknown):
        direct.kwebbl.place_call("+31203080700")


def test_an_error_may_have_a_status_alone(granted, control, account):
    """Known error codes: error_code and message are optional"""
    control.put_kwebbl(account, errors="bare")
    with pytest.raises(AccessDenied) as caught:
        granted(scopes=["user.info"]).kwebbl.extensions()
    assert (caught.value.status, caught.value.vendor_code, caught.value.vendor_message) == (403, "", "")


# --- When the answer says nothing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost_answer", "no_work_lost", "reset", "broken_json"])
def test_a_subscription_whose_answer_is_lost_is_unknown(direct, control, account, kind):
    """Request a new subscription"""
    control.add_fault(kind, method="POST", path="/subscriptions", times=1)
    with pytest.raises(VendorOutcomeUnknown):
        direct.kwebbl.subscribe("http://example.com/callback")
    made = control.kwebbl(account)["subscriptions"]
    assert len(made) == (1 if kind in ("lost_answer", "broken_json") else 0)


@pytest.mark.parametrize("body", [{"unexpected": ["shape"]}, 7, "text", [[]], {"id": None}])
def test_a_read_whose_answer_makes_no_sense(direct, control, account, body):
    """Retrieve a specific extension"""
    bob = extension_of(control, account)
    control.add_fault("wrong_shape", body=body, times=1)
    with pytest.raises(VendorProtocolError):
        direct.kwebbl.extension(bob)


def test_what_cannot_be_read_of_a_list_is_told_beside_the_rest(direct, control):
    """List of Extensions"""
    good = {"id": "a" * 32, "name": "Ann", "number": "0201", "type": "user"}
    control.add_fault("wrong_shape", body=[good, {"id": "b" * 32}, "Bob"], times=1)
    told = direct.kwebbl.extensions()
    assert [each.number for each in told] == ["0201"]
    assert (len(told.unreadable), told.complete) == (2, False)


def test_no_token_is_in_the_call_log(direct):
    direct.kwebbl.extensions()
    assert direct.token.value not in "".join(record.request + record.response for record in direct.log)
