"""The decoding graphs: `HCLr.fst` (states to words, look-ahead) and `Gr.fst` (any words), compiled by OpenFst.

libvosk composes HCLr with each turn's phrase list; without the look-ahead type it would ignore the list. Whatever is no
word of the list is `[unk]`: garbage, or any phones in a row.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speech.errors import SpeechError
from speech.lexicon.decoder_phones import BEGIN, END, INSIDE, DecoderPhones, Form, decoder_phones
from speech.lexicon.units import GARBAGE, SILENCE, UNKNOWN_WORD, Units

TOOLS = dict.fromkeys(("fstcompile", "fstconvert", "fstarcsort"), "libfst-tools")
PLUGIN = "olabel_lookahead-fst.so"
# Where systems keep it: Debian, those with lib64, and what one builds oneself.
PLUGIN_PLACES = ("usr/lib/*/fst/*", "usr/lib/*/fst", "usr/lib*/fst/*", "usr/lib*/fst", "usr/local/lib*/fst")
# Source: ours; a second for a hundred words.
LONGEST_S = 300.0
STEP_COST = -math.log(0.5)

Arc = tuple[int, int, int, int, float]


class MissingToolError(SpeechError):
    """A program that is needed is not installed; the message says what to install."""

    code = "speech.missing_tool"


class GraphError(SpeechError):
    """OpenFst's programs made no graph; the message has what they said."""

    code = "speech.graph"


@dataclass(frozen=True)
class Costs:
    """Costs in natural log units. Negative ones favour words over silence and fewer words.

    They make up for the decoder seeing one path where training summed over all; tuned on the development split.

    Attributes:
        core: every core word.
        spelled: every word that is spelled with phones.
        spelled_phone: added for each of its phones.
        garbage: `[unk]` by the garbage model.
        loop: `[unk]` by a row of phones.
        loop_phone: added for each phone of that row.
    """

    core: float = -3.0
    spelled: float = -3.0
    spelled_phone: float = 0.0
    garbage: float = -1.5
    loop: float = 0.0
    loop_phone: float = 5.0


def plugin_folder() -> Path:
    """Return the folder of OpenFst's look-ahead plug-in.

    Raises:
        MissingToolError: it is not installed.
    """
    for place in PLUGIN_PLACES:
        for path in sorted(Path("/").glob(f"{place}/{PLUGIN}")):
            return path.parent
    raise MissingToolError(f"not installed: {PLUGIN} (on Debian or Ubuntu: apt-get install libfst22-plugins-base)")


def require(tools: Mapping[str, str]) -> None:
    """Check that programs are on the PATH.

    Args:
        tools: program name -> Debian package that has it.

    Raises:
        MissingToolError: at least one is absent; all are named at once.
    """
    missing = [program for program in tools if shutil.which(program) is None]
    if missing:
        packages = " ".join(dict.fromkeys(tools[program] for program in missing))
        raise MissingToolError(f"not installed: {', '.join(missing)} (on Debian or Ubuntu: apt-get install {packages})")


def repeat_id(state: int) -> int:
    """Return the transition id of staying in a state (0-based)."""
    return 2 * state + 1


def advance_id(state: int) -> int:
    """Return the transition id of leaving a state (0-based)."""
    return 2 * state + 2


class _Arcs:
    """The arcs (from, to, transition id, word, cost) of states to words, and the states used so far.

    State 0 starts, with or without silence; state 1 begins a word, which ends in 0. Both may end the utterance. A state
    is entered by its advance id and then repeated ("reordered" in Kaldi's words, which libvosk's word times expect).
    A word and its cost come with its last state: partial results then show no word that has only just begun. What
    leads from the end of a word to the next one costs nothing and stays in the graph: without it, each end would have
    every beginning, and the graph would grow with the square of the words.
    """

    def __init__(self) -> None:
        self.made: list[Arc] = []
        self._top = 2
        self._begun: dict[tuple[int, ...], int] = {}

    def new(self) -> int:
        self._top += 1
        return self._top - 1

    def forms(self, source: int, forms: Sequence[Form], word: int, cost: float, target: int) -> None:
        """A row of forms from one node to another."""
        self.states(source, [s for form in forms for s in form.states], word, cost, target)

    def spelled(self, source: int, forms: Sequence[Form], word: int, cost: float, target: int) -> None:
        """A word as a row of forms; words that begin alike share all but their last form, and the work for it."""
        here, begun = source, (source,)
        *before, last = forms
        for form in before:
            begun = (*begun, *form.states)
            if begun not in self._begun:
                self._begun[begun] = self.new()
                self.states(here, form.states, 0, 0.0, self._begun[begun])
            here = self._begun[begun]
        self.states(here, last.states, word, cost, target)

    def states(self, source: int, states: Sequence[int], word: int, cost: float, target: int) -> None:
        """A row of states from one node to another."""
        here = source
        for number, state in enumerate(states, 1):
            last, there = number == len(states), self.new()
            self.made.append((here, there, advance_id(state), word if last else 0, STEP_COST + (cost if last else 0.0)))
            self.made.append((there, there, repeat_id(state), 0, STEP_COST))
            here = there
        self.made.append((here, target, 0, 0, 0.0))


def arcs(units: Units, lexicon: Mapping[str, Sequence[str]], word_ids: Mapping[str, int], costs: Costs) -> list[Arc]:
    """Return the arcs of a graph that knows the core words of the units and the words of the lexicon."""
    phones, made = decoder_phones(units), _Arcs()
    made.made.append((0, 1, 0, 0, STEP_COST))
    made.forms(0, [phones.whole(units.by_name[SILENCE])], 0, STEP_COST, 1)
    for word, said in units.words.items():
        for unit in said:
            made.forms(1, [phones.whole(unit)], word_ids[word], costs.core, 0)
    for word, pronunciations in lexicon.items():
        for pronunciation in pronunciations:
            spelled = phones.spelled(units.phones(pronunciation))
            cost = costs.spelled + costs.spelled_phone * len(spelled)
            made.spelled(1, spelled, word_ids[word], cost, 0)
    unknown = word_ids[UNKNOWN_WORD]
    made.forms(1, [phones.whole(units.by_name[GARBAGE])], unknown, costs.garbage, 0)
    _loop(units, phones, made, unknown, costs)
    return made.made


def _loop(units: Units, phones: DecoderPhones, made: _Arcs, unknown: int, costs: Costs) -> None:
    """Any two phones or more, one after another: a word that nobody has spelled for us."""
    inside = made.new()
    for unit in units.units:
        if unit.kind == "phone":
            made.states(1, phones.any_phone(unit, BEGIN), 0, costs.loop_phone, inside)
            made.states(inside, phones.any_phone(unit, INSIDE), 0, costs.loop_phone, inside)
            made.states(inside, phones.any_phone(unit, END), unknown, costs.loop + costs.loop_phone, 0)


def _pipe(folder: Path, *commands: list[str]) -> None:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(plugin_folder())}
    for command in commands:
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, check=False, timeout=LONGEST_S
            )
        except subprocess.TimeoutExpired:
            raise GraphError(f"{command[0]} did not come to an end within {LONGEST_S:.0f} s") from None
        if done.returncode != 0:
            raise GraphError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")


def write_graphs(out: Path, units: Units, lexicon: Mapping[str, Sequence[str]], costs: Costs) -> None:
    """Write the graphs, the word table and the word boundaries into a folder.

    Args:
        out: the folder.
        units: the units of the acoustic model.
        lexicon: the words besides the core words: word -> pronunciations.
        costs: see there.

    Raises:
        MissingToolError: OpenFst's programs or its look-ahead plug-in are absent.
        GraphError: they failed.
        KeyError: a pronunciation has a phone that the units do not have.
    """
    require(TOOLS)
    word_ids = {word: i for i, word in enumerate([*units.words, *lexicon, UNKNOWN_WORD], 1)}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        lines = ["%d %d %d %d %.6g" % arc for arc in arcs(units, lexicon, word_ids, costs)]  # noqa: UP031 - a tuple
        (work / "hcl.txt").write_text("\n".join([*lines, "0 0", "1 0", ""]), encoding="ascii")
        _pipe(
            work,
            ["fstcompile", "hcl.txt", "hcl.raw"],
            ["fstarcsort", "--sort_type=ilabel", "hcl.raw", "hcl.fst"],
            ["fstconvert", "--fst_type=olabel_lookahead", "--save_relabel_opairs=pairs", "hcl.fst", "HCLr.fst"],
        )
        # Look-ahead renumbers the words; words.txt and Gr.fst must follow.
        rows = (line.split() for line in (work / "pairs").read_text("ascii").splitlines())
        pairs = {int(before): int(after) for before, after in rows}
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
    forms = decoder_phones(units)
    (out / "phones").mkdir(exist_ok=True)
    boundaries = "".join(f"{number} {form.kind}\n" for number, form in enumerate(forms.forms, 1))
    (out / "phones" / "word_boundary.int").write_text(boundaries, encoding="ascii")
    (out / "disambig_tid.int").write_text(f"{2 * forms.state_count + 5}\n", encoding="ascii")
