"""The pages of telephony."""
