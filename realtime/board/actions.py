"""What was asked of calls, held against what the events show."""

from collections.abc import Sequence

from realtime.calls.changes import CallChange


def confirm(changes: Sequence[CallChange]) -> None:
    """Within the transaction that followed the events."""
