"""The dashboards as Grafana reads them: JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.__main__ import NAMES, render

CONFIG = Path(__file__).parents[2] / "config" / "grafana"

# What Grafana itself replaces in queries, beside the variables of a dashboard.
BUILT_IN = {"__rate_interval", "__interval", "__range", "__auto"}


@pytest.fixture(params=NAMES)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each dashboard in turn."""
    loaded: dict[str, Any] = json.loads(render(request.param))
    return loaded


@pytest.fixture(scope="session")
def provisioned() -> dict[str, str]:
    """The kind of each data source, by its uid."""
    files = sorted((CONFIG / "provisioning" / "datasources").glob("*.yaml"))
    assert files
    sources = [
        source for file in files for source in yaml.safe_load(file.read_text())["datasources"]
    ]
    return {source["uid"]: source["type"] for source in sources}
