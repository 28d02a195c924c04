"""The addresses of the room."""

from __future__ import annotations

from django.urls import path

from doorstep.resources.booking.pages import appointments, clinics, desk, sanctions, sessions, waiting

app_name = "booking"
urlpatterns = [
    path("booking/", sessions.week, name="week"),
    path("booking/check-in", desk.check_in, name="check_in"),
    path("booking/clinics/new", clinics.new, name="new_clinic"),
    path("booking/clinics/<uuid:clinic>", clinics.clinic, name="clinic"),
    path("booking/clinics/<uuid:clinic>/roster", clinics.roster, name="roster"),
    path("booking/clinics/<uuid:clinic>/roster/<uuid:roster>/end", clinics.end_roster, name="end_roster"),
    path("booking/clinics/<uuid:clinic>/plan", clinics.plan, name="plan"),
    path("booking/clinics/<uuid:clinic>/shares", clinics.shares, name="shares"),
    path("booking/clinics/<uuid:clinic>/end", clinics.end, name="end_clinic"),
    path("booking/clinics/<uuid:clinic>/waiting", waiting.listed, name="waiting"),
    path("booking/clinics/<uuid:clinic>/waiting/<uuid:wish>/withdraw", waiting.withdraw, name="withdraw"),
    path("booking/sessions/<uuid:session>", sessions.session, name="session"),
    path("booking/sessions/<uuid:session>/move", sessions.move, name="move"),
    path("booking/sessions/<uuid:session>/next", desk.call_next, name="call_next"),
    path("booking/sessions/<uuid:session>/stop", sessions.stop, name="stop"),
    path("booking/sessions/<uuid:session>/book", appointments.book, name="book"),
    path("booking/sessions/<uuid:session>/wall", desk.wall, name="wall"),
    path("booking/appointments/<uuid:appointment>", appointments.appointment, name="appointment"),
    path("booking/appointments/<uuid:appointment>/confirm", appointments.confirm, name="confirm"),
    path("booking/appointments/<uuid:appointment>/release", appointments.release, name="release"),
    path("booking/appointments/<uuid:appointment>/desk", desk.move, name="desk"),
    path("booking/sanctions", sanctions.listed, name="sanctions"),
    path("booking/sanctions/<uuid:sanction>", sanctions.sanction, name="sanction"),
    path("booking/sanctions/<uuid:sanction>/appeal", sanctions.appeal, name="appeal"),
]
