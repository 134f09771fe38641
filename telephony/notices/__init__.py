"""What people are told of telephony: differences of accounts, and a script that was changed at the vendor."""

from telephony.notices.differences import DIFFERENCE, differences_found, differences_settled
from telephony.notices.scripts import SCRIPT_MOVED, open_about, script_changed, script_gone, script_settled

KINDS = [DIFFERENCE, SCRIPT_MOVED]

__all__ = [
    "DIFFERENCE",
    "KINDS",
    "SCRIPT_MOVED",
    "differences_found",
    "differences_settled",
    "open_about",
    "script_changed",
    "script_gone",
    "script_settled",
]
