from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest
import redis
from prometheus_client import CollectorRegistry

from order_api.datastore import Datastore
from order_api.metrics import Metrics
from order_api.orders import Unavailable
from order_api.settings import Address
from order_api.stream import Entry, RedisStream
from tests.fakes import NOON

ORDER = UUID("00000000-0000-4000-8000-000000000001")


class FakePipeline:
    """Records commands, and answers as it was told to."""

    def __init__(self, answers: list[Any] | Exception) -> None:
        self.answers = answers
        self.commands: list[tuple[Any, ...]] = []

    def pipeline(self, *, transaction: bool) -> FakePipeline:
        assert not transaction
        return self

    def xadd(self, *command: Any) -> None:
        self.commands.append(command)

    def xrange(self, *command: Any) -> None:
        self.commands.append(command)

    def execute(self) -> list[Any]:
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers


def stream(pipeline: FakePipeline) -> RedisStream:
    metrics = Metrics(CollectorRegistry())
    datastore = Datastore("redis", "0", Address("redis", 6379), metrics)
    return RedisStream(cast(redis.Redis, pipeline), datastore)


def test_an_entry_names_the_order_and_when_it_was_made() -> None:
    pipeline = FakePipeline(["5-0"])
    assert stream(pipeline).add([Entry(ORDER, NOON)]) == ["5-0"]
    [(name, fields)] = pipeline.commands
    assert name == "orders"
    assert fields.pop("traceparent").startswith("00-")
    assert fields == {"order_id": str(ORDER), "created_at": "2026-01-01T12:00:00.000+00:00"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([("5-0", {"order_id": str(ORDER)})], True),
        ([("5-0", {"order_id": "another"})], False),
        ([("5-0", {})], False),
        ([], False),
    ],
)
def test_an_entry_is_present_only_with_its_own_order(found: list[Any], expected: bool) -> None:
    assert stream(FakePipeline([found])).present([Entry(ORDER, NOON, "5-0")]) == [expected]


@pytest.mark.parametrize(
    "error", [redis.ConnectionError("refused"), redis.TimeoutError(), redis.ResponseError("OOM")]
)
def test_trouble_with_redis_is_unavailability(error: Exception) -> None:
    with pytest.raises(Unavailable):
        stream(FakePipeline(error)).add([Entry(ORDER, NOON)])
