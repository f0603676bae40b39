"""Everything that differs between environments, read once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """The process cannot run as it was set up; waiting would not mend it."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int


@dataclass(frozen=True)
class Settings:
    postgres_address: Address
    postgres_database: str
    postgres_user: str
    postgres_password_file: Path
    pool_size: int
    redis_address: Address
    redis_password_file: Path
    fault_token_file: Path
    grpc_port: int
    metrics_port: int
    faults_port: int
    log_level: str
    # Empty: spans are made, for their ids in the log, and sent nowhere.
    otlp_endpoint: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        return cls(
            postgres_address=_address(env, "POSTGRES_ADDRESS", "postgres:5432"),
            postgres_database=env.get("POSTGRES_DB", "orders"),
            postgres_user=env.get("POSTGRES_USER", "orders"),
            postgres_password_file=Path(
                env.get("POSTGRES_PASSWORD_FILE", "/run/obsbook/postgres-password")
            ),
            # WRONG: half as many again are needed, and not one more.
            pool_size=_number(env, "ORDER_API_POOL_SIZE", 9, 100),
            redis_address=_address(env, "REDIS_ADDRESS", "redis:6379"),
            redis_password_file=Path(env.get("REDIS_PASSWORD_FILE", "/run/obsbook/redis-password")),
            fault_token_file=Path(env.get("FAULT_TOKEN_FILE", "/run/obsbook/fault-token")),
            grpc_port=_number(env, "ORDER_API_GRPC_PORT", 50051, 65535),
            metrics_port=_number(env, "ORDER_API_METRICS_PORT", 9102, 65535),
            faults_port=_number(env, "ORDER_API_FAULTS_PORT", 9902, 65535),
            log_level=env.get("LOG_LEVEL", "info"),
            otlp_endpoint=env.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        )


def read_secret(path: Path) -> str:
    """A secret comes from a file: an environment variable is shown by `docker inspect`."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"cannot read the secret {path}: {error.strerror}") from error
    if not secret:
        raise SettingsError(f"the secret {path} is empty")
    return secret


def _address(env: Mapping[str, str], name: str, default: str) -> Address:
    text = env.get(name, default)
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise SettingsError(f"{name} must be HOST:PORT, not {text!r}")
    return Address(host.strip("[]"), int(port))


def _number(env: Mapping[str, str], name: str, default: int, highest: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= highest:
        raise SettingsError(f"{name} must be a whole number from 1 to {highest}, not {text!r}")
    return int(text)
