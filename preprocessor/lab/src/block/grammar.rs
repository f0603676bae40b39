//! The tables of the grammar: which keys a mapping has, and what may stand behind each.
//!
//! The decoder, the JSON Schema and the test of the book's reference read the same tables.

use super::condition::Section;

/// One key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Whether the mapping is refused without it.
    pub(super) needed: bool,
    pub(super) value: Value,
    /// What it means, with unit and default, in a sentence for authors.
    pub(super) about: &'static str,
    /// A value as an author would write it; none where the value has parts of its own.
    pub(super) example: Option<&'static str>,
    /// The key that it says nothing without.
    pub(super) with: Option<&'static str>,
}

impl Key {
    /// Returns a key that its mapping cannot do without.
    pub(super) const fn needed(name: &'static str, value: Value, about: &'static str) -> Self {
        Self {
            name,
            needed: true,
            value,
            about,
            example: None,
            with: None,
        }
    }

    /// Returns a key that may be left out.
    pub(super) const fn optional(name: &'static str, value: Value, about: &'static str) -> Self {
        Self {
            needed: false,
            ..Self::needed(name, value, about)
        }
    }

    /// Returns the key with a value as an author would write it.
    pub(super) const fn example(self, example: &'static str) -> Self {
        Self {
            example: Some(example),
            ..self
        }
    }

    /// Returns the key as one that says nothing without another.
    pub(super) const fn with(self, other: &'static str) -> Self {
        Self {
            with: Some(other),
            ..self
        }
    }

    /// Returns the keys of the mapping behind it, if there is one.
    pub(super) fn settings(&self) -> Option<&'static Keys<'static>> {
        match self.value {
            Value::Mapping(keys) | Value::Mappings(keys) | Value::ServiceOr(keys) => Some(keys),
            _ => None,
        }
    }
}

/// The keys of one mapping: those that work, and those of DESIGN that this version refuses by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'k> {
    /// What the mapping is, as in "unknown key in {what}".
    pub(super) what: &'k str,
    pub(super) known: &'k [Key],
    pub(super) planned: &'k [&'k str],
    /// Keys that one cannot do without all of.
    pub(super) choice: Choice,
}

/// Keys of a mapping of which some must be there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    /// There is no such choice.
    None,
    /// Exactly one of them.
    One(&'static [&'static str]),
    /// At least one of them.
    Some(&'static [&'static str]),
}

impl Choice {
    /// Returns the keys that there are to choose from.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::One(names) | Self::Some(names) => names,
        }
    }
}

impl Keys<'_> {
    /// Returns the names of the keys that work.
    pub(super) fn names(&self) -> Vec<&'static str> {
        names(self.known)
    }

    /// Returns the example of a key, or nothing where it has none.
    pub(super) fn example(&self, name: &str) -> &'static str {
        let found = self.known.iter().find(|key| key.name == name);
        found.and_then(|key| key.example).unwrap_or_default()
    }
}

/// Returns the names of `keys`, in their order.
pub(super) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// A scalar that is not empty.
    Text,
    /// A lab's id.
    Id,
    /// A time with its unit, above zero and up to an hour.
    Duration,
    /// Above 0 and up to 1, or a percentage.
    Share,
    /// A whole number above zero.
    Count,
    /// One such number, or a list of them.
    Counts,
    /// `true` or `false`.
    Flag,
    /// `true`, since `false` would say nothing.
    True,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, in capitals or not.
    AnyCase(&'static [&'static str]),
    /// A list of so many texts.
    Texts {
        /// At least.
        least: usize,
        /// At most.
        most: Option<usize>,
    },
    /// Names and their texts.
    Words,
    /// A service of the compose files.
    Service,
    /// A list of services.
    Services,
    /// A whole path in a container.
    Path,
    /// `service/path`.
    Address,
    /// A number of processors, 0.01 or more.
    Processors,
    /// A list of mappings.
    Mappings(&'static Keys<'static>),
    /// Keys and values.
    Mapping(&'static Keys<'static>),
    /// Keys and values, or the service alone.
    ServiceOr(&'static Keys<'static>),
    /// What a probe's answer is set against: the probe says in which forms.
    Is,
    /// A list of conditions.
    Conditions(Section),
    /// One fault.
    Fault,
    /// A list of faults and scenarios.
    Faults,
}

/// One way to write what a probe's answer is expected to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// `< 0.25`
    Comparison,
    /// `< 0.25`, and `any` or `all` before it
    Quantified,
    /// This word, then a comparison.
    Counted(&'static str),
    /// This word, then a comparison, and this unit, which may be left out.
    Measured(&'static str, &'static str),
    /// This word, then a comparison, ` for ` and a duration.
    Lasting(&'static str),
    /// This word, then a comparison or an exit status.
    Exits(&'static str),
    /// This word, which may be left out, then a comparison or a status code.
    Status(&'static str),
    /// These words, then any text.
    Then(&'static str),
    /// This word.
    Word(&'static str),
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// One of these words, and `not` before it.
    NotWords(fn() -> Vec<&'static str>),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pulldown_cmark::{Event, Options, Parser};

    use super::*;
    use crate::block::fault::{FAULTS, SCENARIO};
    use crate::block::probe::PROBES;
    use crate::block::{keys, scenario};

    const PAGE: &str = include_str!("../../../../src/reference/lab-block.md");

    /// The code spans of the book's page on the lab block.
    fn spans() -> Vec<String> {
        let code = |event| match event {
            Event::Code(text) => Some(text.into_string()),
            _ => None,
        };
        Parser::new_ext(PAGE, Options::ENABLE_TABLES)
            .filter_map(code)
            .collect()
    }

    fn words<'s>(spans: impl IntoIterator<Item = &'s String>) -> BTreeSet<&'s str> {
        let part = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let all = spans.into_iter().flat_map(|span| span.split(part));
        all.filter(|word| !word.is_empty()).collect()
    }

    /// The keys of `known` that `named` leaves out, those of mappings inside them as well.
    fn missing(known: &[Key], named: &BTreeSet<&str>) -> Vec<&'static str> {
        let inner = |key: &Key| key.settings().map_or(&[][..], |keys| keys.known).to_vec();
        let all = known
            .iter()
            .flat_map(|key| [vec![*key], inner(key)].concat());
        all.map(|key| key.name)
            .filter(|name| !named.contains(name))
            .collect()
    }

    fn form_words(form: &Form) -> Vec<&'static str> {
        match form {
            Form::Comparison => Vec::new(),
            Form::Quantified => vec!["any", "all"],
            Form::Counted(words)
            | Form::Measured(words, _)
            | Form::Lasting(words)
            | Form::Exits(words)
            | Form::Status(words)
            | Form::Then(words)
            | Form::Word(words) => words.split_whitespace().collect(),
            Form::Words(words) | Form::NotWords(words) => words(),
        }
    }

    #[test]
    fn the_book_names_every_key_of_a_lab_and_of_a_scenario() {
        let spans = spans();
        let named = words(&spans);
        for keys in [keys::KEYS, scenario::KEYS] {
            let missing = missing(keys.known, &named);
            assert!(missing.is_empty(), "{} lacks {missing:?}", keys.what);
        }
        let terms = missing(&Section::Expect.terms(), &named);
        assert!(terms.is_empty(), "conditions lack {terms:?}");
    }

    #[test]
    fn the_book_names_every_probe_with_its_keys_and_its_answers() {
        let spans = spans();
        let named = words(&spans);
        for asked in &PROBES {
            let word = asked.subject.name;
            let shown = |span: &&String| span.starts_with(&format!("{word}: "));
            assert!(spans.iter().any(|span| shown(&span)), "`{word}: …`");
            let keys = [&[asked.subject], asked.further].concat();
            let missing = missing(&keys, &named);
            assert!(missing.is_empty(), "`{word}` lacks {missing:?}");
            let answers = asked.is.iter().flat_map(form_words);
            let answers: Vec<_> = answers.filter(|word| !named.contains(word)).collect();
            assert!(answers.is_empty(), "`{word}` lacks {answers:?}");
        }
    }

    #[test]
    fn the_book_names_every_fault_with_its_settings() {
        let spans = spans();
        for fault in FAULTS.iter().chain([&SCENARIO]) {
            let start = format!("{}: ", fault.name);
            let own: Vec<_> = spans
                .iter()
                .filter(|span| span.starts_with(&start))
                .collect();
            let missing = missing(&[*fault], &words(own));
            assert!(missing.is_empty(), "`{}` lacks {missing:?}", fault.name);
        }
    }
}
