//! SUMMARY.md: where a new chapter stands in it.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::span::Span;

/// Why a chapter cannot be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SummaryError {
    /// No numbered chapter has this file.
    NoSuchChapter {
        /// The file that was asked for.
        file: String,
        /// The files of the numbered chapters.
        known: Vec<String>,
    },
}

/// One numbered chapter: its file, and where its item stands, those below it included.
struct Item {
    file: String,
    span: Span,
}

/// Returns SUMMARY.md with one more chapter: behind the one of the file `after` and those below it, on its level; or
/// behind the last numbered chapter, on the first level. `file` and `after` are relative to the book's source folder.
///
/// # Errors
/// `after` is no numbered chapter.
pub fn with_chapter(
    text: &str,
    title: &str,
    file: &str,
    after: Option<&str>,
) -> Result<String, SummaryError> {
    let (items, last) = items(text);
    let place = match after {
        Some(after) => {
            let found = items.iter().rev().find(|item| item.file == after);
            let found = found.ok_or_else(|| SummaryError::NoSuchChapter {
                file: after.to_owned(),
                known: items.iter().map(|item| item.file.clone()).collect(),
            })?;
            Some(found.span.clone())
        }
        None => last,
    };
    let link = format!("[{}]({file})", escaped(title));
    let Some(place) = place else {
        return Ok(format!("{}\n\n- {link}\n", text.trim_end()));
    };
    let line_start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = &text[line_start..place.start];
    let marker = &text[place.start..=place.start];
    // A numbered marker would have to be counted on.
    let marker = if ["*", "+"].contains(&marker) {
        marker
    } else {
        "-"
    };
    let end = place.start + text[place].trim_end().len();
    Ok(format!(
        "{}\n{indent}{marker} {link}{}",
        &text[..end],
        if text[end..].is_empty() {
            "\n"
        } else {
            &text[end..]
        }
    ))
}

/// Returns the items with a link, outer ones first, and the last item of the first level.
fn items(text: &str) -> (Vec<Item>, Option<Span>) {
    let mut items = Vec::new();
    let mut open: Vec<Span> = Vec::new();
    let mut last = None;
    for (event, range) in Parser::new_ext(text, Options::empty()).into_offset_iter() {
        match event {
            Event::Start(Tag::Item) => {
                if open.is_empty() {
                    last = Some(range.clone());
                }
                open.push(range);
            }
            Event::End(TagEnd::Item) => {
                open.pop();
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                if let Some(span) = open.last() {
                    items.push(Item {
                        // The one escape that mdBook reads here.
                        file: dest_url.trim_start_matches("./").replace("%20", " "),
                        span: span.clone(),
                    });
                }
            }
            _ => {}
        }
    }
    (items, last)
}

fn escaped(title: &str) -> String {
    let special = |c: char| "\\`*_[]<>&".contains(c);
    let mut out = String::new();
    for c in title.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = "# Summary\n\n[Introduction](introduction.md)\n\n- [A](a.md)\n  - [B](a/b.md)\n    - [C](a/c.md)\n- [D](d.md)\n  - [E](./d/e.md)\n\n[Reference](reference.md)\n";

    fn check(text: &str, after: Option<&str>, before: &str, line: &str) {
        let found = with_chapter(text, "New", "new.md", after).expect("a place");
        let expected = format!("{before}\n{line}\n");
        assert!(found.contains(&expected), "{found}");
        let rest = found.replacen(&format!("{line}\n"), "", 1);
        assert_eq!(rest.trim_end(), text.trim_end());
    }

    #[test]
    fn a_chapter_comes_behind_the_last_numbered_one_or_the_named_one() {
        check(SUMMARY, None, "  - [E](./d/e.md)", "- [New](new.md)");
        check(
            SUMMARY,
            Some("a.md"),
            "    - [C](a/c.md)",
            "- [New](new.md)",
        );
        check(
            SUMMARY,
            Some("a/b.md"),
            "    - [C](a/c.md)",
            "  - [New](new.md)",
        );
        check(
            SUMMARY,
            Some("a/c.md"),
            "    - [C](a/c.md)",
            "    - [New](new.md)",
        );
        check(
            SUMMARY,
            Some("d/e.md"),
            "  - [E](./d/e.md)",
            "  - [New](new.md)",
        );
        check(
            "- [A](./my%20a.md)\n- [B](b.md)\n",
            Some("my a.md"),
            "- [A](./my%20a.md)",
            "- [New](new.md)",
        );
        check("* [A](a.md)", None, "* [A](a.md)", "* [New](new.md)");
        check(
            "# Summary\n\n# Part\n\n- [A](a.md)\n\n---\n\n- [B](b.md)\n",
            None,
            "- [B](b.md)",
            "- [New](new.md)",
        );
        check("# Summary\n", None, "", "- [New](new.md)");
    }

    #[test]
    fn a_chapter_that_is_not_there_or_has_no_number_is_no_place() {
        for file in ["x.md", "introduction.md"] {
            let error = with_chapter(SUMMARY, "New", "new.md", Some(file)).expect_err(file);
            let SummaryError::NoSuchChapter { known, .. } = error;
            assert_eq!(known, ["a.md", "a/b.md", "a/c.md", "d.md", "d/e.md"]);
        }
    }

    #[test]
    fn a_title_stays_a_title() {
        let text = with_chapter("# Summary\n", "a [b] *c*", "new.md", None).expect("a place");
        assert!(text.contains(r"[a \[b\] \*c\*](new.md)"), "{text}");
    }
}
