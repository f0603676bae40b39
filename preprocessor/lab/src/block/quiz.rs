//! The quiz block: questions whose wrong answers are named beliefs, each with the lab that disproves it.

use std::path::PathBuf;

use super::decode::Decoder;
use super::grammar::{Choice, Key, Keys, Value};
use crate::diagnostic::Diagnostic;
use crate::markdown::Fence;
use crate::span::{Position, SourceFile, Span};
use crate::surroundings::Surroundings;
use crate::yaml::{self, Node};

/// Questions for the end of a chapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Quiz {
    /// Its name, unique in the book.
    pub id: String,
    /// Where the name stands.
    pub id_span: Span,
    /// The questions, in their order.
    pub questions: Vec<QuizQuestion>,
    /// The file, relative to the book's root.
    pub file: PathBuf,
    /// Where the block begins.
    pub at: Position,
}

/// A question with several answers.
#[derive(Debug, Clone, PartialEq)]
pub struct QuizQuestion {
    /// What is asked.
    pub ask: String,
    /// What there is to choose from; one of them is right.
    pub answers: Vec<QuizAnswer>,
}

/// One answer of a quiz.
#[derive(Debug, Clone, PartialEq)]
pub struct QuizAnswer {
    /// The answer.
    pub text: String,
    /// Why it is right, or wrong.
    pub why: String,
    /// What who chooses it believes; none of the right one.
    pub mistake: Option<Mistake>,
}

/// What a wrong answer comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// What is believed.
    pub belief: Belief,
    /// The lab that disproves it. None where its number says which labs do.
    pub lab: Option<String>,
    /// Where the lab, or else the belief, stands.
    pub span: Span,
}

/// What is believed, by its number or in words.
#[derive(Debug, Clone, PartialEq)]
pub enum Belief {
    /// The number of a misconception that labs disprove.
    Number(u64),
    /// A short name.
    Words(String),
}

const ANSWER_KEYS: Keys<'static> = Keys {
    what: "an answer",
    known: &[
        Key::optional("right", Value::Text, "The right answer; one a question.")
            .example("One slow request in a hundred moves the mean little"),
        Key::optional("wrong", Value::Text, "A wrong answer.")
            .example("The mean is read too early"),
        Key::needed("why", Value::Text, "Why it is right, or why it is wrong.")
            .example("It is the sum divided by the count"),
        Key::optional(
            "belief",
            Value::Text,
            "Of a wrong answer: the number of the misconception, or a short name for what is believed.",
        )
        .example("1"),
        Key::optional(
            "lab",
            Value::Text,
            "Of a wrong answer: the id of the lab that disproves it. It may be left out where a lab `disproves` the belief's number.",
        )
        .example("mean-hides-the-slow"),
    ],
    planned: &[],
    choice: Choice::One(&["right", "wrong"]),
};

const QUESTION_KEYS: Keys<'static> = Keys {
    what: "a question",
    known: &[
        Key::needed("ask", Value::Text, "The question.").example("Why does the mean not move?"),
        Key::needed(
            "answers",
            Value::Mappings(&ANSWER_KEYS),
            "What there is to choose from, shown in this order: one is right.",
        ),
    ],
    planned: &[],
    choice: Choice::None,
};

/// The keys of a quiz block.
pub(super) const KEYS: Keys<'static> = Keys {
    what: "a quiz",
    known: &[
        Key::needed("id", Value::Id, "Its name, unique in the whole book.").example("metrics-quiz"),
        Key::needed(
            "questions",
            Value::Mappings(&QUESTION_KEYS),
            "The questions, in their order.",
        ),
    ],
    planned: &[],
    choice: Choice::None,
};

const LEAST_ANSWERS: usize = 2;

/// Returns the quiz that `fence` spells, unless it has problems; the problems come with it.
///
/// Whether the labs that it names are there the book knows, once all of it is read.
pub fn decode_quiz(
    source: &SourceFile,
    fence: &Fence,
    around: &Surroundings,
) -> (Option<Quiz>, Vec<Diagnostic>) {
    let mut decoder = Decoder::new(source, fence, around);
    if !fence.closed {
        decoder.report_block(
            "this quiz block never ends",
            "close it with a line of the same marks",
        );
        return (None, decoder.diagnostics);
    }
    let quiz = match yaml::parse(&fence.body) {
        Ok(root) if root.is_null() => {
            decoder.report_block(
                "an empty quiz block",
                "a quiz needs an `id` and `questions`",
            );
            None
        }
        Ok(root) => decoder.quiz(&root),
        Err(error) => {
            decoder.report(
                &error.span,
                error.message,
                "check indentation, and quote values that hold `: ` or begin with a mark",
            );
            None
        }
    };
    decoder
        .diagnostics
        .sort_by_key(|diagnostic| diagnostic.start);
    (
        quiz.filter(|_| decoder.diagnostics.is_empty()),
        decoder.diagnostics,
    )
}

impl Decoder<'_> {
    fn quiz(&mut self, root: &Node) -> Option<Quiz> {
        if !self.mapping(root, &KEYS) {
            return None;
        }
        let Some(id) = root.get("id") else {
            self.report_block("this quiz has no `id`", "add a line `id: …`");
            return None;
        };
        let id = self.text(id, "id")?;
        self.check_id(&id);
        let items = root
            .get("questions")
            .map(|node| self.list(node, "questions").to_vec());
        let items = items.unwrap_or_default();
        if items.is_empty() {
            self.report_block(
                "this quiz asks nothing",
                "add `questions:` with an item for each",
            );
        }
        let questions = items.iter().filter_map(|item| self.quiz_question(item));
        Some(Quiz {
            questions: questions.collect(),
            file: self.source.path.clone(),
            at: self.source.position(self.fence.opening.start),
            id_span: self.fence.locate(id.span.clone()),
            id: id.value,
        })
    }

    fn quiz_question(&mut self, node: &Node) -> Option<QuizQuestion> {
        if !self.mapping(node, &QUESTION_KEYS) {
            return None;
        }
        let Some(ask) = node.get("ask") else {
            self.report(&node.span, "a question without `ask`", "add `ask: Why …?`");
            return None;
        };
        let ask = self.text(ask, "ask")?.value;
        let items = node
            .get("answers")
            .map(|node| self.list(node, "answers").to_vec());
        let answers: Vec<_> = items
            .unwrap_or_default()
            .iter()
            .filter_map(|item| self.quiz_answer(item))
            .collect();
        let right = answers.iter().filter(|answer| answer.mistake.is_none());
        // What is wrong with an answer is told already.
        if self.diagnostics.is_empty() && (right.count() != 1 || answers.len() < LEAST_ANSWERS) {
            self.report(
                &node.span,
                "a question needs one `right` answer, and a `wrong` one or more",
                "begin each answer with `- right: …` or `- wrong: …`",
            );
        }
        Some(QuizQuestion { ask, answers })
    }

    fn quiz_answer(&mut self, node: &Node) -> Option<QuizAnswer> {
        if !self.mapping(node, &ANSWER_KEYS) {
            return None;
        }
        let (text, is_right) = match (node.get("right"), node.get("wrong")) {
            (Some(text), None) => (text, true),
            (None, Some(text)) => (text, false),
            _ => {
                self.report(
                    &node.span,
                    "an answer is either `right` or `wrong`",
                    "begin it with `- right: …` or `- wrong: …`",
                );
                return None;
            }
        };
        let text = self.text(text, "an answer")?.value;
        let Some(why) = node.get("why") else {
            self.report(
                &node.span,
                "an answer without `why`",
                "say why it is right, or why it is wrong",
            );
            return None;
        };
        let why = self.text(why, "why")?.value;
        let mistake = if is_right {
            for key in ["belief", "lab"] {
                if let Some(place) = node.key_span(key) {
                    let message = format!("`{key}` of the right answer");
                    self.report(&place, message, "it belongs to a wrong one");
                }
            }
            None
        } else {
            Some(self.mistake(node)?)
        };
        Some(QuizAnswer { text, why, mistake })
    }

    fn mistake(&mut self, node: &Node) -> Option<Mistake> {
        let Some(belief) = node.get("belief") else {
            self.report(
                &node.span,
                "a wrong answer without `belief`",
                "name what is believed, or give the misconception's number",
            );
            return None;
        };
        let belief = self.text(belief, "belief")?;
        let lab = node.get("lab");
        let lab = lab.map(|node| self.text(node, "lab"));
        let lab = match lab {
            Some(lab) => Some(lab?),
            None => None,
        };
        let span = lab.as_ref().map_or(&belief.span, |lab| &lab.span);
        let span = self.fence.locate(span.clone());
        let belief = match belief.value.parse() {
            Ok(number) => Belief::Number(number),
            Err(_) => Belief::Words(belief.value),
        };
        Some(Mistake {
            belief,
            lab: lab.map(|lab| lab.value),
            span,
        })
    }
}
