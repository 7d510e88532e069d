"""`python -m speech.training --recordings ../shared/speech --out speech/models/telephone-en` makes the model again."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speech.training.train import Plan

NEEDED = ("numpy", "scipy", "soundfile", "torch", "vosk")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m speech.training", description=__doc__)
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the zips of recordings")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--work", type=Path, default=Path("data/training"), help="for voices and weights in between")
    parser.add_argument("--minutes", type=float, default=32.0, help="training time of each network")
    parser.add_argument("--refine", type=float, default=10.5, help="further minutes a round, on milder distortions")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of refining")
    parser.add_argument("--nets", type=int, default=2, help="networks trained side by side, one core each")
    parser.add_argument("--width", type=int, default=224, help="hidden channels of each network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep-weights", action="store_true", help="do not train: export and measure the weights in --work again"
    )
    return parser.parse_args()


def _train(arguments: argparse.Namespace, voices: Path) -> list[Path]:
    from speech.training.train import Plan

    seeds = range(arguments.seed, arguments.seed + arguments.nets)
    weights = [
        [arguments.work / f"net-{seed}-round-{number}.pt" for seed in seeds] for number in range(arguments.rounds + 1)
    ]
    if arguments.keep_weights:
        return weights[-1]
    plan = Plan(arguments.recordings, voices, arguments.minutes, arguments.width, arguments.seed)
    _side_by_side([(replace(plan, seed=seed), out) for seed, out in zip(seeds, weights[0], strict=True)])
    plan = replace(plan, minutes=arguments.refine)
    for number in range(arguments.rounds):
        # Other seeds, so that a round does not repeat the draws of the one before.
        jobs = zip(seeds, weights[number], weights[number + 1], strict=True)
        _side_by_side([(replace(plan, seed=seed + 10 * number, start=start), out) for seed, start, out in jobs])
    return weights[-1]


def _side_by_side(jobs: list[tuple[Plan, Path]]) -> None:
    from speech.training.train import train_and_log

    processes = [multiprocessing.get_context("spawn").Process(target=train_and_log, args=job) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            sys.exit(f"training failed with code {process.exitcode}")


def main() -> None:
    """Make voices (once), train, export, measure, write the card."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        for name in NEEDED:
            __import__(name)
    except ImportError as error:
        sys.exit(f"{error.name} is not installed; training needs: pip install -e '.[training]'")
    from speech.training import graph, tools, voices
    from speech.training.card import write_card
    from speech.training.export import write_acoustic_model, write_graph_folder
    from speech.training.vosk_evaluate import evaluate

    arguments.work.mkdir(parents=True, exist_ok=True)
    archive = arguments.work / "voices.zip"
    try:
        tools.require(graph.TOOLS)
        graph.plugin_folder()
        if not archive.exists():
            voices.make_voices(archive, arguments.seed)
    except tools.MissingToolError as error:
        sys.exit(str(error))
    weights = _train(arguments, archive)
    write_acoustic_model(arguments.out, weights)
    write_graph_folder(arguments.out, graph.Costs())
    measured = evaluate(arguments.out, arguments.recordings, archive)
    made = {name: getattr(arguments, name) for name in ("minutes", "refine", "rounds", "nets", "width", "seed")}
    write_card(arguments.out, measured, made)
    for name, score in measured.scores.items():
        sys.stdout.write(f"{name}: {score.right} of {score.files}\n")


if __name__ == "__main__":
    main()
