//! The probe `sql`: one number from the database, asked by the client in its own container, reading only.

use jiff::Timestamp;
use obsbook_lab::comparison::Comparison;

use super::observe::{Observation, ProbeError};
use super::series::number;
use crate::engine::State;
use crate::stack::{Kind, Stack};

/// The official image's own variables say who to be and where. A statement that writes or hangs is refused by the server.
const COMMAND: &str = "PGOPTIONS='-c default_transaction_read_only=on -c statement_timeout=5000' exec psql --no-psqlrc --no-align --tuples-only --set ON_ERROR_STOP=1 --username \"$POSTGRES_USER\" --dbname \"$POSTGRES_DB\" --command \"$1\"";
/// psql's exit status when the connection, not the statement, is at fault.
const NO_CONNECTION: i64 = 2;

pub(super) async fn observe(
    stack: &Stack,
    query: &str,
    comparison: &Comparison,
    from: Timestamp,
) -> Result<Observation, ProbeError> {
    let service = stack.source_service(Kind::Postgres);
    let away = |reason: String| ProbeError::Away {
        source_name: service.to_owned(),
        reason,
    };
    let container = stack.container(service).await?;
    let container = container.ok_or_else(|| away("it has no container".to_owned()))?;
    if container.state != State::Running {
        return Err(away(format!("it is {:?}", container.state).to_lowercase()));
    }
    let query = since(query, from);
    let command = ["sh", "-c", COMMAND, "sh", &query];
    let output = stack.engine().exec(&container.id, &command).await?;
    if output.status != 0 {
        let reason = output.stderr.trim().to_owned();
        return Err(if output.status == NO_CONNECTION {
            away(reason)
        } else {
            ProbeError::Invalid(reason)
        });
    }
    let rows: Vec<_> = output.stdout.lines().collect();
    let [row] = rows.as_slice() else {
        return Err(ProbeError::Invalid(format!(
            "the statement yields {} rows, but one number is compared; aggregate with count() or sum()",
            rows.len()
        )));
    };
    if row.is_empty() {
        return Ok(Observation::now(false, "no data (NULL)"));
    }
    let value: f64 = row.parse().map_err(|_| {
        ProbeError::Invalid(format!("the statement yields `{row}`, which is no number"))
    })?;
    Ok(Observation::of(
        comparison.holds(value),
        value,
        number(value),
    ))
}

/// `:since` is the moment that lines and traces count from, too.
fn since(query: &str, from: Timestamp) -> String {
    query.replace(":since", &format!("timestamptz '{from}'"))
}

pub(super) async fn explain(stack: &Stack, query: &str) -> Vec<String> {
    let service = stack.source_service(Kind::Postgres);
    vec![format!(
        "look for yourself: docker compose -p {} exec {service} sh -c 'psql -U \"$POSTGRES_USER\" -d \"$POSTGRES_DB\" -c \"{query}\"'",
        stack.project()
    )]
}
