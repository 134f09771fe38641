"""SIP accounts are created, changed and deleted once, whatever becomes of the vendor's answers."""

import pytest

from portal.audit.models import Entry
from portal.operations.models import Operation, Status
from portal.operations.refusals import NotPromised
from portal.operations.registry import names_at_vendor
from portal.tenancy.scope import tenant_scope
from telephony.operations import Wanted, delete_sip_account, reveal_password, update_sip_account


def change(telephone, who, **fields) -> Operation | None:
    with telephone.scope():
        account = telephone.account()
        now = {name: getattr(account, name) for name in ("name", "internal_number", "external_number", "mwi_account")}
        return update_sip_account(account, Wanted(**now | fields), acting_user=who)


def delete(telephone, who) -> Operation:
    with telephone.scope():
        return delete_sip_account(telephone.account(), acting_user=who)


@pytest.fixture
def reception(telephone, cast):
    """An account that is there, and known."""
    telephone.create("reception", cast.bob, name="Reception", internal_number="101")
    telephone.work()
    return telephone.account()


def test_an_account_is_created_with_what_was_asked_and_what_the_vendor_added(telephone, cast):
    telephone.create("reception", cast.bob, name="Reception", internal_number="101", external_number="020 123 4567")
    assert telephone.usernames("requested") == ["reception"]
    telephone.work()
    account = telephone.account()
    assert (account.state, account.name, account.internal_number) == ("active", "Reception", "101")
    assert account.external_number == "+31201234567"
    assert account.vendor_id == telephone.truth()["sip_accounts"][0]["id"]
    assert telephone.effects("sip_account_created") == 1


def test_the_password_is_the_vendors_sealed_and_shown_on_record(telephone, cast, reception):
    with telephone.scope():
        password = reveal_password(reception, acting_user=cast.bob)
        assert Entry.objects.filter(action="telephony.password_revealed").count() == 1
    assert len(password) >= 8
    assert password not in repr(reception.password)


def test_a_username_that_lives_already_is_refused_here(telephone, cast, reception):
    with pytest.raises(NotPromised, match="There is a SIP account “Reception” already"):
        telephone.create("Reception", cast.bob)


@pytest.mark.parametrize("username", ["", "a b", "é", "a" * 65, "a@b", "a:b", 'a"', "a\n"])
def test_a_username_that_sip_does_not_allow_is_refused_here(telephone, cast, username):
    with pytest.raises(NotPromised, match="marks that SIP allows"):
        telephone.create(username, cast.bob)


@pytest.mark.parametrize("number", ["1", "hello", "+31", "0612", "+999123456789", "020 123 4567 ext. 5", "1" * 50])
def test_a_caller_id_that_is_no_telephone_number_is_refused_here(telephone, cast, number):
    with pytest.raises(NotPromised, match="telephone number"):
        telephone.create("reception", cast.bob, external_number=number)
    with pytest.raises(NotPromised, match="extension of 2 to 8 digits"):
        telephone.create("reception", cast.bob, internal_number=number if number != "0612" else "x")


def test_a_name_taken_at_the_vendor_is_a_clear_sentence(telephone, cast):
    telephone.control.add_sip_account_behind(telephone.client_id, "reception")
    telephone.create("reception", cast.bob)
    telephone.work()
    operation = telephone.operation()
    assert operation.status == Status.REFUSED
    assert "reception" in operation.said
    assert telephone.usernames("failed") == ["reception"]


def test_a_lost_answer_is_found_again_by_the_username_and_nothing_is_made_twice(telephone, cast):
    telephone.control.add_fault("lost_answer", method="POST", path="/sipaccounts", times=1)
    telephone.create("reception", cast.bob)
    telephone.work()
    telephone.let_time_pass()
    telephone.work()
    assert telephone.operation().status == Status.DONE
    assert telephone.account().vendor_id
    assert telephone.effects("sip_account_created") == 1


def test_what_was_proved_absent_is_sent_again_once(telephone, cast):
    telephone.control.add_fault("no_work_lost", method="POST", path="/sipaccounts", times=1)
    telephone.create("reception", cast.bob)
    telephone.work()
    telephone.let_time_pass()
    telephone.work()
    assert telephone.operation().status == Status.DONE
    assert telephone.effects("sip_account_created") == 1


def test_a_list_with_holes_proves_no_absence(telephone, cast):
    telephone.control.add_fault("no_work_lost", method="POST", path="/sipaccounts", times=1)
    telephone.create("reception", cast.bob)
    telephone.control.add_sip_account_behind(telephone.client_id, "other")
    telephone.control.add_fault("wrong_shape", method="GET", path="/sipaccounts")
    telephone.work()
    telephone.let_time_pass()
    telephone.work()
    assert telephone.operation().status in (Status.UNKNOWN, Status.NEEDS_PERSON)
    assert [each["username"] for each in telephone.truth()["sip_accounts"]] == ["other"]


def test_a_change_is_sent_once_and_is_on_record_with_before_and_after(telephone, cast, reception):
    change(telephone, cast.bob, name="Front desk", external_number="0201234567")
    telephone.work()
    account = telephone.account()
    assert (account.name, account.external_number) == ("Front desk", "+31201234567")
    with telephone.scope():
        entry = Entry.objects.get(action="telephony.account_changed")
    assert entry.before == {"name": "Reception", "external_number": ""}
    assert entry.after == {"name": "Front desk", "external_number": "+31201234567"}
    assert entry.on_behalf_of_label == cast.bob.email


def test_nothing_is_sent_where_nothing_differs(telephone, cast, reception):
    assert change(telephone, cast.bob, name="Reception") is None


@pytest.mark.parametrize("fault", ["lost_answer", "no_work_lost"])
def test_a_lost_answer_to_a_change_is_read_back(telephone, cast, reception, fault):
    telephone.control.add_fault(fault, method="PUT", times=1)
    change(telephone, cast.bob, name="Front desk")
    telephone.work()
    telephone.let_time_pass()
    telephone.work()
    assert telephone.operation().status == Status.DONE
    assert telephone.account().name == "Front desk"
    assert telephone.truth()["sip_accounts"][0]["name"] == "Front desk"


def test_an_account_is_deleted_and_its_password_forgotten(telephone, cast, reception):
    delete(telephone, cast.bob)
    telephone.work()
    account = telephone.account()
    assert (account.state, bool(account.password)) == ("deleted", False)
    assert telephone.truth()["sip_accounts"] == []


@pytest.mark.parametrize("fault", ["lost_answer", "no_work_lost"])
def test_a_lost_answer_to_a_deletion_is_looked_up(telephone, cast, reception, fault):
    telephone.control.add_fault(fault, method="DELETE", times=1)
    delete(telephone, cast.bob)
    telephone.work()
    telephone.let_time_pass()
    telephone.work()
    assert telephone.account().state == "deleted"
    assert telephone.effects("sip_account_deleted") == 1


def test_deleting_what_was_removed_at_the_vendor_is_a_success(telephone, cast, reception):
    telephone.control.remove_sip_account_behind(telephone.client_id, reception.vendor_id)
    delete(telephone, cast.bob)
    telephone.work()
    assert telephone.account().state == "deleted"


def test_what_has_ended_is_not_changed(telephone, cast, reception):
    delete(telephone, cast.bob)
    with pytest.raises(NotPromised, match="Being deleted"):
        change(telephone, cast.bob, name="x")
    telephone.work()
    with pytest.raises(NotPromised, match="Deleted"):
        delete(telephone, cast.bob)


def test_accounts_of_another_company_are_out_of_reach(telephone, cast, reception):
    with tenant_scope(cast.globex.pk), pytest.raises(type(reception).DoesNotExist):
        delete_sip_account(reception, acting_user=cast.charlie)


def test_the_case_file_has_the_names_by_which_the_vendor_knows_it(telephone, cast, reception):
    change(telephone, cast.bob, name="Front desk")
    with telephone.scope():
        told = names_at_vendor(telephone.operation())
    assert told == [("SIP username", "reception"), ("SIP account ID", reception.vendor_id)]
