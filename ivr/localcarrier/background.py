"""A local carrier in a thread of this process, for tests, benchmarks and the demo."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.server import LocalCarrier, loop_for
from ivr.localcarrier.settings import CarrierSettings

_START_TIMEOUT_S = 60.0


@contextmanager
def carrier_in_background(settings: CarrierSettings) -> Iterator[LocalCarrierClient]:
    """Run a carrier until the `with` block is left; yields its client. Raises `CarrierStartError`."""
    started = threading.Event()
    failure: list[BaseException] = []
    carrier = LocalCarrier(settings)
    loop = loop_for(settings)
    stop = asyncio.Event()

    async def work() -> None:
        try:
            async with carrier:
                started.set()
                await stop.wait()
        except BaseException as error:
            failure.append(error)
            raise
        finally:
            started.set()

    def run() -> None:
        try:
            loop.run_until_complete(work())
        except Exception:  # noqa: S110 - kept in `failure` and raised in the caller's thread
            pass
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="local-carrier", daemon=True)
    thread.start()
    if not started.wait(_START_TIMEOUT_S):
        raise TimeoutError("the local carrier did not start")
    if failure:
        thread.join()
        raise failure[0]
    try:
        yield LocalCarrierClient(carrier.base_url, settings.account_sid, settings.auth_token)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
