"""The addresses of the room."""

from __future__ import annotations

from django.urls import path

from doorstep.services.referrals.pages import desk, measures, papers, writing

app_name = "referrals"
urlpatterns = [
    path("referrals/", desk.desk, name="desk"),
    path("referrals/measures", measures.measures, name="measures"),
    path("referrals/new/<uuid:resident>", writing.new, name="new"),
    path("referrals/<uuid:referral>/", desk.show, name="show"),
    path("referrals/<uuid:referral>/write", writing.write, name="write"),
    path("referrals/<uuid:referral>/save", writing.save, name="save"),
    path("referrals/<uuid:referral>/move/<str:name>", desk.move, name="move"),
    path("referrals/<uuid:referral>/message", desk.message, name="message"),
    path("referrals/<uuid:referral>/hand-over", desk.hand_over, name="hand_over"),
    path("referrals/<uuid:referral>/escalate", desk.escalate, name="escalate"),
    path("referrals/<uuid:referral>/discharge", desk.discharge, name="discharge"),
    path("referrals/<uuid:referral>/paper/<str:part>.pdf", papers.paper_pdf, name="paper_pdf"),
    path("referrals/<uuid:referral>/paper/<str:part>", papers.paper, name="paper"),
]
