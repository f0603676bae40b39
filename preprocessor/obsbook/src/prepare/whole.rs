//! A stack as it was when it came up, as far as no journal knows what changed it.

use super::error::PrepareError;
use crate::fault::undo_everything;
use crate::stack::{Booted, Stack};

/// Starts what is stopped, and ends every fault and every silence that can be found, whoever made it.
///
/// # Errors
/// A service does not come up, or does not answer.
pub async fn make_whole(
    stack: &Stack,
    profile: &str,
    on_line: &mut (dyn FnMut(&str) + Send),
) -> Result<Booted, PrepareError> {
    // With the images and containers that are there: mending is no time to build or to change settings.
    // Boxed, as a run that may come here would otherwise have room for all of it on its stack.
    let booted = Box::pin(stack.boot(profile, &["--no-recreate"], on_line)).await?;
    Box::pin(undo_everything(stack)).await?;
    // A stack without an Alertmanager, or with one that is away, has no silences that could be ended.
    if booted.missing.is_empty()
        && let Ok(alertmanager) = stack.alertmanager().await
    {
        alertmanager.end_silences().await?;
    }
    Ok(booted)
}
