"""The pages, under WSGI (never under Django's ASGI handler, which costs ten times more)."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from doorstep.site import edge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doorstep.site.settings")
django.setup()

from doorstep.kernel import fence, tracing  # noqa: E402  Django must be set up before its parts are imported

if not settings.DEBUG:
    from doorstep.kernel.web.assets import collect

    collect()
fence.close_doors()
tracing.begin("web")
application = edge.behind_wsgi(get_wsgi_application())
