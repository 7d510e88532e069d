"""Costs of words and of `[unk]`, compared on the development speakers.

`python -m speech.training.tune MODEL --zips data/training/development --set core=-3,-2 loop_phone=0.5,1` prints a row
for each combination; the chosen ones are the defaults of `graph.Costs`. Only `graph/` is written anew, in a copy.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from speech.evaluation import Evaluation
from speech.lexicon.building import Costs
from speech.models import read_model
from speech.training.export import write_graph_folder
from speech.training.measures import measure, measures_of


def main() -> None:
    """Measure every combination of the given costs."""
    parser = argparse.ArgumentParser(description="Compare costs of words and of [unk].")
    parser.add_argument("model", type=Path, help="folder of a model that never heard the development speakers")
    parser.add_argument("--zips", type=Path, required=True, help="folder of `write_development_zips`")
    parser.add_argument("--set", nargs="*", default=[], metavar="COST=VALUE[,VALUE]", help="fields of graph.Costs")
    parser.add_argument("--rows", nargs="*", help="parts of the names of measures; all where nothing is said")
    arguments = parser.parse_args()
    model = read_model(arguments.model)
    language = model.language or ""
    chosen = [r for r in measures_of(language) if not arguments.rows or any(part in r.name for part in arguments.rows)]
    sets = [
        (name, list(map(float, values.split(",")))) for name, _, values in (s.partition("=") for s in arguments.set)
    ]
    for values in itertools.product(*(values for _, values in sets)):
        costs = Costs(**dict(zip((name for name, _ in sets), values, strict=True)))
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / model.name
            shutil.copytree(arguments.model, copy)
            write_graph_folder(copy, language, costs)
            tried = msgspec.structs.replace(model, path=copy)
            found = [measure(tried, arguments.zips, row) for row in chosen]
        sys.stdout.write(f"{costs}\n")
        for row, evaluation in zip(chosen, found, strict=True):
            sys.stdout.write(f"    {row.name}: {_figures(evaluation)}\n")
        sys.stdout.flush()


def _figures(found: Evaluation) -> str:
    counts = {"right": found.words, "others rejected": found.other_words, "strings": found.strings}
    return ", ".join(f"{what} {100 * count.share:.1f} %" for what, count in counts.items() if count.share is not None)


if __name__ == "__main__":
    main()
