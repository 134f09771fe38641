"""What the support desk asks of a telephony operation: by which names the vendor knows it."""

from portal.operations.models import Operation
from portal.operations.registry import identifies
from telephony.models import SipAccount
from telephony.operations import (
    CREATE_SIP_ACCOUNT,
    DELETE_SCRIPT,
    DELETE_SIP_ACCOUNT,
    REPLACE_SCRIPT,
    SET_SCRIPT,
    UPDATE_SIP_ACCOUNT,
)


@identifies(CREATE_SIP_ACCOUNT)
@identifies(UPDATE_SIP_ACCOUNT)
@identifies(DELETE_SIP_ACCOUNT)
def _names_of_account(operation: Operation) -> list[tuple[str, str]]:
    known = SipAccount.objects.filter(pk=operation.subject_id or 0).values_list("username", "vendor_id").first()
    username, vendor_id = known or ("", "")
    return [("SIP username", username), ("SIP account ID", vendor_id)]


@identifies(SET_SCRIPT)
@identifies(REPLACE_SCRIPT)
@identifies(DELETE_SCRIPT)
def _names_of_script(operation: Operation) -> list[tuple[str, str]]:
    return [("External script ID", operation.payload.get("script_id", ""))]
