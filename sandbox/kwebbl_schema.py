"""The tables of the simulated Kwebbl."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS kwebbl_companies (
    client_id TEXT PRIMARY KEY,
    manners TEXT NOT NULL,
    events_made INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS kwebbl_extensions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    extension_id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    external_number TEXT NOT NULL,
    admin INTEGER NOT NULL,
    login TEXT NOT NULL,
    password TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    rings TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS kwebbl_numbers ON kwebbl_extensions (client_id, number);
CREATE TABLE IF NOT EXISTS kwebbl_caller_ids (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    extension_id TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    caller_number TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS kwebbl_caller_ids_of ON kwebbl_caller_ids (extension_id);
CREATE TABLE IF NOT EXISTS kwebbl_codes (
    code TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    extension_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS kwebbl_grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL,
    extension_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    client_secret TEXT NOT NULL,
    generation INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS kwebbl_grants_of ON kwebbl_grants (client_id);
CREATE TABLE IF NOT EXISTS kwebbl_tokens (
    token TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    grant_id INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    expires_at REAL NOT NULL,
    dead INTEGER NOT NULL DEFAULT 0,
    presented INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS kwebbl_tokens_of ON kwebbl_tokens (grant_id, generation);
CREATE TABLE IF NOT EXISTS kwebbl_subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription_id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    extension_id TEXT NOT NULL,
    own_alone INTEGER NOT NULL,
    event_types TEXT NOT NULL,
    agents TEXT NOT NULL,
    mode TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    created_at TEXT NOT NULL,
    cancelled_at TEXT
);
CREATE INDEX IF NOT EXISTS kwebbl_subscriptions_of ON kwebbl_subscriptions (client_id, id);
CREATE TABLE IF NOT EXISTS kwebbl_legs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    role TEXT NOT NULL,
    parties TEXT NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    recording INTEGER NOT NULL DEFAULT 0,
    began_at TEXT NOT NULL,
    answered_at TEXT,
    ended_at TEXT,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS kwebbl_legs_of ON kwebbl_legs (client_id, conversation);
CREATE TABLE IF NOT EXISTS kwebbl_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    due_at REAL,
    tries INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    made_at TEXT NOT NULL,
    posted_at TEXT
);
CREATE INDEX IF NOT EXISTS kwebbl_events_due ON kwebbl_events (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS kwebbl_events_of ON kwebbl_events (client_id, id);
CREATE TABLE IF NOT EXISTS kwebbl_steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at REAL NOT NULL,
    client_id TEXT NOT NULL,
    step TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS kwebbl_steps_due ON kwebbl_steps (due_at);
"""
TABLES = (
    "kwebbl_companies",
    "kwebbl_extensions",
    "kwebbl_caller_ids",
    "kwebbl_codes",
    "kwebbl_grants",
    "kwebbl_tokens",
    "kwebbl_subscriptions",
    "kwebbl_legs",
    "kwebbl_events",
    "kwebbl_steps",
)
