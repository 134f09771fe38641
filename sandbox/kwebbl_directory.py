"""Kwebbl's directory: "Access Informational Resources" and "Multiple CallerID's"."""

from sandbox.kwebbl_company import caller_ids, public_extension, told_loosely
from sandbox.kwebbl_session import Session
from sandbox.store import Row
from sandbox.wire import Reply

SCOPE_OF = {"user": "company.users", "dialplan": "company.dialplans"}


def list_call(session: Session) -> Reply:
    """Each scope shows its own kind."""
    rows = [row for row in session.company.extensions() if session.may(SCOPE_OF[row["kind"]])]
    return Reply(200, [public_extension(session.company, row) for row in rows])


def read_call(session: Session, extension_id: str) -> Reply:
    return Reply(200, public_extension(session.company, _visible(session, extension_id)))


def _visible(session: Session, extension_id: str) -> Row:
    row = session.company.by_id(extension_id)
    if row is None:
        raise session.company.missing("extension")
    session.need(SCOPE_OF[row["kind"]])
    return row


def caller_ids_call(session: Session, extension_id: str) -> Reply:
    row = _visible(session, extension_id)
    items = caller_ids(session.store, row["extension_id"])
    return told_loosely(items) if session.company.manners["spelling"] == "mixed" else Reply(200, items)


def set_caller_id_call(session: Session, extension_id: str) -> Reply:
    """Only an admin may change another's."""
    row = _visible(session, extension_id)
    if row["extension_id"] != session.user["extension_id"] and not session.user["admin"]:
        raise session.company.denied("Only an admin may change the CallerID of somebody else.")
    wanted = session.body().get("caller_id")
    if wanted not in {each["caller_id"] for each in caller_ids(session.store, row["extension_id"])}:
        raise session.company.invalid("caller_id is not one of the available numbers.")
    session.store.run("UPDATE kwebbl_extensions SET caller_id = ? WHERE id = ?", wanted, row["id"])
    session.note("caller_id_set", {"extension_id": row["extension_id"], "caller_id": wanted})
    return Reply(200, {"extension_id": row["extension_id"], "caller_id": wanted})
