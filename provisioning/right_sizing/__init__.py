"""Right-sizing: products that nobody needs are removed shortly before a month ends, so that the next one opens lower.

The portal proposes, a person approves, and the portal places one ordinary decrement in a window before the month's end. How
many are spare is reckoned again at that moment; what is not certain then is not done.
"""

from provisioning.right_sizing.placing import due_plans, take_turn
from provisioning.right_sizing.plans import approve, cancel, set_margin
from provisioning.right_sizing.proposals import Proposal, proposal_of, proposals_to_tell, sizable
from provisioning.right_sizing.window import Window, window_of

__all__ = [
    "Proposal",
    "Window",
    "approve",
    "cancel",
    "due_plans",
    "proposal_of",
    "proposals_to_tell",
    "set_margin",
    "sizable",
    "take_turn",
    "window_of",
]
