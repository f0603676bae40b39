//! YAML to a tree whose every node knows its byte range, so that all problems of a block can be told at once.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as YamlSpan};

use crate::span::Span;

/// Nodes a document may hold, aliases expanded: far above any real file, far below what harms.
const NODE_LIMIT: usize = 100_000;
/// Bytes of text that aliases may add, for the same reason.
const TEXT_LIMIT: usize = 10_000_000;
/// Lists and mappings inside one another, aliases expanded: whoever walks the tree calls itself so often.
const DEPTH_LIMIT: usize = 100;

/// A value and its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What stands there.
    pub kind: Kind,
    /// Its byte range in the text.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A single value as it is written, without its quotes.
    Scalar {
        /// The text.
        text: String,
        /// Whether it stood in quotes or in a block, and so is text whatever it looks like.
        quoted: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the text; a key may stand twice.
    Mapping(Vec<(Node, Node)>),
}

/// Why a text is no YAML, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// A lowercase fragment.
    pub message: String,
    /// The byte range in the text.
    pub span: Span,
}

impl Node {
    /// Returns the text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Returns whether this is YAML's null: nothing, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// Returns the value of `key`, looking through merge keys (`<<`) as well.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Kind::Mapping(entries) = &self.kind else {
            return None;
        };
        let own = entries.iter().find(|(k, _)| k.text() == Some(key));
        own.map(|(_, value)| value).or_else(|| {
            entries
                .iter()
                .filter(|(k, _)| k.text() == Some("<<"))
                .find_map(|(_, merged)| match &merged.kind {
                    Kind::Sequence(items) => items.iter().find_map(|item| item.get(key)),
                    _ => merged.get(key),
                })
        })
    }

    /// Returns the entries of a mapping in order, those of merge keys left out; nothing for other nodes.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Node)> {
        let entries = match &self.kind {
            Kind::Mapping(entries) => entries.as_slice(),
            _ => &[],
        };
        entries
            .iter()
            .filter_map(|(key, value)| Some((key.text()?, value)))
            .filter(|(key, _)| *key != "<<")
    }

    /// Returns the entries of a mapping, each key once: its own in order, then those of merge keys that it does not set itself.
    pub fn merged_entries(&self) -> Vec<(&str, &Node)> {
        let mut merged: Vec<(&str, &Node)> = self.entries().collect();
        let Kind::Mapping(entries) = &self.kind else {
            return merged;
        };
        for (_, value) in entries.iter().filter(|(key, _)| key.text() == Some("<<")) {
            let one = matches!(value.kind, Kind::Mapping(_)).then_some(value);
            for source in one.into_iter().chain(value.items()) {
                for (key, value) in source.merged_entries() {
                    if !merged.iter().any(|(known, _)| *known == key) {
                        merged.push((key, value));
                    }
                }
            }
        }
        merged
    }

    /// Returns where `key` itself stands in a mapping.
    pub fn key_span(&self, key: &str) -> Option<Span> {
        let Kind::Mapping(entries) = &self.kind else {
            return None;
        };
        let found = entries.iter().find(|(name, _)| name.text() == Some(key));
        found.map(|(name, _)| name.span.clone())
    }

    /// Returns the items of a sequence; nothing for other nodes.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Returns what the node is, in the words of an error: "text", "a list", "a mapping", "nothing".
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            _ if self.is_null() => "nothing",
            Kind::Scalar { .. } => "text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }
}

/// Returns the first document of `text`; an empty text is null.
///
/// # Errors
/// The first place where the text is no YAML, holds a second document, or grows without bound through aliases.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    let mut builder = Builder {
        offsets: char_offsets(text),
        anchors: HashMap::new(),
        stack: Vec::new(),
        nodes: 0,
        text: 0,
    };
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.error(error.marker(), error.info()))?;
        match event {
            Event::DocumentStart(_) if root.is_some() => {
                return Err(YamlError {
                    message: "a second YAML document in one block".to_owned(),
                    span: builder.range(&span),
                });
            }
            _ => {}
        }
        if let Some(node) = builder.feed(event, &span)? {
            root = Some(node);
        }
        builder.check_limit(&span)?;
    }
    Ok(root.unwrap_or(Node {
        kind: Kind::Scalar {
            text: String::new(),
            quoted: false,
        },
        span: 0..0,
    }))
}

/// Byte offset of every character, and of the end: the parser counts characters.
fn char_offsets(text: &str) -> Vec<usize> {
    text.char_indices()
        .map(|(offset, _)| offset)
        .chain([text.len()])
        .collect()
}

struct Builder {
    offsets: Vec<usize>,
    anchors: HashMap<usize, Node>,
    stack: Vec<Open>,
    nodes: usize,
    /// Bytes of text that aliases have added.
    text: usize,
}

/// A list or mapping that is being filled.
struct Open {
    kind: Kind,
    key: Option<Node>,
    start: usize,
    anchor: usize,
}

impl Builder {
    fn feed(&mut self, event: Event<'_>, span: &YamlSpan) -> Result<Option<Node>, YamlError> {
        let range = self.range(span);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    quoted: style != ScalarStyle::Plain,
                };
                return Ok(self.finish(Node { kind, span: range }, anchor));
            }
            Event::Alias(anchor) => {
                // An alias inside its own anchor has no value yet.
                let node = self.anchors.get(&anchor).cloned();
                let mut node = node.ok_or_else(|| YamlError {
                    message: "an alias inside the value that it names".to_owned(),
                    span: range.clone(),
                })?;
                let (nodes, text) = size(&node);
                self.nodes += nodes;
                self.text += text;
                self.check_depth(depth(&node), &range)?;
                node.span = range;
                return Ok(self.finish(node, 0));
            }
            Event::SequenceStart(anchor, _) => {
                self.open(Kind::Sequence(Vec::new()), range.start, anchor);
                self.check_depth(0, &range)?;
            }
            Event::MappingStart(anchor, _) => {
                self.open(Kind::Mapping(Vec::new()), range.start, anchor);
                self.check_depth(0, &range)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.stack.pop() {
                    let node = Node {
                        kind: open.kind,
                        span: open.start..range.end.max(open.start),
                    };
                    return Ok(self.finish(node, open.anchor));
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn open(&mut self, kind: Kind, start: usize, anchor: usize) {
        self.stack.push(Open {
            kind,
            key: None,
            start,
            anchor,
        });
    }

    /// Attaches a whole node to the one that holds it; returns it when nothing does.
    fn finish(&mut self, node: Node, anchor: usize) -> Option<Node> {
        self.nodes += 1;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.stack.last_mut() else {
            return Some(node);
        };
        match &mut parent.kind {
            Kind::Sequence(items) => items.push(node),
            Kind::Mapping(entries) => match parent.key.take() {
                None => parent.key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            Kind::Scalar { .. } => {}
        }
        None
    }

    fn offset(&self, marker: &Marker) -> usize {
        let last = self.offsets.len() - 1;
        self.offsets[marker.index().min(last)]
    }

    fn range(&self, span: &YamlSpan) -> Span {
        let start = self.offset(&span.start);
        start..self.offset(&span.end).max(start)
    }

    fn error(&self, marker: &Marker, info: &str) -> YamlError {
        let start = self.offset(marker);
        YamlError {
            message: format!("not valid YAML: {info}"),
            span: start..start + 1,
        }
    }

    /// `below` is how deep what is added goes on.
    fn check_depth(&self, below: usize, range: &Span) -> Result<(), YamlError> {
        if self.stack.len() + below <= DEPTH_LIMIT {
            return Ok(());
        }
        Err(YamlError {
            message: format!("values inside one another, more than {DEPTH_LIMIT} deep"),
            span: range.clone(),
        })
    }

    fn check_limit(&self, span: &YamlSpan) -> Result<(), YamlError> {
        let (limit, what) = if self.nodes > NODE_LIMIT {
            (NODE_LIMIT, "values")
        } else if self.text > TEXT_LIMIT {
            (TEXT_LIMIT, "bytes")
        } else {
            return Ok(());
        };
        Err(YamlError {
            message: format!("aliases expand to more than {limit} {what}"),
            span: self.range(span),
        })
    }
}

fn depth(node: &Node) -> usize {
    let deepest = match &node.kind {
        Kind::Scalar { .. } => return 0,
        Kind::Sequence(items) => items.iter().map(depth).max(),
        Kind::Mapping(entries) => {
            let pairs = entries.iter();
            pairs.map(|(key, value)| depth(key).max(depth(value))).max()
        }
    };
    1 + deepest.unwrap_or_default()
}

/// Returns how many nodes there are, and how many bytes of text in them.
fn size(node: &Node) -> (usize, usize) {
    let (mut nodes, mut bytes) = (1, 0);
    let add = |inner: &Node| {
        let inner = size(inner);
        nodes += inner.0;
        bytes += inner.1;
    };
    match &node.kind {
        Kind::Scalar { text, .. } => return (1, text.len()),
        Kind::Sequence(items) => items.iter().for_each(add),
        Kind::Mapping(entries) => entries
            .iter()
            .flat_map(|(key, value)| [key, value])
            .for_each(add),
    }
    (nodes, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_place() {
        let text = "id: é\nsteady:\n  - promql: up{a=\"b\"}\n    is: \"< 1\"\n";
        let root = parse(text).expect("valid");
        let item = &root.get("steady").expect("steady").items()[0];
        let query = item.get("promql").expect("promql");
        assert_eq!(&text[query.span.clone()], "up{a=\"b\"}");
        let is = item.get("is").expect("is");
        assert_eq!(is.text(), Some("< 1"));
        assert_eq!(&text[is.span.clone()], "\"< 1\"");
    }

    #[test]
    fn merge_keys_and_aliases_are_followed() {
        let root = parse("x: &x {a: 1}\nb: {<<: *x, c: 2}\n").expect("valid");
        let b = root.get("b").expect("b");
        assert_eq!(b.get("a").and_then(Node::text), Some("1"));
        assert_eq!(b.get("c").and_then(Node::text), Some("2"));
    }

    #[test]
    fn bad_yaml_says_where() {
        for text in ["a: [1, 2", "a: b: c", "a: &x [*x]", "a: 1\n---\nb: 2\n"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn aliases_cannot_explode() {
        let mut text = String::from("a: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..8 {
            let previous = level - 1;
            let nine = vec![format!("*a{previous}"); 9].join(", ");
            text.push_str(&format!("b{level}: &a{level} [{nine}]\n"));
        }
        let error = parse(&text).expect_err("too large");
        assert!(
            error.message.ends_with("100000 values"),
            "{}",
            error.message
        );
        let mut text = format!("a: &a {{b: {}}}\n", "x".repeat(1_000_000));
        for key in 0..10 {
            text.push_str(&format!("k{key}: *a\n"));
        }
        assert!(parse(&text).is_err_and(|error| error.message.ends_with("10000000 bytes")));
    }
}
