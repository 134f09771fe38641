"""Handing one mail over to the mail server, once: what may have left is never sent again by itself.

A letter is claimed under a lease and committed; "being sent" is committed before the first byte of the mail leaves. Whoever
finds a letter in that state whose lease ran out knows only that it may have left.
"""

import logging
import smtplib
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from portal.billing.mailing.models import Letter, RunMail, StatementMail
from portal.notices.sending import AWAY, LEASE, REST, pause
from portal.sentences import Sentence

logger = logging.getLogger(__name__)

State = Letter.State
AnyLetter = TypeVar("AnyLetter", StatementMail, RunMail)
NO_ANSWER = Sentence(gettext_noop("The mail server did not say whether it took it."))
NOT_BACK = Sentence(gettext_noop("The portal was interrupted while it was being sent."))
REFUSED = Sentence(gettext_noop("The mail server refused it."))
REFUSED_ADDRESS = Sentence(gettext_noop("The mail server does not know this address."))
SERVER_AWAY = Sentence(gettext_noop("The mail server did not answer. It is tried again."))
NOT_NOW = Sentence(gettext_noop("The mail server did not take it for now. It is tried again."))
IN_VAIN = Sentence(gettext_noop("The mail server did not take it for days."))
NOT_WRITTEN = Sentence(gettext_noop("The portal could not make the files. It is tried again."))
UNWRITTEN = Sentence(gettext_noop("The portal could not make the files."))
MOST_WRITINGS = 5


class Outcome(Enum):
    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ANOTHERS = "anothers"


def server_rests() -> bool:
    """It did not answer a moment ago: all processes leave it alone."""
    return bool(cache.get(AWAY))


# --- The row -------------------------------------------------------------------------------------------------------


def claim(letters: QuerySet[AnyLetter], pk: int) -> AnyLetter | None:
    """Take a letter for this worker alone; None where there is nothing to do. Its caller commits.

    One that was being sent when its worker was lost ends as unknown: the caller finds it so.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    due = letters.filter(free, pk=pk, due_at__lte=Now())
    letter = due.select_for_update(of=("self",), skip_locked=True).first()
    if letter is None:
        return None
    if letter.state == State.SENDING:
        end(letter, State.UNKNOWN, NOT_BACK)
        return letter
    letter.attempts += 1
    _row(letter).update(lease_until=Now() + LEASE, attempts=letter.attempts)
    return letter


def mark_sending(letter: AnyLetter) -> bool:
    """From here on it may have left. False where somebody else has it meanwhile."""
    mine = _row(letter).filter(attempts=letter.attempts, state=State.WAITING)
    return bool(mine.update(state=State.SENDING, lease_until=Now() + LEASE))


def end(letter: AnyLetter, state: Letter.State, why: Sentence | None = None) -> bool:
    """Keep what it came to; False where somebody else has done so."""
    letter.state, letter.why = state, why.as_json() if why else {}
    mine = _row(letter).filter(state__in=[State.WAITING, State.SENDING])
    change: dict[str, Any] = {"state": state, "why": letter.why, "ended_at": Now(), "due_at": None, "lease_until": None}
    return bool(mine.update(**change))


def settle(letter: AnyLetter, outcome: Outcome, why: Sentence | None) -> bool:
    """Keep what handing it over came to. True where it has ended by that."""
    match outcome:
        case Outcome.TAKEN:
            return end(letter, State.SENT)
        case Outcome.REFUSED:
            return end(letter, State.FAILED, why)
        case Outcome.UNKNOWN:
            return end(letter, State.UNKNOWN, why)
        case Outcome.LATER if too_old(letter):
            return end(letter, State.FAILED, IN_VAIN)
        case Outcome.LATER:
            put_off(letter, why or NOT_NOW)
    return False


def put_off(letter: AnyLetter, why: Sentence) -> None:
    """It has surely not left: tried again ever less often."""
    later = Now() + pause(letter.attempts)
    mine = _row(letter).filter(attempts=letter.attempts, state__in=[State.WAITING, State.SENDING])
    mine.update(state=State.WAITING, why=why.as_json(), due_at=later, lease_until=None)


def _row(letter: AnyLetter) -> QuerySet[AnyLetter]:
    """Conditions of an update stand on the row itself, so that whoever comes second sees what the first one wrote."""
    return type(letter)._default_manager.filter(pk=letter.pk)


def too_old(letter: Letter) -> bool:
    return letter.created_at < timezone.now() - timedelta(days=settings.NOTICE_GIVE_UP_DAYS)


# --- The server ----------------------------------------------------------------------------------------------------


def hand_over(message: EmailMessage, about_to_send: Callable[[], bool]) -> tuple[Outcome, Sentence | None]:
    """Give the mail to the server. `about_to_send` is called when the server answers, before anything of the mail leaves."""
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        logger.error("the mail server is away: %s", type(error).__name__)
        cache.set(AWAY, True, REST)
        return Outcome.LATER, SERVER_AWAY
    try:
        if not about_to_send():
            return Outcome.ANOTHERS, None
        return _sent(connection, message)
    finally:
        _close(connection)


def _sent(connection: Any, message: EmailMessage) -> tuple[Outcome, Sentence | None]:
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        for_good = all(code >= 500 for code, _text in error.recipients.values())
        return (Outcome.REFUSED, REFUSED_ADDRESS) if for_good else (Outcome.LATER, NOT_NOW)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError, smtplib.SMTPHeloError) as error:
        # The server said no, so it has not taken it.
        return (Outcome.REFUSED, REFUSED) if error.smtp_code >= 500 else (Outcome.LATER, NOT_NOW)
    except ValueError as error:
        # It cannot even be written as a mail.
        logger.error("a mail cannot be written: %s", type(error).__name__)
        return Outcome.REFUSED, REFUSED
    except (OSError, smtplib.SMTPException) as error:
        logger.error("a mail may have been sent: %s", type(error).__name__)
        return Outcome.UNKNOWN, NO_ANSWER
    return Outcome.TAKEN, None


def _close(connection: Any) -> None:
    """What goes wrong while saying goodbye changes nothing about the mail."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        logger.info("the mail server closed first: %s", type(error).__name__)
