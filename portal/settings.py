"""Settings from the environment; `.env.example` names every variable. Nothing here knows how parts are started."""

from datetime import timedelta
from pathlib import Path

import environ
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- What it is ---------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="only-for-this-machine" if DEBUG else environ.Env.NOTSET)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# How many reverse proxies stand before the portal and append to X-Forwarded-For; 0 means its own socket is the truth.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

INSTALLED_APPS = [
    "portal.ui",
    "portal.tenancy",
    "portal.vendors",
    "portal.operations",
    "portal.audit",
    "portal.lists",
    "portal.bulk",
    "portal.search",
    "portal.notices",
    "portal.support",
    "portal.billing",
    "portal.local",
    "provisioning",
    "telephony",
    "messaging",
    "realtime",
    "portal.tenancy.admin_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # A call waits for its script: nothing that comes after this is needed for it.
    "telephony.scripts.serving.CallScripts",
    # The vendor posts thousands of delivery reports, and shows no session.
    "messaging.reports.intake.ReportIntake",
    "realtime.events.intake.EventIntake",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.audit.context.RequestContextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.tenancy.language.LanguageMiddleware",
    "portal.support.visits.VisitTrail",
    "portal.tenancy.scope.ScopeMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.ui.context.navigation",
            ],
        },
    }
]

FORM_RENDERER = "portal.ui.fields.FormRenderer"

# Raw ASGI below the pages: (pattern of the whole path, application) of each, for `portal.streams`.
STREAMS = [(r"/t/(?P<slug>[-a-zA-Z0-9_]+)/live/stream", "realtime.board.stream.application")]
# How many live boards one web process keeps open at once, and of one person's.
BOARD_STREAMS = env.int("BOARD_STREAMS", default=500)
BOARD_STREAMS_OF_ONE = env.int("BOARD_STREAMS_OF_ONE", default=8)
# How often it is asked again whether somebody may still look, in seconds.
BOARD_CHECK_SECONDS = env.float("BOARD_CHECK_SECONDS", default=60)

# --- Where things are kept ----------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres://portal_app@localhost/portal")}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
# Health checks make a restarted PostgreSQL invisible to pages; the pool is for threads, so it is off in one-shot commands.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=0)
if DATABASE_POOL_SIZE:
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_POOL_SIZE,
        "timeout": 10,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL = env.str("BROKER_URL", default="redis://localhost:6379/0")
CACHE_URL = env.str("CACHE_URL", default="redis://localhost:6379/1")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "portal",
    },
    # Call scripts: a call waits for the answer, so whoever does not answer at once is not waited for.
    "scripts": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "scripts",
        "OPTIONS": {"socket_timeout": 0.03, "socket_connect_timeout": 0.03},
    },
}

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("STATIC_ROOT", default=BASE_DIR / "var" / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- People -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_ADAPTER = "portal.tenancy.adapters.AccountAdapter"
ACCOUNT_FORMS = {"signup": "portal.tenancy.forms.SignupForm"}
# True: anybody may make an account. Otherwise an account is made by following an invitation.
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", default=False)
# Nothing is taken away from django-allauth's own limits: five wrong passwords in five minutes, among others.
ACCOUNT_RATE_LIMITS: dict[str, str] = {}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_SESSION_REMEMBER = False
USERSESSIONS_TRACK_ACTIVITY = False
USERSESSIONS_ADAPTER = "portal.tenancy.adapters.UserSessionsAdapter"
MFA_ADAPTER = "portal.tenancy.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Patchbay"
# WebAuthn wants TLS, or the name localhost: the sandboxed portal of `make run` is plain HTTP.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Patchbay <portal@localhost>")
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# Seconds; a mail is sent while a page waits.
EMAIL_TIMEOUT = 10
# Where people find the portal: mails that no page asked for lead there.
PORTAL_URL = env.str("PORTAL_URL", default="http://localhost:8000").rstrip("/")
# How long a mail waits for what else happens, and after how many days in vain it is given up.
NOTICE_GATHER_SECONDS = env.float("NOTICE_GATHER_SECONDS", default=60)
NOTICE_GIVE_UP_DAYS = env.float("NOTICE_GIVE_UP_DAYS", default=3)
# How long a vendor may be away, or a quota used up, before people are told.
NOTICE_PATIENCE_SECONDS = env.float("NOTICE_PATIENCE_SECONDS", default=300)
NOTICE_KEEP_DAYS = env.int("NOTICE_KEEP_DAYS", default=400)

# --- Language and time --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("nl", _("Dutch"))]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- The walls around it ------------------------------------------------------------------------------------------

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG
CSRF_FAILURE_VIEW = "portal.ui.views.csrf_failure"
SECURE_SSL_REDIRECT = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# Secrets of tenants are sealed with these keys: the first one seals, all of them open (see docs/trust.md).
SEALING_KEYS = env.list("SEALING_KEYS", default=["b25seS1mb3ItdGhpcy1tYWNoaW5lLTAxMjM0NTY3ODk="] if DEBUG else [])
# Keys that were taken out of SEALING_KEYS: with them `verify_audit` checks what was chained in their time, nothing else.
AUDIT_OLD_KEYS = env.list("AUDIT_OLD_KEYS", default=[])

# --- Work in the background ---------------------------------------------------------------------------------------

CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A bell that its worker took to the grave rings again after five minutes; the sweeper is there much earlier.
# A broker that takes connections and answers nothing must not hold a page for longer than its socket time-outs.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 3,
}
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_DEFAULT_QUEUE = "operations"
CELERY_TASK_ROUTES = {
    "provisioning.tasks.*": {"queue": "sync"},
    "telephony.tasks.*": {"queue": "sync"},
    "messaging.tasks.*": {"queue": "sync"},
    "realtime.tasks.*": {"queue": "sync"},
    # Other people's machines may be slow; what the vendor tells must not wait for them.
    "realtime.tasks.deliver": {"queue": "background"},
    "portal.bulk.tasks.*": {"queue": "background"},
    "portal.lists.tasks.*": {"queue": "background"},
    "portal.notices.tasks.*": {"queue": "background"},
    "portal.support.tasks.*": {"queue": "background"},
    "portal.audit.tasks.*": {"queue": "background"},
    "portal.billing.tasks.*": {"queue": "background"},
}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=3)
CELERY_BEAT_SCHEDULE = {
    "ring-exports": {"task": "portal.lists.tasks.ring_exports", "schedule": SWEEP_SECONDS, "options": {"expires": 10}},
    "purge-exports": {"task": "portal.lists.tasks.purge_exports", "schedule": timedelta(hours=1)},
    "end-overdue-visits": {
        "task": "portal.support.tasks.end_overdue_visits",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 30},
    },
    "watch-vendors": {
        "task": "portal.support.tasks.watch_vendors",
        "schedule": env.float("WATCH_SECONDS", default=15),
        "options": {"expires": 30},
    },
    "sweep": {"task": "portal.operations.tasks.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": 10}},
    "purge-call-log": {"task": "portal.vendors.tasks.purge_call_log", "schedule": timedelta(hours=1)},
    "chain-audit": {
        "task": "portal.audit.tasks.chain_entries",
        "schedule": env.float("AUDIT_CHAIN_SECONDS", default=2),
        "options": {"expires": 10},
    },
    "tell-audit-heads": {"task": "portal.audit.tasks.tell_heads", "schedule": timedelta(days=1)},
    "sync-video": {
        "task": "provisioning.tasks.sync_due_connections",
        "schedule": env.float("SYNC_TICK_SECONDS", default=5),
        "options": {"expires": 30},
    },
    "sync-telephony": {
        "task": "telephony.tasks.sync_due_connections",
        "schedule": env.float("SYNC_TICK_SECONDS", default=5),
        "options": {"expires": 30},
    },
    "read-sip-statuses": {
        "task": "telephony.tasks.read_due_statuses",
        "schedule": env.float("SYNC_TICK_SECONDS", default=5),
        "options": {"expires": 30},
    },
    "refill-call-scripts": {
        "task": "telephony.tasks.refill_shelf",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "sync-live-calls": {
        "task": "realtime.tasks.sync_due_connections",
        "schedule": env.float("SYNC_TICK_SECONDS", default=5),
        "options": {"expires": 30},
    },
    "refresh-grants": {
        "task": "realtime.tasks.refresh_due",
        "schedule": env.float("KWEBBL_REFRESH_TICK_SECONDS", default=5),
        "options": {"expires": 10},
    },
    "find-lost-grants": {
        "task": "realtime.tasks.find_lost",
        "schedule": env.float("KWEBBL_LOST_TICK_SECONDS", default=3),
        "options": {"expires": 10},
    },
    "exchange-consents": {
        "task": "realtime.tasks.exchange_open",
        "schedule": env.float("KWEBBL_LOST_TICK_SECONDS", default=3),
        "options": {"expires": 10},
    },
    "foresee-ends-of-grants": {"task": "realtime.tasks.foresee_ends", "schedule": timedelta(hours=1)},
    "forget-old-consents": {"task": "realtime.tasks.forget_old_consents", "schedule": timedelta(hours=6)},
    "read-live-events": {
        "task": "realtime.tasks.read_due_events",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 10},
    },
    "mark-lost-calls": {
        "task": "realtime.tasks.mark_lost_calls",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 30},
    },
    "purge-live-events": {"task": "realtime.tasks.purge_events", "schedule": timedelta(hours=1)},
    "forget-old-calls": {"task": "realtime.tasks.forget_old_calls", "schedule": timedelta(hours=6)},
    "deliver-webhooks": {
        "task": "realtime.tasks.deliver_due",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 10},
    },
    "purge-webhook-log": {"task": "realtime.tasks.purge_deliveries", "schedule": timedelta(hours=1)},
    "follow-callbacks": {
        "task": "realtime.tasks.follow_callbacks",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 10},
    },
    "purge-script-trials": {"task": "telephony.tasks.purge_script_trials", "schedule": timedelta(hours=1)},
    "sweep-campaigns": {
        "task": "messaging.tasks.sweep_campaigns",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 10},
    },
    "remove-old-sms-texts": {"task": "messaging.tasks.remove_old_texts", "schedule": timedelta(hours=6)},
    "watch-sms-reports": {
        "task": "messaging.tasks.watch_reports",
        "schedule": env.float("SMS_WATCH_SECONDS", default=60),
        "options": {"expires": 120},
    },
    "forward-inbound-sms": {
        "task": "messaging.tasks.forward_due",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 10},
    },
    "purge-sms": {"task": "messaging.tasks.purge_reports", "schedule": timedelta(hours=6)},
    "process-sms-reports": {
        "task": "messaging.tasks.process_due_reports",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 10},
    },
    "read-sms-keys": {
        "task": "messaging.tasks.read_due_keys",
        "schedule": env.float("SYNC_TICK_SECONDS", default=5),
        "options": {"expires": 30},
    },
    "end-overdue-call-actions": {
        "task": "realtime.tasks.end_overdue_actions",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "look-around": {
        "task": "portal.notices.tasks.look_around",
        "schedule": env.float("NOTICE_TICK_SECONDS", default=30),
        "options": {"expires": 60},
    },
    "mail-notices": {"task": "portal.notices.tasks.mail_due", "schedule": 15.0, "options": {"expires": 15}},
    "purge-notices": {"task": "portal.notices.tasks.purge", "schedule": timedelta(hours=6)},
    "sweep-bulk": {"task": "portal.bulk.tasks.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": 10}},
    "empty-old-batches": {"task": "portal.bulk.tasks.empty_old", "schedule": timedelta(hours=6)},
    "close-months": {"task": "portal.billing.tasks.close_due", "schedule": timedelta(hours=6)},
    "sweep-closing": {"task": "portal.billing.tasks.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": 10}},
    "mail-statements": {"task": "portal.billing.tasks.mail_due", "schedule": 15.0, "options": {"expires": 15}},
    "apply-terms": {"task": "portal.billing.tasks.apply_due", "schedule": timedelta(minutes=5)},
    "end-temporary-subscribers": {
        "task": "provisioning.tasks.end_temporary_subscribers",
        "schedule": env.float("TEMPORARY_TICK_SECONDS", default=15),
        "options": {"expires": 60},
    },
    "right-size": {
        "task": "provisioning.tasks.right_size_due",
        "schedule": env.float("RIGHT_SIZING_TICK_SECONDS", default=60),
        "options": {"expires": 60},
    },
}

# --- Vendors ------------------------------------------------------------------------------------------------------

# Times of one vendor call, in seconds. The lease must outlive the deadline, and the settle time the vendor's own delays.
VENDOR_CONNECT_TIMEOUT = env.float("VENDOR_CONNECT_TIMEOUT", default=5)
VENDOR_READ_TIMEOUT = env.float("VENDOR_READ_TIMEOUT", default=20)
VENDOR_TOTAL_TIMEOUT = env.float("VENDOR_TOTAL_TIMEOUT", default=30)
VENDOR_MAX_ANSWER_BYTES = env.int("VENDOR_MAX_ANSWER_BYTES", default=5_000_000)
# Of a list that may be too long for memory. The whole reading has to be over within three minutes.
VENDOR_LIST_TIMEOUT = env.float("VENDOR_LIST_TIMEOUT", default=90)
VENDOR_MAX_LIST_BYTES = env.int("VENDOR_MAX_LIST_BYTES", default=200_000_000)
VENDOR_PROXY_URL = env.str("VENDOR_PROXY_URL", default="")
# Plain http, and hosts on private addresses, are for the sandbox alone.
VENDOR_ALLOW_INSECURE_URLS = env.bool("VENDOR_ALLOW_INSECURE_URLS", default=DEBUG)
CALL_LOG_DAYS = env.int("CALL_LOG_DAYS", default=30)
KPN_TOKEN_URL = env.str("KPN_TOKEN_URL", default="https://api-prd.kpn.com/oauth/client_credential/accesstoken")
KANDY_BASE_URL = env.str("KANDY_BASE_URL", default="https://api-prd.kpn.com/communication/kandy/provisioning")
APIDAZE_BASE_URL = env.str("APIDAZE_BASE_URL", default="https://api-prd.kpn.com/communication/apidaze/cpaas")
KPN_SMS_BASE_URL = env.str("KPN_SMS_BASE_URL", default="https://api-prd.kpn.com/communication/kpn/sms")
# Where the signing keys of delivery reports are managed.
KPN_KEYS_BASE_URL = env.str("KPN_KEYS_BASE_URL", default="https://api-prd.kpn.com/webhookconfigs-kpn")
# After so long without any delivery report, though messages wait for theirs, people are told.
SMS_SILENCE_SECONDS = env.float("SMS_SILENCE_SECONDS", default=900)
KWEBBL_BASE_URL = env.str("KWEBBL_BASE_URL", default="https://realtime.api.kwebbl.net/v100")
# A refresh kills all earlier tokens: its answer is waited for, and a lost one looked into, all within a minute.
KWEBBL_REFRESH_READ_TIMEOUT = env.float("KWEBBL_REFRESH_READ_TIMEOUT", default=40)
KWEBBL_REFRESH_SETTLE_SECONDS = env.float("KWEBBL_REFRESH_SETTLE_SECONDS", default=5)
KWEBBL_GRANT_LOST_SECONDS = env.float("KWEBBL_GRANT_LOST_SECONDS", default=50)
# How long a live call may go on without news before it is unsure, and how long events are kept as they came.
LIVE_RINGING_PATIENCE = timedelta(minutes=env.float("LIVE_RINGING_MINUTES", default=3))
LIVE_TALKING_PATIENCE = timedelta(minutes=env.float("LIVE_TALKING_MINUTES", default=240))
LIVE_HOLD_PATIENCE = timedelta(minutes=env.float("LIVE_HOLD_MINUTES", default=60))
LIVE_EVENT_DAYS = env.int("LIVE_EVENT_DAYS", default=30)
# How long calls are kept that are over, with all that was told and asked of them.
LIVE_CALL_DAYS = env.int("LIVE_CALL_DAYS", default=400)
# Where telephones sign in, with its port: the vendor's own, the same for everybody ("Set up your SIP client").
SIP_OUTBOUND_PROXY = env.str("SIP_OUTBOUND_PROXY", default="46.101.153.96:4060")
# Of how many accounts each connection's quota is spent on asking whether a telephone is signed in.
SIP_STATUS_READS_A_MINUTE = env.int("SIP_STATUS_READS_A_MINUTE", default=30)

# How many operations of one tenant may be under way at once, so that a busy tenant leaves workers to the others.
OPERATION_TENANT_CONCURRENCY = env.int("OPERATION_TENANT_CONCURRENCY", default=8)
OPERATION_LEASE_SECONDS = env.float("OPERATION_LEASE_SECONDS", default=60)
OPERATION_SETTLE_SECONDS = env.float("OPERATION_SETTLE_SECONDS", default=90)
OPERATION_LOOK_SECONDS = env.float("OPERATION_LOOK_SECONDS", default=300)
OPERATION_BACKOFF_SECONDS = env.float("OPERATION_BACKOFF_SECONDS", default=5)
OPERATION_GIVE_UP_LOOKING_HOURS = env.float("OPERATION_GIVE_UP_LOOKING_HOURS", default=24)

# How often each video mirror is read again by itself, and when an order that is still pending is worth a word.
SYNC_SECONDS = env.float("SYNC_SECONDS", default=300)
ORDER_PATIENCE_SECONDS = env.float("ORDER_PATIENCE_SECONDS", default=3600)
# Spare products are removed between so many hours before the end of the month and so many; people are told days before.
# A mirror older than this is read again first. In the last days of a month it is told what an order saves by waiting.
RIGHT_SIZING_OPENS_HOURS = env.float("RIGHT_SIZING_OPENS_HOURS", default=48)
RIGHT_SIZING_CLOSES_HOURS = env.float("RIGHT_SIZING_CLOSES_HOURS", default=6)
RIGHT_SIZING_TELL_DAYS = env.float("RIGHT_SIZING_TELL_DAYS", default=6)
RIGHT_SIZING_MIRROR_SECONDS = env.float("RIGHT_SIZING_MIRROR_SECONDS", default=900)
ORDER_WAIT_DAYS = env.float("ORDER_WAIT_DAYS", default=7)
# How long a connection may be in trouble, or an outcome unknown, before it is on the support desk.
DESK_PATIENCE_SECONDS = env.float("DESK_PATIENCE_SECONDS", default=600)

# When trouble with a vendor becomes an incident, and when it is over.
INCIDENT_PATIENCE_SECONDS = env.float("INCIDENT_PATIENCE_SECONDS", default=30)
INCIDENT_SETTLE_SECONDS = env.float("INCIDENT_SETTLE_SECONDS", default=180)
INCIDENT_FLAP_SECONDS = env.float("INCIDENT_FLAP_SECONDS", default=900)
INCIDENT_MIN_CALLS = env.int("INCIDENT_MIN_CALLS", default=20)
INCIDENT_ERROR_RATE = env.float("INCIDENT_ERROR_RATE", default=0.2)
INCIDENT_SLOW_SECONDS = env.float("INCIDENT_SLOW_SECONDS", default=5)

# How many days after its end a month is closed by itself, so that what comes late is still in it; VAT in per cent.
BILLING_GRACE_DAYS = env.int("BILLING_GRACE_DAYS", default=5)
BILLING_VAT_PERCENT = env.str("BILLING_VAT_PERCENT", default="21")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "portal.logs.MaskingFormatter", "format": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
