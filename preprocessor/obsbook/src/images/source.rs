//! From where images come.

use std::path::Path;
use std::str::FromStr;

use super::error::ImagesError;
use super::record::Records;
use crate::engine::Engine;

/// The variable that chooses, for obsbook and for the compose files alike.
const VARIABLE: &str = "OBSBOOK_IMAGES";

/// From where images come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The official images of a container registry.
    Registry,
    /// Built from the packages of the language and Debian registries.
    Packages,
}

impl Source {
    /// Returns the name that settings and compose files use.
    pub fn name(self) -> &'static str {
        match self {
            Source::Registry => "registry",
            Source::Packages => "packages",
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Source {
    type Err = ImagesError;

    fn from_str(name: &str) -> Result<Source, ImagesError> {
        [Source::Registry, Source::Packages]
            .into_iter()
            .find(|source| source.name() == name)
            .ok_or_else(|| ImagesError::UnknownSource {
                name: name.to_owned(),
            })
    }
}

/// A chosen source, and what decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The source.
    pub source: Source,
    /// What decided, as the end of a sentence that begins with "because".
    pub why: String,
}

/// Chooses from where images come: what was asked for (`--images`), else `OBSBOOK_IMAGES` in the
/// environment or in the `.env` of `root`, else what this engine's images were last made from, else
/// a registry if it answers for `reference`, else packages.
///
/// The memory keeps a laptop that changes networks from building everything anew.
///
/// # Errors
/// `OBSBOOK_IMAGES` names no source.
pub async fn choose(
    engine: &Engine,
    root: &Path,
    wanted: Option<Source>,
    reference: &str,
) -> Result<Choice, ImagesError> {
    if let Some(source) = wanted {
        return Ok(Choice {
            source,
            why: "--images says so".to_owned(),
        });
    }
    let variable = std::env::var(VARIABLE)
        .ok()
        .filter(|value| !value.is_empty());
    if let Some(choice) = configured(variable.as_deref(), root)? {
        return Ok(choice);
    }
    if let Some(source) = Records::load().source(engine.id()) {
        let why = "this engine's images were made so (--images changes it)".to_owned();
        return Ok(Choice { source, why });
    }
    Ok(if engine.registry_answers(reference).await {
        Choice {
            source: Source::Registry,
            why: format!("a registry answered for {reference}"),
        }
    } else {
        Choice {
            source: Source::Packages,
            why: format!("no registry answered for {reference}"),
        }
    })
}

fn configured(variable: Option<&str>, root: &Path) -> Result<Option<Choice>, ImagesError> {
    if let Some(name) = variable {
        return Ok(Some(Choice {
            source: name.parse()?,
            why: format!("{VARIABLE} says so"),
        }));
    }
    let dotenv = std::fs::read_to_string(root.join(".env")).unwrap_or_default();
    let set = dotenv.lines().rev().find_map(|line| {
        let value = line
            .trim()
            .strip_prefix(VARIABLE)?
            .trim_start()
            .strip_prefix('=')?
            .trim();
        Some(value.trim_matches(['"', '\'']))
    });
    set.filter(|name| !name.is_empty())
        .map(|name| {
            Ok(Choice {
                source: name.parse()?,
                why: format!("{VARIABLE} in .env says so"),
            })
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variable: Option<&str>, dotenv: &str, expected: &str) {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(".env"), dotenv).unwrap();
        let found = match configured(variable, root.path()) {
            Ok(Some(choice)) => format!("{} because {}", choice.source, choice.why),
            Ok(None) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn the_environment_wins_over_dotenv() {
        check(None, "COMPOSE_PROFILES=core\n", "nothing");
        check(None, "OBSBOOK_IMAGES=\n", "nothing");
        check(None, "#OBSBOOK_IMAGES=packages\n", "nothing");
        check(
            None,
            "OBSBOOK_IMAGES=\"packages\"\n",
            "packages because OBSBOOK_IMAGES in .env says so",
        );
        check(
            Some("registry"),
            "OBSBOOK_IMAGES=packages\n",
            "registry because OBSBOOK_IMAGES says so",
        );
        check(Some("hub"), "", "there is no image source hub");
    }
}
