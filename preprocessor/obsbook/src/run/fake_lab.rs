//! A lab that runs against fakes, from its block to its outcome.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use mdbook_core::config::Config;
use obsbook_lab::verdict::Verdict;

use super::fakes::{Fakes, Obedience, Telemetry, Truth};
use super::interrupt::Interrupt;
use super::lab::LabRun;
use super::original::Original;
use super::outcome::Outcome;
use crate::book::LoadedBook;
use crate::report::{Evidence, EvidenceFiles, Reporter};
use crate::stack::{Journal, Options, Stack};

const COMPOSE: &str =
    "name: fake\nservices:\n  metrics: {labels: {dev.obsbook.source: prometheus}}\n  target: {}\n";

pub(super) const KILL: &str = "id: lab\ntitle: t\nsteady:\n  - promql: up\n    is: \"== 1\"\n    within: 1s\ninject:\n  - kill: target\nexpect:\n  - promql: up\n    is: \"== 0\"\n    within: 1s\n";

pub(super) const OBSERVE: &str = "id: lab\ntitle: t\nsteady:\n  - promql: up\n    is: \"== 1\"\n    within: 1s\ndisproved_by: {kill: target}\n";

fn book_in(folder: &Path, block: &str) -> LoadedBook {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    std::fs::create_dir(folder.join("src")).unwrap();
    write("compose.yaml", COMPOSE);
    write("src/SUMMARY.md", "# Summary\n\n- [A](a.md)\n");
    write("src/a.md", &format!("```lab\n{block}```\n"));
    let mut config = Config::default();
    config
        .set("preprocessor.obsbook.compose", "compose.yaml")
        .unwrap();
    let book = LoadedBook::with_config(folder, &config).unwrap();
    assert!(
        book.book.diagnostics.is_empty(),
        "{:?}",
        book.book.diagnostics
    );
    book
}

/// How a lab ended, and what is left of it.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) fakes: Fakes,
    /// Entries of the journal.
    pub(super) owed: usize,
    pub(super) evidence: Evidence,
}

pub(super) async fn run(
    block: &str,
    telemetry: Telemetry,
    obedience: Obedience,
    interrupt: &Interrupt,
) -> Ran {
    run_with(block, telemetry, obedience, interrupt, |_| {}).await
}

/// Runs the lab of `block`; `beside` gets what is true of the fakes, to change it meanwhile.
pub(super) async fn run_with(
    block: &str,
    telemetry: Telemetry,
    obedience: Obedience,
    interrupt: &Interrupt,
    beside: impl FnOnce(Arc<Mutex<Truth>>),
) -> Ran {
    let plain = As::default();
    run_as(block, plain, telemetry, obedience, interrupt, beside).await
}

/// How a proof runs a lab.
#[derive(Default)]
pub(super) struct As<'a> {
    /// The lab's block without the mistake that it has.
    pub(super) original: Option<&'a str>,
    /// Whether every expectation gets its whole time.
    pub(super) full_deadlines: bool,
}

/// Runs the lab of `block` as a proof does.
pub(super) async fn run_as(
    block: &str,
    proof: As<'_>,
    telemetry: Telemetry,
    obedience: Obedience,
    interrupt: &Interrupt,
    beside: impl FnOnce(Arc<Mutex<Truth>>),
) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let book = book_in(folder.path(), block);
    let folder_of_original = tempfile::tempdir().unwrap();
    let original = proof.original;
    let original = original.map(|block| book_in(folder_of_original.path(), block));
    let original = original.as_ref().and_then(|book| book.book.labs().next());
    let original = original.map(|lab| Original {
        lab: lab.clone(),
        is_hopeless: true,
    });
    let fakes = Fakes::start(telemetry, obedience).await;
    fakes.truth.lock().unwrap().journal = folder.path().join("journal.jsonl");
    beside(Arc::clone(&fakes.truth));
    let stack = Stack::on(fakes.engine.clone(), &book, &Options::default()).unwrap();
    let journal = Mutex::new(Journal::open(folder.path()).unwrap());
    let services: BTreeSet<String> = ["metrics".to_owned(), "target".to_owned()].into();
    let lab = book.book.labs().next().unwrap();
    let run = LabRun {
        stack: &stack,
        lab,
        journal: &journal,
        reporter: &Reporter::new(vec![Box::new(EvidenceFiles::new(folder.path()))]),
        interrupt,
        services: &services,
        clock_offset: SignedDuration::ZERO,
        full_deadlines: proof.full_deadlines,
        original: original.as_ref(),
        broken_before: None,
        mend: None,
        hidden: false,
        busy: tokio::sync::Mutex::default(),
    };
    // On the heap: a lab's future is deep, and a test's thread has 2 MiB.
    let outcome = Box::pin(run.run()).await;
    let owed = Journal::open(folder.path()).unwrap().entries().len();
    Ran {
        outcome,
        fakes,
        owed,
        evidence: Evidence::read(folder.path(), "lab").unwrap(),
    }
}

pub(super) async fn check(
    block: &str,
    telemetry: Telemetry,
    obedience: Obedience,
    verdict: Verdict,
    words: &str,
) {
    let ran = run(block, telemetry, obedience, &Interrupt::default()).await;
    let said = format!(
        "{} {}",
        ran.outcome.reason.clone().unwrap_or_default(),
        ran.outcome.seen.join(" ")
    );
    assert_eq!(
        ran.outcome.verdict, verdict,
        "{telemetry:?}, {obedience:?}: {said}"
    );
    assert!(said.contains(words), "{telemetry:?}, {obedience:?}: {said}");
    let mended = ran.fakes.truth.lock().unwrap().running;
    assert_eq!(
        mended,
        obedience != Obedience::RefusesStart,
        "{telemetry:?}: the fault is still in place"
    );
    assert_eq!(ran.owed, usize::from(!mended), "{telemetry:?}: the journal");
}

/// As [`check`], on an engine that does what it is asked.
pub(super) async fn judged(block: &str, telemetry: Telemetry, verdict: Verdict, words: &str) {
    check(block, telemetry, Obedience::Obeys, verdict, words).await;
}
