"""Publishing: what is checked before a flow may answer calls, and what is recorded when it does."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from flows.lint import lint
from flows.loader import read_bytes, read_document
from flows.model import Flow
from flows.problems import FlowError
from flows.prove import prove
from flows.prove.problems import problems_of
from ivr.flow_audio import audio_problem
from ivr.redis_publications import NotPublishedError, OvertakenError, Publication, Publications


class Published(msgspec.Struct, frozen=True):
    """What a publication or rollback did; `publication` is None where the flow was current already."""

    flow: Flow
    before: str | None
    publication: Publication | None


def checked(content: bytes, file: str, folder: Path) -> Flow:
    """The flow of a file that may answer calls; raises `FlowError` with everything that is wrong with it.

    Whatever must hold before a caller hears a flow is asked here, and nowhere else. `folder` is where the files that
    the flow names lie.
    """
    document = read_document(content, file)
    found = lint(
        document,
        file_exists=lambda path: (folder / path).is_file(),
        audio_problem=lambda path: audio_problem(folder, path),
    )
    errors = [problem for problem in found if problem.level == "error"]
    if errors:
        raise FlowError(errors)
    proof = prove(document.flow)
    if not proof.holds:
        raise FlowError(problems_of(document, proof))
    return document.flow


def publish(
    publications: Publications,
    file: Path,
    *,
    folder: Path,
    message: str,
    by: str,
    at: datetime,
    onto: str | None = None,
) -> Published:
    """Check a file and make it the current flow of its name. `folder` is where the files that it names lie.

    It is based on what is current now, before the checks, which take a while; with `onto`, on that revision.
    Raises `FlowError`, `NotPublishedError`, and `OvertakenError` where another revision has become current meanwhile;
    nothing changes then.
    """
    heads = publications.heads()
    content = read_bytes(file)
    flow = checked(content, str(file), folder)
    before = heads.get(flow.name) if onto is None else _of(publications, onto, flow.name)
    return _commit(publications, flow, content, "publish", before, message, by, at)


def rollback(
    publications: Publications, *, name: str, to: str | None, message: str, by: str, at: datetime
) -> Published:
    """Make an earlier revision current again: `to`, or the one that the current revision took the place of.

    Raises `NotPublishedError`, `OvertakenError`, and `FlowError` where this version cannot read the earlier revision.
    """
    before = publications.current_revision(name)
    if before is None:
        raise NotPublishedError(f'no flow "{name}" has been published')
    revision = _earlier(publications, name, before) if to is None else _of(publications, to, name)
    content = publications.source(name, revision)
    # Not `checked`: it has answered calls before, and whoever rolls back has a worse problem than a new rule.
    flow = read_document(content, revision).flow
    return _commit(publications, flow, content, "rollback", before, message, by, at)


def _commit(
    publications: Publications,
    flow: Flow,
    content: bytes,
    kind: Literal["publish", "rollback"],
    before: str | None,
    message: str,
    by: str,
    at: datetime,
) -> Published:
    if publications.current_revision(flow.name) == flow.revision:
        return Published(flow, before, None)
    publication = Publication(
        id=uuid.uuid4().hex,
        kind=kind,
        flow=flow.name,
        revision=flow.revision,
        based_on=before,
        by=by,
        at=at,
        message=message,
    )
    try:
        publications.commit(publication, flow, content)
    except OvertakenError as error:
        if error.current != flow.revision:
            raise
        return Published(flow, before, None)  # somebody else has done the same
    return Published(flow, before, publication)


def _of(publications: Publications, beginning: str, name: str) -> str:
    found, revision = publications.find(beginning)
    if found != name:
        raise NotPublishedError(f'{revision} is a revision of "{found}", not of "{name}"')
    return revision


def _earlier(publications: Publications, name: str, revision: str) -> str:
    """What was current before `revision` was published: rolling back again goes further back, not forth."""
    published = [
        entry for entry in publications.history(name) if entry.kind == "publish" and entry.revision == revision
    ]
    if not published or published[-1].based_on is None:
        raise NotPublishedError(f"{revision} is the first revision of {name}: there is nothing to go back to")
    return published[-1].based_on
