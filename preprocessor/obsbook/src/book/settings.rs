//! `[preprocessor.obsbook]` of book.toml.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use mdbook_core::config::Config;
use obsbook_lab::compose::is_project_name;
use serde::{Deserialize, Deserializer};

use crate::images::Source;

/// What a book says about its labs; every key is optional.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The compose file, relative to the book's root; by default the first of the usual names that is there.
    pub compose: Option<PathBuf>,
    /// The profile of labs that name none.
    pub profile: String,
    /// The compose project; by default the compose file's own name.
    pub project: Option<String>,
    /// Which labs `mdbook test` runs; all by default.
    pub select: Selection,
    /// Where images come from: `registry` or `packages`; by default obsbook finds out.
    #[serde(deserialize_with = "source")]
    pub images: Option<Source>,
    /// Profiles that are added where images come from a registry: what cannot be built from packages.
    pub registry_profiles: Vec<String>,
    /// On how many stacks `mdbook test` runs labs at the same time; by default as many as the engine's machine has room for.
    pub jobs: Option<NonZeroUsize>,
    /// Whether `mdbook test` may install what is missing.
    pub install: bool,
    /// Whether the stack takes free ports instead of its usual ones.
    pub dynamic_ports: bool,
    /// The folder of the provisioned Grafana dashboards, relative to the book's root; none is fine.
    pub dashboards: PathBuf,
    /// The folder of the scenarios, relative to the book's root; none is fine.
    pub scenarios: PathBuf,
    /// Where a test run leaves its results, relative to the book's root.
    pub results: PathBuf,
    /// Where a test run leaves its JUnit file, relative to the book's root; none by default.
    pub junit: Option<PathBuf>,
    /// Where a page of plain `mdbook serve` finds the live server.
    pub live: String,
    /// How mdBook starts obsbook; its own key.
    pub command: Option<String>,
    /// Preprocessors that run after this one; mdBook's own key.
    pub before: Vec<String>,
    /// Preprocessors that run before this one; mdBook's own key.
    pub after: Vec<String>,
    /// The renderers that obsbook runs for; mdBook's own key.
    pub renderers: Option<Vec<String>>,
    /// Whether mdBook goes on without obsbook; mdBook's own key.
    pub optional: bool,
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Source>, D::Error> {
    let name: Option<String> = Option::deserialize(deserializer)?;
    name.map(|name| name.parse().map_err(serde::de::Error::custom))
        .transpose()
}

/// One selector or several.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Selection {
    /// All labs.
    #[default]
    All,
    /// Selectors with spaces between them.
    Words(String),
    /// A list of selectors.
    List(Vec<String>),
}

impl Selection {
    /// Returns the selectors; none means all labs.
    pub fn selectors(&self) -> Vec<String> {
        match self {
            Self::All => Vec::new(),
            Self::Words(words) => words.split_whitespace().map(str::to_owned).collect(),
            Self::List(list) => list.clone(),
        }
    }
}

/// Where a book's compose file is looked for, and where it is said to be missing: the first.
const COMPOSE_FILES: [&str; 5] = [
    "compose/compose.yaml",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            compose: None,
            profile: "core".to_owned(),
            project: None,
            select: Selection::All,
            images: None,
            registry_profiles: Vec::new(),
            jobs: None,
            install: false,
            dynamic_ports: false,
            dashboards: PathBuf::from("compose/config/grafana/dashboards"),
            scenarios: PathBuf::from("labs/scenarios"),
            results: PathBuf::from(".obsbook/results.json"),
            junit: None,
            live: "http://127.0.0.1:3010".to_owned(),
            command: None,
            before: Vec::new(),
            after: Vec::new(),
            renderers: None,
            optional: false,
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no book here.
    #[error("no book.toml in `{0}` or any folder above it")]
    NoBook(PathBuf),
    /// book.toml is not what mdBook reads.
    #[error("book.toml cannot be read: {0}")]
    BookToml(String),
    /// The table for obsbook has a key or value that obsbook does not know.
    #[error("[preprocessor.obsbook] in book.toml: {0}")]
    Table(String),
    /// `optional` or `renderers` would let a test run pass without running a lab.
    #[error("[preprocessor.obsbook] in book.toml: {0}")]
    FalseGreen(&'static str),
    /// `docker compose` would refuse the project's name.
    #[error("[preprocessor.obsbook] in book.toml: `{0}` cannot be a compose project's name")]
    Project(String),
}

/// What a compose project's name is made of.
pub const PROJECT_NAME: &str =
    "lowercase letters, digits, `-` and `_`, beginning with a letter or a digit";

impl SettingsError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::NoBook(_) => "go to the book's folder, or name it with --book DIR".to_owned(),
            Self::BookToml(_) => "mend the line that it names".to_owned(),
            Self::Table(_) => {
                "keys: compose, profile, project, select, images, registry-profiles, install, dynamic-ports, dashboards, scenarios, results, junit, live"
                    .to_owned()
            }
            Self::FalseGreen(_) => {
                "remove the key: a test run that skips the labs would be green".to_owned()
            }
            Self::Project(_) => PROJECT_NAME.to_owned(),
        }
    }
}

impl Settings {
    /// Returns the settings of a configuration that mdBook, or [`Settings::from_root`], has read.
    ///
    /// # Errors
    /// A key that obsbook does not know, or one that would drop labs without a word.
    pub fn from_config(config: &Config) -> Result<Self, SettingsError> {
        let settings: Option<Self> = config
            .get("preprocessor.obsbook")
            .map_err(|error| SettingsError::Table(format!("{error:#}")))?;
        let mut settings = settings.unwrap_or_default();
        if settings.optional {
            return Err(SettingsError::FalseGreen(
                "`optional = true` makes mdBook go on without obsbook",
            ));
        }
        let renderers = settings.renderers.as_ref();
        if renderers.is_some_and(|names| !names.iter().any(|name| name == "test")) {
            return Err(SettingsError::FalseGreen(
                "`renderers` without \"test\" makes `mdbook test` skip every lab",
            ));
        }
        if settings.project.as_deref() == Some("") {
            settings.project = None;
        }
        match &settings.project {
            Some(name) if !is_project_name(name) => Err(SettingsError::Project(name.clone())),
            _ => Ok(settings),
        }
    }

    /// Returns the compose file of the book at `root`, relative to it.
    pub fn compose_file(&self, root: &Path) -> PathBuf {
        let usual = || COMPOSE_FILES.iter().find(|name| root.join(name).is_file());
        match &self.compose {
            Some(file) => file.clone(),
            None => PathBuf::from(usual().unwrap_or(&COMPOSE_FILES[0])),
        }
    }

    /// Returns the configuration of the book at `root`, with mdBook's environment variables applied.
    ///
    /// # Errors
    /// book.toml is missing or no TOML.
    pub fn from_root(root: &Path) -> Result<Config, SettingsError> {
        let mut config = Config::from_disk(root.join("book.toml"))
            .map_err(|error| SettingsError::BookToml(format!("{error:#}")))?;
        config
            .update_from_env()
            .map_err(|error| SettingsError::BookToml(format!("{error:#}")))?;
        Ok(config)
    }
}

/// Returns the nearest folder at or above `start` that holds a book.toml.
///
/// # Errors
/// There is none.
pub fn find_root(start: &Path) -> Result<PathBuf, SettingsError> {
    let found = start
        .ancestors()
        .find(|folder| folder.join("book.toml").is_file());
    found
        .map(Path::to_owned)
        .ok_or_else(|| SettingsError::NoBook(start.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_names_every_setting() {
        let page = include_str!("../../../../src/reference/own-book.md");
        let unknown = serde_json::json!({"": 0});
        let refused = serde_json::from_value::<Settings>(unknown).expect_err("an unknown key");
        let refused = refused.to_string();
        let (_, expected) = refused.split_once("expected one of ").expect("the keys");
        let keys: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
        assert!(keys.contains(&"compose"), "{keys:?}");
        let named = |key: &&str| page.contains(&format!("`{key}`"));
        let missing: Vec<_> = keys.into_iter().filter(|key| !named(key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
