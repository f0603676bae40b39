"""The faults that can be injected into this process, and the state that holds them.

State lives in memory and ends with its time to live or with the process, so that no lab can
leave the service broken, not even one whose undo never ran.
"""

from __future__ import annotations

import mmap
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

CAPS = {"by_ms": 10_000, "ratio": 1.0, "mib": 64, "ttl_s": 1800}

Milliseconds = Annotated[int, Field(gt=0, le=CAPS["by_ms"])]
# Zero would be a fault that is reported as active and does nothing.
Ratio = Annotated[float, Field(gt=0, le=CAPS["ratio"])]
Seconds = Annotated[float, Field(gt=0, le=CAPS["ttl_s"])]

Kind = Literal["latency", "error", "memory", "leak"]


class Fault(BaseModel):
    # Strict, because "800" or true where a number belongs is a mistake in a lab, and an unknown
    # key that is ignored is a fault other than the one the author meant.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    kind: ClassVar[Kind]
    ttl_s: Seconds = 60


class Latency(Fault):
    kind: ClassVar[Kind] = "latency"
    by_ms: Milliseconds
    ratio: Ratio = 1.0


class Error(Fault):
    kind: ClassVar[Kind] = "error"
    ratio: Ratio = 1.0


class Memory(Fault):
    kind: ClassVar[Kind] = "memory"
    mib: Annotated[int, Field(gt=0, le=CAPS["mib"])]


class Leak(Fault):
    kind: ClassVar[Kind] = "leak"
    connections: Annotated[int, Field(gt=0)]

    @field_validator("connections")
    @classmethod
    def _within_the_pool(cls, value: int, info: ValidationInfo) -> int:
        # The size of the pool is a setting, so its cap is known to whoever reads the request.
        cap = (info.context or {}).get("connections", value)
        if value > cap:
            raise PydanticCustomError(
                "less_than_equal", "Input should be less than or equal to {le}", {"le": cap}
            )
        return value


class Crash(BaseModel):
    """Not a state but an event, and so without a time to live."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    after_ms: Annotated[int, Field(ge=0, le=CAPS["by_ms"])] = 0


KINDS: dict[Kind, type[Fault]] = {fault.kind: fault for fault in (Latency, Error, Memory, Leak)}


@dataclass(frozen=True)
class _Held:
    fault: Fault
    until: float
    end: Callable[[], None]


class FaultState:
    """The active faults. Every reader checks the clock, so expiry depends on no timer.

    The exceptions are memory and leaks: nobody reads them, so `sweep` has to let go of them.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        leak: Callable[[int], Callable[[], None]] = lambda _: _nothing,
    ) -> None:
        self._clock = clock
        self._chance = chance
        # Takes that many connections, and returns what gives them back.
        self._leak = leak
        self._held: dict[Kind, _Held] = {}
        self._lock = threading.Lock()

    def put(self, fault: Fault) -> None:
        held = _Held(fault, self._clock() + fault.ttl_s, self._begin(fault))
        with self._lock:
            replaced = self._held.get(fault.kind)
            self._held[fault.kind] = held
        if replaced:
            replaced.end()

    def clear(self, kind: Kind) -> list[Kind]:
        """Like all that end faults, it returns those that it ended."""
        return self._end(lambda held: held.fault.kind == kind)

    def reset(self) -> list[Kind]:
        return self._end(lambda _: True)

    def sweep(self) -> list[Kind]:
        now = self._clock()
        return self._end(lambda held: held.until <= now)

    def is_active(self, kind: Kind) -> bool:
        return self._get(kind) is not None

    def delay_s(self) -> float:
        """How long the next unit of work has to be held up."""
        match self._get("latency"):
            case Latency() as fault if self._chance() < fault.ratio:
                return fault.by_ms / 1000
        return 0.0

    def should_fail(self) -> bool:
        match self._get("error"):
            case Error() as fault:
                return self._chance() < fault.ratio
        return False

    def snapshot(self) -> list[dict[str, object]]:
        now = self._clock()
        with self._lock:
            held = [self._held[kind] for kind in KINDS if kind in self._held]
        return [
            {
                "kind": item.fault.kind,
                **item.fault.model_dump(),
                "remaining_s": round(item.until - now, 1),
            }
            for item in held
            if item.until > now
        ]

    def _begin(self, fault: Fault) -> Callable[[], None]:
        match fault:
            case Memory():
                # What ends it also keeps it alive until then.
                return _resident(fault.mib).clear
            case Leak():
                return self._leak(fault.connections)
        return _nothing

    def _end(self, ends: Callable[[_Held], bool]) -> list[Kind]:
        with self._lock:
            ended = {kind: held for kind, held in self._held.items() if ends(held)}
            for kind in ended:
                del self._held[kind]
        for held in ended.values():
            held.end()
        return list(ended)

    def _get(self, kind: Kind) -> Fault | None:
        with self._lock:
            held = self._held.get(kind)
        return held.fault if held and held.until > self._clock() else None


def _nothing() -> None:
    pass


def _resident(mib: int) -> bytearray:
    # Zeroed memory is not backed by any page until it is written to.
    ballast = bytearray(mib * 1024 * 1024)
    ballast[:: mmap.PAGESIZE] = b"\x01" * (len(ballast) // mmap.PAGESIZE)
    return ballast
