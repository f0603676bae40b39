//! Regular expressions, in the dialect of JSON Schema, of the words that stand in scalars.

use crate::block::grammar::Form;
use crate::comparison;

/// A finite number as Rust reads it.
const NUMBER: &str = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?";

/// Units up to an hour, which is the longest duration of a block.
pub(super) const UNITS: [&str; 24] = [
    "nanos", "nsec", "ns", "usec", "us", "µs", "millis", "msec", "ms", "seconds", "second", "secs",
    "sec", "s", "minutes", "minute", "mins", "min", "m", "hours", "hour", "hrs", "hr", "h",
];

/// Lowercase letters, digits and hyphens inside, but nothing that selects a chapter.
pub(super) const ID: &str = "^(?!chapter-[0-9]+$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// Not empty, and not blank.
pub(super) const TEXT: &str = r"\S";
/// A whole number above zero.
pub(super) const COUNT: &str = r"^\s*\+?0*[1-9][0-9]*\s*$";
/// Above 0 and up to 1, or up to 100 %.
pub(super) const SHARE: &str =
    r"^(?=.*[1-9])\s*(1(\.0*)?|0?\.[0-9]+|(100|[0-9]{1,2})(\.[0-9]+)?\s*%)\s*$";
/// A number above zero.
pub(super) const PROCESSORS: &str = r"^(?=.*[1-9])\s*[0-9]*\.?[0-9]+\s*$";
/// A whole path.
pub(super) const PATH: &str = r"^\s*/";
/// `service/path` or `service:port/path`, and no URL or host.
pub(super) const ADDRESS: &str =
    r"^\s*(?!localhost([:/]|$)|127\.|0\.0\.0\.0([:/]|$))[^\s:/]+(:[0-9]{1,5})?(/\S*)?\s*$";

/// Returns the pattern of a duration above zero.
pub(super) fn duration() -> String {
    format!(r"^(?=.*[1-9])\s*{}$", time())
}

/// Returns the pattern of what may stand behind `is`, if it is one of `forms`.
pub(super) fn is(forms: &[Form]) -> String {
    let alternatives: Vec<_> = forms.iter().map(written).collect();
    format!(r"^\s*({})\s*$", alternatives.join("|"))
}

/// Returns the pattern of one of `words`, in capitals or not.
pub(super) fn any_case(words: &[&str]) -> String {
    let letter = |c: char| format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase());
    let word = |word: &&str| word.chars().map(letter).collect::<String>();
    let words: Vec<_> = words.iter().map(word).collect();
    format!(r"^\s*({})\s*$", words.join("|"))
}

fn written(form: &Form) -> String {
    let comparison = comparison();
    match form {
        Form::Comparison => comparison,
        Form::Quantified => format!(r"((any|all)\s+)?{comparison}"),
        Form::Counted(word) => format!("{}{comparison}", before(word)),
        Form::Measured(word, unit) => format!(r"{}{comparison}\s*({unit})?", before(word)),
        Form::Lasting(word) => {
            let lasting = written(&Form::Quantified);
            format!(r"{}{lasting}\s+for\s+{}", before(word), time())
        }
        Form::Exits(word) => format!("{}([0-9]{{1,3}}|{comparison})", before(word)),
        Form::Status(word) => format!(r"({word}\s*)?([0-9]{{3}}|{comparison})"),
        Form::Then(words) => format!(r"{}\s+\S.*", words.trim()),
        Form::Word(word) => (*word).to_owned(),
        Form::Words(words) => words().join("|"),
        Form::NotWords(words) => format!(r"(not\s+)?({})", words().join("|")),
    }
}

/// The word with what stands between it and the rest: a space where the word itself ends with one.
fn before(word: &str) -> String {
    let space = if word.ends_with(' ') { r"\s+" } else { r"\s*" };
    format!("{}{space}", word.trim_end())
}

fn time() -> String {
    format!(r"([0-9]+(\.[0-9]+)?\s*({})\s*)+", UNITS.join("|"))
}

fn comparison() -> String {
    let operators: Vec<_> = comparison::operators().collect();
    format!(r"({})\s*{NUMBER}", operators.join("|"))
}
