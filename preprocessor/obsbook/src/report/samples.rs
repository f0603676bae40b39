//! Events for the tests of reports.

use obsbook_lab::block::{Fault, FaultKind};
use obsbook_lab::diagnostic::Diagnostic;
use obsbook_lab::event::{Event, Phase, Place, Planned, Record, VERSION};
use obsbook_lab::span::SourceFile;
use obsbook_lab::verdict::Verdict;

pub(super) fn at(second: i64, lab: &str, event: Event) -> Record {
    Record {
        v: VERSION,
        time: jiff::Timestamp::from_second(second).expect("a time"),
        run: "20260203T040506Z-7".to_owned(),
        lab: (!lab.is_empty()).then(|| lab.to_owned()),
        event,
    }
}

pub(super) fn fault() -> Fault {
    Fault {
        service: "order-api".to_owned(),
        kind: FaultKind::Latency {
            by_ms: 800,
            ratio: 1.0,
        },
    }
}

pub(super) fn planned(phase: Phase, condition: &str, within: f64) -> Planned {
    Planned {
        phase,
        condition: condition.to_owned(),
        subject: condition.to_owned(),
        bound: "> 0".to_owned(),
        within,
        always: false,
        line: 7,
    }
}

pub(super) fn started(conditions: Vec<Planned>) -> Event {
    Event::LabStarted {
        title: "One slow service".to_owned(),
        file: "src/a.md".to_owned(),
        line: 3,
        conditions,
    }
}

pub(super) fn looked(phase: Phase, condition: &str, met: bool, seen: &str) -> Event {
    Event::Observation {
        phase,
        condition: condition.to_owned(),
        met,
        value: seen.parse().ok(),
        seen: seen.to_owned(),
    }
}

pub(super) fn run_started(labs: &[&str], not_selected: &[&str]) -> Record {
    let place = |id: &&str| Place {
        id: (*id).to_owned(),
        title: format!("The claim of {id}"),
        chapter: "Metrics & more".to_owned(),
        file: "src/a.md".to_owned(),
        line: 3,
        profile: "core".to_owned(),
    };
    let started = Event::RunStarted {
        labs: labs.iter().map(ToString::to_string).collect(),
        project: "obsbook".to_owned(),
        book: labs.iter().chain(not_selected).map(place).collect(),
        versions: [("obsbook".to_owned(), "0.1.0".to_owned())].into(),
    };
    at(0, "", started)
}

fn finished(id: &str, verdict: Verdict, seen: &str) -> Record {
    let passed = verdict == Verdict::Passed;
    let event = Event::LabFinished {
        verdict,
        reason: (!passed).then(|| "not true within 20s of the fault: p95 is > 0.7".to_owned()),
        seen: (!passed).then(|| seen.to_owned()).into_iter().collect(),
        seconds: 1.5,
    };
    at(9, id, event)
}

/// A run of one lab for each verdict, named after it, and one that was not selected.
pub(super) fn every_verdict() -> Vec<Record> {
    let ids: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
    let mut records = vec![run_started(&ids, &["other"])];
    for verdict in Verdict::ALL {
        let seen = "at src/a.md:7:5: last seen: 0.1, 50 %";
        records.push(finished(verdict.word(), verdict, seen));
    }
    records.push(at(
        10,
        "",
        Event::RunFinished {
            counts: Verdict::ALL.map(|verdict| (verdict, 1)).into(),
            status: 2,
            seconds: 12.0,
        },
    ));
    records
}

/// A run of one lab that saw `seen`.
pub(super) fn ended(verdict: Verdict, seen: &str) -> Vec<Record> {
    let end = Event::RunFinished {
        counts: [(verdict, 1)].into(),
        status: 1,
        seconds: 2.0,
    };
    vec![
        run_started(&["slow"], &[]),
        finished("slow", verdict, seen),
        at(10, "", end),
    ]
}

pub(super) fn problem() -> Record {
    let source = SourceFile::new("src/a.md", "one\ntwo three\n");
    let problem = Diagnostic::new(&source, 8..13, "unknown word `three`")
        .label("not a number: 3")
        .hint("did you mean `tree`?");
    at(0, "", Event::Diagnostic(problem))
}
