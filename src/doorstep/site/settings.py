"""Django's settings. What differs between places comes from the environment; secrets live in the data folder."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from doorstep.kernel.postgres import home
from doorstep.kernel.rates import Rate
from doorstep.kernel.secret_files import secret
from doorstep.site.rooms import APPS

ROOT = Path(__file__).parent.parent
HOME = home()
DEBUG = os.environ.get("DOORSTEP_DEBUG") == "1"
BY_TLS = os.environ.get("DOORSTEP_TLS") == "1"  # set by the command line, see site/edge.py
PRODUCTION = os.environ.get("DOORSTEP_PRODUCTION") == "1" or BY_TLS


def _secret(name: str) -> str:
    """A key of the house: from the environment, or made once and kept in the data folder, for its owner alone."""
    if given := secret(f"DOORSTEP_{name.upper()}"):
        return given
    path = HOME / name
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()


SECRET_KEY = _secret("secret_key")
DOORSTEP_FIELD_KEY = _secret("field_key")  # seals small secrets of people: see kernel/sealing.py
ALLOWED_HOSTS = os.environ.get("DOORSTEP_HOSTS", "127.0.0.1,localhost,testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("DOORSTEP_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "doorstep.kernel.apps.KernelConfig",
    *APPS,
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
]
MIDDLEWARE = [
    "doorstep.site.watching.pages",
    "doorstep.kernel.web.security.headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "doorstep.site.limits.throttle",
]
ROOT_URLCONF = "doorstep.site.urls"
WSGI_APPLICATION = "doorstep.site.wsgi.application"
AUTH_USER_MODEL = "staff.Account"
CSRF_FAILURE_VIEW = "doorstep.site.faults.csrf"
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
DOORSTEP_BREACHED = os.environ.get("DOORSTEP_BREACHED", "")  # a sorted file of SHA-1 hashes of leaked passwords
DOORSTEP_MESSAGES = os.environ.get("DOORSTEP_MESSAGES", str(HOME / "messages.json"))  # the gateway of short messages
DOORSTEP_MESSAGES_SECRET = secret("DOORSTEP_MESSAGES_SECRET") or ""
DOORSTEP_IDENTITY = os.environ.get("DOORSTEP_IDENTITY", str(HOME / "identity.json"))  # the city's identity provider
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "kernel" / "web" / "templates", ROOT / "site" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "doorstep.kernel.web.context.house",
                "doorstep.site.context.workplace",
                "doorstep.site.context.acting",
            ],
            "libraries": {"doorstep": "doorstep.kernel.web.tags"},
        },
    }
]


def _database() -> dict[str, object]:
    given = conninfo_to_dict(secret("DOORSTEP_DATABASE_URL") or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.get("dbname") or "doorstep",
        "USER": given.get("user") or "",
        "PASSWORD": given.get("password") or "",
        "HOST": given.get("host") or "",
        "PORT": str(given.get("port") or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"server_side_binding": False, **{k: v for k, v in given.items() if k.startswith("ssl")}},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [ROOT / "site" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "kernel" / "web" / "static"]
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "doorstep.kernel.web.assets.Assets"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0 if DEBUG else 30 * 24 * 3600
WHITENOISE_AUTOREFRESH = DEBUG

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = BY_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600  # said by TLS alone
FILE_UPLOAD_HANDLERS = ["doorstep.kernel.web.uploads.InMemory"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

# requests a second in the long run / at once, or "off"; each process counts for itself
RATE_ACCOUNT = Rate.read(os.environ.get("DOORSTEP_RATE_ACCOUNT", "20/200"))
RATE_ADDRESS = Rate.read(os.environ.get("DOORSTEP_RATE_ADDRESS", "20/300"))
RATE_KEY = Rate.read(os.environ.get("DOORSTEP_RATE_KEY", "2000/20000"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "doorstep.kernel.logs.OneLine", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("DOORSTEP_LOG", "WARNING")},
}

DOORSTEP_ROOMS = "doorstep.site.rooms.ROOMS"
DOORSTEP_CALL_FOR = "doorstep.site.callers.call_for"
DOORSTEP_DOORS = (("/my/", "/my/sign-in"),)  # where a stranger signs in, by where they wanted to go; else LOGIN_URL
