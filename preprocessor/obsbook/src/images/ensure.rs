//! Making sure that the images of a profile are there and current.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::BASE_IMAGE;
use super::build::{OnProgress, build};
use super::digest::{Inputs, inputs};
use super::error::ImagesError;
use super::lock::Lock;
use super::model::{Target, targets};
use super::official::take;
use super::record::{ImageRecord, Records};
use super::source::{Choice, Source};
use crate::engine::{Compose, Engine, EngineError};

/// What was done about the images of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Images that were built.
    pub built: Vec<String>,
    /// Images that were current already.
    pub current: Vec<String>,
    /// The builder's output, when something was built.
    pub log: Option<std::path::PathBuf>,
}

/// Builds the images of a profile that are missing or whose inputs changed. When all are current,
/// no builder is started.
///
/// An image is current when it is the one recorded for the digest of its inputs: its Dockerfile,
/// the files of its context that the Dockerfile reads, arguments, stage, and base images. Official
/// images are those that the lock file names.
///
/// # Errors
/// A build that failed, with its log; a base image that is missing; compose files that cannot be
/// read; an engine that does not answer.
pub async fn ensure(
    engine: &Engine,
    compose: &Compose,
    profile: &str,
    choice: &Choice,
    on_progress: OnProgress<'_>,
) -> Result<Report, ImagesError> {
    let mut compose = compose.clone();
    compose.env.retain(|(name, _)| name != "OBSBOOK_IMAGES");
    compose
        .env
        .push(("OBSBOOK_IMAGES".to_owned(), choice.source.name().to_owned()));
    let all = targets(&compose.config_json(profile).await?);
    let read = all
        .into_iter()
        .map(|target| inputs(&target).map(|inputs| (target, inputs)))
        .collect::<Result<Vec<(Target, Inputs)>, ImagesError>>()?;
    let names: BTreeSet<&str> = read
        .iter()
        .flat_map(|(target, inputs)| {
            inputs
                .bases
                .iter()
                .map(String::as_str)
                .chain([target.image.as_str()])
        })
        .collect();
    let ids = image_ids(engine, &names).await?;

    let mut lock = Lock::read(&compose.folder())?;
    let records = Records::load();
    let (current, stale): (Vec<_>, Vec<_>) = read.iter().partition(|(target, inputs)| {
        let record = records.image(engine.id(), &target.image);
        let bases = bases_of(inputs, &ids);
        let digest = identity(inputs, &lock);
        record
            .zip(ids.get(&target.image))
            .is_some_and(|(record, id)| record.is_current(id, &digest, &bases))
    });
    let mut report = Report {
        current: current
            .iter()
            .map(|(target, _)| target.image.clone())
            .collect(),
        ..Report::default()
    };
    if stale.is_empty() {
        // Chosen by hand for images that were there: remembered as if they had been built now.
        if records.source(engine.id()) != Some(choice.source) {
            Records::remember(engine.id(), choice.source, &BTreeMap::new())?;
        }
        return Ok(report);
    }
    let needs_base = stale
        .iter()
        .any(|(_, inputs)| inputs.bases.iter().any(|name| name == BASE_IMAGE));
    if choice.source == Source::Packages && needs_base && !ids.contains_key(BASE_IMAGE) {
        return Err(ImagesError::BaseMissing);
    }
    if choice.source == Source::Registry {
        let needed = stale.iter().flat_map(|(_, inputs)| inputs.needed.clone());
        take(engine, &mut lock, &needed.collect(), on_progress).await?;
    }
    let building: Vec<Target> = stale.iter().map(|(target, _)| target.clone()).collect();
    let log = build(&compose, profile, &building, choice.source, on_progress).await?;
    report.built = building.iter().map(|target| target.image.clone()).collect();
    report.log = Some(log);

    let built: BTreeSet<&str> = report.built.iter().map(String::as_str).collect();
    let new_ids = image_ids(engine, &built).await?;
    let made = stale
        .iter()
        .filter_map(|(target, inputs)| {
            let record = ImageRecord {
                id: new_ids.get(&target.image)?.clone(),
                // The inputs as they were before the build: an edit during it is built next time.
                digest: identity(inputs, &lock),
                bases: bases_of(inputs, &ids),
            };
            Some((target.image.clone(), record))
        })
        .collect();
    Records::remember(engine.id(), choice.source, &made)?;
    Ok(report)
}

/// Everything that decides what an image becomes: its inputs, and what the tags of its official images mean.
fn identity(inputs: &Inputs, lock: &Lock) -> String {
    let locked = inputs
        .needed
        .iter()
        .filter_map(|reference| lock.digest(reference));
    let parts = std::iter::once(inputs.digest.as_str()).chain(locked);
    parts.collect::<Vec<_>>().join(" ")
}

/// Returns the ids of the images that the engine has.
async fn image_ids(
    engine: &Engine,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, EngineError> {
    let asked = names.iter().map(async |name| {
        let id = engine.image_id(name).await?;
        Ok(id.map(|id| ((*name).to_owned(), id)))
    });
    let found = join_all(asked)
        .await
        .into_iter()
        .collect::<Result<Vec<_>, EngineError>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn bases_of(inputs: &Inputs, ids: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let known = inputs
        .bases
        .iter()
        .filter_map(|name| Some((name.clone(), ids.get(name)?.clone())));
    known.collect()
}
