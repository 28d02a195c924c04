"""What to expect of each level before anything is learnt: of one person's two records, of two of one household, of any.

m and u as measured on a million made-up residents (domain notes on Chinese records); levels that were not measured
there, ranks, certificates of birth, and those of a household are assumed. Training falls back on them where it sees
little.
"""

from __future__ import annotations

from typing import Final

EXPECTED_M: Final = {
    "name": (0.9627, 0.022, 0.002, 0.0015, 0.001, 0.001, 0.001, 0.0005, 0.0075, 0.0003, 0.0005),
    "birth": (0.988, 0.005, 0.004, 0.001, 0.001, 0.0002, 0.0008),
    "number": (0.99, 0.009, 0.0005, 0.0005), "insurance": (0.985, 0.005, 0.0005, 0.0095), "sex": (0.994, 0.006),
    "certificate": (0.987, 0.008, 0.005), "rank": (0.999, 0.001), "phone": (0.749, 0.008, 0.243),
    "address": (0.518, 0.129, 0.042, 0.02, 0.1, 0.01, 0.05, 0.131), "guardian": (0.3, 0.4, 0.3),
}  # fmt: skip
EXPECTED_U: Final = {
    "name": (6e-6, 1e-5, 2e-6, 2e-4, 1.2e-4, 2e-5, 1e-4, 1e-3, 0.026, 1e-3, 0.971),
    "birth": (2.2e-4, 1e-7, 1.5e-3, 3e-3, 0.012, 0.002, 0.981), "number": (1e-6, 1.2e-6, 0.99, 0.0099),
    "insurance": (5e-7, 2e-6, 1e-6, 1.0), "certificate": (1e-6, 1e-5, 1.0), "sex": (0.5, 0.5), "rank": (0.5, 0.5),
    "phone": (1.5e-6, 1.1e-6, 1.0),
    "address": (2e-6, 2e-5, 0.005, 0.004, 0.03, 1e-3, 0.09, 0.869), "guardian": (1e-6, 2e-5, 1.0),
}  # fmt: skip
EXPECTED_KIN: Final = {
    "name": (0.001, 0.0005, 0.0003, 0.05, 0.01, 0.002, 0.02, 0.002, 0.42, 0.01, 0.4842),
    "birth": (0.006, 0.003, 0.003, 0.002, 0.016, 0.002, 0.968), "number": (0.001, 0.001, 0.99, 0.008),
    "insurance": (0.005, 0.002, 0.001, 0.992), "certificate": (0.003, 0.01, 0.987), "sex": (0.45, 0.55),
    "rank": (0.01, 0.99),
}  # fmt: skip
"""Two persons of one household. Phone, address and guardian are not among them: a household shares them."""
RELATIVES: Final = 2.0
"""Pairs of records of two persons of one household for each pair of one person's, where it cannot be counted."""
