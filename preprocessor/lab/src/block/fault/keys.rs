//! The table of faults: the word of each, and its settings.

use super::network;
use crate::block::grammar::{Choice, Key, Keys, Value};

const SERVICE: Key = Key::needed("service", Value::Service, "The service that is broken.");
const RATIO: Key = Key::optional(
    "ratio",
    Value::Share,
    "The share of the work that it happens to, above 0 and up to 1, or a percentage. Default: 1, all of it.",
)
.example("0.5");

const LATENCY: Keys<'static> = Keys {
    what: "`latency`",
    known: &[
        SERVICE,
        Key::needed(
            "by",
            Value::Duration,
            "How long each unit of work waits before it begins.",
        )
        .example("800ms"),
        RATIO,
    ],
    planned: &["jitter", "route"],
    choice: Choice::None,
};
const ERROR: Keys<'static> = Keys {
    what: "`error`",
    known: &[SERVICE, RATIO],
    planned: &["route"],
    choice: Choice::None,
};
const MEMORY: Keys<'static> = Keys {
    what: "`memory`",
    known: &[
        SERVICE,
        Key::needed("mib", Value::Count, "How much more it holds, in MiB.").example("32"),
    ],
    planned: &[],
    choice: Choice::None,
};
const RETRIES: Keys<'static> = Keys {
    what: "`retries`",
    known: &[
        SERVICE,
        Key::needed(
            "attempts",
            Value::Count,
            "How often each call is made in all.",
        )
        .example("5"),
    ],
    planned: &[],
    choice: Choice::None,
};
const LEAK: Keys<'static> = Keys {
    what: "`leak`",
    known: &[
        SERVICE,
        Key::needed(
            "connections",
            Value::Count,
            "How many connections of its pool it keeps to itself.",
        )
        .example("8"),
    ],
    planned: &[],
    choice: Choice::None,
};
const LIMITED: [&str; 2] = ["mib", "cpus"];
const LIMITS: Keys<'static> = Keys {
    what: "`limits`",
    known: &[
        SERVICE,
        Key::optional("mib", Value::Count, "The memory that it may have, in MiB.").example("64"),
        Key::optional(
            "cpus",
            Value::Processors,
            "The processors that it may use; need not be whole.",
        )
        .example("0.2"),
    ],
    planned: &[],
    choice: Choice::Some(&LIMITED),
};
const CONFIG: Keys<'static> = Keys {
    what: "`config`",
    known: &[
        SERVICE,
        Key::needed(
            "file",
            Value::Text,
            "The file that takes its place, relative to the book's root; under `labs` or `solutions`.",
        )
        .example("labs/broken.yml"),
        Key::needed(
            "as",
            Value::Path,
            "The file of the container, as a whole path.",
        )
        .example("/etc/prometheus/prometheus.yml"),
    ],
    planned: &[],
    choice: Choice::None,
};
const LOAD: Keys<'static> = Keys {
    what: "`load`",
    known: &[
        Key::optional(
            "service",
            Value::Service,
            "The service that makes the traffic. Default: the one that the compose files label so.",
        ),
        Key::needed(
            "users",
            Value::Count,
            "The traffic is what that many users make.",
        )
        .example("40"),
    ],
    planned: &["mix"],
    choice: Choice::None,
};
const SERVICE_ALONE: Keys<'static> = Keys {
    what: "the fault",
    known: &[SERVICE],
    planned: &[],
    choice: Choice::None,
};

/// Every fault that a block may name.
pub(in crate::block) const FAULTS: [Key; 15] = [
    Key::optional(
        "latency",
        Value::Mapping(&LATENCY),
        "The service waits before each unit of work. Needs a fault API.",
    ),
    Key::optional(
        "error",
        Value::Mapping(&ERROR),
        "A share of the service's work fails. Needs a fault API.",
    ),
    Key::optional(
        "memory",
        Value::Mapping(&MEMORY),
        "The service holds memory that it does not need. Needs a fault API.",
    ),
    Key::optional(
        "retries",
        Value::Mapping(&RETRIES),
        "The service repeats each failed call at once. Needs a fault API.",
    ),
    Key::optional(
        "leak",
        Value::Mapping(&LEAK),
        "The service keeps connections of its pool that nobody uses. Needs a fault API.",
    ),
    Key::optional(
        "stall",
        Value::ServiceOr(&SERVICE_ALONE),
        "The service takes no more work, and looks healthy. Needs a fault API.",
    ),
    Key::optional(
        "crash",
        Value::ServiceOr(&SERVICE_ALONE),
        "The process exits by itself, and the restart policy brings it back. Needs a fault API.",
    ),
    Key::optional(
        "kill",
        Value::ServiceOr(&SERVICE_ALONE),
        "The engine kills the container; it stays down until the undo.",
    ),
    Key::optional(
        "stop",
        Value::ServiceOr(&SERVICE_ALONE),
        "The engine stops the container; it stays down until the undo.",
    ),
    Key::optional(
        "pause",
        Value::ServiceOr(&SERVICE_ALONE),
        "The engine freezes the container until the undo.",
    ),
    Key::optional(
        "restart",
        Value::ServiceOr(&SERVICE_ALONE),
        "The engine restarts the container.",
    ),
    Key::optional(
        "limits",
        Value::Mapping(&LIMITS),
        "The container may use less memory, or less of the processors, until the undo.",
    ),
    Key::optional(
        "network",
        Value::Mapping(&network::KEYS),
        "The network between two services is disturbed, in one way.",
    ),
    Key::optional(
        "load",
        Value::Mapping(&LOAD),
        "The traffic is what that many users make.",
    ),
    Key::optional(
        "config",
        Value::Mapping(&CONFIG),
        "A file of the service's container is another one; the service is made anew with it.",
    ),
];

/// Stands under `inject` in place of a fault.
pub(in crate::block) const SCENARIO: Key = Key::optional(
    "scenario",
    Value::Text,
    "The faults of a file in the scenarios' folder, in their order: the file's name without its ending.",
)
.example("slow-database");
