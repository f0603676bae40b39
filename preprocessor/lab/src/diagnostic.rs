//! A problem in an author's file: plain data, and its two renderings.

use std::path::{Path, PathBuf};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::{Deserialize, Serialize, Serializer};

use crate::span::{Position, SourceFile, Span};

/// One problem, where it stands, and the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// The file, relative to the book's root.
    #[serde(serialize_with = "as_shown")]
    pub file: PathBuf,
    /// Where the problem starts; the end follows.
    #[serde(flatten)]
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Why the place is wrong, said beside the caret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The whole lines that it stands in, as they were then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Diagnostic {
    /// Returns a diagnostic at `span` of `source`.
    pub fn new(source: &SourceFile, span: Span, message: impl Into<String>) -> Self {
        let span = source.clamp(&span);
        Self {
            message: message.into(),
            file: source.path.clone(),
            start: source.position(span.start),
            end: source.position(span.end),
            hint: None,
            label: None,
            text: source.lines(&span).to_owned(),
        }
    }

    /// Sets the next step to take.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Returns the problem as a person reads it: message, `file:line:column`, the line with a caret, the hint.
    pub fn render(&self, colour: bool) -> String {
        let path = self.file.display().to_string();
        let first = self.start.line;
        let start = self.start.offset_in(&self.text, first);
        // A saved problem may have lost its lines.
        let end = self.end.offset_in(&self.text, first).max(start);
        let mut annotation = AnnotationKind::Primary.span(start..end);
        if let Some(label) = &self.label {
            annotation = annotation.label(label);
        }
        let mut group = Level::ERROR.primary_title(&self.message).element(
            Snippet::source(&*self.text)
                .line_start(first)
                .path(&path)
                .annotation(annotation),
        );
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.message(hint));
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer
            .decor_style(DecorStyle::Ascii)
            .render(&[group])
            .clone()
    }
}

/// JSON knows no other text than UTF-8, which a file's name need not be.
fn as_shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_whose_name_is_no_utf_8_is_told_in_json_as_well() {
        use std::os::unix::ffi::OsStrExt;

        let path = Path::new(std::ffi::OsStr::from_bytes(b"src/\xff.md"));
        let source = SourceFile::new(path, "one\n");
        let diagnostic = Diagnostic::new(&source, 0..3, "unknown word");
        let json = serde_json::to_value(diagnostic).expect("json");
        assert_eq!(json["file"], "src/\u{fffd}.md");
    }

    #[test]
    fn a_diagnostic_shows_place_caret_and_hint() {
        let source = SourceFile::new("src/a.md", "one\ntwo three\n");
        let diagnostic = Diagnostic::new(&source, 8..13, "unknown word `three`")
            .label("not a number")
            .hint("did you mean `tree`?");
        insta::assert_snapshot!(diagnostic.render(false), @r"
        error: unknown word `three`
         --> src/a.md:2:5
          |
        2 | two three
          |     ^^^^^ not a number
          |
          = help: did you mean `tree`?
        ");
    }
}
