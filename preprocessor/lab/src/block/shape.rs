//! Which keys a block of each kind has, and which of them make a check able to fail.

use super::challenge;
use super::condition::Condition;
use super::decode::Decoder;
use super::exercise;
use super::lab::Kind;
use crate::yaml::Node;

impl Decoder<'_> {
    /// Reports keys that belong to another kind of block.
    pub(super) fn check_keys_of(&mut self, kind: Kind, root: &Node) {
        for (key, kinds) in KEYS_OF {
            if kinds.contains(&kind) {
                continue;
            }
            if let Some(place) = root.key_span(key) {
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.word()).collect();
                let message = format!("`{key}` in a block of kind `{}`", kind.word());
                let hint = format!("it belongs to `kind: {}`", kinds.join("` or `kind: "));
                self.report(&place, message, hint);
            }
        }
    }

    /// The rules that make a check able to fail.
    pub(super) fn check_shape(&mut self, kind: Kind, root: &Node, expect: &[Condition]) {
        let words = shape(kind);
        if kind == Kind::Challenge {
            self.part(
                root,
                words.inject,
                "say what is broken, unseen by the reader",
            );
            let steady = root.get("steady").map(Node::items).unwrap_or_default();
            if steady.is_empty() {
                let hint = "add `steady`: what holds in a whole stack tells whether it is mended";
                self.report_block("a challenge without conditions", hint);
            }
        }
        match root
            .get(words.inject)
            .or_else(|| root.get(exercise::EDIT.name))
        {
            None if kind != Kind::Lab => {}
            None => {
                for key in ["expect", "after"] {
                    if let Some(place) = root.key_span(key) {
                        self.report(
                            &place,
                            format!("`{key}` without `inject`"),
                            "add the fault that makes it true; or, to observe only, move the conditions to `steady`",
                        );
                    }
                }
                if root
                    .get("steady")
                    .is_none_or(|steady| steady.items().is_empty())
                {
                    self.report_block(
                        "this lab neither breaks nor observes anything",
                        "add `inject` and `expect`, or conditions under `steady`",
                    );
                } else if root.get("disproved_by").is_none() && root.get("expect").is_none() {
                    self.report_block(
                        "an observation without `disproved_by`",
                        "name a fault under which it fails, such as `disproved_by: { kill: order-api }`: a check that cannot fail proves nothing",
                    );
                }
            }
            Some(_) => {
                let cause = [words.inject, exercise::EDIT.name];
                let cause = cause.into_iter().find(|key| root.get(key).is_some());
                let cause = cause.unwrap_or_default();
                let place = root.key_span(cause).unwrap_or_default();
                let written = root.get(words.expect).map(Node::items).unwrap_or_default();
                if written.is_empty() {
                    let message = format!("`{cause}` without `{}`", words.expect);
                    self.report(&place, message, "say what the fault must show");
                } else if !expect.is_empty()
                    && expect.iter().all(|condition| condition.always.is_some())
                {
                    self.report(
                        &place,
                        "every expectation has `always`, so none shows that the fault did anything",
                        "add one that becomes true by the fault",
                    );
                }
                if let Some(node) = root.get("disproved_by") {
                    self.report(
                        &node.span,
                        "`disproved_by` on a lab that injects",
                        "it is for observations, and for expectations with `always`",
                    );
                }
            }
        }
    }
}

/// The keys of the change and of what it brings.
pub(super) struct Shape {
    pub(super) inject: &'static str,
    pub(super) expect: &'static str,
}

/// Returns the keys that a block of this kind has.
pub(super) fn shape(kind: Kind) -> Shape {
    match kind {
        Kind::Challenge => Shape {
            inject: challenge::BREAKAGE.name,
            expect: challenge::SYMPTOM.name,
        },
        Kind::Lab | Kind::Exercise => Shape {
            inject: "inject",
            expect: "expect",
        },
    }
}

/// The keys that only some kinds have.
const KEYS_OF: [(&str, &[Kind]); 11] = [
    (exercise::EDIT.name, &[Kind::Exercise]),
    (exercise::STARTER.name, &[Kind::Exercise]),
    (exercise::SOLUTION.name, &[Kind::Exercise, Kind::Challenge]),
    (
        exercise::WRONG_FIXES.name,
        &[Kind::Exercise, Kind::Challenge],
    ),
    (challenge::QUESTIONS.name, &[Kind::Challenge]),
    (challenge::BREAKAGE.name, &[Kind::Challenge]),
    (challenge::SYMPTOM.name, &[Kind::Challenge]),
    ("inject", &[Kind::Lab, Kind::Exercise]),
    ("expect", &[Kind::Lab, Kind::Exercise]),
    ("after", &[Kind::Lab, Kind::Exercise]),
    ("disproved_by", &[Kind::Lab]),
];
