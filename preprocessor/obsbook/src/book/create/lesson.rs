//! A new lesson: a chapter with a heading, goals and a lab, and its line in SUMMARY.md.

use std::fs;
use std::path::{Path, PathBuf};

use mdbook_summary::{Summary, SummaryItem, parse_summary};
use obsbook_lab::summary::with_chapter;

use super::error::CreateError;
use super::lab::{NewLab, one_line};
use super::write::{create, replace, with_ends_of};
use crate::book::{LoadedBook, Settings};

/// What an author says of a new lesson.
#[derive(Debug, Clone, Copy)]
pub struct NewLesson<'a> {
    /// The file's name without its ending, in the book's source folder.
    pub name: &'a str,
    /// The chapter's title; made of the name when absent.
    pub title: Option<&'a str>,
    /// The chapter that it stands behind; the last numbered one when absent.
    pub after: Option<&'a Path>,
}

/// A lesson that was made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CreatedLesson {
    /// The chapter's file, relative to the book's root.
    pub file: PathBuf,
    /// SUMMARY.md, relative to the book's root.
    pub summary: PathBuf,
    /// The id of its lab.
    pub lab: String,
}

impl LoadedBook {
    /// Makes a lesson, and returns what it is made of.
    ///
    /// # Errors
    /// The name or the title is none, the file is there, or SUMMARY.md has no place for it.
    pub fn create_lesson(&self, lesson: &NewLesson) -> Result<CreatedLesson, CreateError> {
        let name = lesson.name.strip_suffix(".md").unwrap_or(lesson.name);
        check_name(name)?;
        let title = lesson.title.map_or_else(|| titled(name), str::to_owned);
        if !one_line(&title) {
            return Err(CreateError::Title);
        }
        let src = Settings::from_root(&self.root)?.book.src;
        let location = format!("{name}.md");
        let file = src.join(&location);
        if self.root.join(&file).exists() {
            return Err(CreateError::Exists(file));
        }
        let id = self.free_id(name);
        let page = self.page(&title, &id)?;
        self.check(&file, &page)?;

        let summary = src.join("SUMMARY.md");
        let list = fs::read_to_string(self.root.join(&summary));
        let list = list.map_err(CreateError::disk("read", &summary))?;
        let after = match lesson.after {
            Some(after) => Some(self.chapter(after)?.file.clone()),
            None => None,
        };
        let after_location = after.as_deref().map(|file| {
            let location = file.strip_prefix(&src).unwrap_or(file);
            location.to_string_lossy().into_owned()
        });
        let changed = with_chapter(&list, title.trim(), &location, after_location.as_deref())
            .map_err(|_| CreateError::Unnumbered(after.unwrap_or_default()))?;
        let list = with_ends_of(&list, &changed);
        let found = parse_summary(&list).is_ok_and(|list| names(&list, Path::new(&location)));
        if !found {
            return Err(CreateError::Summary(summary));
        }

        create(&self.root, &file, &page)?;
        if let Err(error) = replace(&self.root, &summary, &list) {
            // A chapter that SUMMARY.md does not reach would be a problem of every later lint.
            let _ = fs::remove_file(self.root.join(&file));
            return Err(error);
        }
        Ok(CreatedLesson {
            file,
            summary,
            lab: id,
        })
    }

    fn page(&self, title: &str, id: &str) -> Result<String, CreateError> {
        let block = self.outline_lab(&NewLab {
            id,
            title: None,
            fault: "kill",
            service: None,
            to: None,
        })?;
        let title = title.trim();
        Ok(format!(
            "# {title}\n\nWhat the chapter is about, in one paragraph.\n\n## Goals\n\nAfter this chapter you can\n\n\
             - say what happens when the service of the lab below is down\n- show it in the telemetry\n\n\
             ## The lab\n\nThe claim that the lab proves, in one sentence.\n\n{block}"
        ))
    }

    /// Returns an id that no lab has, made of the lesson's name.
    fn free_id(&self, name: &str) -> String {
        let base = format!("{}-first", name.replace('/', "-"));
        let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
        let mut all = std::iter::once(base.clone()).chain(numbered);
        all.find(|id| !self.has_id(id)).unwrap_or(base)
    }
}

fn check_name(name: &str) -> Result<(), CreateError> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !part.ends_with('-')
            && part.chars().all(fine)
    };
    let stem = name.rsplit('/').next().unwrap_or_default();
    let chapter = stem
        .strip_prefix("chapter-")
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    if name.split('/').all(part) && !chapter {
        Ok(())
    } else {
        Err(CreateError::Name(name.to_owned()))
    }
}

/// `metrics/red-method` is "Red method".
fn titled(name: &str) -> String {
    let stem = name.rsplit('/').next().unwrap_or(name);
    let words = stem.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Returns whether a numbered chapter has this location.
fn names(summary: &Summary, location: &Path) -> bool {
    fn any(items: &[SummaryItem], location: &Path) -> bool {
        items.iter().any(|item| match item {
            SummaryItem::Link(link) => {
                link.location.as_deref() == Some(location) || any(&link.nested_items, location)
            }
            _ => false,
        })
    }
    any(&summary.numbered_chapters, location)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_of_plain_words() {
        for (name, fine) in [
            ("caching", true),
            ("metrics/red-method", true),
            ("p95", true),
            ("chapter-x", true),
            ("chapter-3", false),
            ("Caching", false),
            ("../caching", false),
            ("/caching", false),
            ("a//b", false),
            ("a/", false),
            ("-a", false),
            ("", false),
        ] {
            assert_eq!(check_name(name).is_ok(), fine, "{name}");
        }
    }

    #[test]
    fn a_title_is_made_of_the_name() {
        for (name, expected) in [("caching", "Caching"), ("metrics/red-method", "Red method")] {
            assert_eq!(titled(name), expected);
        }
    }
}
