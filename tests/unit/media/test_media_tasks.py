"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from ivr.media import tasks


async def test_a_task_that_loses_its_first_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "INSIST_AFTER_S", 0.01)
    lost = 0

    async def loses_one() -> None:
        nonlocal lost
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        lost += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(loses_one())
    await asyncio.sleep(0)
    await tasks.end([task])
    assert task.cancelled()
    assert lost == 1


async def test_tasks_that_have_ended_or_failed_are_left_as_they_are() -> None:
    async def fails() -> None:
        raise ValueError

    failed = asyncio.create_task(fails())
    await asyncio.wait([failed])
    await tasks.end([failed])
    assert isinstance(failed.exception(), ValueError)
