"""SIP accounts imported from a file and deleted by selection: each row is named, and each good one is done once."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from portal.bulk.models import Batch
from portal.operations.models import Operation, Status
from portal.tenancy.scope import tenant_scope
from telephony.models import SipAccount
from telephony.operations import Wanted, create_sip_accounts, delete_sip_accounts, update_sip_accounts
from tests.bulk.office import Office

IMPORT, DELETE = "telephony.import_sip_accounts", "telephony.delete_sip_accounts"
ANNA_AND_BEN = (
    "Username,Name,Internal caller ID number,External caller ID number\nanna,Anna,101,020 123 4567\nben,Ben,102,\n"
)


class Exchange(Office):
    """The telephony office of a company; `video` is its telephones here."""

    def upload(self, content: str, **_ignored) -> object:
        file = SimpleUploadedFile("telephones.csv", content.encode(), content_type="text/csv")
        return self.client.post(self.url("new", IMPORT), {"form_key": str(uuid4()), "file": file})

    def tell(self, batch: Batch, **details) -> object:
        told = {f"column_{name}": str(at) for name, at in batch.columns.items()}
        chosen = {"form_key": str(uuid4()), "connection": str(self.video.connection.pk)}
        return self.client.post(self.url("details", batch.pk), {**chosen, **told, **details})

    def imported(self, content: str) -> Batch:
        self.press("start", self.checked(content))
        return self.finish()


@pytest.fixture
def office(telephone, cast, client) -> Exchange:
    client.force_login(cast.bob)
    return Exchange(telephone, client)


def names(telephone) -> dict[str, str]:
    """{username: name} at the vendor."""
    return {each["username"]: each["name"] for each in telephone.truth()["sip_accounts"]}


def test_a_file_becomes_accounts(office, telephone):
    batch = office.imported(ANNA_AND_BEN)
    assert (batch.state, batch.outcomes) == ("done", {"done": 2})
    assert telephone.usernames() == ["anna", "ben"]
    assert telephone.account("anna").external_number == "+31201234567"
    assert telephone.effects("sip_account_created") == 2


def test_a_row_whose_username_lives_is_a_change_and_the_preview_says_of_what(office, telephone):
    office.imported(ANNA_AND_BEN)
    batch = office.checked("username,name,internal number\nANNA,Anna B.,101\nben,,102\ncarol,Carol,103\n")
    page = office.page(batch)
    assert "Anna → <strong>Anna B.</strong>" in page
    assert "Ben → <strong>–</strong>" in page
    assert "101 →" not in page
    office.press("start", batch)
    assert office.finish().outcomes == {"done": 3}
    with telephone.scope():
        told = dict(SipAccount.objects.values_list("username", "name"))
        assert told == {"anna": "Anna B.", "ben": "", "carol": "Carol"}
        anna = SipAccount.objects.get(username="anna")
    assert anna.external_number == "+31201234567", "a value without a column stays"
    assert telephone.effects("sip_account_created") == 3


def test_each_bad_row_is_named_by_line_and_reason(office, telephone, cast):
    office.imported("username,name\nanna,Anna\n")
    telephone.create("dora", cast.bob)
    batch = office.checked(
        "username,name,internal number,external number\n"
        "noor,,,\n"
        "jörg,,,\n"
        "Noor,,,\n"
        "sam,,1,\n"
        "max,,,12\n"
        ",x,,\n"
        f"long,{'x' * 101},,\n"
        "anna,Anna,,\n"
        "dora,Dora,,\n"
    )
    reasons = office.reasons(batch)
    assert "marks that SIP allows" in reasons[3]
    assert reasons[4] == "The same as line 2, “Noor”."
    assert "neither an extension of 2 to 8 digits" in reasons[5]
    assert "“12” is no telephone number" in reasons[6]
    assert reasons[7] == "“Username” is empty."
    assert reasons[8] == "The name is longer than 100 characters."
    assert reasons[9].startswith("Nothing differs")
    assert "this one is: Requested" in reasons[10]
    assert (batch.good, batch.bad) == (1, 8)


def test_a_username_that_somebody_took_meanwhile_is_refused_and_not_changed(office, telephone, cast):
    batch = office.checked("username,name\nanna,Anna\nben,Ben\n")
    telephone.create("anna", cast.bob, name="Another Anna")
    telephone.work()
    office.press("start", batch)
    batch = office.finish()
    assert office.reasons(batch) == {2: "There is a SIP account “anna” already."}
    assert names(telephone) == {"anna": "Another Anna", "ben": "Ben"}


def test_an_account_that_went_meanwhile_is_not_made_anew(office, telephone, cast):
    office.imported("username,name\nanna,Anna\n")
    batch = office.checked("username,name\nanna,Anna B.\n")
    with telephone.scope():
        delete_sip_accounts([telephone.account("anna").pk], acting_user=cast.bob)
    telephone.work()
    office.press("start", batch)
    batch = office.finish()
    assert "this one is: Deleted" in office.reasons(batch)[2]
    assert telephone.usernames() == []


def test_what_has_not_left_is_taken_back(office, telephone):
    batch = office.checked(ANNA_AND_BEN)
    office.press("start", batch)
    office.work()
    office.press("undo", batch)
    office.work()
    telephone.work()
    assert office.batch().state == "undone"
    assert telephone.usernames("failed") == ["anna", "ben"]
    assert telephone.effects("sip_account_created") == 0


def test_chosen_accounts_are_deleted_once(office, telephone):
    office.imported(ANNA_AND_BEN + "carol,Carol,,\n")
    with telephone.scope():
        ids = [str(telephone.account(name).pk) for name in ("anna", "ben")]
    office.choose(DELETE, "telephony.sip_accounts", pk=ids)
    office.work()
    batch = office.batch()
    assert "2 SIP accounts will be deleted" in office.page(batch)
    office.press("start", batch)
    assert office.finish().outcomes == {"done": 2}
    assert telephone.usernames() == ["carol"]
    assert telephone.effects("sip_account_deleted") == 2


def test_the_list_offers_both(office):
    page = office.client.get("/t/acme/telephony/").content.decode()
    assert "Import SIP accounts" in page


def test_many_at_once_are_promised_by_few_statements(telephone, cast):
    def statements(count: int) -> int:
        wanted = [(f"u{count}-{number}", Wanted(name="Somebody")) for number in range(count)]
        with telephone.scope(), CaptureQueriesContext(database) as asked:
            made = create_sip_accounts(telephone.connection, wanted, acting_user=cast.bob)
            assert all(isinstance(each, Operation) for each in made)
        return len(asked)

    assert statements(60) == statements(3)


def test_accounts_of_another_company_are_out_of_reach_in_bulk(telephone, cast):
    telephone.create("reception", cast.bob)
    telephone.work()
    pk = telephone.account().pk
    with tenant_scope(cast.globex.pk):
        assert delete_sip_accounts([pk], acting_user=cast.charlie) == {}
        assert update_sip_accounts({pk: {"name": "Ours"}}, acting_user=cast.charlie) == {}
    assert telephone.operation().status == Status.DONE
    assert telephone.account().state == "active"
