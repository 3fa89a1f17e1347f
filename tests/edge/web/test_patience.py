"""What costs something is answered so often, to one client, and no more."""

import pytest

from edge_detector.web.limits import Allowance
from tests.edge.web.conftest import Site


@pytest.fixture
def requests() -> Allowance:
    """So few as to be used up at once."""
    return Allowance(burst=3, per_s=0.01)


async def test_costly_calls_are_answered_so_often(site: Site) -> None:
    answers = [await site.client.get("/traffic") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].code == "too_often"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 100
    assert (await site.client.send("POST", "//objects", {"proc_id": 1})).status == 429
    assert (await site.client.get("//healthz")).status == 200
