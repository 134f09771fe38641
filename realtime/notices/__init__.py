"""What people are told of live calls."""

from realtime.notices.subscriptions import NOT_TOLD, SCOPE_LACKING, not_made, scopes_lacking, told_again

KINDS = [NOT_TOLD, SCOPE_LACKING]

__all__ = ["KINDS", "NOT_TOLD", "SCOPE_LACKING", "not_made", "scopes_lacking", "told_again"]
