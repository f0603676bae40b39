from __future__ import annotations

import threading
import time
from uuid import uuid4

import pytest

from order_api.orders import TablesMissing, Unavailable
from order_api.outbox import Relay
from order_api.stream import Entry
from tests.fakes import NOON, Clock, FakeOutbox, FakeStream


class Setting:
    def __init__(self) -> None:
        self.outbox = FakeOutbox()
        self.stream = FakeStream()
        self.clock = Clock()
        self.ready = 0
        self.relay = Relay(self.outbox, self.stream, self.clock, self._count_ready)

    def _count_ready(self) -> None:
        self.ready += 1

    def order(self, count: int = 1) -> list[Entry]:
        entries = [Entry(uuid4(), NOON) for _ in range(count)]
        self.outbox.unsent += entries
        return entries


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_orders_reach_the_stream_once_and_in_order(setting: Setting) -> None:
    orders = setting.order(3)
    setting.relay.step()
    setting.relay.step()
    assert list(setting.stream.entries.values()) == [order.order_id for order in orders]
    assert setting.outbox.unsent == []


def test_one_step_empties_an_outbox_of_several_batches(setting: Setting) -> None:
    setting.order(250)
    setting.relay.step()
    assert len(setting.stream.entries) == 250


def test_orders_wait_while_the_stream_is_away(setting: Setting) -> None:
    setting.stream.away = True
    setting.order(2)
    setting.relay.step()
    assert len(setting.outbox.unsent) == 2
    setting.stream.away = False
    setting.clock.now += 2
    setting.relay.step()
    assert len(setting.stream.entries) == 2


def test_orders_lost_from_the_stream_are_sent_again(setting: Setting) -> None:
    lost, waiting = setting.order(2)
    setting.relay.step()
    first, second = setting.stream.entries
    del setting.stream.entries[first]
    setting.clock.now += 2
    setting.relay.step()
    assert list(setting.stream.entries.values()) == [waiting.order_id, lost.order_id]
    assert second in setting.stream.entries


def test_an_id_handed_out_again_for_another_order_does_not_hide_a_loss(setting: Setting) -> None:
    [lost] = setting.order()
    setting.relay.step()
    setting.stream.entries = {"1-0": uuid4()}
    setting.clock.now += 2
    setting.relay.step()
    assert lost.order_id in setting.stream.entries.values()


def test_the_stream_is_searched_no_more_often_than_every_two_seconds(setting: Setting) -> None:
    setting.order()
    setting.relay.step()
    setting.stream.entries.clear()
    setting.clock.now += 1.9
    setting.relay.step()
    assert setting.stream.entries == {}


def test_the_schema_is_applied_before_anything_and_once(setting: Setting) -> None:
    setting.outbox.failure = Unavailable("PostgreSQL: away")
    setting.relay.step()
    assert (setting.outbox.prepared, setting.ready) == (0, 0)
    setting.outbox.failure = None
    setting.relay.step()
    setting.relay.step()
    assert (setting.outbox.prepared, setting.ready) == (1, 1)


@pytest.mark.parametrize(
    ("failure", "prepared"), [(Unavailable("away"), 1), (TablesMissing("gone"), 2)]
)
def test_missing_tables_are_made_again(setting: Setting, failure: Exception, prepared: int) -> None:
    setting.relay.step()
    setting.clock.now += 2
    setting.outbox.failure = failure
    setting.relay.step()
    setting.outbox.failure = None
    setting.relay.step()
    assert setting.outbox.prepared == prepared


def test_trouble_is_logged_when_it_begins_and_when_it_ends(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    setting.stream.away = True
    setting.order()
    for _ in range(3):
        setting.relay.step()
    setting.stream.away = False
    for _ in range(3):
        setting.relay.step()
    assert [record.message for record in caplog.records] == [
        "the relay cannot work",
        "the relay works again",
    ]


def test_a_bug_does_not_end_the_relay(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    setting.outbox.failure = RuntimeError("bug")
    setting.relay.step()
    assert caplog.records[0].message == "the relay failed"


def test_a_commit_wakes_the_relay_before_its_next_poll(setting: Setting) -> None:
    arrived = threading.Event()
    add = setting.stream.add

    def added(entries: list[Entry]) -> list[str]:
        arrived.set()
        return add(entries)

    setting.stream.add = added  # type: ignore[method-assign]
    setting.relay.start()
    while setting.outbox.prepared == 0:
        time.sleep(0.01)
    time.sleep(0.05)
    setting.order()
    setting.relay.wake()
    assert arrived.wait(0.5)
    started = time.monotonic()
    setting.relay.stop()
    assert time.monotonic() - started < 0.5
