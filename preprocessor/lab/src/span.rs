//! Places in the author's files: byte ranges, and the lines and columns people read.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A byte range in one file.
pub type Span = Range<usize>;

/// A value and where it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value itself.
    pub value: T,
    /// Its byte range in the file.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Returns `value` with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A line and a column, both counted from 1; columns count characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// One file as its author wrote it, before any include is expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path shown to people, relative to the book's root.
    pub path: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
}

impl SourceFile {
    /// Returns a file of this path and text.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Returns the line and column of a byte offset; an offset past the end counts as the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.floor(offset);
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: self.text[line_start..offset].chars().count() + 1,
        }
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// Returns the whole lines that `span` touches.
    pub fn lines(&self, span: &Span) -> &str {
        let Span { start, end } = self.clamp(span);
        let from = self.text[..start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let to = self.text[end..].find('\n');
        &self.text[from..to.map_or(self.text.len(), |newline| end + newline)]
    }

    /// Returns `span` cut to this file's text and moved onto character boundaries.
    pub fn clamp(&self, span: &Span) -> Span {
        let start = self.floor(span.start);
        start..self.floor(span.end).max(start)
    }
}

impl Position {
    /// Returns the byte offset of this place in `text`, whose first line is the line `first` of its file.
    pub fn offset_in(self, text: &str, first: usize) -> usize {
        let lines = text.split_inclusive('\n');
        let above: usize = lines
            .take(self.line.saturating_sub(first))
            .map(str::len)
            .sum();
        let characters = text[above..].char_indices().map(|(offset, _)| offset);
        let within = characters.chain([text.len() - above]);
        above + within.take(self.column).last().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let file = SourceFile::new("a.md", "añb\r\nsecond\n");
        for (offset, line, column) in [(0, 1, 1), (3, 1, 3), (6, 2, 1), (8, 2, 3), (99, 3, 1)] {
            assert_eq!(
                file.position(offset),
                Position { line, column },
                "offset {offset}"
            );
        }
    }

    #[test]
    fn a_place_is_found_again_in_the_lines_around_it() {
        let file = SourceFile::new("a.md", "añb\r\nsecond\nthird");
        for span in [0..3, 3..3, 6..8, 8..14, 13..18, 18..18] {
            let (start, end) = (file.position(span.start), file.position(span.end));
            let lines = file.lines(&span);
            let found = start.offset_in(lines, start.line)..end.offset_in(lines, start.line);
            assert_eq!(
                lines[found],
                file.text[span.clone()],
                "{span:?} in {lines:?}"
            );
        }
    }
}
