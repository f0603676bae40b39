//! The mdBook side: what obsbook answers, and the book with cards in place of lab blocks.

use std::cell::OnceCell;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use mdbook_core::book::Book as MdBook;
use mdbook_preprocessor::PreprocessorContext;
use obsbook_lab::block::Lab;
use obsbook_lab::markdown::{Fence, fences};
use obsbook_lab::markup::escape;
use obsbook_lab::plan;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::card::{self, Beside};
use super::evidence::Shown;
use super::load::LoadedBook;
use super::pages::with_pages;
use super::{panel, quiz};
use crate::fault::{self, ByHand};
use crate::report::Evidence;

/// The mdBook release whose contract this is.
const MDBOOK_VERSION: &str = "0.5";

/// Why mdBook's input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PreprocessError {
    /// It is no JSON of mdBook's.
    #[error("the input is not a book from mdBook {MDBOOK_VERSION}: {0}")]
    Input(String),
    /// Another mdBook called.
    #[error("mdBook {found} called, but obsbook speaks the contract of mdBook {MDBOOK_VERSION}")]
    Version {
        /// The caller's version.
        found: String,
    },
}

impl PreprocessError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        format!(
            "mdBook starts obsbook by itself; install the right one with `cargo install mdbook --version {MDBOOK_VERSION}.4 --locked`, or run `obsbook check`"
        )
    }
}

/// Returns whether obsbook takes part for a renderer; it does so without side effects.
pub fn supports(renderer: &str) -> bool {
    matches!(renderer, "html" | "test")
}

/// As much of mdBook's context as every release of it has.
#[derive(Deserialize)]
struct Caller {
    mdbook_version: Option<String>,
}

/// Returns what mdBook sent.
///
/// # Errors
/// The input is none of mdBook 0.5's.
pub fn read_input(input: impl Read) -> Result<(PreprocessorContext, MdBook), PreprocessError> {
    let text = std::io::read_to_string(input)
        .map_err(|error| PreprocessError::Input(error.to_string()))?;
    // An older mdBook's book does not even parse, so its version is looked at first.
    let (caller, IgnoredAny): (Caller, IgnoredAny) =
        serde_json::from_str(&text).map_err(|error| PreprocessError::Input(error.to_string()))?;
    match caller.mdbook_version.as_deref() {
        Some(version) if version.starts_with(&format!("{MDBOOK_VERSION}.")) => {}
        Some(version) => {
            return Err(PreprocessError::Version {
                found: version.to_owned(),
            });
        }
        None => {
            return Err(PreprocessError::Input(
                "it names no mdbook_version".to_owned(),
            ));
        }
    }
    mdbook_preprocessor::parse_input(text.as_bytes())
        .map_err(|error| PreprocessError::Input(format!("{error:#}")))
}

/// Returns `book` as it came, as JSON: what a test run hands on.
///
/// # Errors
/// Never in practice: a book that came as JSON is JSON.
pub fn unchanged(book: &MdBook) -> serde_json::Result<String> {
    serde_json::to_string(book)
}

/// Returns `book` with every lab block replaced by its card, and every page saying where a live server may be.
pub fn render_html(mut book: MdBook, loaded: &LoadedBook) -> MdBook {
    let live = escape(&loaded.settings.live);
    let mark = format!("\n\n<div hidden data-live=\"{live}\"></div>\n");
    let stack = OnceCell::new();
    book.for_each_chapter_mut(|chapter| {
        let mut page = Page {
            loaded,
            file: file_of(chapter.path.as_deref(), loaded),
            stack: &stack,
            versions: String::new(),
        };
        chapter.content = page.with_cards(&chapter.content);
        chapter.content.push_str(&mark);
    });
    book
}

/// mdBook names a chapter's file from the folder of the sources.
fn file_of(path: Option<&Path>, loaded: &LoadedBook) -> PathBuf {
    let path = path.unwrap_or(Path::new(""));
    let mut chapters = loaded.book.chapters.iter();
    let known = chapters.find(|chapter| chapter.file.ends_with(path));
    known.map_or(path, |chapter| &chapter.file).to_owned()
}

/// One chapter while its cards are made.
struct Page<'a> {
    loaded: &'a LoadedBook,
    /// Its file, relative to the book's root.
    file: PathBuf,
    /// The digest of the stack's files, which only what is recorded is compared with.
    stack: &'a OnceCell<String>,
    /// The versions that were told last.
    versions: String,
}

impl Page<'_> {
    fn with_cards(&mut self, content: &str) -> String {
        let mut out = String::with_capacity(content.len());
        let mut copied = 0;
        for fence in fences(content) {
            let Some(html) = self.rendered(&fence) else {
                continue;
            };
            let Range { start, end } = fence.span.clone();
            // The indentation of a list before the fence belongs to the card's lines as well.
            let line_start = content[..start]
                .rfind('\n')
                .map_or(0, |newline| newline + 1);
            let indent = &content[line_start..start];
            out.push_str(&content[copied..start]);
            let indented = html
                .lines()
                .collect::<Vec<_>>()
                .join(&format!("\n{}", blank(indent)));
            out.push_str(&indented);
            copied = end;
        }
        out.push_str(&content[copied..]);
        with_pages(&out, self.loaded, &self.file)
    }

    /// What stands in the place of a block, if it is one of ours.
    fn rendered(&mut self, fence: &Fence) -> Option<String> {
        let book = &self.loaded.book;
        // Another preprocessor may have moved the block, so it is found by its text, not by its place.
        match fence.info.as_str() {
            "panel" => {
                let mut panels = book.panels.iter();
                let (panel, _) = panels.find(|(_, body)| *body == fence.body)?;
                Some(panel::render(panel))
            }
            "quiz" => {
                let mut quizzes = book.quizzes.iter();
                let (quiz, _) = quizzes.find(|(_, body)| *body == fence.body)?;
                Some(quiz::render(quiz, book))
            }
            "lab" => {
                let mut blocks = book.blocks.iter();
                let block = blocks.find(|block| block.fence.body == fence.body)?;
                let lab = block.lab.as_ref()?;
                let evidence = Evidence::read(&self.loaded.root, &lab.id);
                // A lab that never began has shown its reader nothing.
                let evidence = evidence.filter(|evidence| evidence.started.is_some());
                let shown = evidence.as_ref().map(|evidence| {
                    let stack = self.stack.get_or_init(|| self.loaded.stack_digest());
                    Shown::new(evidence, stack, &mut self.versions)
                });
                let beside = Beside {
                    yaml: &block.fence.body,
                    shown,
                    by_hand: by_hand(lab, self.loaded),
                };
                Some(card::render(lab, &beside))
            }
            _ => None,
        }
    }
}

/// How the faults of a lab are made by hand; those of a challenge are for its reader to find.
fn by_hand(lab: &Lab, loaded: &LoadedBook) -> Vec<ByHand> {
    let (Some(model), None) = (&loaded.around.model, &lab.challenge) else {
        return Vec::new();
    };
    let (project, lasting) = (loaded.project(), plan::time_to_live(lab));
    let faults = lab.inject.iter().flatten();
    faults
        .filter_map(|fault| fault::by_hand(fault, model, &project, lasting))
        .collect()
}

/// Spaces as wide as a list marker; the marks of a quote, and tabs, as they are.
fn blank(indent: &str) -> String {
    indent
        .chars()
        .map(|c| if matches!(c, '>' | '\t') { c } else { ' ' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_html_and_test_are_supported() {
        for (renderer, expected) in [("html", true), ("test", true), ("pdf", false), ("", false)] {
            assert_eq!(supports(renderer), expected, "{renderer}");
        }
    }

    #[test]
    fn what_a_block_stands_in_is_kept() {
        for (indent, expected) in [
            ("> ", "> "),
            ("  - ", "    "),
            ("\t", "\t"),
            (">\t1. ", ">\t   "),
        ] {
            assert_eq!(blank(indent), expected, "{indent:?}");
        }
    }

    #[test]
    fn another_mdbook_is_named_plainly() {
        let old = r#"[{"root":"/","config":{},"renderer":"html","mdbook_version":"0.4.52"},{"sections":[]}]"#;
        let error = read_input(old.as_bytes()).expect_err("too old");
        assert!(
            error.to_string().contains("mdBook 0.4.52 called"),
            "{error}"
        );
        let error = read_input(&b"not json"[..]).expect_err("no json");
        assert!(
            error.to_string().contains("not a book from mdBook"),
            "{error}"
        );
    }
}
