//! Building images, with everything the builder says in a log.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::error::{BuildFailure, ImagesError};
use super::model::Target;
use super::plain::{Event, Failure, Plain};
use super::progress::Progress;
use super::source::Source;
use crate::engine::{Compose, ComposeError, ComposeProblem, state_dir};

/// Logs that are kept; a failed build is often looked into after the next try.
const KEPT_LOGS: usize = 10;

/// What receives each progress.
pub(super) type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// Builds the images of `targets`, all at once: they share stages, and one's downloads fill the
/// pauses of the other's compiler. Returns the log's path.
///
/// # Errors
/// The image that could not be built.
pub(super) async fn build(
    compose: &Compose,
    profile: &str,
    targets: &[Target],
    source: Source,
    on_progress: OnProgress<'_>,
) -> Result<PathBuf, ImagesError> {
    match attempt(compose, profile, targets, source, on_progress).await {
        // The builder lost its own connection, which says nothing of the image; what is built stays built.
        Err(ImagesError::Build(failure)) if failure.cause.contains("transport is closing") => {
            attempt(compose, profile, targets, source, on_progress).await
        }
        done => done,
    }
}

async fn attempt(
    compose: &Compose,
    profile: &str,
    targets: &[Target],
    source: Source,
    on_progress: OnProgress<'_>,
) -> Result<PathBuf, ImagesError> {
    let path = new_log().map_err(|(path, error)| unwritable(&path, &error))?;
    let mut log = File::create(&path).map_err(|error| unwritable(&path, &error))?;
    let images = targets.iter().map(|target| target.image.clone()).collect();
    on_progress(Progress::Started {
        images,
        log: path.clone(),
    });

    let services: Vec<String> = targets
        .iter()
        .map(|target| target.service.clone())
        .collect();
    let image_of = |service: &str| {
        let target = targets.iter().find(|target| target.service == service);
        target.map_or_else(|| service.to_owned(), |target| target.image.clone())
    };
    let begun = Instant::now();
    let mut plain = Plain::new(services.clone());
    let mut unbuilt: BTreeSet<String> = services.iter().cloned().collect();
    let mut written = Ok(());
    let built = compose
        .build(profile, &services, &mut |line| {
            if written.is_ok() {
                written = writeln!(log, "{line}");
            }
            for event in plain.take(line) {
                // The builder names what is finished again with each further image.
                if matches!(&event, Event::Built { service } if !unbuilt.remove(service)) {
                    continue;
                }
                on_progress(match event {
                    Event::Step {
                        service,
                        step,
                        steps,
                        line,
                    } => Progress::Building {
                        image: image_of(&service),
                        step,
                        steps,
                        line,
                    },
                    Event::Built { service } => Progress::Built {
                        image: image_of(&service),
                        took: begun.elapsed(),
                    },
                });
            }
        })
        .await;
    written.map_err(|error| unwritable(&path, &error))?;
    let Err(error) = built else {
        // Images that are written together are reported as one.
        for service in &unbuilt {
            on_progress(Progress::Built {
                image: image_of(service),
                took: begun.elapsed(),
            });
        }
        on_progress(Progress::Done {
            built: targets.len(),
            took: begun.elapsed(),
        });
        return Ok(path);
    };
    Err(match plain.failure() {
        Some(failure) => {
            let image = failure
                .service
                .as_deref()
                .map_or_else(String::new, image_of);
            Box::new(step_failure(failure, image, source, path)).into()
        }
        None => unstarted(error, targets, source, path),
    })
}

fn step_failure(failure: Failure, image: String, origin: Source, log: PathBuf) -> BuildFailure {
    // What a step wrote is no word of the builder's: only a full disk is told from it.
    let full =
        |line: &String| ComposeProblem::classify(None, &[line.as_str()]) == ComposeProblem::NoSpace;
    let problem = if failure.lines.iter().any(full) {
        ComposeProblem::NoSpace
    } else {
        ComposeProblem::classify(None, &[failure.cause.as_str()])
    };
    BuildFailure {
        image,
        step: Some(failure.instruction),
        cause: match &problem {
            ComposeProblem::Failed { .. } => failure.cause,
            known => known.to_string(),
        },
        problem,
        origin,
        lines: failure.lines,
        log,
    }
}

/// Judges a build that ended before any step failed.
fn unstarted(error: ComposeError, targets: &[Target], origin: Source, log: PathBuf) -> ImagesError {
    let lines = match &error.problem {
        ComposeProblem::NoSpace | ComposeProblem::ImageUnavailable { .. } => Vec::new(),
        ComposeProblem::Failed { lines, .. } => lines.clone(),
        // Without a builder there is no image to blame.
        _ => return ImagesError::Compose(error),
    };
    let images: Vec<&str> = targets.iter().map(|target| target.image.as_str()).collect();
    Box::new(BuildFailure {
        image: images.join(", "),
        step: None,
        cause: error.problem.to_string(),
        problem: error.problem,
        origin,
        lines,
        log,
    })
    .into()
}

fn unwritable(path: &Path, error: &io::Error) -> ImagesError {
    ImagesError::State {
        path: path.to_owned(),
        cause: error.to_string(),
    }
}

/// Returns a path for a new log, and deletes the oldest ones.
fn new_log() -> Result<PathBuf, (PathBuf, io::Error)> {
    let folder = state_dir().join("logs");
    let failed = |error| (folder.clone(), error);
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut old: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(failed)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("images-"))
        })
        .collect();
    old.sort();
    let surplus = old.len().saturating_sub(KEPT_LOGS - 1);
    for path in old.drain(..surplus) {
        // Another obsbook may have deleted it.
        let _ = fs::remove_file(path);
    }
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3f");
    Ok(folder.join(format!("images-{time}.log")))
}
