"""Links from a value to the logs and traces behind it."""

import json
from urllib.parse import quote

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.common import DataSourceRef

from dashboards.sources import JAEGER, LOKI

# Filled in by Grafana with the label `service` of the series that was clicked.
CLICKED_SERVICE = "${__field.labels.service}"


def to_logs(service: str = CLICKED_SERVICE, pipeline: str = "") -> DashboardLink:
    """Opens the log lines of a service, over the dashboard's range."""
    query = {"expr": f'{{service="{service}"}} {pipeline}'.strip(), "queryType": "range"}
    return _explore(f"Logs of {service}", LOKI, query)


def to_traces(service: str = CLICKED_SERVICE) -> DashboardLink:
    """Opens the newest traces through a service; there are some in profile `tracing`."""
    return _explore(f"Traces of {service}", JAEGER, {"queryType": "search", "service": service})


def to_dashboard(uid: str, title: str, service: str = CLICKED_SERVICE) -> DashboardLink:
    """Opens another dashboard for the service that was clicked, over the same range."""
    return DashboardLink(title).url(f"/d/{uid}?var-service={service}&${{__url_time_range}}")


def _explore(title: str, source: DataSourceRef, query: dict[str, str]) -> DashboardLink:
    pane = {
        "datasource": source.uid,
        "queries": [{"refId": "A", "datasource": source.to_json(), **query}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    panes = json.dumps({"a": pane}, separators=(",", ":"))
    # Grafana looks for its variables in the link as it is written, so they are not encoded.
    return DashboardLink(title).url(f"/explore?schemaVersion=1&panes={quote(panes, safe='${}')}")
