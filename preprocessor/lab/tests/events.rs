//! A saved event is the event that happened.

use obsbook_lab::block::{Fault, FaultKind, Network};
use obsbook_lab::diagnostic::Diagnostic;
use obsbook_lab::event::{Curve, Event, Phase, Place, Planned, Record, VERSION};
use obsbook_lab::span::SourceFile;
use obsbook_lab::verdict::Verdict;

fn check(event: Event) {
    let record = Record {
        v: VERSION,
        time: "2026-02-03T04:05:06.123456789Z".parse().expect("a time"),
        run: "20260203T040506Z-7".to_owned(),
        lab: Some("slow-orders".to_owned()),
        event,
    };
    let line = serde_json::to_string(&record).expect("json");
    let read: Record = serde_json::from_str(&line).expect(&line);
    assert_eq!(serde_json::to_string(&read).expect("json"), line);
}

fn fault(kind: FaultKind) -> Fault {
    Fault {
        service: "order-api".to_owned(),
        kind,
    }
}

#[test]
fn every_event_is_read_as_it_was_written() {
    let slow = fault(FaultKind::Latency {
        by_ms: 800,
        ratio: 1.0,
    });
    let cut = fault(FaultKind::Network {
        to: "postgres".to_owned(),
        toxic: Network::Down,
    });
    let place = Place {
        id: "slow-orders".to_owned(),
        title: "One slow service".to_owned(),
        chapter: "Metrics".to_owned(),
        file: "src/metrics.md".to_owned(),
        line: 3,
        profile: "core".to_owned(),
    };
    let planned = Planned {
        phase: Phase::Expect,
        condition: "p95 is > 0.7".to_owned(),
        subject: "p95".to_owned(),
        bound: "> 0.7".to_owned(),
        within: 20.0,
        always: true,
        line: 12,
    };
    let source = SourceFile::new("src/a.md", "one\ntwo \"three\"\n");
    for event in [
        Event::Diagnostic(Diagnostic::new(&source, 8..15, "unknown word").hint("remove it")),
        Event::RunStarted {
            labs: vec!["slow-orders".to_owned()],
            project: "obsbook".to_owned(),
            book: vec![place],
            versions: [("obsbook".to_owned(), "0.1.0".to_owned())].into(),
        },
        Event::StackReady {
            profile: "core".to_owned(),
            reused: true,
            seconds: 0.1 + 0.2,
            versions: [(
                "prometheus".to_owned(),
                "obsbook/prometheus:3.15.0".to_owned(),
            )]
            .into(),
        },
        Event::LabStarted {
            title: "One slow service".to_owned(),
            file: "src/metrics.md".to_owned(),
            line: 3,
            conditions: vec![planned],
        },
        Event::SteadyHeld { seconds: 1.0 },
        Event::ControlHeld { seconds: 1e-9 },
        Event::Series {
            subject: "p95".to_owned(),
            curves: vec![Curve {
                labels: [("service".to_owned(), "order-api".to_owned())].into(),
                from: "2026-02-03T04:05:06Z".parse().expect("a time"),
                step: 1.0,
                values: vec![Some(0.1), None, Some(2e9)],
            }],
        },
        Event::FaultJournaled { fault: slow },
        Event::FaultInjected { fault: cut.clone() },
        Event::Observation {
            phase: Phase::Control,
            condition: "p95 is > 0.7".to_owned(),
            met: false,
            value: Some(0.123_456_789_012_345_67),
            seen: "\u{1b}[1m0.12\n".to_owned(),
        },
        Event::Observation {
            phase: Phase::Recover,
            condition: "target is healthy".to_owned(),
            met: true,
            value: None,
            seen: String::new(),
        },
        Event::ExpectationMet {
            phase: Phase::After,
            condition: "p95 is > 0.7".to_owned(),
            after: 3.2,
        },
        Event::FaultUndone { fault: cut },
        Event::SteadyRestored {
            seconds: 9.007_199_254_740_993,
        },
        Event::LabFinished {
            verdict: Verdict::Unrecovered,
            reason: Some("why".to_owned()),
            seen: vec!["what".to_owned()],
            seconds: 15.0,
        },
        Event::Proof {
            change: "without its fault".to_owned(),
            expected: "failed".to_owned(),
            verdict: Verdict::Passed,
            holds: true,
            kept: false,
            equivalent: Some("why".to_owned()),
        },
        Event::RunFinished {
            counts: [(Verdict::Passed, 1), (Verdict::Vacuous, 2)].into(),
            status: 1,
            seconds: 30.0,
        },
    ] {
        check(event);
    }
}

#[test]
fn lines_of_an_obsbook_before_the_newer_fields_are_read() {
    for line in [
        r#"{"v":1,"time":"2026-02-03T04:05:06Z","run":"r","lab":null,"event":"run_started","labs":["a"],"project":"p"}"#,
        r#"{"v":1,"time":"2026-02-03T04:05:06Z","run":"r","lab":"a","event":"lab_started","title":"t","file":"f","line":1}"#,
        r#"{"v":1,"time":"2026-02-03T04:05:06Z","run":"r","lab":"a","event":"lab_finished","verdict":"passed","seconds":1.5}"#,
    ] {
        let record: Record = serde_json::from_str(line).expect(line);
        assert_eq!(serde_json::to_string(&record).expect("json"), line);
    }
}

#[test]
fn a_saved_problem_is_shown_as_the_live_one() {
    let text = "one\ntwo\nthree\u{e9} four\n";
    let source = SourceFile::new("src/a.md", text);
    for span in [0..3, 4..7, 4..13, 8..12, 15..19, text.len()..text.len()] {
        let live = Diagnostic::new(&source, span, "wrong").label("here");
        let saved = serde_json::to_string(&live).expect("json");
        let read: Diagnostic = serde_json::from_str(&saved).expect("a diagnostic");
        assert_eq!(read, live);
        assert_eq!(read.render(true), live.render(true));
    }
}
