"""The room's addresses."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.staff.pages import accounts, grants, keys, outside, people, posts, rights, security, signing

app_name = "staff"
urlpatterns = [
    path("sign-in", signing.sign_in, name="sign_in"),
    path("sign-in/second", signing.second, name="second"),
    path("sign-in/passkey", signing.sign_in_by_passkey, name="sign_in_by_passkey"),
    path("sign-in/city", outside.begin, name="sign_in_city"),
    path("sign-in/city/back", outside.back, name="sign_in_city_back"),
    path("me/security", security.security, name="security"),
    path("me/password", security.password, name="own_password"),
    path("me/totp", security.totp, name="totp"),
    path("me/totp/remove", security.remove_totp, name="remove_totp"),
    path("me/codes", security.codes, name="codes"),
    path("me/passkey", security.passkey, name="passkey"),
    path("me/passkey/<uuid:key>/remove", security.remove_passkey, name="remove_passkey"),
    path("me/sessions/end", security.end_session, name="end_session"),
    path("me/confirm", security.confirm, name="confirm"),
    path("sign-out", signing.sign_out, name="sign_out"),
    path("post", signing.post, name="post"),
    path("staff/", people.listed, name="list"),
    path("staff/add", people.add, name="add"),
    path("staff/keys/<uuid:organisation>", keys.keys, name="keys"),
    path("staff/keys/<uuid:organisation>/<uuid:key>/revoke", keys.revoke, name="revoke"),
    path("staff/roles", rights.roles, name="roles"),
    path("staff/roles/<str:role>", rights.role, name="role"),
    path("staff/roles/<str:role>/edit", rights.edit, name="edit_role"),
    path("staff/proposals", rights.proposals, name="proposals"),
    path("staff/proposals/<uuid:proposal>", rights.proposal, name="proposal"),
    path("staff/<uuid:key>/grant", grants.grant, name="grant"),
    path("staff/<uuid:key>/grant/<uuid:grant>/revoke", grants.revoke, name="revoke_grant"),
    path("staff/<uuid:key>", people.person, name="person"),
    path("staff/<uuid:key>/edit", people.edit, name="edit"),
    path("staff/<uuid:key>/post", posts.begin_post, name="begin_post"),
    path("staff/<uuid:key>/post/<uuid:post>/end", posts.end_post, name="end_post"),
    path("staff/<uuid:key>/licence", people.add_licence, name="add_licence"),
    path("staff/<uuid:key>/account", accounts.account, name="account"),
    path("staff/<uuid:key>/factors/reset", accounts.reset_factors, name="reset_factors"),
    path("staff/<uuid:key>/identity", accounts.identity, name="identity"),
]
