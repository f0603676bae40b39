//! The run as a person watches it; readable without colour.

use std::collections::BTreeMap;
use std::io::Write;

use obsbook_lab::block::FaultKind;
use obsbook_lab::event::{Event, Phase, Record};
use obsbook_lab::verdict::Verdict;

use super::reporter::Output;
use super::table::Table;

/// Writes the run as plain lines.
pub struct Human<W> {
    out: W,
    colour: bool,
    /// The lab whose steps are being written.
    current: Option<String>,
    /// What was last seen of each condition of each lab.
    latest: BTreeMap<(Option<String>, String), String>,
    /// The proofs of the run, and whether each holds.
    proofs: Option<(Table, Vec<bool>)>,
}

impl<W: Write + Send> Human<W> {
    /// Returns an output that writes to `out`.
    pub fn new(out: W, colour: bool) -> Self {
        Self {
            out,
            colour,
            current: None,
            latest: BTreeMap::new(),
            proofs: None,
        }
    }

    fn line(&mut self, text: &str) {
        // A reader that went away must not keep a fault from being undone.
        let _ = writeln!(self.out, "{text}");
        let _ = self.out.flush();
    }

    /// Names the lab that the next line is of, unless the line before is of it as well.
    fn turn_to(&mut self, lab: Option<&String>) {
        if self.current.as_ref() == lab {
            return;
        }
        self.current = lab.cloned();
        if let Some(id) = lab {
            self.line(&format!("\n{}", self.paint(id, "1")));
        }
    }

    fn step(&mut self, record: &Record, name: &str, text: &str) {
        self.turn_to(record.lab.as_ref());
        self.line(&format!("  {name:<9} {}", printable(text)));
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn verdict(&self, verdict: Verdict) -> String {
        let code = match verdict {
            Verdict::Passed => "1;32",
            Verdict::Skipped | Verdict::Unsolved => "2",
            Verdict::Unsteady => "1;33",
            _ => "1;31",
        };
        self.paint(&format!("{verdict:<9}"), code)
    }
}

impl<W: Write + Send> Output for Human<W> {
    fn record(&mut self, record: &Record) {
        match &record.event {
            Event::Diagnostic(diagnostic) => {
                let text = diagnostic.render(self.colour);
                self.line(&format!("{text}\n"));
            }
            Event::RunStarted { labs, project, .. } => {
                let count = labs.len();
                let plural = if count == 1 { "lab" } else { "labs" };
                self.line(&format!("{count} {plural} on stack {project}"));
            }
            Event::StackReady {
                profile,
                reused,
                seconds,
                ..
            } => {
                let how = if *reused { "was up" } else { "is up" };
                self.line(&format!(
                    "profile {profile} {how}: ready after {seconds:.1} s"
                ));
            }
            Event::LabStarted {
                title, file, line, ..
            } => {
                self.latest.retain(|(lab, _), _| *lab != record.lab);
                self.current.clone_from(&record.lab);
                let id = self.paint(record.lab.as_deref().unwrap_or_default(), "1");
                self.line(&format!("\n{id}  {title}  ({file}:{line})"));
            }
            Event::SteadyHeld { seconds } => {
                self.step(record, "steady", &format!("after {seconds:.1} s"))
            }
            Event::ControlHeld { .. } => {
                self.step(record, "control", "nothing expected is true yet")
            }
            Event::FaultInjected { fault } => {
                let is_edit = matches!(fault.kind, FaultKind::Edit { .. });
                let name = if is_edit { "edit" } else { "break" };
                self.step(record, name, &fault.to_string());
            }
            Event::Observation {
                condition, seen, ..
            } => {
                self.latest
                    .insert((record.lab.clone(), condition.clone()), seen.clone());
            }
            Event::ExpectationMet {
                phase,
                condition,
                after,
            } => {
                let name = if *phase == Phase::After {
                    "after"
                } else {
                    "expect"
                };
                match condition.strip_prefix("always ") {
                    Some(_) => self.step(
                        record,
                        name,
                        &format!("{condition}: at every sample for {after:.1} s"),
                    ),
                    None => {
                        let key = (record.lab.clone(), condition.clone());
                        let seen = self.latest.get(&key).cloned().unwrap_or_default();
                        self.step(
                            record,
                            name,
                            &format!("{condition}: {seen} after {after:.1} s"),
                        );
                    }
                }
            }
            Event::FaultUndone { fault } => self.step(record, "undo", &fault.to_string()),
            Event::SteadyRestored { seconds } => self.step(
                record,
                "recover",
                &format!("steady again after {seconds:.1} s"),
            ),
            Event::LabFinished {
                verdict,
                reason,
                seen,
                seconds,
            } => {
                let reason = reason
                    .as_ref()
                    .map(|reason| format!("  {}", printable(reason)))
                    .unwrap_or_default();
                self.turn_to(record.lab.as_ref());
                let verdict = self.verdict(*verdict);
                self.line(&format!("  {verdict} in {seconds:.1} s{reason}"));
                for line in seen {
                    self.line(&format!("            {}", printable(line)));
                }
            }
            Event::Proof {
                change,
                expected,
                verdict,
                holds,
                kept,
                equivalent,
            } => {
                let proven = match (holds, equivalent, kept) {
                    (false, ..) => "NO".to_owned(),
                    (true, Some(reason), _) => format!("need not be: {reason}"),
                    (true, None, true) => "yes, before".to_owned(),
                    (true, None, false) => "yes".to_owned(),
                };
                let lab = record.lab.clone().unwrap_or_default();
                let verdict = verdict.to_string();
                let proofs = self.proofs.get_or_insert_with(|| {
                    (
                        Table::new(["LAB", "CHANGE", "EXPECTED", "VERDICT", "PROVEN"]),
                        Vec::new(),
                    )
                });
                let cells = [lab, change.clone(), expected.clone(), verdict, proven];
                proofs.0.row(cells);
                proofs.1.push(*holds);
            }
            Event::RunFinished { .. } if self.proofs.is_some() => {
                if let Some((table, hold)) = self.proofs.take() {
                    let proven = hold.iter().filter(|holds| **holds).count();
                    self.line(&format!("\n{table}"));
                    self.line(&format!("{proven} of {} proven", hold.len()));
                }
            }
            Event::RunFinished {
                counts, seconds, ..
            } => {
                let counts: Vec<_> = counts
                    .iter()
                    .map(|(verdict, count)| format!("{count} {verdict}"))
                    .collect();
                let counts = if counts.is_empty() {
                    "nothing was run".to_owned()
                } else {
                    counts.join(", ")
                };
                self.line(&format!("\n{counts} in {seconds:.0} s"));
            }
            Event::FaultJournaled { .. } | Event::Series { .. } => {}
        }
    }
}

/// Returns `words` with control characters spelt out: what a service wrote into its log must not steer a terminal.
pub(super) fn printable(words: &str) -> String {
    let spelt = |c: char| c.is_control() && c != '\n' && c != '\t';
    words
        .chars()
        .map(|c| {
            if spelt(c) {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use obsbook_lab::block::Fault;

    #[test]
    fn a_run_reads_as_plain_lines() {
        let fault = Fault {
            service: "order-api".to_owned(),
            kind: FaultKind::Latency {
                by_ms: 800,
                ratio: 1.0,
            },
        };
        let condition = "p95 is > 0.7".to_owned();
        let events = [
            Event::RunStarted {
                labs: vec!["slow".to_owned()],
                project: "obsbook".to_owned(),
                book: vec![],
                versions: BTreeMap::new(),
            },
            Event::StackReady {
                profile: "core".to_owned(),
                reused: false,
                seconds: 12.0,
                versions: BTreeMap::new(),
            },
            Event::LabStarted {
                title: "One slow service".to_owned(),
                file: "src/a.md".to_owned(),
                line: 3,
                conditions: vec![],
            },
            Event::SteadyHeld { seconds: 2.04 },
            Event::ControlHeld { seconds: 0.2 },
            Event::FaultJournaled {
                fault: fault.clone(),
            },
            Event::FaultInjected {
                fault: fault.clone(),
            },
            Event::Observation {
                phase: Phase::Expect,
                condition: condition.clone(),
                met: true,
                value: Some(0.9),
                seen: "0.9".to_owned(),
            },
            Event::ExpectationMet {
                phase: Phase::Expect,
                condition,
                after: 3.21,
            },
            Event::FaultUndone { fault },
            Event::SteadyRestored { seconds: 9.0 },
            Event::LabFinished {
                verdict: Verdict::Passed,
                reason: None,
                seen: vec![],
                seconds: 15.0,
            },
            Event::RunFinished {
                counts: [(Verdict::Passed, 1)].into(),
                status: 0,
                seconds: 30.0,
            },
        ];
        let mut out = Vec::new();
        let mut human = Human::new(&mut out, false);
        for event in events {
            human.record(&Record {
                v: 1,
                time: jiff::Timestamp::UNIX_EPOCH,
                run: "r".to_owned(),
                lab: Some("slow".to_owned()),
                event,
            });
        }
        insta::assert_snapshot!(String::from_utf8(out).expect("text"));
    }

    #[test]
    fn labs_at_the_same_time_are_told_apart() {
        let condition = "p95 is > 0.7";
        let met = || Event::ExpectationMet {
            phase: Phase::Expect,
            condition: condition.to_owned(),
            after: 3.21,
        };
        let mut out = Vec::new();
        let mut human = Human::new(&mut out, false);
        for (lab, event) in [
            ("a", samples::started(vec![])),
            ("b", samples::started(vec![])),
            ("b", Event::SteadyHeld { seconds: 1.0 }),
            ("a", Event::SteadyHeld { seconds: 2.0 }),
            ("a", samples::looked(Phase::Expect, condition, true, "0.8")),
            ("b", samples::looked(Phase::Expect, condition, true, "0.9")),
            ("a", met()),
            ("b", met()),
        ] {
            human.record(&samples::at(0, lab, event));
        }
        insta::assert_snapshot!(String::from_utf8(out).expect("text"));
    }

    #[test]
    fn what_a_service_wrote_does_not_steer_the_terminal() {
        let mut out = Vec::new();
        let mut human = Human::new(&mut out, false);
        for record in samples::ended(Verdict::Failed, "a \u{1b}[31mred\u{7} line\n\tof é") {
            human.record(&record);
        }
        let text = String::from_utf8(out).expect("text");
        assert!(
            text.contains("a \\u{1b}[31mred\\u{7} line\n\tof é"),
            "{text}"
        );
    }

    #[test]
    fn every_verdict_is_a_word_with_and_without_colour() {
        for colour in [false, true] {
            let mut out = Vec::new();
            let mut human = Human::new(&mut out, colour);
            for record in samples::every_verdict() {
                human.record(&record);
            }
            let text = String::from_utf8(out).expect("text");
            assert_eq!(text.contains('\u{1b}'), colour);
            for verdict in Verdict::ALL {
                assert!(text.contains(verdict.word()), "{verdict}: {text}");
            }
        }
    }
}
