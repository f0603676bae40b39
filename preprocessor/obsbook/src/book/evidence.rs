//! What a lab's newest run has shown, in its card: beside a condition when it came true, and below them all the run itself, drawn.
//!
//! The first curve is drawn whole, with its numbers. The others are as small as a word, beside what they are asked for: a book has many.

use std::collections::BTreeSet;

use obsbook_lab::block::{Condition, Fault, FaultKind, Lab};
use obsbook_lab::chart::{Chart, small, svg, table};
use obsbook_lab::event::Phase;
use obsbook_lab::markup::escape_text;
use obsbook_lab::plan;
use obsbook_lab::verdict::Verdict;

use super::card::Html;
use crate::report::{ConditionEvidence, Evidence, OBSBOOK, STACK, evidence_charts};

/// A run as a card shows it.
pub(super) struct Shown<'a> {
    evidence: &'a Evidence,
    charts: Vec<Chart>,
    versions: String,
    stack_has_changed: bool,
}

impl<'a> Shown<'a> {
    /// Returns the run that `evidence` is of. `stack` is the digest of the stack's files as they are now, and `told` the versions that the
    /// card above has told.
    pub(super) fn new(evidence: &'a Evidence, stack: &str, told: &mut String) -> Self {
        let mut versions = versions(evidence);
        if !versions.is_empty() && versions == *told {
            "with the versions of the run above".clone_into(&mut versions);
        } else {
            told.clone_from(&versions);
        }
        let ran_on = evidence.versions.get(STACK).map(String::as_str);
        Self {
            evidence,
            charts: evidence_charts(evidence),
            versions,
            stack_has_changed: ran_on.is_some_and(|ran_on| ran_on != stack),
        }
    }

    /// Returns what the run has shown of a condition, as markup that stands beside it.
    pub(super) fn beside(&self, phase: Phase, condition: &Condition) -> String {
        let words = condition.to_string();
        let mut known = self.evidence.conditions.iter();
        let is_it = |known: &&ConditionEvidence| {
            known.planned.phase == phase && known.planned.condition == words
        };
        let Some(known) = known.find(is_it).filter(|_| phase != Phase::Steady) else {
            return String::new();
        };
        let mut attempts = self.evidence.attempts.iter();
        let found = match known.detected {
            Some(after) => format!("came true after {after:.1} s"),
            None if known.planned.always => String::new(),
            None if attempts.any(|look| look.phase == phase && look.condition == words) => {
                "did not come true".to_owned()
            }
            None => String::new(),
        };
        let parts = [found, self.drawn(known)];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return String::new();
        }
        format!(" <span class=\"lab-recorded\">{}</span>", parts.join(" "))
    }

    /// The small drawing of what a condition asks for, unless an earlier one asks for it as well, or it is drawn whole.
    fn drawn(&self, known: &ConditionEvidence) -> String {
        let subject = &known.planned.subject;
        let asks = |other: &&ConditionEvidence| {
            other.planned.phase != Phase::Steady && other.planned.subject == *subject
        };
        let first = self.evidence.conditions.iter().find(asks);
        let mut others = self.charts.iter().skip(1);
        match others.find(|chart| chart.title == *subject) {
            Some(chart) if first == Some(known) => {
                format!("{} {}", small(chart), escape_text(&chart.extremes()))
            }
            _ => String::new(),
        }
    }

    /// Adds the run to the card of `lab`.
    pub(super) fn render(&self, card: &mut Html, lab: &Lab) {
        let evidence = self.evidence;
        card.line("<div class=\"lab-evidence\">");
        card.line(&format!(
            "<p class=\"lab-evidence-head\"><strong>The newest run: {}</strong> · {} · {:.0} s</p>",
            evidence.verdict,
            evidence.finished.strftime("%Y-%m-%d %H:%M UTC"),
            evidence.seconds
        ));
        if let Some(reason) = &evidence.reason {
            let reason = escape_text(reason).replace('\n', " ");
            card.line(&format!("<p class=\"lab-reason\">{reason}</p>"));
        }
        let changed = match (has_changed(lab, evidence), self.stack_has_changed) {
            (true, _) => Some("The lab has changed since"),
            (false, true) => Some("The stack's files have changed since"),
            (false, false) => None,
        };
        if let Some(changed) = changed {
            card.line(&format!(
                "<p class=\"lab-stale\">{changed}: run it again to see how it ends now.</p>"
            ));
        }
        if let Some(chart) = self.charts.first() {
            figure(card, chart);
        }
        if !self.versions.is_empty() {
            card.line(&format!("<p class=\"lab-versions\">{}</p>", self.versions));
        }
        card.line("</div>");
    }
}

fn figure(card: &mut Html, chart: &Chart) {
    card.line(&format!(
        "<figure class=\"lab-chart\"><figcaption><code>{}</code></figcaption>",
        escape_text(&chart.title)
    ));
    card.line(svg(chart).trim_end());
    card.line(&format!(
        "<details class=\"lab-numbers\"><summary>As numbers</summary>{}</details></figure>",
        table(chart).trim_end()
    ));
}

/// Whether the lab claims or breaks something else than it did in the run.
fn has_changed(lab: &Lab, evidence: &Evidence) -> bool {
    // Of a lab that never began nothing is known.
    evidence.started.is_some() && !(same_claims(lab, evidence) && same_faults(lab, evidence))
}

fn same_claims(lab: &Lab, evidence: &Evidence) -> bool {
    let then = evidence.conditions.iter();
    let then = then.map(|known| &known.planned.condition);
    let now = plan::conditions(lab);
    then.eq(now.iter().map(|planned| &planned.condition))
}

fn same_faults(lab: &Lab, evidence: &Evidence) -> bool {
    // Those of a challenge are told to nobody, and what a reader has edited is no fault.
    if lab.challenge.is_some() {
        return true;
    }
    let then = evidence.faults.iter().map(|known| &known.fault);
    let then: Vec<_> = then.filter(|fault| !is_edit(fault)).collect();
    let now: Vec<_> = lab.inject.iter().flatten().collect();
    // A run that ended early has not come to the others.
    then == now || (evidence.verdict != Verdict::Passed && now.starts_with(&then))
}

fn is_edit(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Edit { .. })
}

/// What took part, in words; what is of obsbook's own version is told by that.
fn versions(evidence: &Evidence) -> String {
    let own = evidence.versions.get(OBSBOOK);
    let words =
        evidence
            .versions
            .iter()
            .filter_map(|(name, version)| match version.rsplit_once('/') {
                _ if name == STACK => None,
                // Of an image its name and tag are enough.
                Some((_, image)) => {
                    let tag = image.rsplit_once(':').map(|(_, tag)| tag);
                    (tag != own.map(String::as_str)).then(|| escape_text(image))
                }
                None => Some(escape_text(&format!("{name} {version}"))),
            });
    // Several services may be of one image.
    let words: BTreeSet<_> = words.collect();
    words.into_iter().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::Timestamp;
    use obsbook_lab::event::{Curve, Planned};

    use super::*;
    use crate::book::LoadedBook;
    use crate::book::card::{self, Beside};
    use crate::report::{Attempt, EVIDENCE_VERSION, FaultEvidence, SeriesEvidence};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn book() -> LoadedBook {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/books/good");
        LoadedBook::load(&root).expect("a book")
    }

    /// A run of the lab in which everything came true.
    fn passed(book: &LoadedBook, lab: &Lab) -> Evidence {
        let conditions = plan::conditions(lab);
        let look = |planned: &Planned| Attempt {
            time: at(7),
            phase: planned.phase,
            condition: planned.condition.clone(),
            met: true,
            value: None,
            seen: "as expected".to_owned(),
        };
        let series = |planned: &Planned| SeriesEvidence {
            subject: planned.subject.clone(),
            curves: vec![Curve {
                labels: Default::default(),
                from: at(0),
                step: 1.0,
                values: (0..20)
                    .map(|second| Some(f64::from(u8::from(second < 5))))
                    .collect(),
            }],
        };
        let fault = |fault: &Fault| FaultEvidence {
            fault: fault.clone(),
            words: fault.to_string(),
            injected: Some(at(5)),
            undone: Some(at(15)),
        };
        let versions = [
            ("obsbook", "0.1.0"),
            ("stack", "a1"),
            ("loki", "obsbook/loki:3.7.8"),
            ("order-api", "obsbook/order-api:0.1.0"),
        ];
        Evidence {
            v: EVIDENCE_VERSION,
            lab: plan::places(&book.book).remove(0),
            run: "r1".to_owned(),
            project: "p".to_owned(),
            versions: versions
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .into(),
            started: Some(at(0)),
            finished: at(20),
            verdict: Verdict::Passed,
            reason: None,
            seen: Vec::new(),
            seconds: 20.0,
            steady: Some(at(3)),
            control: Some(at(4)),
            faults: lab.inject.iter().flatten().map(fault).collect(),
            recovered: Some(at(20)),
            attempts: conditions.iter().map(look).collect(),
            // Of these the first two ask for something that is measured.
            series: conditions[1..3].iter().map(series).collect(),
            conditions: conditions
                .into_iter()
                .map(|planned| ConditionEvidence {
                    detected: (planned.phase != Phase::Steady).then_some(2.5),
                    planned,
                })
                .collect(),
        }
    }

    fn card_with(lab: &Lab, evidence: &Evidence, told: &mut String) -> String {
        let beside = Beside {
            yaml: "",
            shown: Some(Shown::new(evidence, "a1", told)),
            by_hand: Vec::new(),
        };
        card::render(lab, &beside)
    }

    #[test]
    fn a_run_is_told_beside_each_condition_and_drawn_once() {
        let book = book();
        let lab = book.book.labs().next().expect("a lab");
        let evidence = passed(&book, lab);
        let mut told = String::new();
        let card = card_with(lab, &evidence, &mut told);
        let count = |what: &str| card.matches(what).count();
        assert_eq!(count("came true after 2.5 s"), 6, "{card}");
        assert_eq!(count("<svg"), 2, "{card}");
        assert_eq!(count("class=\"chart\""), 1, "{card}");
        for words in [
            "The newest run: passed</strong> · 1970-01-01 00:00 UTC · 20 s",
            "</svg> 0 to 1</span>",
            ">loki:3.7.8 · obsbook 0.1.0</p>",
        ] {
            assert_eq!(count(words), 1, "{words} in {card}");
        }
        assert_eq!(count("have changed") + count("has changed"), 0, "{card}");
        assert!(!card.lines().any(|line| line.trim().is_empty()), "{card}");
        let below = card_with(lab, &evidence, &mut told);
        assert!(below.contains(">with the versions of the run above<"));
    }

    #[test]
    fn a_run_of_something_else_is_told_as_such() {
        let book = book();
        let lab = book.book.labs().next().expect("a lab");
        let check = |change: &dyn Fn(&mut Evidence), expected: &str| {
            let mut evidence = passed(&book, lab);
            change(&mut evidence);
            let card = card_with(lab, &evidence, &mut String::new());
            let changed = card.split("lab-stale\">").nth(1).unwrap_or_default();
            let changed = changed.split(" changed since").next().unwrap_or_default();
            assert_eq!(changed, expected, "{card}");
        };
        check(&|_| {}, "");
        check(&|run| drop(run.conditions.pop()), "The lab has");
        check(&|run| run.faults.clear(), "The lab has");
        let ended_early = |run: &mut Evidence| {
            run.faults.clear();
            run.verdict = Verdict::Unsteady;
        };
        check(&ended_early, "");
        let other = |run: &mut Evidence| {
            run.versions.insert(STACK.to_owned(), "b2".to_owned());
        };
        check(&other, "The stack's files have");
        let before_it_was_kept = |run: &mut Evidence| drop(run.versions.remove(STACK));
        check(&before_it_was_kept, "");
    }

    #[test]
    fn a_run_that_saw_nothing_says_so() {
        let book = book();
        let lab = book.book.labs().next().expect("a lab");
        let mut evidence = passed(&book, lab);
        evidence.verdict = Verdict::Failed;
        evidence.reason = Some("not true within 20s".to_owned());
        for known in &mut evidence.conditions {
            known.detected = None;
        }
        evidence.attempts.truncate(2);
        let card = card_with(lab, &evidence, &mut String::new());
        assert_eq!(card.matches("did not come true").count(), 1, "{card}");
        assert!(card.contains("lab-reason\">not true within 20s<"), "{card}");
    }
}
