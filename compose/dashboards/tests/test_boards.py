"""What a learner may rely on in every dashboard."""

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest

from dashboards.__main__ import NAMES
from dashboards.board import TAG
from tests.conftest import BUILT_IN

# The slowest scrape, in seconds; see scrape_configs in config/prometheus/prometheus.yml.
SCRAPE = 5
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}

Board = dict[str, Any]


def targets(board: Board) -> list[tuple[str, dict[str, Any]]]:
    return [(panel["title"], target) for panel in board["panels"] for target in panel["targets"]]


def test_a_dashboard_is_found_by_the_name_of_its_file(board: Board) -> None:
    assert board["uid"] in NAMES
    assert board["tags"][0] == TAG
    assert set(board["tags"][1:]) <= {"metrics", "logs", "traces", "alerts"}
    assert board["title"]
    assert board["description"].endswith((".", "?"))


def test_a_dashboard_shows_what_happens_now(board: Board) -> None:
    assert board["time"] == {"from": "now-15m", "to": "now"}
    assert board["refresh"] == "5s"


def test_a_panel_says_which_question_it_answers(board: Board) -> None:
    assert board["panels"]
    for panel in board["panels"]:
        title = panel["title"]
        assert title
        assert "?" in panel["description"], title
        assert panel["fieldConfig"]["defaults"]["unit"], title
        assert panel["targets"], title


def test_titles_and_numbers_of_panels_are_unique(board: Board) -> None:
    for key in ("title", "id"):
        values = [panel[key] for panel in board["panels"]]
        assert len(values) == len(set(values)), (key, values)


def test_panels_do_not_overlap_and_fill_their_row(board: Board) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        own = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not own & cells, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells |= own
    depth = max(y for _, y in cells)
    assert len(cells) == 24 * (depth + 1), "there is a hole between panels"


def test_every_query_asks_a_data_source_that_is_provisioned(
    board: Board, provisioned: dict[str, str]
) -> None:
    for title, target in targets(board):
        source = target["datasource"]
        assert provisioned.get(source["uid"]) == source["type"], title
    for variable in board.get("templating", {}).get("list", []):
        if variable["type"] == "query":
            assert variable["datasource"]["uid"] in provisioned, variable["name"]
    for annotation in board["annotations"]["list"]:
        assert annotation["datasource"]["uid"] in provisioned, annotation["name"]


def test_the_queries_of_a_panel_ask_one_data_source(board: Board) -> None:
    for panel in board["panels"]:
        uids = {target["datasource"]["uid"] for target in panel["targets"]}
        assert uids == {panel["datasource"]["uid"]}, panel["title"]


def test_no_window_is_shorter_than_four_scrapes(board: Board) -> None:
    for title, target in targets(board):
        for window in re.findall(r"\[([^\]]+)\]", target["expr"]):
            if window.startswith("$"):
                continue
            duration = re.fullmatch(r"(\d+)(ms|s|m|h|d)(:.*)?", window)
            assert duration, (title, window)
            assert int(duration[1]) * UNITS[duration[2]] >= 4 * SCRAPE, (title, window)


def test_no_step_is_shorter_than_the_slowest_scrape(board: Board) -> None:
    for panel in board["panels"]:
        assert panel["interval"] == f"{SCRAPE}s", panel["title"]


def test_every_variable_of_a_query_is_known(board: Board) -> None:
    own = {variable["name"] for variable in board.get("templating", {}).get("list", [])}
    for title, target in targets(board):
        used = {a or b for a, b in re.findall(r"\$(?:(\w+)|\{(\w+)[^}]*\})", target["expr"])}
        # `$1` is a group of a regular expression.
        unknown = {name for name in used if not name.isdigit()} - own - BUILT_IN
        assert not unknown, (title, unknown)


def test_every_variable_has_a_value_at_first(board: Board) -> None:
    for variable in board.get("templating", {}).get("list", []):
        assert variable["current"]["value"] in ("$__all", ""), variable["name"]
        if variable["current"]["value"] == "$__all":
            assert variable["allValue"], variable["name"]


def test_quantiles_of_buckets_lead_to_traces(board: Board) -> None:
    for title, target in targets(board):
        if "histogram_quantile" in target["expr"]:
            assert target["exemplar"], title


def test_every_series_has_a_name(board: Board) -> None:
    for panel in board["panels"]:
        if panel["type"] != "logs":
            assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]


@pytest.mark.parametrize("key", ["dashboard", "panels"])
def test_links_lead_somewhere(board: Board, key: str, provisioned: dict[str, str]) -> None:
    fields = [panel["fieldConfig"]["defaults"] for panel in board["panels"]]
    links = (
        board["links"] if key == "dashboard" else [x for f in fields for x in f.get("links", [])]
    )
    for link in links:
        if link["type"] == "dashboards":
            assert link["tags"] == [TAG]
        elif link["url"].startswith("/d/"):
            assert re.match(r"/d/([\w-]+)\?", link["url"])[1] in NAMES  # type: ignore[index]
        else:
            panes = json.loads(unquote(link["url"].partition("&panes=")[2]))
            assert panes["a"]["datasource"] in provisioned
