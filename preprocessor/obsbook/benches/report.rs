//! What the heavy proofs have shown, as the page of the book that says so: `cargo bench --bench report > src/reference/figures.md`.
//!
//! It runs nothing. Each proof keeps what it saw in `.obsbook`, and this reads it; a proof that was not run has no figures.

#![allow(clippy::print_stdout, reason = "the page is printed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use obsbook::book::LoadedBook;
use obsbook::run::{Equivalents, Ledger, Variant, mutations, variants};
use obsbook_lab::event::{Event, Planned, Record};
use obsbook_lab::verdict::Verdict;
use serde::Deserialize;

const HEAD: &str = "\
# What was measured

Each claim about obsbook is a command that anyone can run. The last figures of each stand here; `cargo bench --bench report` writes
this page from what the commands kept. Seconds are those of one machine of two processors: read them as sizes.
";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let kept = root.join(".obsbook");
    println!("{HEAD}");
    section("No false failures", &["tests/repeat 400"], flakes(&kept));
    section(
        "Times to detection",
        &["tests/repeat 400"],
        detection(&kept),
    );
    section(
        "Every lab can fail, and mistakes in labs are noticed",
        &["obsbook prove", "obsbook prove --mutants"],
        proofs(&root),
    );
    section("Killed in the middle", &["tests/crash 50"], crash(&kept));
    section(
        "What obsbook adds",
        &["cargo bench --bench overhead"],
        fs::read_to_string(kept.join("overhead.md")).ok(),
    );
    section(
        "What obsbook adds to building the book",
        &["cargo bench --bench building"],
        fs::read_to_string(kept.join("building.md")).ok(),
    );
    section(
        "Stacks side by side",
        &["tests/parallel"],
        fs::read_to_string(kept.join("parallel.md")).ok(),
    );
    section(
        "The same experiment with other tools",
        &["tests/comparison/run"],
        fs::read_to_string(kept.join("comparison.md")).ok(),
    );
}

fn section(title: &str, commands: &[&str], text: Option<String>) {
    println!("## {title}\n\n```console");
    for command in commands {
        println!("$ {command}");
    }
    let text = text.unwrap_or_else(|| "Not run yet.".to_owned());
    println!("```\n\n{}\n", text.trim_end());
}

fn records(path: PathBuf) -> Option<Vec<Record>> {
    let text = fs::read_to_string(path).ok()?;
    let lines = text.lines();
    Some(
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
    )
}

/// The days of the first and the last record.
fn days(records: &[Record]) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let times = || records.iter().map(|record| record.time);
    match (times().min().map(day), times().max().map(day)) {
        (Some(first), Some(last)) if first == last => first,
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no day".to_owned(),
    }
}

fn flakes(kept: &Path) -> Option<String> {
    let records = records(kept.join("repeat.jsonl"))?;
    let (mut ended, mut passed) = (0_u32, 0_u32);
    for record in &records {
        let Event::LabFinished {
            verdict, reason, ..
        } = &record.event
        else {
            continue;
        };
        // A lab that somebody interrupted says nothing.
        if reason
            .as_ref()
            .is_some_and(|reason| reason.contains("interrupted"))
        {
            continue;
        }
        ended += 1;
        passed += u32::from(*verdict == Verdict::Passed);
    }
    // Without a failure in n runs, a share of failures above 1 - 0.05^(1/n) would have shown one in 95 % of all cases.
    let bound = if passed == ended && ended > 0 {
        let share = 1.0 - 0.05_f64.powf(1.0 / f64::from(ended));
        format!(
            " With 95 % confidence fewer than {:.2} % of runs fail without a cause.",
            share * 100.0
        )
    } else {
        String::new()
    };
    Some(format!(
        "{passed} of {ended} runs of labs passed ({}).{bound}",
        days(&records)
    ))
}

/// The times to detection of one condition, and the time that it has.
#[derive(Default)]
struct Detected {
    after: Vec<f64>,
    within: f64,
}

fn detection(kept: &Path) -> Option<String> {
    let records = records(kept.join("repeat.jsonl"))?;
    let mut all: BTreeMap<(String, String), Detected> = BTreeMap::new();
    for record in &records {
        let Some(lab) = &record.lab else { continue };
        match &record.event {
            Event::LabStarted { conditions, .. } => {
                for Planned {
                    condition, within, ..
                } in conditions
                {
                    let key = (lab.clone(), condition.clone());
                    all.entry(key).or_default().within = *within;
                }
            }
            Event::ExpectationMet {
                condition, after, ..
            } => {
                let key = (lab.clone(), condition.clone());
                all.entry(key).or_default().after.push(*after);
            }
            _ => {}
        }
    }
    let mut rows: Vec<_> = all
        .into_iter()
        .filter_map(|((lab, condition), mut detected)| {
            detected.after.sort_by(f64::total_cmp);
            let slowest = *detected.after.last()?;
            let median = detected.after[detected.after.len() / 2];
            let room = (detected.within > 0.0).then(|| detected.within / slowest.max(0.1))?;
            Some((room, lab, condition, detected, median, slowest))
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    let tightest = rows.first()?.0;
    let mut text = format!(
        "Deadlines come from these. Of {} expectations the tightest has {tightest:.1} times the slowest time that was seen. \
         The ten with the least room:\n\n\
         | lab | expectation | seen | median | slowest | deadline |\n| --- | --- | --- | --- | --- | --- |\n",
        rows.len()
    );
    for (_, lab, condition, detected, median, slowest) in rows.iter().take(10) {
        let condition: String = condition.replace('|', "\\|").chars().take(90).collect();
        text.push_str(&format!(
            "| {lab} | `{condition}` | {} | {median:.1} s | {slowest:.1} s | {} s |\n",
            detected.after.len(),
            detected.within
        ));
    }
    Some(text)
}

/// What the ledger knows of today's labs on today's engine and stack.
fn proofs(root: &Path) -> Option<String> {
    let book = LoadedBook::load(root).ok()?;
    let ledger = Ledger::open(&book);
    let equivalents = Equivalents::read(&root.join("labs/equivalent-mutants.toml")).ok()?;
    let model = book.around.model.as_ref();
    let count = |all: Vec<Variant>| {
        let proven = |variant: &&Variant| {
            let verdict = ledger.find(variant);
            verdict.is_some_and(|verdict| variant.expected.holds(verdict))
        };
        (all.len(), all.iter().filter(proven).count())
    };
    let controls = count(book.book.labs().flat_map(variants).collect());
    let mistakes: Vec<Variant> = book
        .book
        .labs()
        .flat_map(|lab| mutations(lab, model))
        .collect();
    let listed: Vec<String> = mistakes
        .iter()
        .filter_map(|mistake| {
            let Variant { lab, change, .. } = mistake;
            let reason = equivalents.reason(&lab.id, change)?;
            Some(format!("| {} | {change} | {reason} |", lab.id))
        })
        .collect();
    let (made, noticed) = count(mistakes);
    let mut text = format!(
        "Of {} ways in which today's labs must fail, or pass after a mending, {} were seen on today's stack. Of {made} mistakes in labs (a fault \
         left out or aimed at another service, a comparison turned round or made always true, a name or label broken, a deadline cut to \
         nothing) {noticed} were made and noticed; {} need not be.",
        controls.0,
        controls.1,
        listed.len()
    );
    if !listed.is_empty() {
        text.push_str("\n\n| lab | mistake | why it need not be noticed |\n| --- | --- | --- |\n");
        text.push_str(&listed.join("\n"));
    }
    Some(text)
}

#[derive(Deserialize)]
struct Kill {
    recovered: u32,
}

fn crash(kept: &Path) -> Option<String> {
    let text = fs::read_to_string(kept.join("crash.jsonl")).ok()?;
    let kills: Vec<Kill> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let with_fault = kills.iter().filter(|kill| kill.recovered > 0).count();
    Some(format!(
        "obsbook was killed (`SIGKILL`) at {} moments of running labs that chance chose. After the next command the stack was steady every time, \
         and no order was lost or fulfilled twice; {with_fault} times a fault was in place at that moment and was undone.",
        kills.len()
    ))
}
