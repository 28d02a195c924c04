"""The room's addresses: residents' begin with /my/, those of the desk with the room's name."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.portal.pages import desk, own, signing

app_name = "portal"
urlpatterns = [
    path("my/sign-in", signing.sign_in, name="sign_in"),
    path("my/sign-in/code", signing.code, name="code"),
    path("my/sign-in/who", signing.who, name="who"),
    path("my/sign-in/card", signing.by_card, name="by_card"),
    path("my/sign-out", signing.sign_out, name="sign_out"),
    path("my/", own.home, name="home"),
    path("my/for", own.act_for, name="act_for"),
    path("my/card", own.card, name="card"),
    path("my/sign-ins", own.sign_ins, name="sign_ins"),
    path("my/sign-ins/end", own.end_sign_in, name="end_sign_in"),
    path("portal/scan", desk.scan, name="scan"),
    path("portal/<uuid:resident>/", desk.desk, name="desk"),
    path("portal/<uuid:resident>/phone", desk.bind, name="bind"),
    path("portal/<uuid:resident>/phone/<uuid:binding>/end", desk.unbind, name="unbind"),
    path("portal/<uuid:resident>/card", desk.issue, name="issue"),
    path("portal/<uuid:resident>/card/<uuid:card>/end", desk.end_card, name="end_card"),
]
