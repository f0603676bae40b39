//! What obsbook adds to a lab: how long after it could be seen an expectation is seen, and what a lab takes beside its waiting.
//!
//! Beside each lab a second reader asks the same conditions of the same stack, as often as it can. What it sees first could
//! be seen then. `cargo bench --bench overhead -- [ROUNDS] [SELECTOR…]` runs on the project `obsbook-benchmark`, takes it down at
//! the end, and keeps its table for the benchmark `report`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a person watches"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use obsbook::book::LoadedBook;
use obsbook::prepare::{self, Preparation};
use obsbook::probe::{Baseline, observe};
use obsbook::report::{Output, Reporter};
use obsbook::run::{Environment, Interrupt, run};
use obsbook::stack::{Options, Stack};
use obsbook_lab::block::{Condition, Lab};
use obsbook_lab::event::{Event, Phase, Record};
use obsbook_lab::selector::select;
use obsbook_lab::verdict::Verdict;

/// Labs whose expectations are numbers, lines, traces, alerts and containers.
const LABS: [&str; 5] = [
    "crash-restart",
    "up-is-not-healthy",
    "errors-in-lines",
    "service-down-alert",
    "slow-span",
];
const ROUNDS: usize = 5;
/// How often the second reader looks.
const TIGHT: Duration = Duration::from_millis(50);

/// Hands the events of a run to whoever reads them beside it.
struct Events(tokio::sync::mpsc::UnboundedSender<Record>);

impl Output for Events {
    fn record(&mut self, record: &Record) {
        let _ = self.0.send(record.clone());
    }
    fn progress(&mut self, line: &str) {
        eprintln!("{line}");
    }
}

/// When a condition could be seen first, by lab and condition.
type First = Arc<Mutex<BTreeMap<(String, String), Timestamp>>>;

#[derive(Default)]
struct Figures {
    /// Seconds from when it could be seen to when it was, by what is asked.
    late: BTreeMap<&'static str, Vec<f64>>,
    /// Seconds of each lab beside its waiting.
    beside: Vec<f64>,
    /// Seconds of each lab.
    whole: Vec<f64>,
    not_passed: usize,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    // `cargo bench` adds a flag of its own.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let (rounds, selectors) = match words.split_first() {
        Some((first, rest)) => (first.parse().unwrap_or(ROUNDS), rest.to_vec()),
        None => (ROUNDS, Vec::new()),
    };
    let selectors = if selectors.is_empty() {
        LABS.map(str::to_owned).to_vec()
    } else {
        selectors
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let book = LoadedBook::load(&root).expect("the book");
    let labs = select(&book.book, &selectors).expect("labs");
    let preparation = Preparation {
        options: Options {
            project: Some("obsbook-benchmark".to_owned().into()),
            dynamic_ports: true,
        },
        ..Preparation::default()
    };
    let mut figures = Figures::default();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for lab in &labs {
            one(&book, &preparation, lab, &mut figures).await;
        }
    }
    let quiet = Reporter::new(Vec::new());
    if let Err(error) = prepare::down(&preparation, &book, &quiet, true).await {
        eprintln!("the stack is still up: {error}");
    }
    let table = table(&figures, labs.len(), rounds);
    println!("{table}");
    if let Err(error) = std::fs::write(root.join(".obsbook/overhead.md"), table) {
        eprintln!("the table is not kept: {error}");
    }
    std::process::ExitCode::from(u8::from(figures.not_passed > 0))
}

async fn one(book: &LoadedBook, preparation: &Preparation, lab: &Lab, figures: &mut Figures) {
    let (send, receive) = tokio::sync::mpsc::unbounded_channel();
    let reporter = Reporter::new(vec![Box::new(Events(send))]);
    let interrupt = Interrupt::default();
    let environment = Environment {
        book,
        preparation,
        reporter: &reporter,
        interrupt: &interrupt,
        jobs: 1,
    };
    let first = First::default();
    let beside = tokio::spawn(watch(
        receive,
        book.clone(),
        preparation.options.clone(),
        lab.clone(),
        first.clone(),
    ));
    let labs = [lab];
    let report = run(&environment, &labs).await;
    drop(reporter);
    let records = beside.await.expect("the second reader");
    if report.labs[0].outcome.verdict != Verdict::Passed {
        eprintln!("{}: {:?}", lab.id, report.labs[0].outcome);
        figures.not_passed += 1;
        return;
    }
    let first = first.lock().unwrap_or_else(PoisonError::into_inner);
    take(&records, lab, &first, figures);
}

/// Reads the events of one lab, and asks its expectations beside it while its fault is in place.
async fn watch(
    mut records: tokio::sync::mpsc::UnboundedReceiver<Record>,
    book: LoadedBook,
    options: Options,
    lab: Lab,
    first: First,
) -> Vec<Record> {
    let mut kept = Vec::new();
    let mut ready = Vec::new();
    let mut readers = Vec::new();
    while let Some(record) = records.recv().await {
        match &record.event {
            // Opening a stack takes a processor for a while, which the fault must not wait for.
            Event::LabStarted { .. } => ready = ready_to_look(&book, &options, &lab).await,
            Event::FaultJournaled { .. } => {
                for (stack, condition, mut baseline) in ready.drain(..) {
                    baseline.since = Some(record.time);
                    let key = (lab.id.clone(), condition.to_string());
                    let first = first.clone();
                    readers.push(tokio::spawn(async move {
                        until_seen(&stack, &condition, &baseline).await;
                        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                        first.insert(key, Timestamp::now());
                    }));
                }
            }
            Event::FaultUndone { .. } => readers.iter().for_each(|reader| reader.abort()),
            _ => {}
        }
        kept.push(record);
    }
    kept
}

async fn ready_to_look(
    book: &LoadedBook,
    options: &Options,
    lab: &Lab,
) -> Vec<(Stack, Condition, Baseline)> {
    let mut ready = Vec::new();
    let watched = lab.expect.iter();
    for condition in watched.filter(|condition| condition.always.is_none()) {
        let stack = Stack::open(book, options).await.expect("the stack");
        // As the run has it: what restarted in an earlier lab does not count.
        let containers = stack.containers().await.expect("the containers");
        let restarts = containers
            .into_iter()
            .map(|container| (container.service, container.restarts));
        let baseline = Baseline {
            since: None,
            restarts: restarts.collect(),
        };
        ready.push((stack, condition.clone(), baseline));
    }
    ready
}

async fn until_seen(stack: &Stack, condition: &Condition, baseline: &Baseline) {
    loop {
        let look = observe(stack, condition, baseline, baseline.since).await;
        if look.is_ok_and(|look| look.met) {
            return;
        }
        tokio::time::sleep(TIGHT).await;
    }
}

fn take(
    records: &[Record],
    lab: &Lab,
    first: &BTreeMap<(String, String), Timestamp>,
    figures: &mut Figures,
) {
    let mut waited = 0.0;
    let mut longest: BTreeMap<Phase, f64> = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::SteadyHeld { seconds }
            | Event::ControlHeld { seconds }
            | Event::SteadyRestored { seconds } => waited += seconds,
            Event::ExpectationMet {
                phase,
                condition,
                after,
            } => {
                let slot = longest.entry(*phase).or_default();
                *slot = slot.max(*after);
                let own = lab.expect.iter().find(|own| own.to_string() == *condition);
                let seen = first.get(&(lab.id.clone(), condition.clone()));
                if let (Some(own), Some(seen), Phase::Expect) = (own, seen, phase) {
                    let late = record.time.duration_since(*seen).as_secs_f64();
                    // The second reader may be the later one.
                    let word = own.probe.word();
                    figures.late.entry(word).or_default().push(late.max(0.0));
                }
            }
            Event::LabFinished { seconds, .. } => figures.whole.push(*seconds),
            _ => {}
        }
    }
    // What becomes true by the undo is waited for before the steady state, whose time begins at the undo as well.
    waited += longest.get(&Phase::Expect).copied().unwrap_or_default();
    if let Some(whole) = figures.whole.last() {
        figures.beside.push((whole - waited).max(0.0));
    }
}

fn table(figures: &Figures, labs: usize, rounds: usize) -> String {
    let mut text =
        "| figure | median | 95th percentile | most | of |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    let all: Vec<f64> = figures.late.values().flatten().copied().collect();
    text.push_str(&row("seen after it could be, every probe", &all));
    for (word, late) in &figures.late {
        text.push_str(&row(&format!("the same, `{word}`"), late));
    }
    text.push_str(&row("a lab beside its waiting", &figures.beside));
    text.push_str(&row("a whole lab", &figures.whole));
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    text.push_str(&format!(
        "\n{labs} labs, {rounds} rounds, {} not passed; obsbook {}, {build}\n",
        figures.not_passed,
        env!("CARGO_PKG_VERSION"),
    ));
    text
}

fn row(what: &str, values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let place = (share * sorted.len() as f64).ceil() as usize;
        sorted
            .get(place.saturating_sub(1))
            .copied()
            .unwrap_or(f64::NAN)
    };
    format!(
        "| {what} | {:.2} s | {:.2} s | {:.2} s | {} |\n",
        at(0.5),
        at(0.95),
        at(1.0),
        sorted.len()
    )
}
