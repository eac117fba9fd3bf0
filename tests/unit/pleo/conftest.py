from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses

from tests.unit.pleo.pleo_answers import Pleo


@pytest.fixture
def pleo(socket_disabled: None) -> Iterator[Pleo]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as answers:
        yield Pleo(answers)
