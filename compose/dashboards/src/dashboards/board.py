"""What all dashboards have in common."""

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    QueryVariable,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.queries import promql
from dashboards.sources import LOKI, PROMETHEUS

TAG = "obsbook"


def board(uid: str, title: str, description: str, *tags: str) -> Dashboard:
    """An empty dashboard. Its file is named after the uid, and so is its address: /d/UID.

    A tag that names a signal says: the panels stay empty without it, wherever they read it from.
    """
    return (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG, *tags])
        # Labs are over within minutes, and effects are visible within seconds.
        .time("now-15m", "now")
        .refresh("5s")
        .timezone("browser")
        # A spike in one panel is found at the same moment in all others.
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            DashboardLink("Dashboards")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .keep_time(True)
            # Beside the title; the SDK would put it into a menu.
            .placement("")
        )
        .annotation(
            AnnotationQuery()
            .name("Alerts firing")
            .datasource(PROMETHEUS)
            .target(promql('ALERTS{alertstate="firing"}').ref_id("Anno"))
            .enable(True)
            .icon_color("red")
            .title_format("{{alertname}}")
            .text_format("{{service}}")
        )
    )


def services_of_metric(metric: str) -> QueryVariable:
    """A choice of the services that have a metric; all of them at first."""
    return _services(f"label_values({metric}, service)", PROMETHEUS)


def services_with_logs() -> QueryVariable:
    """A choice of the services whose log lines are in Loki; all of them at first."""
    return _services({"type": 1, "label": "service", "stream": "", "refId": "service"}, LOKI)


def _services(query: str | dict[str, object], source: DataSourceRef) -> QueryVariable:
    return (
        QueryVariable("service")
        .label("Service")
        .description("The services to show")
        .datasource(source)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        # A pattern and no list: a service that appears later is shown as well.
        .all_value(".+")
        .current(VariableOption(text="All", value="$__all"))
    )
