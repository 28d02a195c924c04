"""How frequent values are among all records, counted for those who weigh a pair: 王伟 says less than 欧阳若兰."""

from __future__ import annotations

from typing import Final

from django.db import connection

from doorstep.linkage.facts import COLUMNS
from doorstep.registers.residents.reads.near import ADDED
from doorstep.registers.residents.reads.rule import FREQUENT

_LONGEST: Final = 300
_CLEAR: Final = "DELETE FROM residents_residentfrequency"
# as linkage.training.frequency_sql counts them; what at most two have is as rare as what nobody has (the empty value)
_COUNT: Final = """
INSERT INTO residents_residentfrequency ("column", value, share)
WITH said AS (SELECT facts[%s] AS value, count(*) AS n FROM residents_residentfacts
  WHERE cardinality(facts) BETWEEN %s AND %s GROUP BY 1)
SELECT %s, value, (n - 2 + %s) / (SELECT sum(n) FROM said) FROM said
WHERE n > 2 AND value <> '' AND length(value) <= %s
UNION ALL SELECT %s, '', %s / sum(n) FROM said HAVING sum(n) > 0
"""


def count() -> None:
    """Count all values anew; in the transaction of what makes a model, or a batch, hold."""
    from doorstep.linkage.training import UNSEEN  # DuckDB comes with it: nothing for processes that only serve pages

    said = COLUMNS[1:]
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR)
        for column in FREQUENT:
            place = said.index(column) + 1
            cursor.execute(_COUNT, [place, len(said) - ADDED, len(said), column, UNSEEN, _LONGEST, column, UNSEEN])
