from __future__ import annotations

from collections.abc import Callable

import pytest

from order_api.faults import Error, Fault, FaultState, Kind, Latency, Leak, Memory
from tests.fakes import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> FaultState:
    return FaultState(clock, chance=lambda: 0.4)


@pytest.mark.parametrize(
    "fault", [Latency(by_ms=800, ttl_s=60), Error(ttl_s=60), Memory(mib=1, ttl_s=60)]
)
def test_a_fault_ends_with_its_time_to_live(state: FaultState, clock: Clock, fault: Fault) -> None:
    state.put(fault)
    clock.now += 59.9
    assert state.is_active(fault.kind)
    clock.now += 0.1
    assert not state.is_active(fault.kind)
    assert state.snapshot() == []


def test_latency_and_error_end_without_any_sweep(state: FaultState, clock: Clock) -> None:
    state.put(Latency(by_ms=800))
    state.put(Error())
    assert state.delay_s() == 0.8
    assert state.should_fail()
    clock.now += 60
    assert state.delay_s() == 0
    assert not state.should_fail()


@pytest.mark.parametrize(("ratio", "hit"), [(0.39, False), (0.41, True), (1.0, True)])
def test_ratio_decides_which_units_of_work_are_hit(
    state: FaultState, ratio: float, hit: bool
) -> None:
    state.put(Latency(by_ms=100, ratio=ratio))
    state.put(Error(ratio=ratio))
    assert (state.delay_s() > 0) is hit
    assert state.should_fail() is hit


def test_the_last_fault_of_a_kind_wins_and_starts_its_own_time(
    state: FaultState, clock: Clock
) -> None:
    state.put(Latency(by_ms=800, ttl_s=10))
    clock.now += 9
    state.put(Latency(by_ms=200, ttl_s=10))
    clock.now += 9
    assert state.delay_s() == 0.2


def test_memory_is_resident_until_swept(state: FaultState, clock: Clock) -> None:
    def resident_mib() -> int:
        with open("/proc/self/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("VmRSS:"))
        return int(line.split()[1]) // 1024

    before = resident_mib()
    state.put(Memory(mib=64, ttl_s=5))
    assert resident_mib() - before >= 60
    clock.now += 5
    state.sweep()
    assert resident_mib() - before <= 8


def test_sweep_leaves_what_is_still_active(state: FaultState, clock: Clock) -> None:
    state.put(Memory(mib=1, ttl_s=5))
    state.put(Latency(by_ms=1, ttl_s=50))
    clock.now += 5
    state.sweep()
    assert [entry["kind"] for entry in state.snapshot()] == ["latency"]


@pytest.mark.parametrize("kind", ["latency", "error", "memory", "leak"])
def test_clear_and_reset_may_be_repeated(state: FaultState, kind: Kind) -> None:
    state.put(Latency(by_ms=1))
    for _ in range(2):
        state.clear(kind)
        assert not state.is_active(kind)
    for _ in range(2):
        state.reset()
        assert state.snapshot() == []


def test_snapshot_tells_what_was_asked_and_what_remains(state: FaultState, clock: Clock) -> None:
    state.put(Latency(by_ms=800))
    clock.now += 18.8
    assert state.snapshot() == [
        {"kind": "latency", "by_ms": 800, "ratio": 1.0, "ttl_s": 60, "remaining_s": 41.2}
    ]


class Pool:
    def __init__(self) -> None:
        self.leaked: list[int] = []

    def leak(self, connections: int) -> Callable[[], None]:
        self.leaked.append(connections)
        return lambda: self.leaked.remove(connections)


def test_a_leak_ends_at_its_time_by_hand_and_when_replaced(clock: Clock) -> None:
    pool = Pool()
    state = FaultState(clock, leak=pool.leak)
    state.put(Leak(connections=8, ttl_s=5))
    assert pool.leaked == [8]
    assert state.sweep() == []
    clock.now += 5
    assert state.sweep() == ["leak"]
    assert pool.leaked == []
    state.put(Leak(connections=8))
    state.put(Leak(connections=4))
    assert pool.leaked == [4]
    assert (state.clear("leak"), state.clear("leak")) == (["leak"], [])
    assert pool.leaked == []
    state.put(Leak(connections=2))
    state.put(Latency(by_ms=1))
    assert sorted(state.reset()) == ["latency", "leak"]
    assert pool.leaked == []
