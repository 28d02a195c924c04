"""The addresses of endpoints."""

from __future__ import annotations

from django.urls import path

from doorstep.record.endpoints.pages import (
    alerts,
    correspondents,
    inbound,
    managing,
    mapping,
    outbound,
    trying,
    uploading,
)

app_name = "endpoints"
urlpatterns = [
    path("endpoints/", managing.listing, name="list"),
    path("endpoints/add", managing.add, name="add"),
    path("endpoints/alerts", alerts.listing, name="alerts"),
    path("endpoints/alerts/<uuid:alert>/note", alerts.note, name="note_alert"),
    path("endpoints/watch", alerts.house_rules, name="house_rules"),
    path("endpoints/<uuid:endpoint>/watch", alerts.rules, name="rules"),
    path("endpoints/add-target", managing.add_target, name="add_target"),
    path("endpoints/add/messages-in", correspondents.add_in, name="add_messages_in"),
    path("endpoints/add/messages-out", correspondents.add_out, name="add_messages_out"),
    path("endpoints/mappings", mapping.listing, name="mappings"),
    path("endpoints/mappings/standard", mapping.standard, name="standard_mapping"),
    path("endpoints/mappings/standard/table", mapping.standard_table, name="standard_table"),
    path("endpoints/mappings/standard/use", mapping.use_standard, name="use_standard_mapping"),
    path("endpoints/mappings/try", trying.attempt, name="try_mapping"),
    path("endpoints/mappings/<uuid:mapping>", mapping.one, name="mapping"),
    path("endpoints/mappings/<uuid:mapping>/table", mapping.table, name="mapping_table"),
    path("endpoints/mappings/<uuid:mapping>/prove", mapping.prove, name="prove_mapping"),
    path("endpoints/mappings/<uuid:mapping>/use", mapping.use, name="use_mapping"),
    path("endpoints/rests", inbound.rests, name="rests"),
    path("endpoints/unsent", outbound.rests, name="unsent"),
    path("endpoints/<uuid:endpoint>/", managing.one, name="one"),
    path("endpoints/<uuid:endpoint>/edit", managing.edit, name="edit"),
    path("endpoints/<uuid:endpoint>/switch", managing.switch, name="switch"),
    path("endpoints/<uuid:endpoint>/pause", managing.pause, name="pause"),
    path("endpoints/<uuid:endpoint>/replay", inbound.replay_all, name="replay_all"),
    path("endpoints/<uuid:endpoint>/upload", uploading.upload, name="upload"),
    path("endpoints/messages/<int:inbound>/", inbound.message, name="message"),
    path("endpoints/messages/<int:inbound>/mend", inbound.mend, name="mend"),
    path("endpoints/messages/<int:inbound>/replay", inbound.replay, name="replay"),
    path("endpoints/messages/<int:inbound>/dismiss", inbound.dismiss, name="dismiss"),
    path("endpoints/sent/<int:outbound>/", outbound.message, name="sent"),
    path("endpoints/sent/<int:outbound>/replay", outbound.replay, name="replay_sent"),
    path("endpoints/sent/<int:outbound>/dismiss", outbound.dismiss, name="dismiss_sent"),
]
