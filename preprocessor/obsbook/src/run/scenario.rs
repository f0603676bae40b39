//! A scenario put in place by hand, on the stack that runs.

use std::time::Duration;

use obsbook_lab::block::Scenario;

use crate::book::LoadedBook;
use crate::fault::{Undo, inject};
use crate::prepare::{Preparation, PrepareError, open};
use crate::report::Reporter;
use crate::stack::{BootError, Entry, recover};

/// How long the faults of a scenario last that services end by themselves: as long as their caps let them.
const SCENARIO_LASTS: Duration = Duration::from_secs(1800);

/// Puts the faults of a scenario in place on the stack that runs, and leaves them there; the journal knows them.
///
/// # Errors
/// No stack runs, or a fault cannot be put in place; those before it are undone then.
pub async fn start_scenario(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    scenario: &Scenario,
) -> Result<(), PrepareError> {
    let ready = open(preparation, book, reporter).await?;
    if ready
        .stack
        .containers()
        .await
        .map_err(BootError::from)?
        .is_empty()
    {
        return Err(PrepareError::NothingRuns);
    }
    let mut journal = ready
        .journal
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    for fault in &scenario.faults {
        journal.add(Entry {
            run: reporter.run().to_owned(),
            lab: format!("scenario {}", scenario.name),
            fault: fault.clone(),
            undo: Undo::of(fault),
        })?;
        if let Err(error) = inject(&ready.stack, fault, SCENARIO_LASTS).await {
            recover(&ready.stack, &mut journal).await?;
            return Err(PrepareError::Inject {
                fault: fault.to_string(),
                error,
            });
        }
        reporter.progress(&format!("in place: {fault}"));
    }
    Ok(())
}
