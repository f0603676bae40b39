//! The order of a lab against fakes: each way in which telemetry and engine can misbehave, and its verdict.

use std::time::Duration;

use obsbook_lab::verdict::Verdict;
use tokio::time::timeout;

use super::fake_lab::{As, KILL, OBSERVE, check, judged, run, run_as, run_with};
use super::fakes::{Obedience, Telemetry};
use super::interrupt::Interrupt;
use super::outcome::Outcome;

#[tokio::test]
async fn the_evidence_has_the_curve_before_during_and_after_the_fault() {
    use obsbook_lab::event::Phase::{Control, Expect, Recover, Steady};
    let nobody = Interrupt::default();
    let ran = run(KILL, Telemetry::Follows, Obedience::Obeys, &nobody).await;
    let evidence = ran.evidence;
    let mut phases: Vec<_> = evidence.attempts.iter().map(|look| look.phase).collect();
    phases.dedup();
    assert_eq!(phases, [Steady, Control, Expect, Recover]);
    assert!(evidence.attempts.iter().all(|look| look.value.is_some()));
    let [fault] = evidence.faults.as_slice() else {
        panic!("{:?}", evidence.faults);
    };
    let times = [
        evidence.started,
        evidence.steady,
        evidence.control,
        fault.injected,
        fault.undone,
        evidence.recovered,
        Some(evidence.finished),
    ];
    assert!(times.iter().all(Option::is_some) && times.is_sorted());
    let told: Vec<_> = evidence
        .conditions
        .iter()
        .map(|condition| {
            let planned = &condition.planned;
            (
                planned.bound.as_str(),
                planned.within,
                condition.detected.is_some(),
            )
        })
        .collect();
    assert_eq!(told, [("== 1", 1.0, false), ("== 0", 1.0, true)]);
}

#[tokio::test]
async fn each_behaviour_of_telemetry_has_its_verdict() {
    judged(KILL, Telemetry::Follows, Verdict::Passed, "").await;
    judged(KILL, Telemetry::AlwaysUp, Verdict::Failed, "last seen: 1").await;
    judged(KILL, Telemetry::Stale, Verdict::Failed, "too old").await;
    judged(
        KILL,
        Telemetry::NotANumber,
        Verdict::Failed,
        "last seen: NaN",
    )
    .await;
    judged(
        KILL,
        Telemetry::AlwaysDown,
        Verdict::Unsteady,
        "not steady within 1s",
    )
    .await;
    judged(KILL, Telemetry::Nothing, Verdict::Unsteady, "no data").await;
    judged(
        KILL,
        Telemetry::Breaks,
        Verdict::Unsteady,
        "metrics does not answer",
    )
    .await;
    judged(
        KILL,
        Telemetry::Refuses,
        Verdict::Invalid,
        "no such function",
    )
    .await;
    judged(KILL, Telemetry::TwoSeries, Verdict::Invalid, "2 series").await;
    judged(
        KILL,
        Telemetry::StaysDown,
        Verdict::Unrecovered,
        "the faults are undone, but",
    )
    .await;
}

#[tokio::test]
async fn what_is_true_before_the_fault_proves_nothing() {
    let block = KILL.replace("\"== 0\"", "\">= 0\"");
    judged(
        &block,
        Telemetry::Follows,
        Verdict::Vacuous,
        "proves nothing",
    )
    .await;
}

#[tokio::test]
async fn a_mistake_is_given_up_once_the_lab_without_it_would_have_gone_on() {
    // Without it, it would wait for an hour.
    let original = KILL.replace("within: 1s", "within: 1h");
    let check = async |block: &str, verdict: Verdict, words: &str| {
        let interrupt = Interrupt::default();
        let ran = run_as(
            block,
            As {
                original: Some(&original),
                full_deadlines: false,
            },
            Telemetry::Follows,
            Obedience::Obeys,
            &interrupt,
            |_| {},
        );
        let ran = timeout(Duration::from_mins(5), ran).await.expect(block);
        assert_eq!(ran.outcome.verdict, verdict, "{block}");
        let reason = ran.outcome.reason.unwrap_or_default();
        assert!(reason.contains(words), "{block}: {reason}");
    };
    let is_true = original.replace("\"== 0\"", "\">= 0\"");
    let is_false = format!(
        "{original}  - promql: up\n    is: \"== 2\"\n    always: true\n    for: 1s\n    disproved_by: {{kill: target}}\n"
    );
    let is_missed = original.replace("\"== 0\"", "\"== 7\"");
    tokio::join!(
        check(&is_true, Verdict::Vacuous, "proves nothing"),
        check(&is_false, Verdict::Failed, "must always hold"),
        check(&is_missed, Verdict::Failed, "has long gone on"),
    );
}

#[tokio::test]
async fn an_expectation_that_comes_true_with_nothing_broken_proves_nothing_whatever_the_others_do()
{
    // Ordinary traffic brings what the first one waits for, and never what the second one does.
    let block = KILL
        .replace("inject:\n  - kill: target", "inject: []")
        .replacen("within: 1s", "within: 30s", 2)
        + "  - promql: up\n    is: \"== 7\"\n    within: 1s\n";
    let proof = As {
        original: None,
        full_deadlines: true,
    };
    let nobody = Interrupt::default();
    let ran = run_as(
        &block,
        proof,
        Telemetry::Follows,
        Obedience::Obeys,
        &nobody,
        |truth| {
            tokio::spawn(async move {
                for running in [false, true] {
                    tokio::time::sleep(Duration::from_secs(4)).await;
                    truth.lock().unwrap().running = running;
                }
            });
        },
    );
    let outcome = ran.await.outcome;
    assert_eq!(outcome.verdict, Verdict::Vacuous, "{outcome:?}");
    let reason = outcome.reason.unwrap_or_default();
    assert!(reason.contains("though nothing was broken"), "{reason}");
}

#[tokio::test]
async fn a_control_that_breaks_nothing_fails() {
    let block = KILL.replace("inject:\n  - kill: target", "inject: []");
    judged(
        &block,
        Telemetry::Follows,
        Verdict::Failed,
        "not true within 1s",
    )
    .await;
}

#[tokio::test]
async fn an_observation_that_does_not_hold_has_failed() {
    judged(OBSERVE, Telemetry::Follows, Verdict::Passed, "").await;
    judged(
        OBSERVE,
        Telemetry::AlwaysDown,
        Verdict::Failed,
        "not steady",
    )
    .await;
}

#[tokio::test]
async fn what_must_always_hold_is_watched_from_before_the_fault() {
    let watched = "  - promql: up\n    is: \"== 1\"\n    always: true\n    for: 1s\n    disproved_by: {kill: target}\n";
    let block = format!("{KILL}{watched}");
    judged(
        &block,
        Telemetry::Follows,
        Verdict::Failed,
        "must always hold",
    )
    .await;
}

#[tokio::test]
async fn an_engine_that_does_not_obey_is_not_the_lessons_fault() {
    check(
        KILL,
        Telemetry::Follows,
        Obedience::RefusesKill,
        Verdict::Unsteady,
        "failed to kill target",
    )
    .await;
}

#[tokio::test]
async fn a_fault_that_cannot_be_undone_stays_in_the_journal() {
    check(
        KILL,
        Telemetry::Follows,
        Obedience::RefusesStart,
        Verdict::Unrecovered,
        "could not be undone",
    )
    .await;
}

#[tokio::test]
async fn the_undo_is_on_disk_before_the_fault() {
    let ran = run(
        KILL,
        Telemetry::Follows,
        Obedience::Obeys,
        &Interrupt::default(),
    )
    .await;
    let journal = ran
        .fakes
        .truth
        .lock()
        .unwrap()
        .journal_at_kill
        .clone()
        .unwrap_or_default();
    assert!(
        journal.contains(r#""undo":"ensure_running","service":"target""#),
        "{journal}"
    );
}

#[tokio::test]
async fn an_interrupt_undoes_the_fault_and_recovers() {
    let block = KILL.replace(
        "is: \"== 0\"\n    within: 1s",
        "is: \"== 7\"\n    within: 60s",
    );
    let interrupt = Interrupt::default();
    let asked = interrupt.clone();
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        asked.set();
    });
    let ran = run(&block, Telemetry::Follows, Obedience::Obeys, &interrupt).await;
    assert_eq!(ran.outcome, Outcome::interrupted());
    let truth = ran.fakes.truth.lock().unwrap();
    assert!(truth.was_killed && truth.running);
    assert_eq!(ran.owed, 0);
}

#[tokio::test]
async fn recovery_has_its_own_time_whatever_the_undo_was_waited_for() {
    // What `after` expects comes later than the steady state may take.
    let after = "after:\n  - promql: up\n    is: \"== 1\"\n    within: 20s\n";
    let block = format!("{KILL}{after}").replacen("within: 1s", "within: 3s", 1);
    judged(&block, Telemetry::ReturnsLate, Verdict::Passed, "").await;
}

#[tokio::test]
async fn what_is_being_broken_is_broken_before_it_is_mended() {
    let interrupt = Interrupt::default();
    let asked = interrupt.clone();
    let ran = run_with(
        KILL,
        Telemetry::Follows,
        Obedience::DiesSlowly,
        &interrupt,
        |truth| {
            tokio::spawn(async move {
                while !truth.lock().unwrap().was_killed {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                asked.set();
            });
        },
    )
    .await;
    assert_eq!(ran.outcome, Outcome::interrupted());
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(ran.fakes.truth.lock().unwrap().running);
    assert_eq!(ran.owed, 0);
}

#[tokio::test]
async fn a_slow_answer_keeps_no_other_condition_from_being_seen_in_time() {
    let slow = "expect:\n  - http: metrics:9090/slow\n    is: status == 503\n    within: 10s\n";
    let block = KILL.replace("expect:\n", slow);
    judged(&block, Telemetry::Follows, Verdict::Passed, "").await;
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_its_deadline_is_too_late() {
    let block = "id: lab\ntitle: t\ninject:\n  - kill: target\nexpect:\n  - http: metrics:9090/slow\n    is: status == 503\n    within: 1s\n";
    judged(
        block,
        Telemetry::Follows,
        Verdict::Failed,
        "not true within 1s",
    )
    .await;
}

#[tokio::test]
async fn what_the_end_of_the_watch_would_cut_off_is_seen() {
    // The look that begins while the service is down ends after the others have.
    let watched = "  - http: metrics:9090/slow\n    is: status == 200\n    always: true\n    for: 1s\n    disproved_by: {kill: target}\n";
    let block = format!("{KILL}{watched}");
    judged(
        &block,
        Telemetry::Follows,
        Verdict::Failed,
        "must always hold",
    )
    .await;
}

#[tokio::test]
async fn an_observation_of_a_silent_source_is_unsteady() {
    judged(
        OBSERVE,
        Telemetry::Breaks,
        Verdict::Unsteady,
        "does not answer",
    )
    .await;
}
