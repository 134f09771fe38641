"""The errors that the vendor documents for consenting and for tokens, in words: what it means and what to do.

("Redirection to client application", "Response with access token"; the last ones are the portal's own.)
"""

from dataclasses import dataclass

from django.utils.translation import gettext_noop

from portal.sentences import Sentence


@dataclass(frozen=True)
class Word:
    """One error. `code` as the vendor spells it."""

    code: str
    what: Sentence
    next: Sentence


def _word(code: str, what: str, next: str) -> Word:
    return Word(code, Sentence(what), Sentence(next))


OTHER = "other"
_AGAIN = gettext_noop("Begin again. If it happens twice, ask the vendor.")
_CREDENTIALS = gettext_noop("Compare client ID and client secret of the connection with those in the vendor's panel.")
_WORDS = {
    word.code: word
    for word in (
        _word(
            "access_denied",
            gettext_noop("The permission was refused on the vendor's page."),
            gettext_noop("Begin again and agree there; for everybody's calls an admin of the telephone system has to."),
        ),
        _word(
            "invalid_grant",
            gettext_noop("The vendor did not take what was entered on its page, or its answer came too late."),
            gettext_noop("Begin again and sign in there with the name and password of the telephone system."),
        ),
        _word(
            "invalid_request",
            gettext_noop("The vendor found the request incomplete or wrong."),
            gettext_noop("Compare the redirect URL in the vendor's panel with the one shown here, then begin again."),
        ),
        _word(
            "unauthorized_client",
            gettext_noop("The vendor does not let this application ask for permissions in this way."),
            gettext_noop("Look in the vendor's panel whether the application is installed and active."),
        ),
        _word(
            "unsupported_response_type",
            gettext_noop("The vendor does not know the kind of answer that was asked for."),
            gettext_noop("Look at the address of the consent page; it may lead to another service."),
        ),
        _word(
            "invalid_scope",
            gettext_noop("The vendor does not know one of the permissions, or does not give it to this application."),
            gettext_noop("Choose fewer purposes and begin again."),
        ),
        _word("server_error", gettext_noop("The vendor had an error of its own."), _AGAIN),
        _word("invalid_client", gettext_noop("The vendor does not take the application's credentials."), _CREDENTIALS),
        _word(
            "state_mismatch", gettext_noop("The vendor's answer belongs to another visit, and was not used."), _AGAIN
        ),
        _word(
            "unreachable",
            gettext_noop("The vendor could not be reached in time, so the permission was not fetched."),
            gettext_noop("Begin again when the vendor is back."),
        ),
        _word(
            "answer_lost",
            gettext_noop("The vendor was asked for the tokens, and its answer was lost; it gives them once only."),
            gettext_noop("Begin again: nothing else depends on it."),
        ),
        _word(
            "moved",
            gettext_noop("The connection was changed while you were at the vendor."),
            gettext_noop("Begin again: the permission is asked for anew at the address that is entered now."),
        ),
        _word(OTHER, gettext_noop("The vendor told an error that its documents do not name."), _AGAIN),
    )
}
DOCUMENTED = frozenset(_WORDS) - {"state_mismatch", "unreachable", "answer_lost", "moved", OTHER, "invalid_scope"}


def word_for(code: str) -> Word:
    """Also for a code that nobody knows, or none."""
    return _WORDS.get(code, _WORDS[OTHER])
