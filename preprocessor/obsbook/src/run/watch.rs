//! A lab's conditions while somebody else breaks things: nothing is injected, and nothing is judged.

use std::time::Instant;

use futures_util::future::join_all;
use obsbook_lab::block::{Condition, Lab};
use obsbook_lab::event::{Event, Phase};
use obsbook_lab::plan;
use tokio::time::sleep;

use super::lab::pause;
use super::suite::Environment;
use crate::prepare::PrepareError;
use crate::probe::{Baseline, Observation, observe};
use crate::stack::{BootError, Stack};

/// Looks at the conditions of `lab` and tells what is seen, until somebody asks to end. Lines, traces and restarts count from now.
///
/// # Errors
/// There is no stack to look at.
pub async fn watch_conditions(
    environment: &Environment<'_>,
    lab: &Lab,
) -> Result<(), PrepareError> {
    let Environment {
        book,
        preparation,
        reporter,
        interrupt,
        ..
    } = environment;
    let emit = |event: Event| reporter.emit(Some(&lab.id), event);
    let opened = async {
        let stack = Stack::open(book, &preparation.options).await?;
        let baseline = baseline(&stack).await?;
        Ok::<_, PrepareError>((stack, baseline))
    };
    let (stack, baseline) = match interrupt.unless(opened).await {
        None => return Ok(()),
        Some(opened) => opened?,
    };
    emit(Event::LabStarted {
        title: lab.title.clone(),
        file: lab.file.display().to_string(),
        line: lab.at.line,
        conditions: plan::conditions(lab),
    });
    let sections = [
        (Phase::Steady, &lab.steady),
        (Phase::Expect, &lab.expect),
        (Phase::After, &lab.after),
    ];
    let conditions = sections
        .into_iter()
        .flat_map(|(phase, section)| section.iter().map(move |condition| (phase, condition)));
    let began = Instant::now();
    let watches = conditions.map(async |(phase, condition)| {
        let mut was_met = phase == Phase::Steady;
        loop {
            let seen = seen(&stack, condition, &baseline).await;
            let met = seen.met;
            emit(Event::Observation {
                phase,
                condition: condition.to_string(),
                met,
                value: seen.value.filter(|value| value.is_finite()),
                seen: seen.seen,
            });
            if met && !was_met {
                was_met = true;
                let after = began.elapsed().as_secs_f64();
                emit(Event::ExpectationMet {
                    phase,
                    condition: condition.to_string(),
                    after,
                });
            }
            sleep(pause(began.elapsed())).await;
        }
    });
    let _: Option<Vec<()>> = interrupt.unless(join_all(watches)).await;
    Ok(())
}

async fn seen(stack: &Stack, condition: &Condition, baseline: &Baseline) -> Observation {
    let observed = observe(stack, condition, baseline, None).await;
    observed.unwrap_or_else(|error| Observation {
        met: false,
        value: None,
        seen: error.to_string(),
        evidence: None,
    })
}

async fn baseline(stack: &Stack) -> Result<Baseline, PrepareError> {
    let containers = stack.containers().await.map_err(BootError::from)?;
    if containers.is_empty() {
        return Err(PrepareError::NothingRuns);
    }
    let offset = stack.engine().clock_offset().await.unwrap_or_default();
    let now = jiff::Timestamp::now();
    let restarts = containers
        .into_iter()
        .map(|container| (container.service, container.restarts));
    Ok(Baseline {
        since: Some(now.checked_add(offset).unwrap_or(now)),
        restarts: restarts.collect(),
    })
}
