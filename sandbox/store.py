"""The sandbox's only memory: one SQLite file that survives `kill -9`, used by one process at a time."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import kwebbl_schema

Row = sqlite3.Row

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    client_id TEXT PRIMARY KEY,
    client_secret TEXT NOT NULL,
    domain TEXT NOT NULL,
    unit_price_eur TEXT NOT NULL,
    limit_eur TEXT,
    token_lifetime REAL NOT NULL,
    quota_limit INTEGER,
    quota_interval INTEGER NOT NULL,
    quota_time_unit TEXT NOT NULL,
    quota_reset_format TEXT NOT NULL,
    fulfil_after REAL NOT NULL,
    sunset TEXT NOT NULL,
    api_version TEXT NOT NULL,
    blocked INTEGER NOT NULL,
    single_answers TEXT NOT NULL DEFAULT 'list',
    list_cut_at INTEGER,
    status_told INTEGER NOT NULL DEFAULT 1,
    case_tells_apart INTEGER NOT NULL DEFAULT 0,
    script_answer TEXT NOT NULL DEFAULT 'xml',
    total INTEGER NOT NULL DEFAULT 0,
    in_use INTEGER NOT NULL DEFAULT 0,
    quota_used INTEGER NOT NULL DEFAULT 0,
    quota_resets_at REAL NOT NULL DEFAULT 0,
    throttled_until REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS tokens_by_account ON tokens (client_id);
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_number TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    product TEXT NOT NULL,
    type TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    status TEXT NOT NULL,
    held INTEGER NOT NULL,
    fulfil_at REAL,
    created_at TEXT NOT NULL,
    fulfilled_at TEXT,
    transaction_id TEXT NOT NULL,
    cause TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_by_account ON orders (client_id, id);
CREATE INDEX IF NOT EXISTS orders_pending ON orders (client_id, type, quantity) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS orders_due ON orders (fulfil_at) WHERE fulfil_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS subscribers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber_id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    username TEXT NOT NULL COLLATE NOCASE,
    identity TEXT NOT NULL,
    product TEXT NOT NULL,
    created_at TEXT NOT NULL,
    deleted_at TEXT,
    transaction_id TEXT NOT NULL,
    cause TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS subscribers_by_account ON subscribers (client_id, id);
CREATE UNIQUE INDEX IF NOT EXISTS usernames ON subscribers (client_id, username) WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS sip_accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sip_id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    username TEXT NOT NULL COLLATE NOCASE,
    password TEXT NOT NULL,
    name TEXT NOT NULL,
    internal_number TEXT NOT NULL,
    external_number TEXT NOT NULL,
    mwi_account TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    transaction_id TEXT NOT NULL,
    cause TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sip_accounts_by_account ON sip_accounts (client_id, id);
DROP INDEX IF EXISTS sip_usernames;
CREATE INDEX IF NOT EXISTS sip_usernames_alike ON sip_accounts (client_id, username) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS sip_usernames_exactly ON sip_accounts (client_id, username COLLATE BINARY)
    WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS scripts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    script_id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    transaction_id TEXT NOT NULL,
    cause TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_script ON scripts (client_id) WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS sms_settings (client_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (client_id, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    number TEXT NOT NULL,
    text TEXT NOT NULL,
    sender TEXT NOT NULL,
    webhook_url TEXT NOT NULL,
    expires_in INTEGER,
    status INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    at TEXT NOT NULL,
    transaction_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sms_by_account ON sms (client_id, id);
CREATE TABLE IF NOT EXISTS sms_reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL,
    sms_id INTEGER,
    url TEXT NOT NULL,
    status INTEGER,
    error_code TEXT NOT NULL DEFAULT '',
    happened_at REAL NOT NULL,
    manner TEXT NOT NULL DEFAULT '{}',
    body BLOB,
    state TEXT NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    answer INTEGER
);
CREATE INDEX IF NOT EXISTS sms_reports_by_account ON sms_reports (client_id, id);
CREATE INDEX IF NOT EXISTS sms_reports_open ON sms_reports (state) WHERE state IN ('waiting', 'under_way');
CREATE INDEX IF NOT EXISTS sms_reports_of_message ON sms_reports (sms_id, id);
CREATE INDEX IF NOT EXISTS sms_reports_due ON sms_reports (due_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS signing_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    level TEXT NOT NULL,
    owner TEXT NOT NULL,
    key_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (level, owner, key_id)
);
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    facts TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    cause TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_by_account ON ledger (client_id, seq);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    client_id TEXT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    status INTEGER,
    fault TEXT
);
CREATE INDEX IF NOT EXISTS requests_by_account ON requests (client_id, seq);
CREATE TABLE IF NOT EXISTS counters (
    client_id TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (client_id, method, route)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0,
    struck INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS late_work (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at REAL NOT NULL,
    vendor TEXT NOT NULL,
    client_id TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    body BLOB NOT NULL,
    transaction_id TEXT NOT NULL,
    content_type TEXT NOT NULL DEFAULT '',
    principal TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS late_work_due ON late_work (due_at);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""
# Columns that a state file from before them has not got.
ADDED_COLUMNS = (
    ("accounts", "single_answers", "TEXT NOT NULL DEFAULT 'list'"),
    ("accounts", "list_cut_at", "INTEGER"),
    ("accounts", "status_told", "INTEGER NOT NULL DEFAULT 1"),
    ("accounts", "case_tells_apart", "INTEGER NOT NULL DEFAULT 0"),
    ("accounts", "script_answer", "TEXT NOT NULL DEFAULT 'xml'"),
    ("late_work", "content_type", "TEXT NOT NULL DEFAULT ''"),
    ("late_work", "principal", "TEXT NOT NULL DEFAULT ''"),
)
TABLES = (
    "accounts",
    "tokens",
    "orders",
    "subscribers",
    "sip_accounts",
    "scripts",
    "sms_settings",
    "sms",
    "sms_reports",
    "signing_keys",
    "ledger",
    "requests",
    "counters",
    "faults",
    "late_work",
    "settings",
    *kwebbl_schema.TABLES,
)


class StateInUse(Exception):
    """Another sandbox has this state file open."""


class Store:
    """SQL in, rows out. Synchronous on purpose: a statement takes microseconds, so the event loop can wait for it,
    and everything between two awaits is atomic to other calls."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=0.5, cached_statements=256)
        self._connection.row_factory = sqlite3.Row
        try:
            self._open()
        except sqlite3.OperationalError as error:
            raise StateInUse(f"{path}: {error}") from error

    def _open(self) -> None:
        # The exclusive lock dies with the process, and spares a shared-memory file beside the state.
        self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(SCHEMA + kwebbl_schema.SCHEMA)
        for table, column, definition in ADDED_COLUMNS:
            if not self.count("SELECT count(*) FROM pragma_table_info(?) WHERE name = ?", table, column):
                self.run(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Must not span an await; joins a transaction that is already open."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> Row | None:
        return self._connection.execute(sql, values).fetchone()

    def all(self, sql: str, *values: Any) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Returns the number of rows changed."""
        return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Once for each row; fast where there are many."""
        self._connection.executemany(sql, rows)

    def insert(self, sql: str, *values: Any) -> int:
        """Returns the new row's id."""
        return self._connection.execute(sql, values).lastrowid or 0

    def count(self, sql: str, *values: Any) -> int:
        """The single number that a query answers."""
        return self._connection.execute(sql, values).fetchone()[0]

    def forget_everything(self) -> None:
        """Numbers go on where they were, so that nothing old can be taken for something new."""
        with self.transaction():
            for table in TABLES:
                self.run(f"DELETE FROM {table}")  # noqa: S608 - names from the tuple above

    def close(self) -> None:
        self._connection.close()
