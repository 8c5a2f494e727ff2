"""What was measured, for people and as JSON."""

from dataclasses import asdict
from typing import Any

from measuring import Size
from rich.console import Console
from rich.table import Table
from rounds import Comparison
from watches import PART


def as_dict(size: Size) -> dict[str, Any]:
    """JSON-compatible."""
    return {
        "blocks": size.blocks,
        "comparisons": [
            {**asdict(found), "floor_ms": found.floor_ms} for found in size.comparisons
        ],
        "memory_mb": {**size.memory.seen, "peak": size.memory.peak},
    }


def show(size: Size) -> None:
    """A table, then for each operation what its floor is and where its time goes."""
    console = Console(soft_wrap=True, highlight=False)
    table = Table(title=f"{size.blocks:,} blocks of one user, medians")
    for name in ("operation", "rounds", "Briefsmith", "floor", "ratio"):
        table.add_column(name, justify="left" if name == "operation" else "right")
    for found in size.comparisons:
        ratio = f"{found.ours_ms / found.floor_ms:.1f}"
        times = (_ms(found.ours_ms), _ms(found.floor_ms), ratio)
        table.add_row(found.operation, str(found.rounds), *times)
    console.print(table)
    for found in size.comparisons:
        floor = " + ".join(f"{name} {_ms(value)}" for name, value in found.floors.items())
        console.print(f"[bold]{found.operation}[/bold]: floor {floor}")
        if found.stages:
            console.print(f"    time goes to {_stages(found)}")
        if found.note:
            console.print(f"    {found.note}")
    seen = ", ".join(f"{when} {value:.0f}" for when, value in size.memory.seen.items())
    console.print(
        f"[bold]memory[/bold] of the process in MB: {seen}; peak {size.memory.peak:.0f}\n"
    )


def _stages(found: Comparison) -> str:
    least = found.ours_ms / 100  # shorter ones tell nothing
    whole = {name: value for name, value in found.stages.items() if not name.startswith(PART)}
    parts = {name: value for name, value in found.stages.items() if name.startswith(PART)}
    rest = max(found.ours_ms - sum(whole.values()), 0.0)
    shown = [f"{name} {_ms(value)}" for name, value in whole.items() if value >= least]
    text = ", ".join([*shown, f"the rest {_ms(rest)}"])
    if parts:
        inner = ", ".join(f"{name.removeprefix(PART)} {_ms(v)}" for name, v in parts.items())
        text += f"; in compiling: {inner}"
    return text


def _ms(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:.1f} s"
    return (
        f"{value:.0f} ms"
        if value >= 100
        else f"{value:.2g} ms"
        if value < 10
        else f"{value:.1f} ms"
    )
