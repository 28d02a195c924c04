"""What can be wrong with FHIR input: stable codes, with issue type, HTTP status and words in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorstep.fhir.words import KINDS
from doorstep.fhir.words.kind import Kind

__all__ = ["KINDS", "FhirProblem", "Kind"]


class FhirProblem(Exception):
    """One fault of the input, with where it is: a FHIRPath expression, or line and column of the text (from 1)."""

    def __init__(
        self,
        code: str,
        expression: str | None = None,
        line: int | None = None,
        column: int | None = None,
        **params: str | int,
    ) -> None:
        super().__init__(code)
        self.kind: Final = KINDS[code]
        self.code: Final = code
        self.expression: Final = expression
        self.line: Final = line
        self.column: Final = column
        self.params: Final[Mapping[str, str | int]] = params

    def message(self, language: str = "zh") -> str:
        """Say what is wrong and, where known, at which line and column; Chinese unless the language is English."""
        chinese = not language.startswith("en")
        params = {key: _short(value) for key, value in self.params.items()}
        text = (self.kind.zh if chinese else self.kind.en).format(**params)
        if self.line is None:
            return text
        place = f"（第 {self.line} 行第 {self.column} 列）" if chinese else f" (line {self.line}, column {self.column})"
        return text + place

    def at(self, expression: str) -> FhirProblem:
        """Return the same problem inside something larger, where its own line and column say nothing any more."""
        path = f"{expression}.{self.expression}" if self.expression else expression
        return FhirProblem(self.code, path, None, None, **self.params)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record, from which `from_dict` makes the same problem again."""
        return {
            "code": self.code,
            "expression": self.expression,
            "line": self.line,
            "column": self.column,
            "params": dict(self.params),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> FhirProblem:
        """Rebuild a problem from the record that `as_dict` made."""
        place = (record["expression"], record["line"], record["column"])
        return cls(record["code"], *place, **record["params"])

    def __str__(self) -> str:
        """Return message and place in English, for logs."""
        return f"{self.expression}: {self.message('en')}" if self.expression else self.message("en")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by record, since an exception's own way would lose the place."""
        return (FhirProblem.from_dict, (self.as_dict(),))


def _short(value: str | int) -> str | int:
    return value[:77] + "…" if isinstance(value, str) and len(value) > 78 else value
