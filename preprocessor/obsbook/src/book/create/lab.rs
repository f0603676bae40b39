//! A new lab: outlined, checked as `obsbook lint` would, and appended to its chapter.

use std::fs;
use std::path::{Path, PathBuf};

use obsbook_lab::block::decode;
use obsbook_lab::block::scaffold::{Outline, block};
use obsbook_lab::book::Chapter;
use obsbook_lab::compose::{ComposeModel, SOURCE_LABEL};
use obsbook_lab::markdown::fences;
use obsbook_lab::span::SourceFile;
use obsbook_lab::{suggest, yaml};

use super::error::CreateError;
use super::write::{replace, with_ends_of};
use crate::book::{LoadedBook, Settings};

/// What an author says of a new lab.
#[derive(Debug, Clone, Copy)]
pub struct NewLab<'a> {
    /// Its id.
    pub id: &'a str,
    /// The sentence that it proves; one about the fault when absent.
    pub title: Option<&'a str>,
    /// The fault's word.
    pub fault: &'a str,
    /// The service that is broken; one of the compose files when absent.
    pub service: Option<&'a str>,
    /// Of the fault `network`: the service that is called.
    pub to: Option<&'a str>,
}

/// A lab that was appended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CreatedLab {
    /// Its id.
    pub lab: String,
    /// The chapter's file, relative to the book's root.
    pub file: PathBuf,
    /// The line of its opening fence.
    pub line: usize,
}

impl LoadedBook {
    /// Returns the fenced block of a new lab, which lints clean in this book.
    ///
    /// # Errors
    /// The id is taken, or the compose files do not have the service, or the fault is none.
    pub fn outline_lab(&self, lab: &NewLab) -> Result<String, CreateError> {
        self.check_id(lab.id)?;
        if lab.title.is_some_and(|title| !one_line(title)) {
            return Err(CreateError::Title);
        }
        let model = self.around.model.as_ref();
        let usual = || model.and_then(|model| usual_service(model, &self.settings.profile));
        let service = lab.service.or_else(usual).ok_or(CreateError::NoService)?;
        let known = model.and_then(|model| model.services.get(service));
        let elsewhere = known.filter(|known| !known.runs_in(&self.settings.profile));
        let text = block(&Outline {
            id: lab.id,
            title: lab.title,
            profile: elsewhere.and_then(|known| known.profiles.first().map(String::as_str)),
            fault: lab.fault,
            service,
            to: lab.to,
        })?;
        let fenced = format!("```lab\n{text}```\n");
        self.check(Path::new("lab.md"), &fenced)?;
        Ok(fenced)
    }

    /// Appends a new lab to a chapter, and returns where it stands.
    ///
    /// # Errors
    /// As [`LoadedBook::outline_lab`]; there is no such chapter, or it ends inside another block.
    pub fn append_lab(&self, lab: &NewLab, chapter: &Path) -> Result<CreatedLab, CreateError> {
        let file = self.chapter(chapter)?.file.clone();
        let block = self.outline_lab(lab)?;
        let path = self.root.join(&file);
        let text = fs::read_to_string(path).map_err(CreateError::disk("read", &file))?;
        let appended = with_ends_of(&text, &format!("{}\n\n{block}", text.trim_end()));
        let line = self.check(&file, &appended)?;
        replace(&self.root, &file, &appended)?;
        Ok(CreatedLab {
            lab: lab.id.to_owned(),
            file,
            line,
        })
    }

    /// Returns the chapter that an author means: by its path from the book's root, from its source folder or from
    /// here, or by its name alone.
    pub(super) fn chapter(&self, file: &Path) -> Result<&Chapter, CreateError> {
        let src = Settings::from_root(&self.root)?.book.src;
        let from_here = file.canonicalize().ok();
        let is = |chapter: &&Chapter| {
            chapter.file == file
                || chapter.file == src.join(file)
                || chapter.file == src.join(file).with_extension("md")
                || from_here.as_deref() == Some(&self.root.join(&chapter.file))
        };
        let chapters = &self.book.chapters;
        chapters.iter().find(is).ok_or_else(|| {
            let known = chapters.iter().filter_map(|chapter| chapter.file.to_str());
            CreateError::NoChapter {
                file: file.to_owned(),
                hint: suggest::hint(
                    &src.join(file).with_extension("md").to_string_lossy(),
                    known,
                ),
            }
        })
    }

    /// Returns whether no lab of the book has this id; one with problems has its id as well.
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.place_of(id).is_some()
    }

    /// Returns the line of the last fence of `text`, a lab that lints clean.
    pub(super) fn check(&self, file: &Path, text: &str) -> Result<usize, CreateError> {
        let source = SourceFile::new(file, text);
        let fence = fences(text)
            .pop()
            .filter(|fence| fence.info == "lab" && fence.span.end >= text.trim_end().len())
            .ok_or_else(|| CreateError::OpenEnd(file.to_owned()))?;
        let (_, problems) = decode(&source, &fence, &self.around);
        match problems.into_iter().next() {
            None => Ok(source.position(fence.opening.start).line),
            Some(problem) => Err(CreateError::Block {
                message: problem.message,
                hint: problem.hint.unwrap_or_default(),
            }),
        }
    }

    fn check_id(&self, id: &str) -> Result<(), CreateError> {
        match self.place_of(id) {
            None => Ok(()),
            Some(place) => Err(CreateError::IdTaken {
                id: id.to_owned(),
                place,
            }),
        }
    }

    fn place_of(&self, id: &str) -> Option<String> {
        let is = |text: &str| {
            let root = yaml::parse(text).ok();
            root.is_some_and(|root| root.get("id").and_then(yaml::Node::text) == Some(id))
        };
        let block = self.book.blocks.iter().find(|block| match &block.lab {
            Some(lab) => lab.id == id,
            None => is(&block.fence.body),
        })?;
        let file = self.book.chapters.get(block.chapter)?.file.display();
        Some(match &block.lab {
            Some(lab) => format!("{file}:{}", lab.at.line),
            None => file.to_string(),
        })
    }
}

/// Returns whether a title can stand in one line.
pub(super) fn one_line(title: &str) -> bool {
    !title.trim().is_empty() && !title.contains(char::is_control)
}

/// Returns a service that labs may break: one with a fault API, else one that holds and carries no signal.
fn usual_service<'m>(model: &'m ComposeModel, profile: &'m str) -> Option<&'m str> {
    let rank = |service: &obsbook_lab::compose::Service| {
        let plain = service.signal().is_none() && !service.labels.contains_key(SOURCE_LABEL);
        (service.fault_port().is_none(), !plain)
    };
    let services = model.in_profile(profile);
    let best = services.min_by_key(|(_, service)| rank(service));
    best.map(|(name, _)| name)
}
