"""What is stopped here, before anything is promised."""

from portal.operations.refusals import NotPromised

__all__ = ["NoProductFree", "NotPromised"]


class NoProductFree(NotPromised):
    """Possible as soon as there is a free product."""
