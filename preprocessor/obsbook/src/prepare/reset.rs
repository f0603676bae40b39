//! Everything back as it was, whoever broke it.

use super::boot::tell_ready;
use super::error::PrepareError;
use super::open::{Preparation, Ready, lock_and_recover, tell_recovered};
use super::whole::make_whole;
use crate::book::LoadedBook;
use crate::engine::{Container, State};
use crate::report::Reporter;
use crate::stack::{BootError, Recovery, Stack, recover};

/// Undoes every fault that can be found, whoever made it, and waits until the stack is healthy.
///
/// # Errors
/// The stack does not become healthy.
pub async fn reset(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
) -> Result<(), PrepareError> {
    // What cannot be undone now may be once the stack is up again.
    let (ready, left) = lock_and_recover(preparation, book, reporter, |_| true).await?;
    let containers = ready.stack.containers().await.map_err(BootError::from)?;
    if containers.is_empty() {
        reporter.progress("nothing runs, so nothing is broken");
        return Ok(());
    }
    for container in containers
        .iter()
        .filter(|container| container.state == State::Paused)
    {
        ready
            .stack
            .engine()
            .unpause(&container.id)
            .await
            .map_err(BootError::from)?;
        reporter.progress(&format!("{} was paused; it goes on", container.service));
    }
    let profile = running_profile(&ready.stack, &containers, &book.settings.profile);
    let booted = make_whole(&ready.stack, &profile, &mut |line| reporter.activity(line)).await?;
    tell_ready(reporter, &ready.stack, &profile, &booted).await;
    if let Some(missing) = booted.missing.into_iter().next() {
        return Err(PrepareError::Missing(missing));
    }
    if left > 0 {
        let Ready {
            stack,
            journal,
            _lock,
        } = ready;
        let mut journal = journal
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Recovery { all, kept } = recover(&stack, &mut journal, |_| true).await;
        let left = tell_recovered(reporter, &all);
        kept?;
        if left > 0 {
            return Err(PrepareError::Leftovers { left });
        }
    }
    reporter.progress("every fault is undone and every container is healthy");
    Ok(())
}

/// The smallest profile that has every service that is there now: a reset must not start more than ran before.
fn running_profile(stack: &Stack, containers: &[Container], default: &str) -> String {
    let model = stack.model();
    let covers = |profile: &&str| {
        containers.iter().all(|container| {
            model
                .services
                .get(&container.service)
                .is_none_or(|service| service.runs_in(profile))
        })
    };
    let mut fitting: Vec<&str> = model.profiles().into_iter().filter(covers).collect();
    // Services name their profiles from the smallest to the largest, also where two hold the same for now.
    let place = |profile: &str| {
        let services = model.in_profile(profile);
        let places =
            services.map(|(_, service)| service.profiles.iter().position(|name| name == profile));
        places.max().flatten()
    };
    // Of equally small profiles, the book's own is what was most likely meant.
    fitting.sort_by_key(|profile| {
        let size = model.in_profile(profile).count();
        (size, *profile != default, place(profile))
    });
    fitting.first().copied().unwrap_or(default).to_owned()
}
