//! What `{{#include …}}` and its kin bring into a chapter.

use crate::span::Spanned;

/// Words of mdBook that bring a file's text into a chapter.
const WORDS: [&str; 5] = [
    "include",
    "rustdoc_include",
    "template",
    "playground",
    "playpen",
];

/// Returns the paths in `{{#include path:anchor}}`, `{{#rustdoc_include …}}` and `{{#template path …}}`, where mdBook sees them:
/// spaces may stand before the `#`, and `\{{#include …}}` is text.
pub fn targets(text: &str) -> Vec<Spanned<&str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let inside = &rest[at + 2..];
        let escaped = rest[..at].ends_with('\\').then(|| after_escaped(inside));
        rest = match (escaped.flatten(), link(text, inside)) {
            (Some(after), _) => after,
            (None, Some((target, after))) => {
                found.extend(target);
                after
            }
            (None, None) => &rest[at + 1..],
        };
    }
    found
}

/// Returns what follows an escaped link, which reaches to the last `}}` of its line.
fn after_escaped(inside: &str) -> Option<&str> {
    let line = inside.strip_prefix('#')?.lines().next()?;
    let end = line.rfind("}}")?;
    Some(&inside[1 + end + 2..])
}

/// Returns the path of a link that brings a file, and what follows the link; `inside` is the end of `text`.
fn link<'t>(text: &'t str, inside: &'t str) -> Option<(Option<Spanned<&'t str>>, &'t str)> {
    let inside = inside.trim_start().strip_prefix('#')?;
    let (words, after) = inside.split_once('}')?;
    let after = after.strip_prefix('}')?;
    let (word, rest) = words.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let start = text.len() - inside.len() + words.len() - rest.len();
    let target = rest.split_whitespace().next()?.split(':').next()?;
    let target = Spanned::new(target, start..start + target.len());
    Some((WORDS.contains(&word).then_some(target), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_seen_where_mdbook_sees_them() {
        let check = |text: &str, expected: &[&str]| {
            let found = targets(text);
            let words: Vec<_> = found.iter().map(|target| target.value).collect();
            assert_eq!(words, expected, "{text}");
            let places: Vec<_> = found.into_iter().map(|target| &text[target.span]).collect();
            assert_eq!(places, expected, "{text}");
        };
        check(
            "a {{#include a.md}} b {{#include b.txt:part}}",
            &["a.md", "b.txt"],
        );
        check(
            "{{ #include ../a.md }}\n{{\n#template\tb.md x=1}}",
            &["../a.md", "b.md"],
        );
        check(
            "{{#rustdoc_include a.rs:2:3}}{{#playground b.rs editable}}",
            &["a.rs", "b.rs"],
        );
        check(r"\{{#include a.md}} and {{#include b.md}}", &[]);
        check("\\{{#include a.md}}\n{{#include b.md}}", &["b.md"]);
        check("{{{#include a.md}}", &["a.md"]);
        check(r"\{{ #include a.md}}", &["a.md"]);
        check(
            "{{#title a}} {{#include}} {{# include a}} {{#includes a}} {{x}} {{#include a",
            &[],
        );
        check("{{#include a} }} {{#include b.md}}", &["b.md"]);
    }
}
