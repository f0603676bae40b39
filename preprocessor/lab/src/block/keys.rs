//! The table of a lab's own keys.

use super::condition::Section;
use super::grammar::{Choice, Key, Keys, Value};
use super::{challenge, exercise, teaching};

/// The kinds; the first is the default.
pub(super) const KINDS: [&str; 3] = ["lab", "exercise", "challenge"];

pub(super) const KEYS: Keys<'static> = Keys {
    what: "a lab",
    known: &[
        Key::needed(
            "id",
            Value::Id,
            "Lowercase letters, digits and hyphens; unique in the whole book; not of the shape chapter-N.",
        )
        .example("slow-orders"),
        Key::needed("title", Value::Text, "The sentence that the lab proves."),
        Key::optional(
            "kind",
            Value::OneOf(&KINDS),
            "What the block is to its reader. Default: lab.",
        ),
        Key::optional(
            "profile",
            Value::Text,
            "The compose profile to run in. Default: the book's, from book.toml.",
        )
        .example("core"),
        Key::optional(
            "steady",
            Value::Conditions(Section::Steady),
            "What must hold before the fault, and again after it. Default, with `inject`: every container is healthy.",
        ),
        Key::optional(
            "inject",
            Value::Faults,
            "The faults, in their order; each is undone whatever happens. Without this key the lab is an observation.",
        ),
        Key::optional(
            "expect",
            Value::Conditions(Section::Expect),
            "What the faults make true. Each must be false before them.",
        ),
        Key::optional(
            "after",
            Value::Conditions(Section::After),
            "What the undo makes true. Each must be false just before it.",
        ),
        Key::optional(
            "disproved_by",
            Value::Fault,
            "Of an observation: a fault under which `obsbook prove` sees it fail.",
        ),
        exercise::EDIT,
        exercise::STARTER,
        exercise::SOLUTION,
        exercise::WRONG_FIXES,
        challenge::BREAKAGE,
        challenge::SYMPTOM,
        challenge::QUESTIONS,
        teaching::PREDICT,
        Key::optional(
            "after_pass",
            Value::Text,
            "A question on the reader's own run.",
        ),
        teaching::HINTS,
        Key::optional(
            "disproves",
            Value::Counts,
            "Numbers of the misconceptions that the lab disproves.",
        )
        .example("3"),
        Key::optional(
            "tags",
            Value::Texts {
                least: 0,
                most: None,
            },
            "Words for the selector tag:NAME.",
        ),
        Key::optional(
            "takes",
            Value::Duration,
            "How long the lab takes, as its author says.",
        )
        .example("30s"),
    ],
    planned: &[],
    choice: Choice::None,
};
