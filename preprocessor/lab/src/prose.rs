//! Queries and commands in the prose: each is tried in its chapter's stack, so that no page shows what is not so.

use std::time::Duration;

use crate::block::{Condition, Kind, Lab, LogExpectation, MetricExpectation, Probe, Quantifier};
use crate::comparison::{Comparison, Operator};
use crate::diagnostic::Diagnostic;
use crate::markdown::Fence;
use crate::span::SourceFile;
use crate::{console, logql, promql};

/// What any number is.
const A_NUMBER: Comparison = Comparison {
    operator: Operator::GreaterOrEqual,
    bound: -1e12,
};
const A_LINE: Comparison = Comparison {
    operator: Operator::GreaterOrEqual,
    bound: 1.0,
};
/// What a reader who types the query would wait for data.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns whether a fence holds a query, or commands that are to be run.
pub fn is_checked(fence: &Fence) -> bool {
    matches!(language(fence), "promql" | "logql") || console::is_verified(fence)
}

/// Returns a fence as an observation by the name `id`, and `None` for one that is marked `norun`: a query passes when it
/// returns data, commands when they print what is shown.
///
/// # Errors
/// The query is not well formed, or `norun` has no reason.
pub fn observation(
    source: &SourceFile,
    fence: &Fence,
    id: String,
    profile: &str,
) -> Result<Option<Lab>, Box<Diagnostic>> {
    let wrong = |message: String, hint: &str| {
        let whole = fence.opening.clone();
        Box::new(Diagnostic::new(source, whole, message).hint(hint))
    };
    if console::is_verified(fence) {
        let commands = console::commands(source, fence)?;
        let title = "The commands print what is shown".to_owned();
        return Ok(Some(Lab {
            console: commands,
            ..nothing(source, fence, id, profile, title)
        }));
    }
    let mark = fence.info[language(fence).len()..].trim();
    if let Some(reason) = mark.strip_prefix("norun") {
        if reason.trim_start_matches(':').trim().is_empty() {
            let message = "`norun` without a reason".to_owned();
            return Err(wrong(
                message,
                "write ```promql norun: why it cannot be run",
            ));
        }
        return Ok(None);
    }
    let refused = |reason: String| {
        let message = format!("this query is not well formed: {reason}");
        wrong(message, "mend it; or mark it: ```promql norun: the reason")
    };
    let probe = if language(fence) == "promql" {
        Probe::Promql {
            query: promql::Query::parse(&fence.body).map_err(refused)?,
            expectation: MetricExpectation::Value {
                quantifier: Quantifier::Any,
                comparison: A_NUMBER,
            },
        }
    } else {
        let query = logql::Query::parse(&fence.body).map_err(refused)?;
        let expectation = if query.is_metric {
            LogExpectation::Value {
                quantifier: Quantifier::Any,
                comparison: A_NUMBER,
            }
        } else {
            LogExpectation::Count(A_LINE)
        };
        Probe::Logql { query, expectation }
    };
    let at = source.position(fence.opening.start);
    let title = format!(
        "The {} query of line {} returns data",
        language(fence),
        at.line
    );
    Ok(Some(Lab {
        steady: vec![Condition {
            probe,
            within: PATIENCE,
            always: None,
            at,
        }],
        ..nothing(source, fence, id, profile, title)
    }))
}

/// A lab that does nothing yet.
fn nothing(source: &SourceFile, fence: &Fence, id: String, profile: &str, title: String) -> Lab {
    Lab {
        id,
        title,
        kind: Kind::Lab,
        profile: profile.to_owned(),
        steady: Vec::new(),
        inject: None,
        expect: Vec::new(),
        after: Vec::new(),
        disproved_by: None,
        exercise: None,
        challenge: None,
        console: Vec::new(),
        predict: None,
        after_pass: None,
        hints: Vec::new(),
        disproves: Vec::new(),
        tags: Vec::new(),
        takes: None,
        file: source.path.clone(),
        at: source.position(fence.opening.start),
        id_span: fence.opening.clone(),
    }
}

fn language(fence: &Fence) -> &str {
    let end = fence.info.find([' ', ',', '\t']);
    &fence.info[..end.unwrap_or(fence.info.len())]
}
