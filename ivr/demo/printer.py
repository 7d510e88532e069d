"""The transcript, as a person likes to read it."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule

from ivr.demo.narrator import Line
from ivr.demo.play import Report

COLOURS: Final = {"caller": "cyan", "agent": "magenta", "customer": "green"}
INDENT: Final = 14
# A line across the page is no longer than this, however wide the terminal or the pipe is.
PAGE_WIDTH: Final = 100
CUT: Final = " [yellow]—[/]"


class Printer:
    """Prints lines as they come. Sentences that one person hears in a row become one paragraph."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._hearing = ""
        self._paragraph: list[str] = []

    def __call__(self, line: Line) -> None:
        if line.kind == "prompt" and not (self._paragraph and line.who != self._hearing):
            self._hearing = line.who
            self._paragraph.append(escape(line.text) + (CUT if line.cut else ""))
            return
        self._end_paragraph()
        if line.kind == "prompt":
            self(line)
        elif line.kind == "call":
            self._rule(f"[bold]{escape(line.text)}[/] [dim]{_clock(line.at_s)}[/]")
        else:
            who = "" if line.kind == "heard" else line.who
            self._print(who, self._text(line), coloured=line.kind in {"said", "pressed"})

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._print(f"→ {self._hearing}", " ".join(self._paragraph), coloured=False)
        self._paragraph = []

    def _print(self, who: str, text: str, *, coloured: bool) -> None:
        colour = COLOURS.get(who.removeprefix("→ "), "white") if coloured else "dim"
        name = f"{who:>{INDENT - 2}}"
        self._console.print(f"[{colour}]{name}[/]  ", end="")
        # The paragraph hangs from the column of the names.
        wrapped = self._console.render_str(text).wrap(self._console, max(20, self._console.width - INDENT))
        for number, part in enumerate(wrapped):
            self._console.print(part if number == 0 else Padding(part, (0, 0, 0, INDENT), expand=False))

    def _text(self, line: Line) -> str:
        text = escape(line.text)
        match line.kind:
            case "said":
                return f"“{text}”"
            case "pressed":
                return f"presses {text}"
            case "heard":
                heard = f"“{escape(line.heard)}”, confidence {line.confidence:.2f}"
                return f"[dim]heard as {heard}; the next prompt came {line.latency_ms} ms after the last word[/]"
            case "joined":
                return "[green]is connected[/]"
            case _:
                return f"[dim]the line is closed ({text})[/]"

    def _rule(self, title: str) -> None:
        self._console.print(Rule(title, align="left", style="dim"), width=min(self._console.width, PAGE_WIDTH))

    def close(self, report: Report) -> None:
        """The dossier and the summary."""
        self._end_paragraph()
        dossier = report.dossier
        self._rule("[bold]What the agent was given[/]")
        for name, value in (("about", dossier.get("reason")), *dossier.get("values", {}).items()):
            self._print(name.replace("_", " "), escape(str(value)), coloured=False)
        for said in dossier.get("said", []):
            by = f"said, confidence {said['confidence']:.2f}" if said["by"] == "voice" else "keyed in"
            self._print("own words", f"“{escape(said['text'])}” [dim]({by}, at {said['node']})[/]", coloured=False)
        self._print("ended as", str(report.disposition), coloured=False)
        self._rule("[bold]Did it really happen?[/]")
        for check in report.checks:
            self._print(
                "yes" if check.holds else "NO", check.what if check.holds else f"[red]{check.what}[/]", coloured=False
            )
        latency = report.summary()["turn_latency_ms"]
        turns = (
            f"{len(report.turn_latencies_ms)} spoken turns: from the last word to the next prompt {latency['p50']} ms "
            f"in the median, {latency['max']} ms at most."
            if latency
            else "No spoken turn was understood."
        )
        promises = "1 promise" if report.promises_kept == 1 else f"{report.promises_kept} promises"
        self._console.print(f"\n{report.calls} calls, {promises} kept. {turns}", soft_wrap=True)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
