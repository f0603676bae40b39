//! Images and containers of a profile.

use obsbook_lab::event::Event;

use super::error::PrepareError;
use super::open::{Preparation, Ready};
use crate::book::LoadedBook;
use crate::images::{Choice, ImagesError, Source, choose, ensure};
use crate::install::{install, missing};
use crate::report::Reporter;
use crate::stack::{Booted, Stack};

/// What a registry is asked for, to see whether one answers: the image under most of the others.
const REGISTRY_PROBE: &str = "debian:bookworm-slim";

/// Brings `profile` up and returns once it is ready.
///
/// # Errors
/// Images cannot be had, or a container does not become healthy.
pub async fn boot(
    preparation: &Preparation,
    book: &LoadedBook,
    ready: &mut Ready,
    profile: &str,
    reporter: &Reporter,
) -> Result<Booted, PrepareError> {
    let choice = image_source(preparation, &ready.stack).await?;
    if preparation.install {
        install_missing(Some(choice.source), reporter).await?;
    }
    let engine = ready.stack.engine().clone();
    let variable = ("OBSBOOK_IMAGES".to_owned(), choice.source.name().to_owned());
    ready.stack.set_environment([variable]);
    if choice.source == Source::Registry {
        let profiles = book.settings.registry_profiles.clone();
        ready.stack.set_profiles_beside(profiles);
    }
    let compose = ready.stack.compose();
    ensure(&engine, compose, profile, &choice, &mut |progress| {
        reporter.building(&progress)
    })
    .await?;
    let booted = ready
        .stack
        .boot(profile, &[], &mut |line| reporter.activity(line))
        .await?;
    tell_ready(reporter, &ready.stack, profile, &booted).await;
    for missing in &booted.missing {
        reporter.progress(&format!("warning: {missing}"));
    }
    Ok(booted)
}

pub(super) async fn tell_ready(reporter: &Reporter, stack: &Stack, profile: &str, booted: &Booted) {
    // Evidence without them is still evidence: what the engine does not say now is left out.
    let containers = stack.containers().await.unwrap_or_default();
    let images = containers
        .into_iter()
        .map(|container| (container.service, container.image));
    let engine = ("engine".to_owned(), stack.engine().version().to_owned());
    let event = Event::StackReady {
        profile: profile.to_owned(),
        reused: booted.reused,
        seconds: booted.took.as_secs_f64(),
        versions: images.chain([engine]).collect(),
    };
    reporter.emit(None, event);
}

/// Returns from where the images of a stack come.
///
/// # Errors
/// A setting names no source.
pub async fn image_source(preparation: &Preparation, stack: &Stack) -> Result<Choice, ImagesError> {
    choose(
        stack.engine(),
        &stack.compose().root,
        preparation.images,
        REGISTRY_PROBE,
    )
    .await
}

pub(super) async fn install_missing(
    source: Option<Source>,
    reporter: &Reporter,
) -> Result<(), PrepareError> {
    let steps = missing(source).await?;
    install(&steps, &mut |progress| reporter.building(&progress)).await?;
    Ok(())
}
