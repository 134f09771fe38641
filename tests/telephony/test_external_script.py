"""The one script of a domain is set, replaced and deleted once, whatever becomes of the vendor's answers."""

import pytest
from django.conf import settings

from portal.audit.models import Entry
from portal.notices.models import Notice
from portal.operations.models import Attempt, Operation, Status
from portal.operations.refusals import NotPromised
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Call
from telephony import notices
from telephony.operations import delete_external_script, set_external_script
from telephony.scripts import authoring
from telephony.scripts.addresses import Address, public_address, shown
from tests.telephony.scripting import again_with_address, made, published
from tests.telephony.telephone import Telephone

ELSEWHERE = "https://calls.example.com/night.xml"
OTHER = "https://calls.example.com/day.xml"


def ask(telephone, who, address: Address | str = ELSEWHERE, name: str = "") -> Operation:
    address = Address(url=address) if isinstance(address, str) else address
    with telephone.scope():
        return set_external_script(telephone.connection, address, name, acting_user=who)


def delete(telephone, who) -> Operation:
    with telephone.scope():
        return delete_external_script(telephone.connection, acting_user=who)


def settle(telephone) -> None:
    telephone.work()
    telephone.let_time_pass()
    telephone.work()


def true_url(telephone) -> str | None:
    script = telephone.truth()["script"]
    return script and script["url"]


def open_notices(telephone) -> list[dict]:
    with telephone.scope():
        return [each.args for each in Notice.objects.open().filter(kind=notices.SCRIPT_MOVED.name)]


@pytest.fixture
def night(telephone, cast):
    """A script elsewhere is set, and known."""
    ask(telephone, cast.bob, name="Night")
    telephone.work()
    return telephone.script()


def test_a_script_is_set_where_there_was_none(telephone, cast):
    ask(telephone, cast.bob, name="Night")
    assert telephone.script() is None, "nothing is believed before the vendor says so"
    telephone.work()
    script = telephone.script()
    assert (script.name, script.url.reveal(), script.hosted_id) == ("Night", ELSEWHERE, None)
    assert true_url(telephone) == ELSEWHERE


def test_a_hosted_script_is_set_by_its_public_address(telephone, cast):
    hosted = published(cast)
    ask(telephone, cast.bob, Address(again_with_address(cast, hosted)))
    telephone.work()
    with telephone.scope():
        path = authoring.path_of(again_with_address(cast, hosted))
    assert true_url(telephone) == settings.PORTAL_URL + path
    assert (telephone.script().hosted_id, telephone.script().name) == (hosted.pk, "Reception")
    telephone.sync()
    assert telephone.script().hosted_id == hosted.pk


def test_a_hosted_scripts_secret_is_in_no_journal_and_no_log(telephone, cast):
    hosted = again_with_address(cast, published(cast))
    ask(telephone, cast.bob, Address(hosted))
    telephone.control.add_fault("lost_answer", method="POST", path="/externalscripts", times=1)
    settle(telephone)
    telephone.sync()
    secret = hosted.address.reveal()
    with telephone.scope():
        kept = [
            *Operation.objects.values_list("payload", "label", "message"),
            *Attempt.objects.values_list("facts", "message"),
            *Entry.objects.values_list("before", "after"),
            *Call.objects.values_list("path", "request", "response", "error"),
        ]
        logged = Call.objects.filter(path__endswith="/externalscripts")
        assert set(logged.values_list("method", flat=True)) == {"GET", "POST"}
    assert telephone.operation().status == Status.DONE
    assert secret not in repr(kept)


def test_replacing_changes_the_one_script_and_makes_no_other(telephone, cast, night):
    ask(telephone, cast.bob, OTHER, "Day")
    telephone.work()
    script = telephone.script()
    assert (script.vendor_id, script.name, script.url.reveal()) == (night.vendor_id, "Day", OTHER)
    assert (telephone.effects("script_created"), telephone.effects("script_changed")) == (1, 1)


@pytest.mark.parametrize("fault", ["lost_answer", "no_work_lost"])
def test_a_lost_answer_to_the_first_one_makes_one(telephone, cast, fault):
    telephone.control.add_fault(fault, method="POST", path="/externalscripts", times=1)
    ask(telephone, cast.bob)
    settle(telephone)
    assert telephone.operation().status == Status.DONE
    assert telephone.script().vendor_id == telephone.truth()["script"]["id"]
    assert telephone.effects("script_created") == 1


@pytest.mark.parametrize("fault", ["lost_answer", "no_work_lost"])
def test_a_lost_answer_to_a_replacement_is_read_back(telephone, cast, night, fault):
    telephone.control.add_fault(fault, method="PUT", path="/externalscripts", times=1)
    ask(telephone, cast.bob, OTHER)
    settle(telephone)
    assert telephone.operation().status == Status.DONE
    assert telephone.script().url.reveal() == true_url(telephone) == OTHER
    assert telephone.effects("script_changed") == 1


@pytest.mark.parametrize("fault", ["lost_answer", "no_work_lost"])
def test_a_lost_answer_to_a_deletion_is_looked_up(telephone, cast, night, fault):
    telephone.control.add_fault(fault, method="DELETE", path="/externalscripts", times=1)
    delete(telephone, cast.bob)
    settle(telephone)
    assert telephone.operation().status == Status.DONE
    assert telephone.script() is None
    assert telephone.effects("script_deleted") == 1


def test_another_script_in_the_list_proves_nothing(telephone, cast):
    telephone.control.add_fault("no_work_lost", method="POST", path="/externalscripts", times=1)
    ask(telephone, cast.bob)
    telephone.control.set_script_behind(telephone.client_id, OTHER)
    settle(telephone)
    assert telephone.operation().status in (Status.UNKNOWN, Status.NEEDS_PERSON)
    assert true_url(telephone) == OTHER


def test_a_script_that_nobody_knew_of_is_not_replaced_unasked(telephone, cast):
    telephone.control.set_script_behind(telephone.client_id, OTHER)
    ask(telephone, cast.bob)
    telephone.work()
    operation = telephone.operation()
    assert operation.status == Status.REFUSED
    assert "Only one external script" in operation.said
    assert true_url(telephone) == OTHER
    telephone.sync()
    assert telephone.script().url.reveal() == OTHER


def test_deleting_what_was_removed_at_the_vendor_is_a_success(telephone, cast, night):
    telephone.control.remove_script_behind(telephone.client_id)
    delete(telephone, cast.bob)
    telephone.work()
    assert (telephone.operation().status, telephone.script()) == (Status.DONE, None)


def test_nothing_is_deleted_where_there_is_nothing(telephone, cast):
    with pytest.raises(NotPromised, match="no external script"):
        delete(telephone, cast.bob)


def test_one_change_at_a_time(telephone, cast, night):
    ask(telephone, cast.bob, OTHER)
    with pytest.raises(NotPromised, match="under way already"):
        delete(telephone, cast.bob)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://calls.example.com/a", "must begin with https"),
        ("https://10.0.0.8/a", "private network"),
        ("https://2130706433/a", "private network"),
        ("https://[::ffff:127.0.0.1]/a", "private network"),
        ("https://[64:ff9b::7f00:1]/a", "private network"),
        ("https://localhost/a", "private network"),
        ("https://me:pw@calls.example.com/a", "Credentials"),
        ("https://calls.example.com/a\u200bb", "cannot be seen"),
        ("https://calls.example.com/" + "a" * 2_000, "longer than"),
        ("", "no address of a service"),
    ],
)
def test_an_address_that_the_vendor_must_not_be_given_is_refused(telephone, cast, settings, url, words):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    with pytest.raises(NotPromised, match=words):
        ask(telephone, cast.bob, url)


def test_a_script_of_which_calls_would_get_nothing_is_refused(telephone, cast):
    with pytest.raises(NotPromised, match="not published"):
        ask(telephone, cast.bob, Address(made(cast)))


def test_what_is_shown_of_an_address_is_no_key(telephone, cast):
    hosted = again_with_address(cast, published(cast))
    assert shown("https://user:pw@calls.example.com/a.xml?key=1") == "calls.example.com/a.xml?…"
    with telephone.scope():
        assert hosted.address.reveal() not in shown(public_address(hosted))


# --- Changed at the vendor --------------------------------------------------------------------------------------------


def test_what_was_there_before_the_first_reading_is_no_news(cast, sandbox, transactional_db, quick_vendor):
    fresh = Telephone(cast.acme, sandbox)
    fresh.control.set_script_behind(fresh.client_id, OTHER)
    fresh.sync()
    assert fresh.script().url.reveal() == OTHER
    assert open_notices(fresh) == []


def test_a_script_set_changed_or_removed_at_the_vendor_is_told_to_admins(telephone, cast):
    told = {"connection": telephone.connection.name, "gone": False}
    for url in (ELSEWHERE, OTHER):
        telephone.control.set_script_behind(telephone.client_id, url)
        telephone.sync()
        assert open_notices(telephone) == [told]
    telephone.control.remove_script_behind(telephone.client_id)
    telephone.sync()
    assert open_notices(telephone) == [told | {"gone": True}]
    with telephone.scope():
        notice = Notice.objects.open().get(kind=notices.SCRIPT_MOVED.name)
        people = set(notice.deliveries.values_list("user__email", flat=True))
    assert people == {cast.alice.email, cast.adam.email}


def test_what_was_asked_for_here_is_no_news_and_ends_what_was(telephone, cast, night):
    telephone.sync()
    assert open_notices(telephone) == []
    telephone.control.set_script_behind(telephone.client_id, OTHER)
    telephone.sync()
    ask(telephone, cast.bob, ELSEWHERE)
    telephone.work()
    assert open_notices(telephone) == []
    telephone.sync()
    assert open_notices(telephone) == []


def test_a_reading_leaves_the_script_alone_while_a_change_is_under_way(telephone, cast, night):
    telephone.control.add_fault("lost_answer", method="PUT", path="/externalscripts", times=1)
    ask(telephone, cast.bob, OTHER)
    telephone.work_once()
    telephone.sync()
    assert true_url(telephone) == OTHER
    assert telephone.script().url.reveal() == ELSEWHERE
    settle(telephone)
    assert telephone.script().url.reveal() == OTHER
    assert open_notices(telephone) == []


def test_a_hosted_script_is_recognised_wherever_it_was_set(telephone, cast):
    hosted = again_with_address(cast, published(cast))
    telephone.control.set_script_behind(telephone.client_id, public_address(hosted))
    telephone.sync()
    assert telephone.script().hosted_id == hosted.pk


def test_another_companys_script_is_not_recognised(telephone, cast):
    with tenant_scope(cast.globex.pk):
        text = "<document><work><answer/></work></document>"
        theirs = authoring.create_script(cast.globex, "Theirs", text, acting_user=cast.charlie)
    telephone.control.set_script_behind(telephone.client_id, public_address(theirs))
    telephone.sync()
    assert telephone.script().hosted_id is None
