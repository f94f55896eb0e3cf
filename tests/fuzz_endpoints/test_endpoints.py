"""Whatever is sent to whichever route: an answer below 500, with a sentence where it is a refusal, in time and of bounded size.

The short version of `make fuzz`: what failed once, and a few thousand further requests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz_endpoints.corpus import CORPUS, read
from tests.fuzz_endpoints.run import shares
from tests.fuzz_endpoints.strategies import requests_to
from tests.fuzz_endpoints.targets import targets
from tests.fuzz_endpoints.world import ENDLESS, Request, Site, faults, open_site
from tests.worlds import TinyWorld

CASES = sorted(CORPUS.glob("*.json"))


@pytest.fixture(scope="module")
def site(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tiny_world, tmp_path_factory.mktemp("fuzz") / "home") as opened:
        yield opened


def test_there_is_a_corpus() -> None:
    assert CASES


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_what_failed_once_does_not_again(site: Site, file: object) -> None:
    request = read(file, site)  # type: ignore[arg-type]
    answer = site.send(request)
    assert not faults(request, answer), answer.defect


def test_every_route_has_its_share(site: Site) -> None:
    found = targets(site.app)
    given_ = shares(found, 100_000)
    assert len(found) > 150 and min(given_.values()) >= 1 and sum(given_.values()) >= 100_000
    assert {one.method for one in found} == {"GET", "HEAD", "POST", "PUT", "DELETE"}


@pytest.mark.timeout(900)
def test_no_request_to_any_route_ends_in_a_5xx(site: Site) -> None:
    served = [one for one in targets(site.app) if not one.path.startswith(ENDLESS) and not one.path.endswith(("/offline.html", "/honesty"))]
    weights = shares(served, 1000)
    chosen = st.sampled_from([one for one in served for _ in range(weights[one])])

    @settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(chosen.flatmap(lambda one: requests_to(site, one.method, one.path, list(one.query), list(one.body))))
    def send(request: Request) -> None:
        answer = site.send(request)
        assert not faults(request, answer), (request, answer.status, bytes(answer.body[:200]), answer.defect)

    send()
