//! Official images, the same for everybody: each tag is what the lock file says it means.

use std::collections::BTreeSet;

use super::build::OnProgress;
use super::error::ImagesError;
use super::lock::Lock;
use super::progress::Progress;
use crate::engine::{Engine, split_reference};

/// Images of this name are made here; no registry has them.
const OWN: &str = "obsbook/";

/// Pulls what is missing of `references`, by digest where the lock knows one, and adds the others to it.
///
/// A reference that can be had neither here nor from a registry is left to the build, which says where it is needed.
///
/// # Errors
/// A locked digest that no registry has.
pub(super) async fn take(
    engine: &Engine,
    lock: &mut Lock,
    references: &BTreeSet<String>,
    on_progress: OnProgress<'_>,
) -> Result<(), ImagesError> {
    let official = |reference: &&String| !reference.starts_with(OWN) && !reference.contains('@');
    for reference in references.iter().filter(official) {
        let here = engine.image_digests(reference).await?;
        let mut pull = |image: String| {
            on_progress(Progress::Pulling {
                image: image.clone(),
            });
            engine.pull(image)
        };
        if let Some(digest) = lock.digest(reference) {
            if here.is_some_and(|here| here.iter().any(|here| here.ends_with(digest))) {
                continue;
            }
            let pinned = format!("{}@{digest}", split_reference(reference).0);
            pull(pinned.clone())
                .await
                .map_err(|cause| ImagesError::Pinned {
                    reference: reference.clone(),
                    digest: digest.to_owned(),
                    lock: lock.path().to_owned(),
                    cause,
                })?;
            engine.tag(&pinned, reference).await?;
            continue;
        }
        let here = match here {
            Some(here) => here,
            None if pull(reference.clone()).await.is_ok() => {
                engine.image_digests(reference).await?.unwrap_or_default()
            }
            None => continue,
        };
        // An image that was built on this machine has no digest of a registry.
        if let Some(digest) = digest_in(reference, &here) {
            // A book that cannot be written to has labs all the same.
            if let Err(error) = lock.add(reference, digest) {
                on_progress(Progress::Warning(format!(
                    "{reference} is not pinned for the next run: {error}"
                )));
            }
        }
    }
    Ok(())
}

/// An image may have come from several repositories.
fn digest_in<'a>(reference: &str, digests: &'a [String]) -> Option<&'a str> {
    let wanted = familiar(split_reference(reference).0);
    digests.iter().find_map(|digest| {
        let (repository, digest) = digest.split_once('@')?;
        (familiar(repository) == wanted).then_some(digest)
    })
}

/// Docker leaves out the name of its own registry, and of its library.
fn familiar(repository: &str) -> &str {
    let own = repository
        .strip_prefix("docker.io/")
        .or_else(|| repository.strip_prefix("index.docker.io/"))
        .unwrap_or(repository);
    own.strip_prefix("library/").unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_same_repository() {
        let check = |reference: &str, digests: &[&str], expected: Option<&str>| {
            let digests: Vec<String> = digests.iter().map(|digest| (*digest).to_owned()).collect();
            assert_eq!(digest_in(reference, &digests), expected, "{reference}");
        };
        check("redis:7.0", &["redis@sha256:1"], Some("sha256:1"));
        check(
            "docker.io/library/redis:7",
            &["redis@sha256:1"],
            Some("sha256:1"),
        );
        check(
            "prom/prometheus:v3",
            &["docker.io/prom/prometheus@sha256:2"],
            Some("sha256:2"),
        );
        check(
            "localhost:5000/a/b",
            &["other/b@sha256:1", "localhost:5000/a/b@sha256:2"],
            Some("sha256:2"),
        );
        check("redis:7.0", &["mine/redis@sha256:1"], None);
        check("redis:7.0", &[], None);
    }
}
