//! JUnit XML, as CI servers read it: a testsuite a chapter, a testcase a lab.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::Duration;

use obsbook_lab::diagnostic::Diagnostic;
use obsbook_lab::event::{Event, Place, Record};
use obsbook_lab::verdict::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::file::Room;
use super::reporter::Output;
use crate::terminal::told;

/// Writes the run as JUnit XML when it ends.
pub struct Junit {
    room: Room,
    book: Vec<Place>,
    selected: BTreeSet<String>,
    ended: BTreeMap<String, Ended>,
    problems: Vec<Diagnostic>,
    trouble: Option<String>,
}

struct Ended {
    verdict: Verdict,
    reason: Option<String>,
    seen: Vec<String>,
    seconds: f64,
}

impl Junit {
    /// Returns an output that writes to `path`; the file of an earlier run is removed, so that it does not speak for one that dies.
    /// What is no file, a pipe for example, stays and is written into.
    ///
    /// # Errors
    /// The old file cannot be removed, or the folder cannot be made.
    pub fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            room: Room::make(path)?,
            book: Vec::new(),
            selected: BTreeSet::new(),
            ended: BTreeMap::new(),
            problems: Vec::new(),
            trouble: None,
        })
    }

    fn write(&mut self, seconds: f64) {
        let xml = self.report(seconds).to_string();
        let written = xml
            .map_err(|error| error.to_string())
            .and_then(|xml| self.room.write(xml.as_bytes()).map_err(|e| e.to_string()));
        if let Err(error) = written {
            self.trouble = Some(format!(
                "error: failed to write the JUnit file {}: {error}\n  = help: make room there, then: obsbook replay --junit FILE",
                self.room.path().display()
            ));
        }
    }

    fn report(&self, seconds: f64) -> Report {
        let mut report = Report::new("obsbook");
        report.set_time(duration(seconds));
        for suite in problems(&self.problems) {
            report.add_test_suite(suite);
        }
        let mut suites: Vec<(&str, TestSuite, f64)> = Vec::new();
        for place in &self.book {
            let at = suites.iter().position(|(file, ..)| *file == place.file);
            let at = at.unwrap_or_else(|| {
                let name = if place.chapter.is_empty() {
                    &place.file
                } else {
                    &place.chapter
                };
                suites.push((&place.file, TestSuite::new(text(name)), 0.0));
                suites.len() - 1
            });
            let (_, suite, took) = &mut suites[at];
            *took += self.ended.get(&place.id).map_or(0.0, |ended| ended.seconds);
            suite.add_test_case(self.case(place));
        }
        for (_, mut suite, took) in suites {
            suite.set_time(duration(took));
            report.add_test_suite(suite);
        }
        report
    }

    fn case(&self, place: &Place) -> TestCase {
        let ended = self.ended.get(&place.id);
        let mut case = TestCase::new(text(&place.id), self.status(&place.id));
        case.set_classname(text(&place.file));
        case.set_time(duration(ended.map_or(0.0, |ended| ended.seconds)));
        let line = place.line.to_string();
        let verdict = ended.map_or(Verdict::Skipped, |ended| ended.verdict);
        for (name, value) in [
            ("file", place.file.as_str()),
            ("line", &line),
            ("title", &place.title),
            ("verdict", verdict.word()),
        ] {
            case.add_property((name, text(value).as_str()));
        }
        case
    }

    fn status(&self, id: &str) -> TestCaseStatus {
        let Some(ended) = self.ended.get(id) else {
            if self.selected.contains(id) {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_message("the run ended before it");
                return status;
            }
            let mut status = TestCaseStatus::skipped();
            status.set_message("not selected");
            return status;
        };
        let mut status = match ended.verdict {
            Verdict::Passed => return TestCaseStatus::success(),
            Verdict::Failed | Verdict::Vacuous | Verdict::Unrecovered => {
                TestCaseStatus::non_success(NonSuccessKind::Failure)
            }
            Verdict::Unsteady | Verdict::Invalid => {
                TestCaseStatus::non_success(NonSuccessKind::Error)
            }
            Verdict::Unsolved | Verdict::Skipped => TestCaseStatus::skipped(),
        };
        let reason = ended.reason.as_deref().unwrap_or(ended.verdict.word());
        let body: Vec<_> = std::iter::once(reason)
            .chain(ended.seen.iter().map(String::as_str))
            .map(text)
            .collect();
        status.set_message(text(reason));
        status.set_type(ended.verdict.word());
        status.set_description(body.join("\n"));
        status
    }
}

impl Output for Junit {
    fn record(&mut self, record: &Record) {
        match (&record.event, &record.lab) {
            (Event::Diagnostic(problem), _) => {
                self.problems.push(problem.clone());
                // With a problem nothing runs, so no later event would write the file.
                if self.room.is_replaced() {
                    self.write(0.0);
                }
            }
            (Event::RunStarted { labs, book, .. }, _) => {
                self.selected = labs.iter().cloned().collect();
                self.book.clone_from(book);
            }
            (
                Event::LabStarted {
                    title, file, line, ..
                },
                Some(id),
            ) if !self.book.iter().any(|place| place.id == *id) => {
                self.book.push(Place::of_started(id, title, file, *line))
            }
            (
                Event::LabFinished {
                    verdict,
                    reason,
                    seen,
                    seconds,
                },
                Some(id),
            ) => {
                let ended = Ended {
                    verdict: *verdict,
                    reason: reason.clone(),
                    seen: seen.clone(),
                    seconds: *seconds,
                };
                self.ended.insert(id.clone(), ended);
            }
            (Event::RunFinished { seconds, .. }, _) => self.write(*seconds),
            _ => {}
        }
    }

    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

impl Drop for Junit {
    /// A pipe takes one report: that of problems when the last of them is known.
    fn drop(&mut self) {
        if !self.room.is_replaced() && !self.problems.is_empty() {
            self.write(0.0);
            if let Some(trouble) = self.trouble.take() {
                told!("{trouble}");
            }
        }
    }
}

fn problems(problems: &[Diagnostic]) -> Vec<TestSuite> {
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    for problem in problems {
        let file = problem.file.display().to_string();
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(text(&problem.message));
        status.set_type("diagnostic");
        status.set_description(text(&problem.render(false)));
        let place = format!("{}:{}", problem.start.line, problem.start.column);
        let mut case = TestCase::new(text(&format!("{place} {}", problem.message)), status);
        case.set_classname(text(&file));
        case.add_property(("file", text(&file).as_str()));
        case.add_property(("line", problem.start.line.to_string().as_str()));
        let suite = suites.entry(file);
        suite
            .or_insert_with_key(|file| TestSuite::new(text(file)))
            .add_test_case(case);
    }
    suites.into_values().collect()
}

/// Returns `words` without what XML 1.0 forbids and the crate lets through; it removes escape and control characters itself.
fn text(words: &str) -> String {
    words
        .replace(['\u{fffe}', '\u{ffff}'], "")
        .replace('\t', "    ")
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use std::fs;

    fn written(records: impl IntoIterator<Item = Record>) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("made/junit.xml");
        let mut junit = Junit::new(&path).expect("an output");
        for record in records {
            junit.record(&record);
        }
        assert_eq!(junit.trouble(), None);
        fs::read_to_string(path).expect("the file")
    }

    #[test]
    fn every_verdict_has_its_place() {
        insta::assert_snapshot!(written(samples::every_verdict()));
    }

    #[test]
    fn problems_of_blocks_are_errors() {
        insta::assert_snapshot!(written([samples::problem()]));
    }

    #[test]
    fn what_xml_forbids_is_left_out() {
        for (seen, expected) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("a\u{0}b\u{8}c\u{b}d", "abcd"),
            ("\u{fffe}x\u{ffff}", "x"),
            ("a\tb", "a    b"),
            ("<b> & \"c\" ]]>", "&lt;b&gt; &amp; &quot;c&quot; ]]&gt;"),
        ] {
            let xml = written(samples::ended(Verdict::Failed, seen));
            assert!(xml.contains(&format!("\n{expected}</failure>")), "{xml}");
        }
    }
}
