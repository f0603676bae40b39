//! A whole book: every lab of every chapter, and every problem, told at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::beliefs;
use crate::block::{Lab, PanelBlock, Quiz, decode, decode_panel, decode_quiz};
use crate::compose::normal;
use crate::console;
use crate::diagnostic::Diagnostic;
use crate::include;
use crate::markdown::{Fence, fences};
use crate::prose;
use crate::span::SourceFile;
use crate::spelling::Spelling;
use crate::surroundings::Surroundings;

/// How a file belongs to the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// SUMMARY.md names it: its name there, and its section number if it has one.
    Chapter {
        /// The chapter's name in SUMMARY.md.
        name: String,
        /// `[2, 1]` for section 2.1; empty for an unnumbered chapter.
        number: Vec<u32>,
    },
    /// It lies in the book's source folder, but SUMMARY.md does not reach it.
    Unreached,
    /// A chapter includes it.
    Included,
}

/// One Markdown file of the book, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file; its path is relative to the book's root.
    pub source: SourceFile,
    /// How it belongs to the book.
    pub role: Role,
}

/// A chapter, as selectors and lists name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// The name in SUMMARY.md.
    pub name: String,
    /// The section number; empty for an unnumbered chapter.
    pub number: Vec<u32>,
    /// The file, relative to the book's root.
    pub file: PathBuf,
}

impl Chapter {
    /// Returns the selector of the chapter: `chapter-2` for section 2 and its children, else the file's stem.
    pub fn selector(&self) -> String {
        match self.number.first() {
            Some(number) => format!("chapter-{number}"),
            None => self.stem(),
        }
    }

    /// Returns the file's name without its ending.
    pub fn stem(&self) -> String {
        self.file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

/// A lab fence in a chapter, with the lab that it spells if it has no problems.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The fence.
    pub fence: Fence,
    /// Which of the book's chapters it stands in.
    pub chapter: usize,
    /// The lab.
    pub lab: Option<Lab>,
}

/// Everything that the book says about labs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Book {
    /// The chapters, in the order of SUMMARY.md.
    pub chapters: Vec<Chapter>,
    /// Every lab fence, in the book's order.
    pub blocks: Vec<Block>,
    /// Every panel without problems, in the book's order, with its fence's text.
    pub panels: Vec<(PanelBlock, String)>,
    /// Every quiz without problems, likewise.
    pub quizzes: Vec<(Quiz, String)>,
    /// Every query of the prose, and every console block to verify, as an observation, with its chapter's place.
    pub queries: Vec<(Lab, usize)>,
    /// Every problem, in the book's order.
    pub diagnostics: Vec<Diagnostic>,
    sources: Vec<SourceFile>,
}

impl Book {
    /// Returns the labs without problems, in the book's order.
    pub fn labs(&self) -> impl Iterator<Item = &Lab> {
        self.blocks.iter().filter_map(|block| block.lab.as_ref())
    }

    /// Returns the chapter that a lab stands in.
    pub fn chapter_of(&self, lab: &Lab) -> Option<&Chapter> {
        let mut blocks = self.blocks.iter();
        let block =
            blocks.find(|block| block.lab.as_ref().is_some_and(|known| known.id == lab.id))?;
        self.chapters.get(block.chapter)
    }

    /// Reads all documents of a book; chapters come in the order of SUMMARY.md.
    pub fn read(documents: &[Document], around: &Surroundings) -> Self {
        let mut book = Self::default();
        for document in documents {
            book.sources.push(document.source.clone());
            match &document.role {
                Role::Chapter { name, number } => {
                    book.chapters.push(Chapter {
                        name: name.clone(),
                        number: number.clone(),
                        file: document.source.path.clone(),
                    });
                    book.read_chapter(&document.source, around);
                }
                Role::Unreached => book.refuse(
                    &document.source,
                    "a lab in a file that SUMMARY.md does not reach is never run",
                    "add the file to SUMMARY.md, or remove the block",
                ),
                Role::Included => book.refuse(
                    &document.source,
                    "a lab in an included file has no place of its own in the book",
                    "move the block into the chapter",
                ),
            }
            if document.role != Role::Unreached {
                book.refuse_includes(&document.source, documents);
            }
        }
        book.check_unique();
        book.check_beliefs();
        book
    }

    fn read_chapter(&mut self, source: &SourceFile, around: &Surroundings) {
        let chapter = self.chapters.len() - 1;
        let all = fences(&source.text);
        for fence in all.iter().cloned() {
            if fence.info == "panel" {
                let (panel, problems) = decode_panel(source, &fence, around);
                self.diagnostics.extend(problems);
                self.panels.extend(panel.map(|panel| (panel, fence.body)));
                continue;
            }
            if fence.info == "quiz" {
                let (quiz, problems) = decode_quiz(source, &fence, around);
                self.diagnostics.extend(problems);
                self.quizzes.extend(quiz.map(|quiz| (quiz, fence.body)));
                continue;
            }
            match Spelling::of(&fence.info) {
                Spelling::Lab => {
                    let (lab, problems) = decode(source, &fence, around);
                    self.diagnostics.extend(problems);
                    self.blocks.push(Block {
                        fence,
                        chapter,
                        lab,
                    });
                }
                Spelling::Misspelt => self.diagnostics.push(
                    Diagnostic::new(
                        source,
                        fence.opening.clone(),
                        format!(
                            "`{}` is not how a lab block begins, so it would never run",
                            fence.info
                        ),
                    )
                    .hint("the info string is exactly `lab`"),
                ),
                Spelling::Other => {}
            }
        }
        let queries = all.into_iter().filter(prose::is_checked).collect();
        self.read_queries(source, chapter, queries, around);
    }

    /// Queries are asked where the chapter's labs run, as their reader has that stack.
    fn read_queries(
        &mut self,
        source: &SourceFile,
        chapter: usize,
        queries: Vec<Fence>,
        around: &Surroundings,
    ) {
        let own = self.blocks.iter().filter(|block| block.chapter == chapter);
        let mut labs = own.filter_map(|block| block.lab.as_ref());
        let profile = labs.find(|lab| lab.profile != around.profile);
        let profile = profile.map_or(around.profile.clone(), |lab| lab.profile.clone());
        let stem = self.chapters[chapter].stem();
        let (mut asked, mut typed) = (0, 0);
        for fence in &queries {
            let (what, number) = if console::is_verified(fence) {
                ("console", &mut typed)
            } else {
                ("query", &mut asked)
            };
            *number += 1;
            let id = format!("{stem}-{what}-{number}");
            match prose::observation(source, fence, id, &profile) {
                Ok(lab) => self.queries.extend(lab.map(|lab| (lab, chapter))),
                Err(problem) => self.diagnostics.push(*problem),
            }
        }
    }

    fn refuse(&mut self, source: &SourceFile, message: &str, hint: &str) {
        for fence in labs_in(source) {
            let diagnostic = Diagnostic::new(source, fence.opening, message);
            self.diagnostics.push(diagnostic.hint(hint));
        }
    }

    /// The labs of an included chapter have their place, and the reader of the other file would see their text.
    fn refuse_includes(&mut self, source: &SourceFile, documents: &[Document]) {
        let folder = source.path.parent().unwrap_or(Path::new(""));
        for target in include::targets(&source.text) {
            let path = normal(&folder.join(target.value));
            let mut chapters = documents.iter().filter(|document| {
                document.source.path == path && matches!(document.role, Role::Chapter { .. })
            });
            if chapters.any(|chapter| !labs_in(&chapter.source).is_empty()) {
                let message = format!(
                    "`{}` is a chapter with labs, which have no place of their own where it is included",
                    target.value
                );
                self.diagnostics.push(
                    Diagnostic::new(source, target.span, message)
                        .hint("link to the chapter, or include a file that holds what both say"),
                );
            }
        }
    }

    fn check_unique(&mut self) {
        let labs = self
            .labs()
            .map(|lab| (&lab.id, "lab", &lab.file, lab.at, &lab.id_span));
        let panels = self.panels.iter();
        let panels =
            panels.map(|(panel, _)| (&panel.id, "panel", &panel.file, panel.at, &panel.id_span));
        let quizzes = self.quizzes.iter();
        let quizzes =
            quizzes.map(|(quiz, _)| (&quiz.id, "quiz", &quiz.file, quiz.at, &quiz.id_span));
        let mut first: BTreeMap<&str, String> = BTreeMap::new();
        let mut twice = Vec::new();
        for (id, kind, file, at, span) in labs.chain(panels).chain(quizzes) {
            match first.get(id.as_str()) {
                Some(earlier) => {
                    twice.push((id.clone(), file.clone(), span.clone(), earlier.clone()))
                }
                None => {
                    let place = format!("{}:{}:{}", file.display(), at.line, at.column);
                    first.insert(id, format!("the first {kind} of this name is at {place}"));
                }
            }
        }
        for (id, file, span, earlier) in twice {
            let source = self.source_of(&file);
            self.diagnostics.push(
                Diagnostic::new(&source, span, format!("the id `{id}` is taken"))
                    .hint(format!("{earlier}; ids are unique in the whole book")),
            );
        }
    }

    /// A lab that has problems of its own is told anyway: its quiz is looked at once they are mended.
    fn check_beliefs(&mut self) {
        if self.blocks.iter().any(|block| block.lab.is_none()) {
            return;
        }
        let labs: Vec<&Lab> = self.labs().collect();
        let quizzes = self.quizzes.iter().map(|(quiz, _)| quiz);
        let found = beliefs::without_lab(quizzes, &labs);
        let told: Vec<_> = found
            .into_iter()
            .map(|(quiz, mistake, message, hint)| {
                let source = self.source_of(&quiz.file);
                Diagnostic::new(&source, mistake.span.clone(), message).hint(hint)
            })
            .collect();
        self.diagnostics.extend(told);
    }

    fn source_of(&self, file: &Path) -> SourceFile {
        let known = self.sources.iter().find(|source| source.path == file);
        known.cloned().unwrap_or_else(|| SourceFile::new(file, ""))
    }
}

/// Fences that are labs, or were to be.
fn labs_in(source: &SourceFile) -> Vec<Fence> {
    let mut all = fences(&source.text);
    all.retain(|fence| Spelling::of(&fence.info) != Spelling::Other);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAB: &str = "```lab\nid: ID\ntitle: t\ninject:\n  - kill: api\nexpect:\n  - container: api\n    is: exited\n```\n";

    fn document(path: &str, text: &str, role: Role) -> Document {
        Document {
            source: SourceFile::new(path, text),
            role,
        }
    }

    fn chapter(path: &str, text: &str, number: u32) -> Document {
        let role = Role::Chapter {
            name: path.to_owned(),
            number: vec![number],
        };
        document(path, text, role)
    }

    fn around() -> Surroundings {
        Surroundings {
            profile: "core".to_owned(),
            ..Surroundings::default()
        }
    }

    #[test]
    fn ids_are_unique_in_the_whole_book() {
        let lab = LAB.replace("ID", "same");
        let book = Book::read(
            &[chapter("a.md", &lab, 1), chapter("b.md", &lab, 2)],
            &around(),
        );
        let messages: Vec<_> = book.diagnostics.iter().map(|d| d.render(false)).collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        error: the id `same` is taken
         --> b.md:2:5
          |
        2 | id: same
          |     ^^^^
          |
          = help: the first lab of this name is at a.md:1:1; ids are unique in the whole book
        ");
    }

    #[test]
    fn labs_that_would_never_run_are_errors() {
        let lab = LAB.replace("ID", "x");
        for (document, expected) in [
            (
                document("a.md", &lab, Role::Unreached),
                "SUMMARY.md does not reach",
            ),
            (document("a.md", &lab, Role::Included), "included file"),
            (
                chapter("a.md", &lab.replace("```lab", "```Lab"), 1),
                "not how a lab block begins",
            ),
            (
                chapter("a.md", &lab.replace("```lab", "```labs"), 1),
                "not how a lab block begins",
            ),
            (
                chapter("a.md", &lab.replace("```lab", "```lab,ignore"), 1),
                "not how a lab block begins",
            ),
            (
                chapter("a.md", &lab.replace("```lab", "```lba"), 1),
                "not how a lab block begins",
            ),
        ] {
            let book = Book::read(&[document], &around());
            assert_eq!(book.diagnostics.len(), 1);
            assert!(
                book.diagnostics[0].message.contains(expected),
                "{}",
                book.diagnostics[0].message
            );
        }
    }

    #[test]
    fn an_included_chapter_with_labs_is_refused_where_it_is_included() {
        let lab = LAB.replace("ID", "x");
        let documents = [
            chapter("src/a.md", "{{#include b.md:part}}\n{{#include c.md}}\n", 1),
            chapter("src/b.md", &lab, 2),
            chapter("src/c.md", "No lab.\n", 3),
            document("part.md", "\n{{#include src/b.md}}\n", Role::Included),
            document("old.md", "{{#include src/b.md}}\n", Role::Unreached),
        ];
        let book = Book::read(&documents, &around());
        let found = book.diagnostics.iter().map(|problem| {
            assert!(problem.message.contains("is a chapter with labs"));
            (
                problem.file.to_str(),
                problem.start.line,
                problem.text.as_str(),
            )
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (Some("src/a.md"), 1, "{{#include b.md:part}}"),
                (Some("part.md"), 2, "{{#include src/b.md}}"),
            ]
        );
    }

    #[test]
    fn queries_of_the_prose_are_observations_unless_they_say_why_not() {
        let text = "```promql\nsum(up)\n```\n```logql\n{service=\"a\"} | json\n```\n```promql norun: needs an hour\nx[\n```\n";
        let book = Book::read(&[chapter("src/a.md", text, 1)], &around());
        assert!(book.diagnostics.is_empty(), "{:?}", book.diagnostics);
        let found = book.queries.iter().map(|(lab, _)| {
            let condition = &lab.steady[0];
            format!("{} in {}: {}", lab.id, lab.profile, condition.subject())
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                "a-query-1 in core: sum(up)",
                "a-query-2 in core: {service=\"a\"} | json"
            ]
        );
        for (text, expected) in [
            ("```promql\nsum(\n```\n", "not well formed"),
            ("```logql norun\n{}\n```\n", "without a reason"),
        ] {
            let book = Book::read(&[chapter("src/a.md", text, 1)], &around());
            let message = &book.diagnostics[0].message;
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn other_languages_are_left_alone() {
        let text =
            "```lua\n```\n```promql\nup\n```\n```\nplain\n```\n```yaml\nid: x\n```\n```bash\n```\n";
        let book = Book::read(&[chapter("a.md", text, 1)], &around());
        assert!(book.diagnostics.is_empty() && book.blocks.is_empty());
    }
}
