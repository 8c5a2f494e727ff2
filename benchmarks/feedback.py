"""Whether feedback teaches the selection: success over rounds in made-up worlds, where what is good is known.

    python benchmarks/feedback.py [--rounds 300] [--seeds 8] [--world NAME] [--set NAME=VALUE] [--json]

See README.md in this folder.
"""

import argparse
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, stdev
from uuid import UUID

from rich.console import Console
from rich.table import Table

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.knapsack import Item, best_choice
from briefsmith.compiler.learning import Record, credit_shares, posterior_mean
from briefsmith.compiler.select import select
from briefsmith.compiler.worth import DEFAULT_SETTINGS, SelectionSettings
from briefsmith.models.enums import BlockImportance

_BLOCKS = 30
_SIZES = (80, 120, 160)
_BUDGET = 720  # holds six blocks of the middle size
_WINDOW = 50
_THIRDS = (0.9, 0.5, 0.1)
_HALF, _THIRD = 1 / 2, 1 / 3
_SLACK_SE = 2.0  # a difference below so many standard errors is none


@dataclass(frozen=True, slots=True)
class World:
    """How tasks come about, and what makes a brief succeed.

    Attributes:
        told: What it is like.
        quality: Of good, mixed and bad blocks, a third of all each; in [0, 1].
        relevance: Lowest and highest of each kind, drawn anew for every task.
        value: What a block of some quality and relevance adds to the chance of success, for each
            token that it has of the budget.
        good_come_at: Share of the rounds before there are good blocks.
        turns_at: Share of the rounds after which good and bad ones change places; None for never.
    """

    told: str
    quality: tuple[float, float, float] = _THIRDS
    relevance: tuple[tuple[float, float], ...] = ((0.9, 1.0),) * 3
    value: Callable[[float, float], float] = lambda quality, _: quality
    good_come_at: float = 0.0
    turns_at: float | None = None


_VARIED = ((0.5, 1.0),) * 3
WORLDS: Mapping[str, World] = {
    "alike": World("a third good, mixed, bad; all about as relevant"),
    "varied": World("the same, each task has others that are relevant", relevance=_VARIED),
    "both": World(
        "quality times relevance decides",
        relevance=_VARIED,
        value=lambda q, relevance: q * relevance,
    ),
    "misleading": World(
        "the worse a block, the more relevant", relevance=((0.56, 0.84), (0.64, 0.92), (0.72, 1.0))
    ),
    "late": World("good ones come after a third of the rounds", good_come_at=_THIRD),
    "turning": World("good and bad change places half-way", turns_at=_HALF),
    "easy": World("nearly all succeeds", quality=(1.0, 0.9, 0.7), relevance=_VARIED),
    "hard": World("hardly anything succeeds", quality=(0.3, 0.1, 0.0), relevance=_VARIED),
    "chance": World("all are equal: nothing to learn", quality=(0.6, 0.6, 0.6), relevance=_VARIED),
    "relevance": World(
        "relevance alone decides: feedback is noise, and to follow it costs",
        quality=(1.0, 1.0, 1.0),
        relevance=((0.4, 1.0),) * 3,
        value=lambda _, relevance: relevance**2,
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one way of choosing comes to in one world.

    Attributes:
        windows: Chance of success, mean over seeds, of each 50 rounds.
        overall: Of all rounds.
        error: Standard error of that.
        gain: Over no feedback, on the same tasks and with the same luck.
        gain_error: Standard error of that.
    """

    world: str
    way: str
    windows: tuple[float, ...]
    overall: float
    error: float
    gain: float = 0.0
    gain_error: float = 0.0


def main() -> int:
    """0."""
    options = _options()
    settings = replace(DEFAULT_SETTINGS, **dict(_setting(text) for text in options.set))
    ways: dict[str, SelectionSettings | None] = {
        "no feedback": replace(settings, feedback_strength=0.0),
        "greedy mean": replace(settings, feedback_optimism=0.0),
        "Briefsmith": settings,
        "best possible": None,
    }
    rows: list[Row] = []
    for name in options.world or WORLDS:
        rows += _rows(name, WORLDS[name], ways, options)
        if not options.json:
            _show(name, rows[-len(ways) :])
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=300, help="briefs that are judged, in turn")
    parser.add_argument("--seeds", type=int, default=8, help="runs, at least two")
    parser.add_argument("--world", action="append", choices=WORLDS, help="may be given again")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another value of a setting of the selection; may be given again",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args()


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


def _rows(
    name: str,
    world: World,
    ways: Mapping[str, SelectionSettings | None],
    options: argparse.Namespace,
) -> list[Row]:
    runs = {
        way: [_run(world, settings, seed, options.rounds) for seed in range(options.seeds)]
        for way, settings in ways.items()
    }
    plain = [fmean(run) for run in runs["no feedback"]]
    rows: list[Row] = []
    for way, made in runs.items():
        means = [fmean(run) for run in made]
        gains = [mine - base for mine, base in zip(means, plain, strict=True)]
        windows = [
            fmean(fmean(run[at : at + _WINDOW]) for run in made)
            for at in range(0, options.rounds, _WINDOW)
        ]
        rows.append(
            Row(name, way, tuple(windows), fmean(means), _error(means), fmean(gains), _error(gains))
        )
    return rows


def _error(values: Sequence[float]) -> float:
    return stdev(values) / math.sqrt(len(values))


def _run(world: World, settings: SelectionSettings | None, seed: int, rounds: int) -> list[float]:
    """The chance of success of each brief; settings None choose what is best."""
    made = random.Random(seed)  # noqa: S311  a simulation
    ids = [UUID(int=made.getrandbits(128)) for _ in range(_BLOCKS)]  # ties go by id
    sizes = [made.choice(_SIZES) for _ in ids]
    records = [Record() for _ in ids]
    chances: list[float] = []
    for at in range(rounds):
        luck = random.Random(f"{seed}/{at}")  # noqa: S311  a simulation
        relevances = [luck.uniform(*world.relevance[_kind(block)]) for block in range(_BLOCKS)]
        there = [b for b in range(_BLOCKS) if _kind(b) or at >= world.good_come_at * rounds]
        values = {
            block: world.value(_quality(world, block, at / rounds), relevances[block])
            for block in there
        }
        if settings is None:
            chosen = _best(there, sizes, values)
        else:
            pool = [_candidate(ids[b], sizes[b], relevances[b], records[b]) for b in there]
            taken = {one.candidate.block_id for one in select(pool, _BUDGET, settings).chosen}
            chosen = [block for block in there if ids[block] in taken]
        chances.append(sum(sizes[block] * values[block] for block in chosen) / _BUDGET)
        _judge(records, {block: sizes[block] for block in chosen}, luck.random() < chances[-1])
    return chances


def _kind(block: int) -> int:
    """0 good, 1 mixed, 2 bad."""
    return block % 3


def _quality(world: World, block: int, time: float) -> float:
    has_turned = world.turns_at is not None and time >= world.turns_at
    return world.quality[2 - _kind(block) if has_turned else _kind(block)]


def _best(there: Sequence[int], sizes: Sequence[int], values: Mapping[int, float]) -> list[int]:
    """The blocks that have the greatest chance of success."""
    groups = [[Item(sizes[block], sizes[block] * values[block])] for block in there]
    taken = best_choice(groups, _BUDGET)
    return [block for block, number in zip(there, taken, strict=True) if number]


def _candidate(block_id: UUID, size: int, relevance: float, record: Record) -> Candidate:
    return Candidate(
        block_id=block_id,
        content=block_id.hex,
        relevance=relevance,
        importance=BlockImportance.MEDIUM,
        feedback_score=posterior_mean(record) if record.weight else None,
        age_days=0.0,
        content_tokens=size,
        embedding=None,
        asked=False,
        variants=(Variant("used-as-is", ((0, 32),), size, 1.0),),
        feedback_weight=record.weight,
    )


def _judge(records: list[Record], sizes: Mapping[int, int], succeeded: bool) -> None:  # noqa: FBT001
    """What `brief feedback` writes, in memory."""
    for block, share in credit_shares(sizes).items():
        old = records[block]
        records[block] = Record(old.successes + succeeded * share, old.weight + share)


def _show(name: str, rows: Sequence[Row]) -> None:
    table = Table(title=f"{name}: {WORLDS[name].told}", title_justify="left", box=None)
    table.add_column("success in %, rounds to")
    for at in range(len(rows[0].windows)):
        table.add_column(str((at + 1) * _WINDOW), justify="right")
    table.add_column("all", justify="right")
    table.add_column("gain", justify="right")
    for row in rows:
        is_none = abs(row.gain) <= _SLACK_SE * row.gain_error
        table.add_row(
            row.way,
            *(f"{100 * chance:.1f}" for chance in row.windows),
            f"{100 * row.overall:.1f} ±{100 * row.error:.1f}",
            f"{100 * row.gain:+.1f} ±{100 * row.gain_error:.1f}{' (none)' if is_none else ''}",
        )
    Console(width=110).print(table, "")


if __name__ == "__main__":
    raise SystemExit(main())
