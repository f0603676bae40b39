"""The kinds of panels, each with what all panels of its kind have in common."""

import zlib
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    heatmap,
    logs,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LogsDedupStrategy,
    LogsSortOrder,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from dashboards.queries import Query

Lines = timeseries.Panel

# Grafana's grid is 24 columns wide.
FULL, HALF, THIRD, QUARTER = 24, 12, 8, 6

Panel = TypeVar(
    "Panel",
    bargauge.Panel,
    heatmap.Panel,
    logs.Panel,
    stat.Panel,
    statetimeline.Panel,
    table.Panel,
    timeseries.Panel,
)


def lines(
    title: str, question: str, unit: str, *queries: Query, width: int = HALF
) -> timeseries.Panel:
    """Values over time, one line each."""
    panel = (
        timeseries.Panel()
        .min(0)
        .line_width(1)
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(
            common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
        )
    )
    return _frame(panel, title, question, unit, queries, width, height=8)


def areas(
    title: str, question: str, unit: str, *queries: Query, width: int = HALF
) -> timeseries.Panel:
    """Parts of a whole over time, stacked."""
    return (
        lines(title, question, unit, *queries, width=width)
        .fill_opacity(40)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    )


def number(
    title: str, question: str, unit: str, *queries: Query, width: int = QUARTER
) -> stat.Panel:
    """One value, large, with its course behind it when the query has one."""
    panel = (
        stat.Panel()
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    )
    return _frame(panel, title, question, unit, queries, width, height=4)


def bars(
    title: str, question: str, unit: str, *queries: Query, width: int = HALF
) -> bargauge.Panel:
    """One value for each series, side by side."""
    panel = (
        bargauge.Panel()
        .min(0)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    )
    return _frame(panel, title, question, unit, queries, width, height=8)


def states(
    title: str, question: str, *queries: Query, names: dict[str, tuple[str, str]], width: int = FULL
) -> statetimeline.Panel:
    """Which state each series was in, over time; `names` gives each value a text and a colour."""
    options = {
        value: ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(names.items())
    }
    panel = (
        statetimeline.Panel()
        .mappings([ValueMap(options=options)])
        .merge_values(True)
        .row_height(0.8)
        .show_value(VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    return _frame(panel, title, question, "none", queries, width, height=10)


def heat(title: str, question: str, unit: str, query: Query, width: int = HALF) -> heatmap.Panel:
    """How many observations fell into each bucket, over time."""
    panel = (
        heatmap.Panel()
        .color(
            heatmap.HeatmapColorOptions()
            .mode(HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .fill("dark-orange")
            # Few slow requests are not to vanish beside many fast ones.
            .exponent(0.5)
            .steps(64)
        )
        .y_axis(heatmap.YAxisConfig().unit(unit))
        .exemplars_color("rgba(87,148,242,0.9)")
    )
    return _frame(panel, title, question, unit, (query,), width, height=8)


def rows(title: str, question: str, unit: str, *queries: Query, width: int = FULL) -> table.Panel:
    """A table of series."""
    return _frame(table.Panel(), title, question, unit, queries, width, height=8)


def log_lines(title: str, question: str, query: Query) -> logs.Panel:
    """Log lines, newest first."""
    panel = (
        logs.Panel()
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(LogsSortOrder.DESCENDING)
        .dedup_strategy(LogsDedupStrategy.NONE)
    )
    return _frame(panel, title, question, "none", (query,), FULL, height=14)


def limits(*steps: tuple[float, str]) -> ThresholdsConfig:
    """Green at first, then the colour of each step from its value on."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps(
            [Threshold(color="green"), *(Threshold(value=at, color=color) for at, color in steps)]
        )
    )


def limit_line(panel: timeseries.Panel, at: float) -> timeseries.Panel:
    """A dashed line at the value from which on it is bad."""
    style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(limits((at, "red"))).thresholds_style(style)


def dashed(panel: timeseries.Panel, pattern: str) -> timeseries.Panel:
    """Draws the lines whose names match as what others are held against: dashed, without area."""
    return panel.override_by_regexp(
        f"/{pattern}/",
        [
            DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 8]}),
            DynamicConfigValue(id_val="custom.fillOpacity", value=0),
            DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": "red"}),
        ],
    )


def _frame(
    panel: Panel,
    title: str,
    question: str,
    unit: str,
    queries: tuple[Query, ...],
    width: int,
    height: int,
) -> Panel:
    for letter, query in zip("ABCDEFGH", queries, strict=False):
        panel.with_target(query.ref_id(letter))
    source = queries[0].build().datasource
    if source is None:
        raise ValueError(f"{title}: a query without a data source")
    return (
        panel.id(panel_id(title))
        .title(title)
        .description(question)
        .unit(unit)
        .datasource(source)
        .span(width)
        .height(height)
        # No step is shorter than the slowest scrape, whatever the width of the browser's window.
        .interval("5s")
    )


def panel_id(title: str) -> int:
    """Made from the title: a link to a panel outlives every change around it."""
    return zlib.crc32(title.encode()) % 1_000_000


def named(name: str) -> DynamicConfigValue:
    """What gives a series another name in its panel."""
    return DynamicConfigValue(id_val="displayName", value=name)
