"""Two contracts of ours for import-linter, and the tiers they read."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def is_test(module: str) -> bool:
    """Tests may set up what they need from any room."""
    parts = module.split(".")
    return "tests" in parts or parts[-1] == "conftest"


class EnterByApi(Contract):
    """A room is entered by its openings alone, and only from another room or from a keeper of the house."""

    type_name = "enter_by_api"
    tiers = fields.SetField(subfield=fields.StringField())
    openings = fields.SetField(subfield=fields.StringField())
    keepers = fields.SetField(subfield=fields.StringField())

    def _room(self, module: str) -> tuple[str, ...] | None:
        parts = module.split(".")
        return tuple(parts[:3]) if len(parts) > 2 and parts[1] in self.tiers else None  # type: ignore[operator]  # fields are descriptors

    def _is_kept(self, module: str, target: str) -> bool:
        there, here = self._room(target), self._room(module)
        if there is None or there == here:
            return True
        inside = target.split(".")[3:]
        if here and inside and inside[0] in self.openings:  # type: ignore[operator]  # as above
            return True
        return any(f"{module}.".startswith(f"{keeper}.") for keeper in self.keepers)  # type: ignore[attr-defined]  # as above

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every import from outside a room into it, unless it goes through an opening."""
        wrong = [
            (module, target)
            for module in sorted(graph.modules)
            if not is_test(module)
            for target in sorted(graph.find_modules_directly_imported_by(module))
            if not self._is_kept(module, target)
        ]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import, one a line."""
        for module, target in check.metadata["wrong"]:
            output.print_error(f"{module} -> {target}: enter another room by its api")
            output.new_line()


class HasManifest(Contract):
    """Every package of a tier of rooms is a room: it has its manifest."""

    type_name = "has_manifest"
    tiers = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every room without room.py."""
        tiers = (f"doorstep.{tier}" for tier in self.tiers)  # type: ignore[attr-defined]  # fields are descriptors
        rooms = sorted(room for tier in tiers if tier in graph.modules for room in graph.find_children(tier))
        wrong = [room for room in rooms if not is_test(room) and f"{room}.room" not in graph.modules]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each, one a line."""
        for room in check.metadata["wrong"]:
            output.print_error(f"{room}: has no room.py")
            output.new_line()
