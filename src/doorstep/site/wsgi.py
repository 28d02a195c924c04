"""The pages, under WSGI (never under Django's ASGI handler, which costs ten times more)."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doorstep.site.settings")
django.setup()
if not settings.DEBUG:
    from doorstep.kernel.web.assets import collect

    collect()
application = get_wsgi_application()
