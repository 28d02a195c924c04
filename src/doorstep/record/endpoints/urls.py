"""The addresses of endpoints."""

from __future__ import annotations

from django.urls import path

from doorstep.record.endpoints.pages import correspondents, inbound, managing, outbound

app_name = "endpoints"
urlpatterns = [
    path("endpoints/", managing.listing, name="list"),
    path("endpoints/add", managing.add, name="add"),
    path("endpoints/add/messages-in", correspondents.add_in, name="add_messages_in"),
    path("endpoints/add/messages-out", correspondents.add_out, name="add_messages_out"),
    path("endpoints/add-target", managing.add_target, name="add_target"),
    path("endpoints/rests", inbound.rests, name="rests"),
    path("endpoints/unsent", outbound.rests, name="unsent"),
    path("endpoints/<uuid:endpoint>/", managing.one, name="one"),
    path("endpoints/<uuid:endpoint>/edit", managing.edit, name="edit"),
    path("endpoints/<uuid:endpoint>/switch", managing.switch, name="switch"),
    path("endpoints/<uuid:endpoint>/pause", managing.pause, name="pause"),
    path("endpoints/<uuid:endpoint>/replay", inbound.replay_all, name="replay_all"),
    path("endpoints/messages/<int:inbound>/", inbound.message, name="message"),
    path("endpoints/messages/<int:inbound>/mend", inbound.mend, name="mend"),
    path("endpoints/messages/<int:inbound>/replay", inbound.replay, name="replay"),
    path("endpoints/messages/<int:inbound>/dismiss", inbound.dismiss, name="dismiss"),
    path("endpoints/sent/<int:outbound>/", outbound.message, name="sent"),
    path("endpoints/sent/<int:outbound>/replay", outbound.replay, name="replay_sent"),
    path("endpoints/sent/<int:outbound>/dismiss", outbound.dismiss, name="dismiss_sent"),
]
