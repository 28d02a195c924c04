"""What the style page shows: made-up rows and values."""

from __future__ import annotations

from datetime import date, timedelta

from doorstep.kernel import clock
from doorstep.kernel.paging import Paged, cursor
from doorstep.site.system.forms import SampleForm

PEOPLE = (
    ("张桂兰", date(1951, 3, 8), "421302199001011234", "在管"),
    ("欧阳建国", date(1948, 11, 20), "421302194811200018", "待随访"),
    ("李小满", date(2026, 5, 21), "", "新生儿"),
)
PRESSURES = (168, 159, 161, 149, 152, 143, 138, 141, 136, 132, 135, 88)


def context() -> dict[str, object]:
    """The values of the page."""
    now = clock.now()
    start = clock.today() - timedelta(days=330)
    points = [(start + timedelta(days=30 * n), float(value)) for n, value in enumerate(PRESSURES)]
    return {
        "people": Paged(PEOPLE, cursor("张桂兰", "1")),
        "points": points,
        "now": now,
        "earlier": now - timedelta(hours=3),
        "born": date(1958, 2, 28),
        "names": ("users", "stethoscope", "pill", "building-hospital", "calendar-event", "search", "lock", "printer"),
    }


def wrong_form() -> SampleForm:
    """A form that was sent with faults."""
    form = SampleForm({"name": "", "phone": "abc", "area": "a"}, auto_id="wrong_%s")
    form.focus_errors = False
    form.is_valid()
    return form
