"""Mail that is sent once what it speaks of is certain."""

import logging
import smtplib
from collections.abc import Callable

from django.core.mail import EmailMessage
from django.db import transaction

logger = logging.getLogger(__name__)


def nothing() -> None:
    """What follows a mail when nothing does."""


def send_after_commit(message: EmailMessage, *, failed: Callable[[], None], sent: Callable[[], None] = nothing) -> None:
    """Send when the running transaction is over. A mail server that does not take it is `failed()`, not an error."""

    def send() -> None:
        try:
            message.send()
        except (OSError, smtplib.SMTPException) as error:
            # Neither text nor addressee: a mail may carry a link that opens something.
            logger.error("a mail could not be sent: %s", type(error).__name__)
            failed()
        else:
            sent()

    transaction.on_commit(send)
