"""The person index of the demo: a model learnt from its records and used, and what it finds without a card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.console import Console

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.site.demo.shapes import District

Send = Callable[[str, list[tuple[str, bytes]]], object]


def build(call: Call, send: Send, district: District, residents: int, seed: int, console: Console) -> None:
    """Learn from what came, match by it, take in the records without a card (by ``send``), and link all."""
    from doorstep.registers.residents import api as index
    from doorstep.site.demo.doubles import doubles

    may = replace(call, permissions=call.permissions | {"residents.models"})
    try:
        [*_, last] = index.train(may)
        for _step in index.shadow(may, last.outcome["model"]):
            pass
        index.use_model(may, model=last.outcome["model"])
        for source, name, body in doubles(district, seed, residents):
            send(source, [(name, body)])
        [*_, last] = index.link_all(may)
    except Refused as refused:  # a demo of a few residents teaches nothing
        console.print(f"匹配规则未训练 / no matching model: {refused}")
        return
    console.print(f"匹配规则已启用 · 合并居民 {last.outcome['merged']} 名 · 新的待核对 {last.outcome['doubts']} 对")
