//! The probe `sql`: one number from the database, asked by the client in its own container, reading only.

use jiff::Timestamp;
use obsbook_lab::comparison::Comparison;

use super::observe::{Observation, ProbeError};
use super::series::number;
use crate::engine::{ExecOutput, State};
use crate::stack::{Kind, Stack};

/// The official image's own variables say who to be and where. A statement that writes or hangs is refused by the server.
const COMMAND: &str = "PGOPTIONS='-c default_transaction_read_only=on -c statement_timeout=5000' exec psql --no-psqlrc --no-align --tuples-only --set ON_ERROR_STOP=1 --username \"$POSTGRES_USER\" --dbname \"$POSTGRES_DB\" --command \"$1\"";
/// psql's exit status when the connection, not the statement, is at fault.
const NO_CONNECTION: i64 = 2;
/// What the server says of a statement that took too long: of a database that hangs, not of the statement.
const TIMEOUT: &str = "due to statement timeout";

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
    judge(service, &output, comparison)
}

fn judge(
    service: &str,
    output: &ExecOutput,
    comparison: &Comparison,
) -> Result<Observation, ProbeError> {
    if output.status != 0 {
        let reason = output.stderr.trim().to_owned();
        let is_away = output.status == NO_CONNECTION || reason.contains(TIMEOUT);
        return Err(if is_away {
            ProbeError::Away {
                source_name: service.to_owned(),
                reason,
            }
        } else {
            ProbeError::Invalid(reason)
        });
    }
    let rows: Vec<_> = output.stdout.lines().collect();
    let row = match rows.as_slice() {
        [] => return Ok(Observation::now(false, "no data (no rows)")),
        [""] => return Ok(Observation::now(false, "no data (NULL)")),
        [row] => row,
        _ => {
            return Err(ProbeError::Invalid(format!(
                "the statement yields {} rows, but one number is compared; aggregate with count() or sum()",
                rows.len()
            )));
        }
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: i64, stdout: &str, stderr: &str, expected: &str) {
        let output = ExecOutput {
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            status,
        };
        let comparison = Comparison::parse("< 5").expect("a comparison");
        let found = match judge("postgres", &output, &comparison) {
            Ok(found) => format!("{}: {}", found.met, found.seen),
            Err(ProbeError::Invalid(reason)) => format!("invalid: {reason}"),
            Err(error) => format!("away: {error}"),
        };
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn no_number_satisfies_nothing_and_a_database_that_hangs_is_away() {
        check(0, "3\n", "", "true: 3");
        check(0, "7\n", "", "false: 7");
        check(0, "\n", "", "false: no data (NULL)");
        check(0, "", "", "false: no data (no rows)");
        check(0, "1\n2\n", "", "invalid: the statement yields 2 rows");
        check(0, "a\n", "", "invalid: the statement yields `a`");
        let refused = "ERROR:  column \"a\" does not exist";
        check(1, "", refused, "invalid: ERROR:  column");
        let late = "ERROR:  canceling statement due to statement timeout\n";
        check(
            1,
            "",
            late,
            "away: postgres does not answer: ERROR:  canceling",
        );
        let gone = "psql: error: connection to server on socket failed";
        check(2, "", gone, "away: postgres does not answer: psql");
    }
}
