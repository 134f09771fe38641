"""How much of anything there may be: the vendor's own bounds, and ours."""

from datetime import timedelta

# The vendor's own bounds (SMS API: /send, and the limits agreed with the account).
LONGEST_TEXT, LONGEST_TEXT_IN_TEST = 1_000, 160
LONGEST_SENDER = 11
MOST_IN_A_CALL = 200
# Recipients of one campaign.
MOST_RECIPIENTS = 100_000
# How long the vendor tries to deliver where nothing else was said.
VALIDITY = timedelta(hours=72)
