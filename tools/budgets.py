"""Sizes of files and functions, branches and decisions, and the docstrings that must be there.

Limits stand in pyproject.toml under [tool.doorstep.budgets]. Branches are counted as McCabe does, and ruff's C901: one,
and one more for every statement that parts the way. Decisions are the branches and those inside a line too: and, or,
if-else, comprehensions. Tests, migrations and built files are left out.
"""

from __future__ import annotations

import ast
import math
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"tests", "migrations", "_build", "node_modules"}
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured thing: what it is (file, function, branches, decisions), where, and how large."""

    kind: str
    where: str
    size: int


def source_files(package: Path) -> list[Path]:
    """The package's own Python files, sorted."""
    return [f for f in sorted(package.rglob("*.py")) if not LEFT_OUT & set(f.relative_to(package).parts)]


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """All that stands in a function; functions inside it count on their own."""
    todo = list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop()
        if not isinstance(node, Function):
            yield node
            todo.extend(ast.iter_child_nodes(node))


def inline(node: ast.AST) -> int:
    """How many decisions a node adds inside a line."""
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return int(isinstance(node, ast.IfExp))


def length(function: Function) -> int:
    """Lines from the name to the end, without decorators and the docstring."""
    end = function.end_lineno or function.lineno
    first = function.body[0]
    says = ast.get_docstring(function, clean=False)
    described = (first.end_lineno or first.lineno) - first.lineno + 1 if says is not None else 0
    return end - function.lineno + 1 - described


def measure(file: Path, root: Path) -> Iterator[Measure]:
    """All sizes of one file."""
    text = file.read_text()
    name = str(file.relative_to(root))
    yield Measure("file", name, text.count("\n"))
    for function in functions(ast.parse(text)):
        where = f"{name}:{function.lineno} {function.name}"
        yield Measure("function", where, length(function))
        nodes = list(own_nodes(function))
        branches = 1 + sum(isinstance(node, BRANCHES) for node in nodes)
        yield Measure("branches", where, branches)
        yield Measure("decisions", where, branches + sum(map(inline, nodes)))


def must_describe(file: Path, package: Path) -> bool:
    """Whether the public functions of this file need docstrings: the kernel's, the rules' and the doors'."""
    parts = file.relative_to(package).parts
    return parts[0] == "kernel" or (len(parts) > 2 and parts[2].removesuffix(".py") in {"rules", "api"})


def must_say(function: Function) -> bool:
    """Whether a function is public, and not one that adds to its parent's of the same name (which has said it)."""
    calls = (node for node in own_nodes(function) if isinstance(node, ast.Attribute) and node.attr == function.name)
    adds = any(isinstance(call.value, ast.Call) and ast.unparse(call.value.func) == "super" for call in calls)
    return not function.name.startswith("_") and not adds


def undescribed(file: Path, package: Path) -> Iterator[str]:
    """Modules, and public functions where they must, that have no docstring."""
    tree = ast.parse(file.read_text())
    name = file.relative_to(package.parent.parent)
    if ast.get_docstring(tree) is None and tree.body:
        yield f"{name}: the module has no docstring"
    if not must_describe(file, package):
        return
    classes = (n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_"))
    for node in [*tree.body, *(child for owner in classes for child in owner.body)]:
        if isinstance(node, Function) and must_say(node) and ast.get_docstring(node) is None:
            yield f"{name}:{node.lineno} {node.name} has no docstring"


def percentile(sizes: Sequence[int], share: float) -> int:
    """The smallest size that at least this share does not exceed; 0 of nothing."""
    ordered = sorted(sizes)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def judge(measures: Sequence[Measure], limits: dict[str, dict[str, int]]) -> Iterator[str]:
    """One line for each thing that is too large, and for each kind whose 95th percentile is."""
    for kind, limit in limits.items():
        ours = [m for m in measures if m.kind == kind]
        for m in ours:
            if m.size > limit["most"]:
                yield f"{m.where}: {kind} {m.size}, at most {limit['most']}"
        p95 = percentile([m.size for m in ours], 0.95)
        if p95 > limit["p95"]:
            yield f"95th percentile of {kind}: {p95}, at most {limit['p95']}"


def summary(measures: Sequence[Measure], kinds: Sequence[str]) -> str:
    """The figures in one line."""
    parts = []
    for kind in kinds:
        sizes = [m.size for m in measures if m.kind == kind]
        parts.append(f"{kind} p95 {percentile(sizes, 0.95)}, most {max(sizes, default=0)} of {len(sizes)}")
    return "; ".join(parts)


def main(root: Path = ROOT) -> int:
    """Measure src/doorstep under the given root; print what is wrong; 1 if anything is."""
    limits = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["doorstep"]["budgets"]
    package = root / "src" / "doorstep"
    files = source_files(package)
    measures = [m for file in files for m in measure(file, root)]
    wrong = [*judge(measures, limits), *(line for file in files for line in undescribed(file, package))]
    for line in wrong:
        print(line)
    print(f"budgets: {summary(measures, list(limits))}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
