"""`ivr flow publish` and `ivr flow rollback`: what answers calls."""

from __future__ import annotations

import getpass
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from flows.diff import sentences
from flows.loader import read_document
from flows.problems import FlowError
from ivr import publishing
from ivr.commands.common import err, out, print_problems
from ivr.commands.flow.published import TIME, open_publications, the_one_flow
from ivr.publishing import Published
from ivr.redis_publications import NotPublishedError, OvertakenError, Publications
from ivr.services import utc_now

GIT_TIMEOUT_S = 2

Message = Annotated[str, typer.Option("--message", "-m", help="Why, in a few words: it stays in the history.")]
By = Annotated[str | None, typer.Option(help="Who; your name in git, or your user name, unless it is given.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(publish)
    app.command()(rollback)


def publish(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    message: Message,
    by: By = None,
    onto: Annotated[
        str | None, typer.Option(metavar="REVISION", help="Publish only if this revision is the current one.")
    ] = None,
) -> None:
    """Check a flow file and let new calls begin with it. Calls in progress keep the flow that they have.

    Exit status 1, and nothing has changed, for a file with mistakes or where somebody else was faster; 2 for a file
    that cannot be read.
    """
    publications, settings = open_publications()
    # Where the calls' processes will look for the files that the flow names, as far as that can be known here.
    folder = settings.beside_flow if settings.flow_name or settings.flow_folder else file.parent

    def do() -> Published:
        return publishing.publish(
            publications,
            file,
            folder=folder,
            message=_said(message),
            by=_who(by),
            at=utc_now(),
            onto=onto,
        )

    try:
        done = _unless_overtaken(
            do, f"ivr flow diff REVISION {file}", f'ivr flow publish {file} --onto REVISION --message "..."'
        )
    except FlowError as error:
        print_problems(error.problems)
        err.print("not published: nothing has changed")
        raise typer.Exit(2 if any(problem.rule == "file" for problem in error.problems) else 1) from None
    _tell(publications, done, "published")


def rollback(
    message: Message,
    revision: Annotated[str | None, typer.Argument(metavar="REVISION")] = None,
    by: By = None,
    flow: Annotated[str | None, typer.Option(help="Which flow, where several are published.")] = None,
) -> None:
    """Let new calls begin with an earlier revision: the one given, or the one before the present one."""
    publications, settings = open_publications()
    name = publications.find(revision)[0] if revision is not None else the_one_flow(publications, flow, settings)

    def do() -> Published:
        return publishing.rollback(
            publications, name=name, to=revision, message=_said(message), by=_who(by), at=utc_now()
        )

    done = _unless_overtaken(do, "ivr flow show REVISION", 'ivr flow rollback --message "..."')
    _tell(publications, done, "rolled back")


def _unless_overtaken(do: Callable[[], Published], compare: str, again: str) -> Published:
    """`compare` and `again` are what to type next, with REVISION for the one that is current now."""
    try:
        return do()
    except OvertakenError as error:
        current = error.current or "none"
        err.print(f"Nothing has changed: meanwhile {current} has become current.")
        for entry in error.since:
            line = f"  {entry.at:{TIME}}  {entry.by}  {entry.kind}  {entry.revision}  {entry.message}"
            err.print(Text(line), soft_wrap=True)
        hint = f"See the difference: {compare}\nThen take the place of it: {again}".replace("REVISION", current)
        err.print(Text(hint), soft_wrap=True)
        raise typer.Exit(1) from None


def _tell(publications: Publications, done: Published, what: str) -> None:
    name, revision = done.flow.name, done.flow.revision
    if done.publication is None:
        out.print(f"{name}: {revision} is current already; nothing to do", markup=False)
        return
    out.print(f"{name}: {what}, new calls begin with {revision}", markup=False)
    if done.before is None:
        return
    try:
        before = read_document(publications.source(name, done.before), done.before).flow
    except (FlowError, NotPublishedError) as error:
        out.print(f"instead of {done.before}, which cannot be compared with it: {error}", markup=False, soft_wrap=True)
        return
    changes = sentences(before, done.flow)
    out.print(f"instead of {done.before}. What callers notice:" if changes else f"instead of {done.before}, no change")
    for change in changes:
        out.print(Text(f"  {change}"), soft_wrap=True)


def _said(message: str) -> str:
    if not message.strip():
        raise typer.BadParameter("say in a few words why", param_hint="--message")
    return message.strip()


def _who(by: str | None) -> str:
    if by is not None and by.strip():
        return by.strip()
    git = shutil.which("git")
    if git is not None:
        try:
            found = subprocess.run(
                [git, "config", "user.name"], capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return getpass.getuser()
        if found.stdout.strip():
            return found.stdout.strip()
    return getpass.getuser()
