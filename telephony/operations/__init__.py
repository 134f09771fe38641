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

__all__ = [
    "CREATE_SIP_ACCOUNT",
    "DELETE_SIP_ACCOUNT",
    "UPDATE_SIP_ACCOUNT",
    "Wanted",
    "create_sip_account",
    "delete_sip_account",
    "reveal_password",
    "update_sip_account",
]
