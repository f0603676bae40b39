//! The ways through a book: which labs teach which skill.

use std::path::{Path, PathBuf};

use obsbook_lab::book::Book;
use obsbook_lab::diagnostic::Diagnostic;
use obsbook_lab::span::SourceFile;
use obsbook_lab::suggest;
use serde::Deserialize;
use toml::Spanned;

/// Where a book says so, relative to its root; none is fine.
const FILE: &str = "labs/paths.toml";

/// One way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningPath {
    /// Its name.
    pub name: String,
    /// What somebody can do who has gone it.
    #[serde(default)]
    pub about: String,
    /// What is learnt on it.
    #[serde(rename = "skill", default)]
    pub skills: Vec<Skill>,
}

/// Something that is learnt.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// The ids of the labs that teach it.
    pub labs: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paths {
    #[serde(rename = "path", default)]
    paths: Vec<LearningPath>,
}

/// Returns the ways through the book at `root`, and what is wrong with them.
pub(super) fn read(root: &Path, book: &Book) -> (Vec<LearningPath>, Vec<Diagnostic>) {
    let Ok(text) = std::fs::read_to_string(root.join(FILE)) else {
        return (Vec::new(), Vec::new());
    };
    let source = SourceFile::new(PathBuf::from(FILE), text.as_str());
    let paths: Paths =
        match toml::from_str(&text) {
            Ok(paths) => paths,
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                let problem = Diagnostic::new(&source, span, error.message().to_owned());
                return (
                    Vec::new(),
                    vec![problem.hint(
                        "a path has `name`, `about` and skills, and a skill `name` and `labs`",
                    )],
                );
            }
        };
    let skills = paths.paths.iter().flat_map(|path| &path.skills);
    let unknown = skills
        .flat_map(|skill| &skill.labs)
        .filter(|id| book.labs().all(|lab| lab.id != *id.as_ref()));
    let problems = unknown.map(|id| {
        let hint = suggest::hint(id.as_ref(), book.labs().map(|lab| lab.id.as_str()));
        Diagnostic::new(
            &source,
            id.span(),
            format!("there is no lab `{}`", id.as_ref()),
        )
        .hint(hint)
    });
    let problems = problems.collect();
    (paths.paths, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_names_no_lab_is_told_with_its_place() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(root.path().join("labs")).expect("a folder");
        let check = |text: &str, expected: &[&str]| {
            std::fs::write(root.path().join(FILE), text).expect("a file");
            let (_, problems) = read(root.path(), &Book::default());
            let found: Vec<_> = problems
                .iter()
                .map(|problem| problem.message.as_str())
                .collect();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found}");
            }
        };
        check("", &[]);
        check(
            "[[path]]\nname = \"a\"\n[[path.skill]]\nname = \"b\"\nlabs = [\"x\"]\n",
            &["no lab `x`"],
        );
        check("[[path]]\n", &["name"]);
        check("[[path]\n", &["unclosed"]);
    }
}
