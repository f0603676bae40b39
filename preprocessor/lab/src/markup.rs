//! Text in HTML and SVG.

/// Returns `text` as it is written between tags or in a quoted attribute.
pub fn escape(text: &str) -> String {
    escape_text(text).replace('"', "&quot;")
}

/// Returns `text` as it is written between tags, where quotes are what they are: queries and YAML have many.
pub fn escape_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Words of PromQL and LogQL that are neither names nor functions.
const WORDS: [&str; 20] = [
    "and",
    "atan2",
    "bool",
    "by",
    "decolorize",
    "drop",
    "group_left",
    "group_right",
    "ignoring",
    "json",
    "keep",
    "label_format",
    "line_format",
    "logfmt",
    "offset",
    "on",
    "or",
    "unless",
    "unwrap",
    "without",
];

/// Returns a query as markup in which its parts have the classes of mdBook's highlighter, which knows no PromQL and no LogQL.
///
/// The text of the markup is `query` again, and nothing in it is left unescaped.
pub fn highlighted(query: &str) -> String {
    let mut out = String::with_capacity(query.len() * 2);
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let (length, class) = token(rest, first);
        let (text, after) = rest.split_at(length);
        match class {
            Some(class) => out.push_str(&format!(
                "<span class=\"hljs-{class}\">{}</span>",
                escape(text)
            )),
            None => out.push_str(&escape(text)),
        }
        rest = after;
    }
    out
}

/// The length of the token that `text` begins with, and what it is.
fn token(text: &str, first: char) -> (usize, Option<&'static str>) {
    let while_true = |is: fn(char) -> bool| text.find(|c: char| !is(c)).unwrap_or(text.len());
    match first {
        '"' | '\'' | '`' => {
            let mut escaped = false;
            let end = text.char_indices().skip(1).find(|(_, c)| {
                let ends = *c == first && !escaped;
                escaped = *c == '\\' && !escaped && first != '`';
                ends
            });
            (
                end.map_or(text.len(), |(at, _)| at + first.len_utf8()),
                Some("string"),
            )
        }
        // A duration is a number with its unit.
        '0'..='9' => (
            while_true(|c| c.is_ascii_alphanumeric() || c == '.'),
            Some("number"),
        ),
        'a'..='z' | 'A'..='Z' | '_' => {
            let length = while_true(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.'));
            let (word, after) = text.split_at(length);
            let class = if WORDS.contains(&word) {
                Some("keyword")
            } else if after.starts_with('(') {
                Some("built_in")
            } else if after.trim_start().starts_with(['=', '!']) {
                Some("attr")
            } else {
                None
            };
            (length, class)
        }
        other => (other.len_utf8(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_query_have_their_classes() {
        let check =
            |query: &str, expected: &str| assert_eq!(highlighted(query), expected, "{query}");
        check("up", "up");
        check(
            "sum by (le) (rate(x_bucket{job=\"a\"}[15s])) > 0.5",
            "sum <span class=\"hljs-keyword\">by</span> (le) (<span class=\"hljs-built_in\">rate</span>(x_bucket{<span class=\"hljs-attr\">job</span>=<span class=\"hljs-string\">&quot;a&quot;</span>}[<span class=\"hljs-number\">15s</span>])) &gt; <span class=\"hljs-number\">0.5</span>",
        );
    }

    #[test]
    fn whatever_is_written_is_still_there_and_escaped() {
        for query in [
            "\"never ends",
            "'a\\'b'",
            "`<script>`",
            "<b>&é",
            "",
            "\"a\\\\\" b",
            "1e-3",
            "ü=\"ö\"",
        ] {
            let marked = highlighted(query);
            let plain: String = marked
                .split('<')
                .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
                .collect();
            assert_eq!(plain, escape(query), "{marked}");
        }
    }
}
