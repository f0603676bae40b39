"""What a panel asks: PromQL of Prometheus, LogQL of Loki."""

from grafana_foundation_sdk.builders import loki, prometheus
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from dashboards.sources import LOKI, PROMETHEUS

Query = prometheus.Dataquery | loki.Dataquery


def promql(expr: str, legend: str = "") -> prometheus.Dataquery:
    """A query over the range that the dashboard shows."""
    return _prometheus(expr, legend).range()


def promql_now(expr: str, legend: str = "") -> prometheus.Dataquery:
    """A query at the end of the range, for a panel that shows one value."""
    return _prometheus(expr, legend).instant()


def promql_rows(expr: str) -> prometheus.Dataquery:
    """A query at the end of the range, whose series become the rows of a table."""
    return _prometheus(expr, "").instant().format(PromQueryFormat.TABLE)


def with_exemplars(expr: str, legend: str) -> prometheus.Dataquery:
    """A query whose requests can be followed into their traces.

    Exemplars hang on the series of buckets, so a recorded quantile has none.
    """
    return promql(expr, legend).exemplar(True)


def buckets(expr: str) -> prometheus.Dataquery:
    """A query for a heat map: one series for each `le`."""
    return with_exemplars(expr, "{{le}}").format(PromQueryFormat.HEATMAP)


def logql(expr: str, legend: str = "") -> loki.Dataquery:
    """A metric over log lines, over the range that the dashboard shows."""
    return loki.Dataquery().datasource(LOKI).expr(expr).query_type("range").legend_format(legend)


def logql_now(expr: str, legend: str = "") -> loki.Dataquery:
    """A metric over log lines at the end of the range."""
    return loki.Dataquery().datasource(LOKI).expr(expr).query_type("instant").legend_format(legend)


def _prometheus(expr: str, legend: str) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .datasource(PROMETHEUS)
        .editor_mode(QueryEditorMode.CODE)
        .expr(expr)
        .legend_format(legend)
    )
