//! Markdown to fenced code blocks, each with a map from its text back to the author's file.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::span::Span;

/// A fenced code block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The info string, trimmed: `lab`, `promql`, `console verify`.
    pub info: String,
    /// The text between the fences, without the indentation of a list or quote around it.
    pub body: String,
    /// The opening fence's line in the file, without its line break.
    pub opening: Span,
    /// The whole block in the file, from the opening fence to the closing one.
    pub span: Span,
    /// Whether the closing fence is there.
    pub closed: bool,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    body_start: usize,
    file_start: usize,
    length: usize,
}

impl Fence {
    /// Returns a file that is one block by itself, such as a scenario.
    pub fn whole(text: &str) -> Self {
        let first_line = text.find('\n').unwrap_or(text.len());
        Self {
            info: String::new(),
            body: text.to_owned(),
            opening: 0..first_line,
            span: 0..text.len(),
            closed: true,
            pieces: vec![Piece {
                body_start: 0,
                file_start: 0,
                length: text.len(),
            }],
        }
    }

    /// Returns where a byte range of the body stands in the file.
    pub fn locate(&self, body: Span) -> Span {
        let start = self.locate_offset(body.start);
        let end = match body.end.checked_sub(1) {
            // The end of a range belongs to the piece of its last byte.
            Some(last) if body.end > body.start => self.locate_offset(last) + 1,
            _ => start,
        };
        start..end.max(start)
    }

    fn locate_offset(&self, offset: usize) -> usize {
        let piece = self
            .pieces
            .iter()
            .rev()
            .find(|piece| piece.body_start <= offset);
        match piece {
            Some(piece) => piece.file_start + (offset - piece.body_start).min(piece.length),
            None => self.opening.end,
        }
    }
}

/// Returns every fenced code block of `text`, in order. Fences inside other blocks are found where CommonMark
/// sees them: in lists and quotes, but not inside a longer fence, an indented block or an HTML comment.
pub fn fences(text: &str) -> Vec<Fence> {
    // Those of mdBook 0.5, but for smart punctuation, which changes no block.
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM;
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let line_end = text[range.start..]
                    .find('\n')
                    .map_or(text.len(), |at| range.start + at);
                let opening =
                    range.start..range.start + text[range.start..line_end].trim_end().len();
                open = Some(Fence {
                    info: info.trim().to_owned(),
                    body: String::new(),
                    closed: is_closed(&text[range.clone()]),
                    span: range,
                    opening,
                    pieces: Vec::new(),
                });
            }
            Event::Text(piece) => {
                if let Some(fence) = &mut open {
                    fence.pieces.push(Piece {
                        body_start: fence.body.len(),
                        file_start: range.start,
                        length: range.len(),
                    });
                    fence.body.push_str(&piece);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

fn is_closed(block: &str) -> bool {
    let marker = if block.starts_with('~') { '~' } else { '`' };
    let length = block.chars().take_while(|c| *c == marker).count();
    let last = block.lines().skip(1).last().unwrap_or_default();
    let last = last.trim_start_matches([' ', '>', '\t']).trim_end();
    last.len() >= length && last.chars().all(|c| c == marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, needle: &str, line: usize, column: usize) {
        let found = fences(text);
        let fence = found.first().expect("a fence");
        let at = fence.body.find(needle).expect("the needle in the body");
        let span = fence.locate(at..at + needle.len());
        assert_eq!(&text[span.clone()], needle);
        let position = crate::span::SourceFile::new("a", text).position(span.start);
        assert_eq!((position.line, position.column), (line, column));
    }

    #[test]
    fn a_place_in_the_body_is_found_in_the_file() {
        check("```lab\nid: a\ntitle: b\n```\n", "title", 3, 1);
        check(
            "text\n\n- item\n\n  ~~~lab\n  id: a\n  title: b\n  ~~~\n",
            "title",
            7,
            3,
        );
        check("> ```lab\n> id: a\n> title: b\n> ```\n", "title", 3, 3);
        check(
            "term\n\n:   what it is\n\n    ```lab\n    id: a\n    title: b\n    ```\n",
            "title",
            7,
            5,
        );
        check("> [!NOTE]\n> ```lab\n> title: b\n> ```\n", "title", 3, 3);
        check("```lab\r\nid: a\r\ntitle: b\r\n```\r\n", "title", 3, 1);
    }

    #[test]
    fn only_real_fences_count() {
        for (text, infos) in [
            ("````markdown\n```lab\nid: a\n```\n````\n", vec!["markdown"]),
            ("<!--\n```lab\n```\n-->\n", vec![]),
            ("    ```lab\n    id: a\n    ```\n", vec![]),
            (
                "```lab\n```\n\n``` promql\nup\n```\n",
                vec!["lab", "promql"],
            ),
        ] {
            let found: Vec<_> = fences(text).into_iter().map(|fence| fence.info).collect();
            assert_eq!(found, infos, "{text}");
        }
    }

    #[test]
    fn a_missing_closing_fence_is_seen() {
        assert!(!fences("```lab\nid: a\n").remove(0).closed);
        assert!(fences("> ```lab\n> id: a\n> ```\n").remove(0).closed);
        assert!(fences("```lab\nid: a\n```").remove(0).closed);
    }
}
