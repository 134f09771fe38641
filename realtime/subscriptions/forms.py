"""What people confirm about subscriptions."""

from portal.ui.forms import PortalForm


class ConfirmForm(PortalForm):
    """Nothing but the one-time key: the person has read the page and means it."""
