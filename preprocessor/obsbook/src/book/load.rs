//! Reading a book from disk: chapters in the order of SUMMARY.md, what they include, and what nothing reaches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mdbook_core::config::Config;
use mdbook_summary::{SummaryItem, parse_summary};
use obsbook_lab::book::{Book, Document, Role};
use obsbook_lab::compose::{ComposeModel, as_project_name, dotenv, normal};
use obsbook_lab::diagnostic::Diagnostic;
use obsbook_lab::include;
use obsbook_lab::span::SourceFile;
use obsbook_lab::surroundings::Surroundings;

use super::paths::{self, LearningPath};
use super::settings::{Settings, SettingsError};
use super::surroundings::surroundings;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A book with everything that its labs need to be planned.
#[derive(Debug, Clone)]
pub struct LoadedBook {
    /// The folder of book.toml, absolute.
    pub root: PathBuf,
    /// What book.toml says.
    pub settings: Settings,
    /// What its labs refer to: the compose files, if they can be read (otherwise the diagnostics say why not), dashboards, scenarios.
    pub around: Surroundings,
    /// Chapters, labs and problems.
    pub book: Book,
    /// The ways through it.
    pub paths: Vec<LearningPath>,
}

/// Why a book cannot be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// book.toml.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// SUMMARY.md is missing or not understood.
    #[error("failed to read {file}: {reason}")]
    Summary {
        /// The file, relative to the book's root.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A chapter's file is missing or no text.
    #[error("failed to read the chapter {file}: {reason}")]
    Chapter {
        /// The file, relative to the book's root.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
}

impl LoadError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Settings(error) => error.hint(),
            Self::Summary { .. } => {
                "a book's chapters are listed in SUMMARY.md, in its source folder".to_owned()
            }
            Self::Chapter { .. } => "create the file, or take it out of SUMMARY.md".to_owned(),
        }
    }
}

impl LoadedBook {
    /// Returns the book at `root`.
    ///
    /// # Errors
    /// A file of the book itself cannot be read. Problems of labs are the book's diagnostics.
    pub fn load(root: &Path) -> Result<Self, LoadError> {
        Self::with_config(root, &Settings::from_root(root)?)
    }

    /// Returns the book at `root` under a configuration that mdBook has read already.
    ///
    /// # Errors
    /// As [`LoadedBook::load`].
    pub fn with_config(root: &Path, config: &Config) -> Result<Self, LoadError> {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let settings = Settings::from_config(config)?;
        let (documents, unread) = documents(&root, &config.book.src)?;
        let load = |path: &Path| {
            std::fs::read_to_string(root.join(path)).map_err(|error| error.to_string())
        };
        let compose = settings.compose_file(&root);
        let of_process = |name: &str| std::env::var(name).ok();
        // As obsbook calls Compose: with the book's own file, else with the one that Compose finds.
        let beside = [Path::new(".env").to_owned(), compose.with_file_name(".env")];
        let found = beside
            .iter()
            .find_map(|path| Some((path, load(path).ok()?)));
        let (file, text) = found.unzip();
        let set = dotenv(&text.unwrap_or_default(), &of_process);
        let variable = |name: &str| of_process(name).or_else(|| set.get(name).cloned());
        let model = ComposeModel::read(&compose, &load, &variable);
        let (model, problem) = match model {
            Ok(mut model) => {
                model.parts.extend(file.cloned());
                (Some(model), None)
            }
            Err(problem) => (None, Some(*problem)),
        };
        let (around, problems) = surroundings(&root, &settings, model);
        let mut book = Book::read(&documents, &around);
        book.diagnostics
            .splice(0..0, unread.into_iter().chain(problems));
        let (paths, problems) = paths::read(&root, &book);
        book.diagnostics.extend(problems);
        // A book without labs needs no compose file.
        if let Some(problem) = problem.filter(|_| !book.blocks.is_empty()) {
            book.diagnostics.insert(0, problem);
        }
        Ok(Self {
            root,
            settings,
            around,
            book,
            paths,
        })
    }

    /// Returns the name of the compose project: the settings', else the compose file's, else the folder's.
    pub fn project(&self) -> String {
        let settings = self.settings.project.clone();
        let model = || {
            self.around
                .model
                .as_ref()
                .and_then(|model| model.name.clone())
        };
        let folder = || as_project_name(&self.root.file_name()?.to_string_lossy());
        let found = settings.or_else(model).or_else(folder);
        found.unwrap_or_else(|| "obsbook".to_owned())
    }
}

fn documents(root: &Path, src: &Path) -> Result<(Vec<Document>, Vec<Diagnostic>), LoadError> {
    let summary_file = src.join("SUMMARY.md");
    let fail = |reason: String| LoadError::Summary {
        file: summary_file.clone(),
        reason,
    };
    let text = std::fs::read_to_string(root.join(&summary_file))
        .map_err(|error| fail(error.to_string()))?;
    let summary = parse_summary(&text).map_err(|error| fail(format!("{error:#}")))?;
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    let parts = [
        &summary.prefix_chapters,
        &summary.numbered_chapters,
        &summary.suffix_chapters,
    ];
    for items in parts {
        chapters(root, src, items, &mut documents, &mut problems)?;
    }
    let known: BTreeSet<PathBuf> = documents
        .iter()
        .map(|document| document.source.path.clone())
        .collect();
    let mut others = included(root, &documents);
    others.retain(|document| !known.contains(&document.source.path));
    let included: BTreeSet<PathBuf> = others
        .iter()
        .map(|document| document.source.path.clone())
        .collect();
    let mut unreached = Vec::new();
    markdown_files(root, src, &mut unreached);
    for path in unreached {
        if path == summary_file || known.contains(&path) || included.contains(&path) {
            continue;
        }
        if let Ok(Ok(text)) = content(&root.join(&path)).map(String::from_utf8) {
            others.push(Document {
                source: SourceFile::new(path, text),
                role: Role::Unreached,
            });
        }
    }
    documents.extend(others);
    Ok((documents, problems))
}

fn chapters(
    root: &Path,
    src: &Path,
    items: &[SummaryItem],
    documents: &mut Vec<Document>,
    problems: &mut Vec<Diagnostic>,
) -> Result<(), LoadError> {
    for item in items {
        let SummaryItem::Link(link) = item else {
            continue;
        };
        // A link without a location is a draft: a name and nothing to read.
        if let Some(location) = &link.location {
            let path = src.join(location);
            let text = content(&root.join(&path)).map_err(|error| LoadError::Chapter {
                file: path.clone(),
                reason: error.to_string(),
            })?;
            let source = source(path, text, problems);
            let number = link
                .number
                .as_ref()
                .map(|number| number.to_vec())
                .unwrap_or_default();
            documents.push(Document {
                source,
                role: Role::Chapter {
                    name: link.name.clone(),
                    number,
                },
            });
        }
        chapters(root, src, &link.nested_items, documents, problems)?;
    }
    Ok(())
}

/// Returns a chapter's text; where it is not UTF-8, that is a problem of its place.
fn source(path: PathBuf, text: Vec<u8>, problems: &mut Vec<Diagnostic>) -> SourceFile {
    match String::from_utf8(text) {
        Ok(text) => SourceFile::new(path, text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = SourceFile::new(path, text);
            let replaced = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            problems.push(
                Diagnostic::new(
                    &source,
                    replaced,
                    "a byte that is not UTF-8, so mdBook cannot read the file",
                )
                .hint("save the file as UTF-8"),
            );
            source
        }
    }
}

/// The files that `{{#include …}}` and its kin bring into chapters.
fn included(root: &Path, documents: &[Document]) -> Vec<Document> {
    let mut found: Vec<Document> = Vec::new();
    let mut open: Vec<SourceFile> = documents
        .iter()
        .map(|document| document.source.clone())
        .collect();
    while let Some(source) = open.pop() {
        let folder = source.path.parent().unwrap_or(Path::new("")).to_owned();
        for target in include::targets(&source.text) {
            let path = normal(&folder.join(target.value));
            let is_known = found.iter().any(|known| known.source.path == path);
            // Whatever its name: what it holds is part of the chapter. What is no text mdBook refuses.
            if let Some(Ok(text)) = (!is_known).then(|| content(&root.join(&path)))
                && let Ok(text) = String::from_utf8(text)
            {
                let source = SourceFile::new(path, text);
                open.push(source.clone());
                found.push(Document {
                    source,
                    role: Role::Included,
                });
            }
        }
    }
    found
}

fn markdown_files(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        return;
    };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let full = root.join(&path);
        let hidden = name.to_string_lossy().starts_with('.');
        if full.is_dir() && !hidden && !full.is_symlink() {
            markdown_files(root, &path, found);
        } else if is_markdown(&path) {
            found.push(path);
        }
    }
}

fn is_markdown(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ["md", "markdown"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// Returns what a file holds, without the byte order mark that mdBook leaves out as well.
fn content(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = std::fs::read(path)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(text)
}
