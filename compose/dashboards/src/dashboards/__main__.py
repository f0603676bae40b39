"""Writes the dashboards as JSON into a folder, or compares them with the files that are there."""

import argparse
import importlib
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

# In the order in which a learner meets them.
NAMES = (
    "service-health",
    "requests",
    "slis",
    "orders",
    "infrastructure",
    "postgres",
    "redis",
    "logs",
    "alerts",
    "traces",
)

HINT = "run `just dashboards`, look at the difference, and commit it with the change that made it"


def render(name: str) -> str:
    """One dashboard as the text of its file."""
    module = importlib.import_module(f"dashboards.{name.replace('-', '_')}")
    dashboard = module.dashboard().build()
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def differences(folder: Path) -> list[str]:
    """What keeps the folder from being what the generator would write."""
    wanted = {f"{name}.json": render(name) for name in NAMES}
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    return [
        *(f"{name} is missing" for name in sorted(wanted.keys() - there.keys())),
        *(f"{name} has no dashboard in src" for name in sorted(there.keys() - wanted.keys())),
        *(
            f"{name} differs from src at line {first_difference(there[name], wanted[name])}"
            for name in sorted(wanted.keys() & there.keys())
            if wanted[name] != there[name]
        ),
    ]


def first_difference(there: str, wanted: str) -> int:
    """The number of the first line that differs."""
    pairs = zip(there.splitlines(), wanted.splitlines(), strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
    return 1 + (min(there.count("\n"), wanted.count("\n")) if same is None else same)


def write(folder: Path) -> None:
    """Writes all dashboards, and removes files that none of them stands for."""
    for stale in {path.name for path in folder.glob("*.json")} - {f"{name}.json" for name in NAMES}:
        (folder / stale).unlink()
    for name in NAMES:
        (folder / f"{name}.json").write_text(render(name), "utf-8")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="dashboards", description=__doc__)
    parser.add_argument("command", choices=["write", "check"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "write":
        write(arguments.folder)
        return 0
    found = differences(arguments.folder)
    for difference in found:
        print(f"dashboards: {difference}", file=sys.stderr)
    if found:
        print(f"dashboards: {HINT}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
