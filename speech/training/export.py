"""Writes the model folder that libvosk loads."""

from __future__ import annotations

from pathlib import Path

from speech.lexicon.building import Costs, write_graphs
from speech.lexicon.units import WORD_TABLES, build_units
from speech.training.features import MFCC_CONF
from speech.training.nnet3 import acoustic_model
from speech.training.train import FRAME_WEIGHT, PRIOR_WEIGHT

# Small chunks: libvosk computes scores every 12 frames (120 ms) instead of every 20, so partial results come sooner.
# The end-of-speech rules are only a fall-back; the runtime decides on media timestamps.
MODEL_CONF = """--min-active=20
--max-active=3000
--beam=13.0
--lattice-beam=10.0
--acoustic-scale=1.0
--frame-subsampling-factor=3
--frames-per-chunk=12
--endpoint.silence-phones=1
--endpoint.rule1.min-trailing-silence=8.0
--endpoint.rule2.min-trailing-silence=0.8
--endpoint.rule3.min-trailing-silence=1.0
--endpoint.rule4.min-trailing-silence=1.4
--endpoint.rule5.min-utterance-length=20.0
"""


def write_acoustic_model(
    out: Path,
    language: str,
    weights: list[Path],
    frame_weight: float = FRAME_WEIGHT,
    prior_weight: float = PRIOR_WEIGHT,
) -> None:
    """Write `am/` and `conf/` of one language from stored networks."""
    for folder in ("am", "conf"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    languages = {name: build_units(name) for name in WORD_TABLES}
    model = acoustic_model(languages, language, weights, frame_weight, prior_weight)
    (out / "am" / "final.mdl").write_bytes(model)
    (out / "conf" / "mfcc.conf").write_text(MFCC_CONF, encoding="ascii")
    (out / "conf" / "model.conf").write_text(MODEL_CONF, encoding="ascii")


def write_graph_folder(out: Path, language: str, costs: Costs) -> None:
    """Write `graph/`; quick, so that costs can be tuned without writing the networks again."""
    write_graphs(out / "graph", build_units(language), WORD_TABLES[language].MENU, costs)
