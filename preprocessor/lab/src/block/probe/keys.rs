//! The table of probes: the word of each, what it asks, and how its answer is judged.

use super::{alert, container, http, logql, panel, promql, run, trace};
use crate::block::grammar::{Form, Key, Value};

/// One probe as a condition spells it.
#[derive(Debug, Clone, Copy)]
pub(in crate::block) struct Asked {
    /// Its word, and what is asked.
    pub(in crate::block) subject: Key,
    /// Further keys of the condition that go with this probe alone.
    pub(in crate::block) further: &'static [Key],
    /// What `is` may be.
    pub(in crate::block) is: &'static [Form],
    /// Whether `is` may be left out.
    pub(in crate::block) alone: bool,
}

/// Every probe that a condition may name.
pub(in crate::block) const PROBES: [Asked; 9] = [
    Asked {
        subject: Key::needed(
            "promql",
            Value::Text,
            "An instant query to Prometheus. It must yield one series, unless `is` begins with `any` or `all`.",
        )
        .example("up{job=\"order-api\"}"),
        further: &[],
        is: &promql::FORMS,
        alone: false,
    },
    Asked {
        subject: Key::needed(
            "logql",
            Value::Text,
            "A query to Loki. Lines are counted from the moment at which the steady state held, under `expect` from the fault, under `after` from the undo.",
        )
        .example("{service=\"order-api\"} |= \"error\""),
        further: &[],
        is: &logql::FORMS,
        alone: false,
    },
    Asked {
        subject: Key::needed(
            "trace",
            Value::Mapping(&trace::KEYS),
            "A search for traces. All that is given must hold of one trace. Without `is`, one trace is enough.",
        ),
        further: &[],
        is: &trace::FORMS,
        alone: true,
    },
    Asked {
        subject: Key::needed(
            "alert",
            Value::Text,
            "The name of an alert, from its rule in Prometheus over Alertmanager to the receiver of its notification.",
        )
        .example("OrderLatencyHigh"),
        further: &alert::FURTHER,
        is: &alert::FORMS,
        alone: false,
    },
    Asked {
        subject: Key::needed(
            "panel",
            Value::Mapping(&panel::KEYS),
            "The queries behind a panel of a provisioned dashboard, over the series of all of them.",
        ),
        further: &[],
        is: &[Form::Quantified],
        alone: false,
    },
    Asked {
        subject: Key::needed(
            "sql",
            Value::Text,
            "A statement to the database that begins with SELECT or WITH and yields one number. `:since` stands for the moment that lines are counted from.",
        )
        .example("SELECT count(*) FROM orders WHERE created_at > :since"),
        further: &[],
        is: &[Form::Comparison],
        alone: false,
    },
    Asked {
        subject: Key::needed(
            "http",
            Value::Address,
            "A request to a service: `service/path`, or `service:port/path` for another port of its container; never localhost.",
        )
        .example("nginx/api/products"),
        further: &http::FURTHER,
        is: &http::FORMS,
        alone: false,
    },
    Asked {
        subject: Key::needed(
            "container",
            Value::Service,
            "The container of a service, as the engine tells it.",
        )
        .example("order-api"),
        further: &[],
        is: &container::FORMS,
        alone: false,
    },
    Asked {
        subject: Key::needed(
            "run",
            Value::Text,
            "A command, in a service's container.",
        )
        .example("promtool check config /etc/prometheus/prometheus.yml"),
        further: &run::FURTHER,
        is: &run::FORMS,
        alone: false,
    },
];

/// Returns the words of all probes.
pub(in crate::block) fn words() -> Vec<&'static str> {
    PROBES.iter().map(|asked| asked.subject.name).collect()
}
