"""The client against the simulated vendor, each side held to the vendor's published contract by the relay between them."""

from datetime import UTC

import pytest

from portal.vendors.errors import VendorOutcomeUnknown, VendorProtocolError, VendorRefused
from telephony.client import Deletion, Registration, ScriptTrial
from tests.telephony.apidaze_contract import OPERATIONS

URL = "https://acme.example/calls?tone=a%20b"


@pytest.fixture(params=["list", "object"])
def either_shape(request, control, account):
    """The vendor answers one object in a list, as it documents, or alone."""
    control.put_account(account, single_answers=request.param)


def test_from_a_created_account_to_a_deleted_one(apidaze, control, account, either_shape):
    assert list(apidaze.sip_accounts()) == []
    ann = apidaze.create_sip_account("ann", name="Ann", internal_number="201", external_number="+31201234567")
    assert (ann.username, ann.name, ann.internal_number, ann.external_number) == ("ann", "Ann", "201", "+31201234567")
    assert (ann.internal_name, ann.external_name, ann.mwi_account) == ("Ann", "Ann", "")
    assert ann.password
    assert ann.created_at.tzinfo is UTC
    assert ann.raw == {}
    assert apidaze.sip_account(ann.id) == ann
    assert list(apidaze.sip_accounts()) == [ann]

    changed = apidaze.update_sip_account(ann.id, name="Anna", external_number="", mwi_account="box-1")
    assert (changed.name, changed.external_number, changed.mwi_account) == ("Anna", "", "box-1")
    assert (changed.internal_number, changed.password) == ("201", ann.password)

    assert apidaze.delete_sip_account(ann.id) is Deletion.DELETED
    assert apidaze.delete_sip_account(ann.id) is Deletion.ALREADY_GONE
    assert control.apidaze(account)["sip_accounts"] == []


def test_the_status_of_an_account(apidaze, control, account, either_shape):
    ann = apidaze.create_sip_account("ann")
    told = apidaze.sip_status(ann.id)
    assert (told.account, told.domain, told.registration) == (
        ann,
        "acme-telephony.example",
        Registration.UNREGISTERED,
    )
    control.set_sip_status(account, ann.id, "Registered")
    assert apidaze.sip_status(ann.id).registration is Registration.REGISTERED
    control.set_sip_status(account, ann.id, "on the moon")
    told = apidaze.sip_status(ann.id)
    assert (told.status, told.registration) == ("on the moon", Registration.UNTOLD)


def test_a_status_that_tells_no_more_than_the_document(apidaze, control, account, either_shape):
    control.put_account(account, status_told=False)
    ann = apidaze.create_sip_account("ann")
    told = apidaze.sip_status(ann.id)
    assert (told.account, told.domain, told.registration) == (ann, "", Registration.UNTOLD)


def test_from_a_new_script_to_a_deleted_one(apidaze, control, account, either_shape):
    assert apidaze.scripts() == []
    script = apidaze.create_script(URL, name="Calls")
    assert (script.url, script.name) == (URL, "Calls")
    assert apidaze.script(script.id) == script
    assert apidaze.scripts() == [script]
    changed = apidaze.update_script(script.id, "https://acme.example/new")
    assert (changed.url, changed.name) == ("https://acme.example/new", "Calls")
    assert apidaze.update_script(script.id, URL, name="").name == ""
    assert apidaze.delete_script(script.id) is Deletion.DELETED
    assert apidaze.delete_script(script.id) is Deletion.ALREADY_GONE
    assert control.apidaze(account)["script"] is None


def test_a_trial_run_shows_the_scripts_own_text(apidaze):
    trial = apidaze.try_script(URL, {"from": "+31612345678", "called via": "DID & more"})
    assert trial.told is None
    assert trial.text.startswith("<?xml")
    assert "from is +31612345678, called via is DID &amp; more" in trial.text


def test_a_trial_run_may_tell_what_the_document_says(apidaze, control, account):
    control.put_account(account, script_answer="list")
    assert apidaze.try_script(URL) == ScriptTrial(told=[])
    apidaze.create_script(URL)
    (told,) = apidaze.try_script(URL).told
    assert told["url"] == URL


def test_refusals_have_their_status_and_the_vendors_words(apidaze):
    apidaze.create_sip_account("ann")
    apidaze.create_script(URL)
    for call, status, words in (
        (lambda: apidaze.create_sip_account("ann"), 400, "already"),
        (lambda: apidaze.create_script(URL), 400, "Only one"),
        (lambda: apidaze.sip_account("nobody"), 404, "no such SIP account"),
        (lambda: apidaze.update_sip_account("nobody", name="x"), 404, "no such SIP account"),
        (lambda: apidaze.sip_status("nobody"), 404, "no such SIP account"),
        (lambda: apidaze.update_script("nothing", URL), 404, "no such external script"),
    ):
        with pytest.raises(VendorRefused) as caught:
            call()
        assert caught.value.status == status
        assert words in caught.value.vendor_message


def test_together_these_are_all_operations_of_the_contract(apidaze, relay):
    """Without this, a call that is never made could break the contract unseen."""
    ann, script = apidaze.create_sip_account("ann"), apidaze.create_script(URL)
    apidaze.sip_accounts()
    apidaze.sip_account(ann.id)
    apidaze.update_sip_account(ann.id, name="Ann")
    apidaze.sip_status(ann.id)
    apidaze.delete_sip_account(ann.id)
    apidaze.scripts()
    apidaze.script(script.id)
    apidaze.update_script(script.id, URL)
    apidaze.try_script(URL)
    apidaze.delete_script(script.id)
    assert sorted(relay.operations) == sorted(operation.name for operation in OPERATIONS)


# --- When the answer says nothing ---------------------------------------------------------------------------------------


WRITES = {
    "create": lambda apidaze, known: apidaze.create_sip_account("bob"),
    "update": lambda apidaze, known: apidaze.update_sip_account(known["id"], name="Anna"),
    "change script": lambda apidaze, known: apidaze.update_script(known["script"], URL),
}


@pytest.fixture
def known(control, account):
    """An account and a script that are there already; their ids."""
    return {
        "id": control.add_sip_account_behind(account, "ann")["id"],
        "script": control.set_script_behind(account, "https://acme.example/old")["id"],
    }


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("body", [{"unexpected": ["shape"]}, [], [[]], 7, "text", [{"id": None}], [{}, {}]])
def test_a_write_whose_answer_makes_no_sense_is_unknown(direct, control, known, write, body):
    control.add_fault("wrong_shape", body=body, times=1)
    with pytest.raises(VendorOutcomeUnknown):
        write(direct.apidaze, known)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("lost_answer", {}),
        ("no_work_lost", {}),
        ("late_work", {"seconds": 0.01}),
        ("reset", {"after_work": True}),
        ("broken_json", {}),
        ("status", {"status": 500, "after_work": True}),
        ("status", {"status": 503}),
        ("redirect", {}),
    ],
)
def test_a_write_whose_answer_is_lost_is_unknown(direct, control, known, kind, options):
    for method, write in (("POST", WRITES["create"]), ("PUT", WRITES["update"])):
        control.add_fault(kind, method=method, times=1, **options)
        with pytest.raises(VendorOutcomeUnknown):
            write(direct.apidaze, known)
    if kind != "broken_json":
        control.add_fault(kind, method="DELETE", times=1, **options)
        with pytest.raises(VendorOutcomeUnknown):
            direct.apidaze.delete_sip_account(known["id"])


@pytest.mark.parametrize("body", [{"unexpected": ["shape"]}, 7, "text", [[]], [None], []])
def test_a_read_of_one_whose_answer_makes_no_sense(direct, control, known, body):
    control.add_fault("wrong_shape", body=body, times=2)
    with pytest.raises(VendorProtocolError):
        direct.apidaze.script(known["script"])
    with pytest.raises(VendorProtocolError):
        direct.apidaze.sip_account(known["id"])


@pytest.mark.parametrize("body", [7, "text", True])
def test_a_list_that_is_none(direct, control, body):
    control.add_fault("wrong_shape", body=body, times=2)
    for read in (lambda: list(direct.apidaze.sip_accounts()), direct.apidaze.scripts):
        with pytest.raises(VendorProtocolError):
            read()


# --- Secrets ------------------------------------------------------------------------------------------------------------


def test_no_password_is_in_the_call_log(direct):
    ann = direct.apidaze.create_sip_account("ann")
    direct.apidaze.sip_accounts()
    direct.apidaze.sip_status(ann.id)
    direct.apidaze.delete_sip_account(ann.id)
    whole_log = "".join(record.request + record.response for record in direct.log)
    assert "ann" in whole_log
    assert ann.password not in whole_log
    assert ann.password not in repr([ann, *direct.apidaze.sip_accounts()])


def test_an_unknown_outcome_keeps_the_answer_without_its_password(direct, control):
    body = [{"sip": {"username": "bob", "password": "hush-hush"}, "note": "hush-hush is new"}]
    control.add_fault("wrong_shape", body=body, times=1)
    with pytest.raises(VendorOutcomeUnknown) as caught:
        direct.apidaze.create_sip_account("ann")
    assert caught.value.raw == {"sip": {"username": "bob", "password": "***"}, "note": "*** is new"}
