"""Processor, memory, network and disk of each container and of the machine."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import panels
from dashboards.board import board
from dashboards.links import to_logs
from dashboards.queries import promql

CLICKED_CONTAINER = "${__field.labels.container}"

# What the kernel cannot take back by forgetting cached files, as MemoryNearLimit judges it.
MEMORY_SHARE = (
    "(container_memory_usage_bytes - container_memory_total_active_file_bytes"
    " - container_memory_total_inactive_file_bytes) / (container_spec_memory_limit_bytes > 0)"
)


def dashboard() -> Dashboard:
    """The dashboard."""
    processor = panels.areas(
        "CPU by container",
        "Which container uses the processor? 1 is one core, all of the time.",
        "short",
        promql(
            "sum by (container) (rate(container_cpu_usage_seconds_total[$__rate_interval]))",
            "{{container}}",
        ),
    )
    memory = panels.areas(
        "Memory by container",
        "Which container holds the memory that the kernel cannot take back?",
        "bytes",
        promql("sum by (container) (container_memory_working_set_bytes)", "{{container}}"),
    )
    limit = panels.limit_line(
        panels.lines(
            "Memory against its limit",
            "Which container comes close to the limit at which the kernel kills it?",
            "percentunit",
            promql(
                f"max by (container) ({MEMORY_SHARE})",
                "{{container}}",
            ),
        ).max(1),
        at=0.8,
    )
    starts = panels.bars(
        "Restarts by container",
        "Which container was started anew within the range shown? 0 ran all the time.",
        "short",
        promql(
            # A restarted container counts from 0 again; its time of start here never changes.
            "max by (container) (resets(container_cpu_usage_seconds_total[$__range]))",
            "{{container}}",
        ),
    )
    received = _network("Network received by container", "receive", "gets")
    sent = _network("Network sent by container", "transmit", "sends")

    busy = panels.lines(
        "CPU of the machine",
        "How busy is the machine, and with what? `steal` was taken by its host.",
        "percentunit",
        promql(
            'sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[$__rate_interval]))'
            " / scalar(count(count by (cpu) (node_cpu_seconds_total)))",
            "{{mode}}",
        ),
    )
    load = panels.lines(
        "Load against cores",
        "How many processes want to run? More than there are cores means that some wait.",
        "short",
        promql("node_load1", "load, 1 minute"),
        promql("count(count by (cpu) (node_cpu_seconds_total))", "cores"),
    )
    free = panels.lines(
        "Memory of the machine",
        "How much memory can new work still get?",
        "bytes",
        promql("node_memory_MemAvailable_bytes", "available"),
        promql("node_memory_MemTotal_bytes", "total"),
    )
    pressure = panels.lines(
        "Pressure",
        "In which share of the time did some process wait for a resource?",
        "percentunit",
        promql("rate(node_pressure_cpu_waiting_seconds_total[$__rate_interval])", "CPU"),
        promql("rate(node_pressure_memory_waiting_seconds_total[$__rate_interval])", "memory"),
        promql("rate(node_pressure_io_waiting_seconds_total[$__rate_interval])", "disk"),
    )
    disk = panels.lines(
        "Disk utilisation",
        "In which share of the time was a disk at work?",
        "percentunit",
        promql(
            "sum by (device) (rate(node_disk_io_time_seconds_total[$__rate_interval]))",
            "{{device}}",
        ),
    )
    kills = panels.lines(
        "Kills for lack of memory",
        "Did the kernel kill a process to get memory, on the whole machine?",
        "short",
        promql("increase(node_vmstat_oom_kill[$__rate_interval])", "kills"),
    )

    return (
        board(
            "infrastructure",
            "Infrastructure",
            "Processor, memory, network and disk of each container and of the machine.",
        )
        .with_panel(processor)
        .with_panel(memory)
        .with_panel(limit)
        .with_panel(starts)
        .with_panel(received)
        .with_panel(sent)
        .with_panel(busy)
        .with_panel(load)
        .with_panel(free)
        .with_panel(pressure)
        .with_panel(disk)
        .with_panel(kills)
    )


def _network(title: str, direction: str, verb: str) -> panels.Lines:
    return panels.lines(
        title,
        f"Which container {verb} the most over the network?",
        "binBps",
        promql(
            "sum by (container) "
            f"(rate(container_network_{direction}_bytes_total[$__rate_interval]))",
            "{{container}}",
        ),
    ).data_links([to_logs(CLICKED_CONTAINER)])
