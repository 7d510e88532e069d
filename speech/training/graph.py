"""The decoding graphs: `HCLr.fst` (states to words, look-ahead) and `Gr.fst` (any words), compiled by OpenFst.

libvosk composes HCLr with each turn's phrase list; without the look-ahead type it would ignore the list. Every word
of the model is also a way to say `[unk]`, at a price: a word that is not in the turn's list then goes to `[unk]`
instead of to whichever listed word is nearest, and one that is in the list still wins.
"""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from speech.training.kaldi_format import advance_id, repeat_id
from speech.training.lexicon import GARBAGE, SILENCE, UNKNOWN_WORD, WORDS, Units
from speech.training.tools import MissingToolError, require

TOOLS = dict.fromkeys(("fstcompile", "fstconvert", "fstrmepsilon", "fstarcsort"), "libfst-tools")
PLUGIN = "olabel_lookahead-fst.so"
STEP_COST = -math.log(0.5)


@dataclass(frozen=True)
class Costs:
    """Costs in natural log units, added to a word. Negative ones favour words over silence and fewer words.

    They make up for the decoder seeing one path where training summed over all; tuned on the development split.

    Attributes:
        word: every word.
        garbage: `[unk]` by the garbage model.
        unlisted: `[unk]` by the model of a known word.
        extra: added for single words (for example the short "oh").
    """

    word: float = -3.0
    garbage: float = -1.5
    unlisted: float = 2.0
    extra: dict[str, float] = field(default_factory=dict)


def plugin_folder() -> Path:
    """Return the folder of OpenFst's look-ahead plug-in.

    Raises:
        MissingToolError: it is not installed.
    """
    for folder in (Path("/usr/lib"), Path("/usr/local/lib")):
        for path in sorted(folder.rglob(PLUGIN)):
            return path.parent
    raise MissingToolError(f"not installed: {PLUGIN} (on Debian or Ubuntu: apt-get install libfst22-plugins-base)")


def arcs(units: Units, word_ids: dict[str, int], costs: Costs) -> list[tuple[int, int, int, int, float]]:
    """Return the arcs (from, to, transition id, word, cost) of states to words.

    State 0 starts, with or without silence; state 1 begins a word, which ends in 0. Both may end the utterance. A state
    is entered by its advance id and then repeated ("reordered" in Kaldi's words, which libvosk's word times expect).
    A word and its cost come with its last state: partial results then show no word that has only just begun.
    """
    made: list[tuple[int, int, int, int, float]] = [(0, 1, 0, 0, STEP_COST)]
    top = 2

    def unit(source: int, target: int, name: str, word: int, cost: float) -> None:
        nonlocal top
        here, states = source, units.states(name)
        for state in states:
            last = state == states[-1]
            made.append((here, top, advance_id(state), word if last else 0, STEP_COST + (cost if last else 0.0)))
            made.append((top, top, repeat_id(state), 0, STEP_COST))
            here, top = top, top + 1
        made.append((here, target, 0, 0, 0.0))

    unit(0, 1, SILENCE, 0, STEP_COST)
    for word in WORDS:
        cost = costs.word + costs.extra.get(word, 0.0)
        unit(1, 0, word, word_ids[word], cost)
        unit(1, 0, word, word_ids[UNKNOWN_WORD], cost - costs.word + costs.unlisted)
    unit(1, 0, GARBAGE, word_ids[UNKNOWN_WORD], costs.garbage)
    return made


def _pipe(folder: Path, *commands: list[str]) -> None:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(plugin_folder())}
    for command in commands:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")


def write_graphs(out: Path, units: Units, costs: Costs) -> None:
    """Write the graphs, the word table and the word boundaries into a folder.

    Raises:
        MissingToolError: OpenFst's programs or its look-ahead plug-in are absent.
    """
    require(TOOLS)
    word_ids = {word: i for i, word in enumerate([*WORDS, UNKNOWN_WORD], 1)}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        lines = ["%d %d %d %d %.6g" % arc for arc in arcs(units, word_ids, costs)]  # noqa: UP031 - a tuple
        (work / "hcl.txt").write_text("\n".join([*lines, "0 0", "1 0", ""]), encoding="ascii")
        _pipe(
            work,
            ["fstcompile", "hcl.txt", "hcl.raw"],
            ["fstrmepsilon", "hcl.raw", "hcl.plain"],
            ["fstarcsort", "--sort_type=ilabel", "hcl.plain", "hcl.fst"],
            ["fstconvert", "--fst_type=olabel_lookahead", "--save_relabel_opairs=pairs", "hcl.fst", "HCLr.fst"],
        )
        # Look-ahead renumbers the words; words.txt and Gr.fst must follow.
        pairs = dict(map(int, line.split()) for line in (work / "pairs").read_text("ascii").splitlines())
        final_ids = {word: pairs.get(i, i) for word, i in word_ids.items()}
        cost = math.log(len(final_ids)) + STEP_COST
        lines = [f"0 0 {i} {i} {cost:.4f}" for i in final_ids.values()]
        (work / "g.txt").write_text("\n".join([*lines, "0 0", ""]), encoding="ascii")
        _pipe(
            work,
            ["fstcompile", "g.txt", "g.raw"],
            ["fstarcsort", "--sort_type=ilabel", "g.raw", "g.fst"],
            ["fstconvert", "--fst_type=const", "g.fst", "Gr.fst"],
        )
        out.mkdir(parents=True, exist_ok=True)
        for file in ("HCLr.fst", "Gr.fst"):
            (out / file).write_bytes((work / file).read_bytes())
    table = sorted(final_ids.items(), key=lambda pair: pair[1])
    (out / "words.txt").write_text("<eps> 0\n" + "".join(f"{w} {i}\n" for w, i in table), encoding="utf-8")
    # Units are whole words: all but silence are words of one phone. libvosk needs this for the times of words.
    kinds = ["nonword" if name == SILENCE else "singleton" for name in units.names]
    (out / "phones").mkdir(exist_ok=True)
    boundaries = "".join(f"{phone} {kind}\n" for phone, kind in enumerate(kinds, 1))
    (out / "phones" / "word_boundary.int").write_text(boundaries, encoding="ascii")
    (out / "disambig_tid.int").write_text(f"{2 * units.state_count + 5}\n", encoding="ascii")
