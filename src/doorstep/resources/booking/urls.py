"""The addresses of the room."""

from __future__ import annotations

from django.urls import path

from doorstep.resources.booking.pages import (
    appointments,
    choosing,
    clinics,
    desk,
    own,
    releases,
    sanctions,
    sessions,
    waiting,
)

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
    path("my/booking/", own.own, name="own"),
    path("my/booking/new", choosing.new, name="own_new"),
    path("my/booking/department/<uuid:department>", choosing.department, name="own_department"),
    path("my/booking/clinic/<uuid:clinic>", choosing.clinic, name="own_clinic"),
    path("my/booking/clinic/<uuid:clinic>/wait", choosing.wait, name="own_wait"),
    path("my/booking/slot/<uuid:slot>", choosing.book, name="own_book"),
    path("my/booking/release/<uuid:session>", releases.release, name="own_release"),
    path("my/booking/release/<uuid:session>/stand", releases.stand, name="own_stand"),
    path("my/booking/wishes/<uuid:wish>/withdraw", own.withdraw, name="own_withdraw"),
    path("my/booking/sanctions/<uuid:sanction>", own.sanction, name="own_sanction"),
    path("my/booking/<uuid:appointment>", own.appointment, name="own_appointment"),
    path("my/booking/<uuid:appointment>/cancel", own.cancel, name="own_cancel"),
    path("my/booking/<uuid:appointment>/answer", own.answer, name="own_answer"),
    path("my/booking/<uuid:appointment>/calendar.ics", own.ics, name="own_calendar"),
]
