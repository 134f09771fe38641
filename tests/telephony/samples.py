"""One row of each kind that the telephony pages name, and the arguments of each of their addresses."""

from django.utils import timezone

from portal.operations.models import Operation, Status
from portal.vendors.models import Connection
from telephony.models import Drift, ExternalScript, MirrorState, ScriptCase, ScriptTrial, SipAccount
from telephony.operations import CREATE_SIP_ACCOUNT
from telephony.scripts import authoring
from telephony.setup.links import make_link
from tests.fixtures.account import connected

TEXT = "<document>\n<work>\n<answer/>\n<speak>Hello {{ caller_id_number }}</speak>\n</work>\n</document>"
WITHOUT_ARGUMENTS = ["sip_accounts", "sip_account_new", "mirror", "refresh", "differences", "scripts", "script_new"]
OF_THE_EXTERNAL_SCRIPT = [
    "external_script",
    "external_script_now",
    "external_script_set",
    "external_script_delete",
    "external_script_address",
    "external_script_accept",
    "script_trial_new",
]
OF_A_TRIAL = ["script_trial", "script_trial_now"]
OF_AN_ACCOUNT = [
    "sip_account",
    "sip_account_row",
    "sip_account_now",
    "sip_account_edit",
    "sip_account_delete",
    "sip_password",
    "setup_sheet",
    "setup_pdf",
    "setup_password",
    "setup_links",
    "setup_link_new",
]
OF_A_DIFFERENCE = ["difference", "difference_adopt", "difference_repaired"]
OF_A_SCRIPT = [
    "script",
    "script_save",
    "script_check",
    "script_withdraw",
    "script_delete",
    "script_address",
    "script_address_change",
    "script_case_new",
]
OF_A_VERSION = ["script_compare", "script_publish"]
OF_A_CASE = ["script_case", "script_case_delete"]


def samples(tenant, owner) -> dict[str, dict]:
    """{"telephony:name": its arguments without the slug} for every address of the app."""
    connection = some_connection(tenant)
    account, difference = some_account(connection, owner).pk, some_difference(connection).pk
    script, case = some_script(tenant, owner)
    found: dict[str, dict] = {name: {} for name in WITHOUT_ARGUMENTS}
    found |= {name: {"pk": account} for name in OF_AN_ACCOUNT}
    found["setup_link_revoke"] = {"pk": account, "link_pk": some_setup_link(account, owner).pk}
    found |= {name: {"pk": difference} for name in OF_A_DIFFERENCE}
    found |= {name: {"pk": script.pk} for name in OF_A_SCRIPT}
    found |= {name: {"pk": script.pk, "number": 2} for name in OF_A_VERSION}
    found |= {name: {"pk": script.pk, "case_pk": case.pk} for name in OF_A_CASE}
    some_external_script(connection)
    trial = some_trial(connection, owner)
    found |= {name: {} for name in OF_THE_EXTERNAL_SCRIPT}
    found |= {name: {"pk": trial.pk} for name in OF_A_TRIAL}
    return {f"telephony:{name}": arguments for name, arguments in found.items()}


def some_connection(tenant, name: str = "Telephones") -> Connection:
    """Read a moment ago; nothing is behind it."""
    connection = connected(
        tenant, "apidaze", name, client_id="account-of-the-telephones", client_secret="secret-of-the-telephones"
    )
    now = timezone.now()
    MirrorState.objects.filter(connection=connection).update(read_at=now, due_at=now)
    return connection


def some_account(connection: Connection, owner, username: str = "reception") -> SipAccount:
    account = SipAccount.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        username=username,
        state=SipAccount.State.ACTIVE,
        vendor_id=f"sip-{username}",
        password="secret-of-a-telephone",
        name="Reception",
        internal_number="101",
        external_number="+31201234567",
        requested_by=owner,
    )
    Operation.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=CREATE_SIP_ACCOUNT.name,
        lane=account.lane,
        label=username,
        subject_type=SipAccount._meta.label_lower,
        subject_id=account.pk,
        status=Status.DONE,
        ended_at=timezone.now(),
        created_by=owner,
    )
    return account


def some_setup_link(account: int, owner):
    """Not opened yet."""
    found = SipAccount.objects.get(pk=account)
    return make_link(found, "dora@example.com", language="en", acting_user=owner).link


def some_difference(connection: Connection, username: str = "carol") -> Drift:
    now = timezone.now()
    return Drift.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=Drift.Kind.UNKNOWN_ACCOUNT,
        key=username,
        vendor_id=f"sip-{username}",
        told={"name": "Carol", "internal_number": "102", "external_number": ""},
        first_seen_at=now,
        last_seen_at=now,
    )


def some_script(tenant, owner):
    """Of two versions, the first published, and a test case that the second fails."""
    script = authoring.create_script(tenant, "Reception", TEXT, acting_user=owner)
    authoring.publish(script, authoring.latest_version(script), acting_user=owner)
    authoring.save_version(script, TEXT.replace("Hello", "Good day"), seen=1, why="Politer", acting_user=owner)
    case = authoring.keep_case(
        script, "From outside", {"caller_id_number": "+31612345678"}, ["Hello +31612345678"], acting_user=owner
    )
    assert isinstance(case, ScriptCase)
    return script, case


def some_external_script(connection: Connection) -> ExternalScript:
    return ExternalScript.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        vendor_id="script-of-the-domain",
        name="Night",
        url="https://calls.example.com/night.xml?key=secret-of-an-address",
        read_at=timezone.now(),
    )


def some_trial(connection: Connection, owner) -> ScriptTrial:
    """Answered, with a script that has nothing wrong."""
    return ScriptTrial.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        way=ScriptTrial.Way.VENDOR,
        url="https://calls.example.com/night.xml?key=secret-of-an-address",
        parameters={"caller_id_number": "+31612345678"},
        requested_by=owner,
        ended_at=timezone.now(),
        answer=TEXT,
        length=len(TEXT),
    )
