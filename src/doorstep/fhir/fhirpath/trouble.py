"""Why an expression has no answer: it is not understood, or not for what it is asked of."""

from __future__ import annotations


class Unknown(Exception):
    """A piece of FHIRPath that is not understood."""


class NotEvaluated(Exception):
    """An expression has no answer for what it is asked of; the text says why, without values of it."""
