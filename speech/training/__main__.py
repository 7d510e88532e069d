"""`python -m speech.training --recordings ../shared/speech --out speech/models` makes the telephone models again.

A twin that never hears the development speakers is trained first; the model that is shipped goes on from it for the
last part of the training, with everybody. Doubt is fitted and all figures are measured on the twin.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import sys
from pathlib import Path

POLL_S = 5.0
NEEDED = ("numpy", "scipy", "soundfile", "torch", "vosk")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m speech.training", description=__doc__)
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the zips of recordings")
    parser.add_argument("--out", type=Path, required=True, help="folder of model folders to write")
    parser.add_argument("--work", type=Path, default=Path("data/training"), help="for voices and weights in between")
    parser.add_argument("--updates", type=int, default=12500, help="of each network; a third of a second each")
    parser.add_argument("--width", type=int, default=256, help="hidden channels of each network")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--languages", nargs="+", default=["en", "ar"], help="whose models are written")
    parser.add_argument(
        "--keep-weights", action="store_true", help="do not train: export and measure the weights in --work again"
    )
    return parser.parse_args()


def _voices(work: Path, seed: int) -> None:
    from speech.lexicon.units import WORD_TABLES
    from speech.training.voices import make_voices

    for language in WORD_TABLES:
        archive = work / f"voices-{language}.zip"
        if not archive.exists():
            make_voices(archive, language, seed)


def _train(arguments: argparse.Namespace) -> None:
    from speech.training.train import Plan, train_and_log

    branch = arguments.work / "branch.pt"
    branch.unlink(missing_ok=True)
    running = []
    for name, everyone in {"twin": False, "everyone": True}.items():
        while everyone and not branch.exists():
            running[0].join(POLL_S)
            if running[0].exitcode is not None:
                sys.exit(f"training failed with code {running[0].exitcode}")
        plan = Plan(
            arguments.recordings, arguments.work, arguments.updates, arguments.width, arguments.seed, branch, everyone
        )
        job = (plan, arguments.work / f"{name}.pt")
        running.append(multiprocessing.get_context("spawn").Process(target=train_and_log, args=job))
        running[-1].start()
    for process in running:
        process.join()
        if process.exitcode != 0:
            sys.exit(f"training failed with code {process.exitcode}")


def _export(arguments: argparse.Namespace, language: str) -> None:
    from speech.lexicon.building import Costs
    from speech.models import read_model
    from speech.training import doubt_fit
    from speech.training.card import write_card
    from speech.training.development import write_development_zips
    from speech.training.export import write_acoustic_model, write_graph_folder
    from speech.training.measures import measure, measures_of

    name = f"telephone-{language}"
    twin, shipped = arguments.work / "twin" / name, arguments.out / name
    made = {"updates": arguments.updates, "width": arguments.width, "seed": arguments.seed}
    for folder, weights in ((twin, "twin"), (shipped, "everyone")):
        write_acoustic_model(folder, language, [arguments.work / f"{weights}.pt"])
        write_graph_folder(folder, language, Costs())
        write_card(folder, language, {}, made)
    model = read_model(twin)
    kinds = doubt_fit.kinds_of(model, arguments.recordings, [arguments.work / f"voices-{language}.zip"])
    doubt, curves = doubt_fit.fit(list(doubt_fit.examples(model, kinds, None)), doubt_fit.lattice_beam(model))
    doubt_fit.write(twin, doubt, curves)
    zips = arguments.work / "development"
    write_development_zips(arguments.recordings, arguments.work, zips)
    rows = {row.name: measure(read_model(twin), zips, row) for row in measures_of(language)}
    for folder in (twin, shipped):
        write_card(folder, language, rows, made)
        doubt_fit.write(folder, doubt, curves)
    for what, row in rows.items():
        sys.stdout.write(f"{name}: {what}: {json.dumps(row.as_json(), ensure_ascii=False)}\n")


def main() -> None:
    """Make voices (once), train, export, fit, measure, write the cards."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        for name in NEEDED:
            __import__(name)
    except ImportError as error:
        sys.exit(f"{error.name} is not installed; training needs: pip install -e '.[training]'")
    from speech.lexicon import building

    arguments.work.mkdir(parents=True, exist_ok=True)
    try:
        building.require(building.TOOLS)
        building.plugin_folder()
        _voices(arguments.work, arguments.seed)
    except building.MissingToolError as error:
        sys.exit(str(error))
    if not arguments.keep_weights:
        _train(arguments)
    for language in arguments.languages:
        _export(arguments, language)


if __name__ == "__main__":
    main()
