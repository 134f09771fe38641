"""What a person can ask of Apidaze, how it is carried out there, and how an unknown outcome is settled.

Whatever is asked of one username shares a lane; other usernames are no evidence for it, so that many go on at once.
"""

from telephony.operations.accounts import (
    CREATE_SIP_ACCOUNT,
    DELETE_SIP_ACCOUNT,
    UPDATE_SIP_ACCOUNT,
    Wanted,
    create_sip_account,
    delete_sip_account,
    reveal_password,
    update_sip_account,
)
from telephony.operations.many import create_sip_accounts, delete_sip_accounts, update_sip_accounts
from telephony.operations.scripts import (
    DELETE_SCRIPT,
    REPLACE_SCRIPT,
    SET_SCRIPT,
    delete_external_script,
    is_elsewhere,
    reveal_address,
    set_external_script,
)

__all__ = [
    "CREATE_SIP_ACCOUNT",
    "DELETE_SCRIPT",
    "DELETE_SIP_ACCOUNT",
    "REPLACE_SCRIPT",
    "SET_SCRIPT",
    "UPDATE_SIP_ACCOUNT",
    "Wanted",
    "create_sip_account",
    "create_sip_accounts",
    "delete_external_script",
    "delete_sip_account",
    "delete_sip_accounts",
    "is_elsewhere",
    "reveal_address",
    "reveal_password",
    "set_external_script",
    "update_sip_account",
    "update_sip_accounts",
]
