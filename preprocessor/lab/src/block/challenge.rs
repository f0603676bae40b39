//! A challenge: a breakage that its reader does not see, what mends it, what does not, and what is asked about it.

use std::path::PathBuf;

use super::condition::Section;
use super::decode::Decoder;
use super::exercise::{WRONG_FIXES, WrongFix};
use super::grammar::{Choice, Key, Keys, Value};
use crate::suggest;
use crate::yaml::Node;

/// What a challenge is beside its lab, whose faults are the breakage and whose expectations are its symptom.
#[derive(Debug, Clone, PartialEq)]
pub struct Challenge {
    /// A shell script that mends the stack.
    pub solution: PathBuf,
    /// Shell scripts that are tempting, and do not mend it.
    pub wrong_fixes: Vec<WrongFix>,
    /// What the reader is asked about the cause.
    pub questions: Vec<Question>,
}

/// A question with one kind of answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is asked.
    pub ask: String,
    /// What is right.
    pub answer: Answer,
}

/// The right answer, and what it is compared as.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// One of several.
    Choice {
        /// What there is to choose from.
        choices: Vec<String>,
        /// The place of the right one.
        right: usize,
    },
    /// A service of the stack.
    Service(String),
    /// A number.
    Number {
        /// The right one.
        value: f64,
        /// How far off an answer may be, as a share of the right one.
        tolerance: f64,
    },
    /// Words, whatever their case.
    Words(String),
}

impl Answer {
    /// Returns whether `given`, as a reader typed it, is right. A choice may be given by its letter, its number or its words.
    pub fn is(&self, given: &str) -> bool {
        let given = given.trim();
        match self {
            Self::Choice { choices, right } => {
                let letter = char::from(b'a' + u8::try_from(*right).unwrap_or_default());
                let ways = [letter.to_string(), (right + 1).to_string()];
                ways.iter()
                    .chain([&choices[*right]])
                    .any(|way| same(way, given))
            }
            Self::Service(service) => same(service, given),
            Self::Number { value, tolerance } => {
                let number = given.parse::<f64>();
                number.is_ok_and(|number| (number - value).abs() <= value.abs() * tolerance)
            }
            Self::Words(words) => same(words, given),
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    };
    plain(one) == plain(other)
}

/// A challenge that one wrong fix leaves broken may be mended by the next tempting one.
const LEAST_WRONG_FIXES: usize = 2;
const LEAST_CHOICES: usize = 2;
const MOST_CHOICES: usize = 26;
const TYPES: [&str; 4] = ["choice", "service", "number", "words"];

const QUESTION_KEYS: Keys<'static> = Keys {
    what: "a question",
    known: &[
        Key::needed("ask", Value::Text, "The question.").example("Which service is the cause?"),
        Key::needed(
            "type",
            Value::OneOf(&TYPES),
            "What the answer is: one of several choices, a service of the stack, a number, or words.",
        ),
        Key::needed(
            "answer",
            Value::Text,
            "The right answer; of choices, the words of the right one. No page shows it.",
        )
        .example("order-api"),
        Key::optional(
            "choices",
            Value::Texts {
                least: LEAST_CHOICES,
                most: Some(MOST_CHOICES),
            },
            "With `type: choice`: what there is to choose from.",
        ),
        Key::optional(
            "tolerance",
            Value::Share,
            "With `type: number`: how far off an answer may be, as a share of the right one. Default: 5%.",
        )
        .example("10%"),
    ],
    planned: &[],
    choice: Choice::None,
};

pub(super) const BREAKAGE: Key = Key::optional(
    "breakage",
    Value::Faults,
    "Of a challenge: the faults, which its reader does not see.",
);
pub(super) const SYMPTOM: Key = Key::optional(
    "symptom",
    Value::Conditions(Section::Expect),
    "Of a challenge: what the breakage shows. Each must be false before it.",
);
pub(super) const QUESTIONS: Key = Key::optional(
    "questions",
    Value::Mappings(&QUESTION_KEYS),
    "Of a challenge: what the reader is asked about the cause.",
);

impl Decoder<'_> {
    /// Returns what makes a lab a challenge; what is missing is reported.
    pub(super) fn challenge(&mut self, root: &Node) -> Option<Challenge> {
        let solution = self.solution(root);
        let written = root
            .get(WRONG_FIXES.name)
            .map_or(0, |node| node.items().len());
        let wrong_fixes = self.wrong_fixes(root);
        if written < LEAST_WRONG_FIXES {
            let hint = "restart it, scale it to zero, silence the alert: name a script for each under `solutions`";
            self.report_block("a challenge with fewer than two `wrong_fixes`", hint);
        }
        let questions = root.get(QUESTIONS.name).map(|node| {
            let items = self.list(node, QUESTIONS.name).to_vec();
            items
                .iter()
                .filter_map(|item| self.question(item))
                .collect()
        });
        Some(Challenge {
            solution: solution?,
            wrong_fixes,
            questions: questions.unwrap_or_default(),
        })
    }

    fn question(&mut self, node: &Node) -> Option<Question> {
        if !self.mapping(node, &QUESTION_KEYS) {
            return None;
        }
        let (Some(ask), Some(kind), Some(answer)) =
            (node.get("ask"), node.get("type"), node.get("answer"))
        else {
            let hint = "`{ ask: Which service is the cause?, type: service, answer: order-api }`";
            self.report(
                &node.span,
                "a question needs `ask`, `type` and `answer`",
                hint,
            );
            return None;
        };
        let ask = self.text(ask, "ask")?.value;
        let kind = self.text(kind, "type")?;
        for (key, of) in [("choices", "choice"), ("tolerance", "number")] {
            if let Some(place) = node.key_span(key).filter(|_| kind.value != of) {
                let message = format!("`{key}` in a question of type `{}`", kind.value);
                self.report(&place, message, format!("it belongs to `type: {of}`"));
            }
        }
        let answer = match kind.value.as_str() {
            "choice" => self.choice(node, answer)?,
            "service" => Answer::Service(self.service(answer)?),
            "number" => self.number(node, answer)?,
            "words" => Answer::Words(self.text(answer, "answer")?.value),
            other => {
                let message = format!("unknown type of question `{other}`");
                self.report(&kind.span, message, suggest::hint(other, TYPES));
                return None;
            }
        };
        Some(Question { ask, answer })
    }

    fn choice(&mut self, node: &Node, answer: &Node) -> Option<Answer> {
        let written = node.get("choices").map(|node| self.texts(node, "choices"));
        let choices: Vec<_> = written.unwrap_or_default();
        let choices: Vec<_> = choices.into_iter().map(|choice| choice.value).collect();
        if !(LEAST_CHOICES..=MOST_CHOICES).contains(&choices.len()) {
            let message = "a question of choices needs between two and 26 of them";
            self.report(&node.span, message, "add `choices: [it rises, it falls]`");
            return None;
        }
        let text = self.text(answer, "answer")?;
        let Some(right) = choices.iter().position(|choice| *choice == text.value) else {
            let message = format!("`{}` is none of the choices", text.value);
            let hint = suggest::hint(&text.value, choices.iter().map(String::as_str));
            self.report(&text.span, message, hint);
            return None;
        };
        Some(Answer::Choice { choices, right })
    }

    fn number(&mut self, node: &Node, answer: &Node) -> Option<Answer> {
        const TOLERANCE: f64 = 0.05;
        let text = self.text(answer, "answer")?;
        let Some(value) = text
            .value
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
        else {
            let message = format!("`{}` is not a number", text.value);
            self.report(
                &text.span,
                message,
                "without its unit: ask for that in the question",
            );
            return None;
        };
        let tolerance = match node.get("tolerance") {
            Some(node) => self.share(node, "tolerance")?,
            None => TOLERANCE,
        };
        Some(Answer::Number { value, tolerance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &Answer, right: &[&str], wrong: &[&str]) {
        for given in right {
            assert!(answer.is(given), "{given} is {answer:?}");
        }
        for given in wrong {
            assert!(!answer.is(given), "{given} is not {answer:?}");
        }
    }

    #[test]
    fn an_answer_is_compared_as_what_it_is() {
        let choices = ["it rises", "it falls"].map(str::to_owned).to_vec();
        let choice = Answer::Choice { choices, right: 1 };
        check(
            &choice,
            &["b", "B", "2", " It  falls "],
            &["a", "1", "falls", ""],
        );
        let service = Answer::Service("order-api".to_owned());
        check(&service, &["order-api", "Order-API "], &["order", "api"]);
        let number = Answer::Number {
            value: 800.0,
            tolerance: 0.1,
        };
        check(
            &number,
            &["800", "879.9", "720"],
            &["881", "800ms", "", "NaN"],
        );
        let words = Answer::Words("connection pool".to_owned());
        check(&words, &["Connection  pool"], &["pool"]);
    }
}
