//! `obsbook challenge`: break the stack unseen, judge what its reader did and found, or show the solution.

use std::io::{IsTerminal, Write, stderr, stdin};

use jiff::Timestamp;
use obsbook_lab::block::{Answer, Challenge, Lab, Question};
use obsbook_lab::suggest;
use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::args::{ChallengeStep, Common, Share};
use super::context::{Context, fail, interrupt};
use crate::prepare::{self, PrepareError};
use crate::report::{Progress, Steps};
use crate::run::challenge;
use crate::run::{Environment, Interrupt, Outcome};
use crate::terminal::out;

pub(super) async fn run(common: &Common, step: &ChallengeStep) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let id = step.id();
    let (lab, challenge) = find(&context, id)?;
    let interrupt = interrupt();
    match step {
        ChallengeStep::Start { .. } => start(&context, &interrupt, lab).await,
        ChallengeStep::Answer { answers, .. } => {
            are_enough(challenge, answers)?;
            answer(context, &interrupt, id, answers).await
        }
        ChallengeStep::GiveUp { .. } => give_up(&context, &interrupt, lab, challenge).await,
    }
}

fn find<'c>(context: &'c Context, id: &str) -> Result<(&'c Lab, &'c Challenge), ExitStatus> {
    let lab = context.lab(id)?;
    if let Some(challenge) = &lab.challenge {
        return Ok((lab, challenge));
    }
    let all = context.book.book.labs();
    let all = all.filter(|lab| lab.challenge.is_some());
    let hint = suggest::hint(id, all.map(|lab| lab.id.as_str()));
    let message = format!("`{id}` is a {}, not a challenge", lab.kind.word());
    Err(fail(&message, Some(hint)))
}

async fn environment<'a>(
    context: &'a Context,
    interrupt: &'a Interrupt,
    lab: &Lab,
) -> Environment<'a> {
    let share = Share {
        jobs: None,
        partition: None,
    };
    context.environment(interrupt, &share, &[lab]).await
}

async fn start(
    context: &Context,
    interrupt: &Interrupt,
    lab: &Lab,
) -> Result<ExitStatus, ExitStatus> {
    let begun = challenge::start(&environment(context, interrupt, lab).await, lab).await;
    let outcome = match begun {
        Ok(outcome) => outcome,
        Err(error) => return Ok(told(context, &error)),
    };
    if outcome.verdict != Verdict::Passed {
        return Ok(not_begun(context, interrupt, &outcome));
    }
    keep(context, lab, |steps| steps.started = Some(Timestamp::now()));
    let id = &lab.id;
    out!("{}\n", lab.title);
    out!("Something is broken now, and it shows:");
    for condition in &lab.expect {
        out!("  {condition}");
    }
    out!("\nFind out why, mend it, then: obsbook challenge answer {id}");
    if !lab.hints.is_empty() {
        out!("A hint: obsbook hint {id}");
    }
    out!("The solution, and a whole stack: obsbook challenge give-up {id}");
    if let Some(time) = challenge::ends_after(lab) {
        out!("It ends by itself after {time}; begin again then.");
    }
    Ok(ExitStatus::Success)
}

/// The reason would tell what the breakage is, where it is the breakage's own.
fn not_begun(context: &Context, interrupt: &Interrupt, outcome: &Outcome) -> ExitStatus {
    if interrupt.is_set() {
        return ExitStatus::Interrupted;
    }
    let reason = outcome.reason.as_deref().unwrap_or_default();
    let reporter = &context.reporter;
    reporter.progress(&format!("error: the challenge has not begun: {reason}"));
    for line in &outcome.seen {
        reporter.progress(&format!("  | {line}"));
    }
    reporter.progress("  = help: obsbook reset");
    ExitStatus::from(outcome.verdict)
}

/// Answers of the command are one to each question; without any they are asked for at the terminal.
fn are_enough(challenge: &Challenge, answers: &[String]) -> Result<(), ExitStatus> {
    let questions = &challenge.questions;
    let will_be_asked = answers.is_empty() && stdin().is_terminal();
    if answers.len() == questions.len() || will_be_asked {
        return Ok(());
    }
    let all = questions.iter().enumerate();
    let all: Vec<_> = all
        .map(|(index, question)| words(index, question))
        .collect();
    let (given, asked) = (answers.len(), questions.len());
    Err(fail(
        &format!(
            "{given} answer(s) to {asked} question(s):\n{}",
            all.join("\n")
        ),
        Some("give one answer to each, in their order, each in quotes".to_owned()),
    ))
}

/// Returns the answers to a challenge's questions: those of the command, else those typed at the terminal.
fn given(challenge: &Challenge, answers: &[String]) -> Result<Vec<String>, ExitStatus> {
    let questions = &challenge.questions;
    if answers.len() == questions.len() {
        return Ok(answers.to_vec());
    }
    let ask = |(index, question)| {
        let _ = write!(stderr(), "\n{}\n> ", words(index, question));
        let mut line = String::new();
        match stdin().read_line(&mut line) {
            Ok(_) => Ok(line.trim().to_owned()),
            Err(error) => Err(fail(&format!("no answer can be read: {error}"), None)),
        }
    };
    questions.iter().enumerate().map(ask).collect()
}

fn words(index: usize, question: &Question) -> String {
    let mut text = format!("{}. {}", index + 1, question.ask);
    if let Answer::Choice { choices, .. } = &question.answer {
        for (letter, choice) in ('a'..).zip(choices) {
            text.push_str(&format!("\n   {letter}) {choice}"));
        }
    }
    text
}

async fn answer(
    context: Context,
    interrupt: &Interrupt,
    id: &str,
    answers: &[String],
) -> Result<ExitStatus, ExitStatus> {
    let context = context.keeping(&super::args::Reports::default())?;
    let (lab, challenge) = find(&context, id)?;
    let before = steps(&context, id);
    // Somebody who mended it, and did not know why, may answer again.
    if !before.is_mended() {
        let judged = challenge::judge(&environment(&context, interrupt, lab).await, lab).await;
        let outcome = match judged {
            Ok(outcome) => outcome,
            Err(error) => return Ok(told(&context, &error)),
        };
        match outcome.verdict {
            _ if interrupt.is_set() => return Ok(ExitStatus::Interrupted),
            Verdict::Passed => {}
            // What is asked is about the cause: nobody learns by guessing first.
            Verdict::Unsolved => return Err(ExitStatus::Invalid),
            verdict => return Ok(ExitStatus::from(verdict)),
        }
        if let Some(started) = before.started {
            let took = Timestamp::now().duration_since(started).unsigned_abs();
            let took = std::time::Duration::from_secs(took.as_secs());
            out!("mended after {}", obsbook_lab::duration::words(took));
        }
    }
    let answers = given(challenge, answers)?;
    let mut right = 0;
    for (index, (question, given)) in challenge.questions.iter().zip(&answers).enumerate() {
        let is_right = question.answer.is(given);
        right += usize::from(is_right);
        let mark = if is_right { "right" } else { "not right" };
        out!("{}. {} {given}: {mark}", index + 1, question.ask);
    }
    let asked = challenge.questions.len();
    if right < asked {
        out!("{right} of {asked} answers are right; answer again: obsbook challenge answer {id}");
        return Ok(ExitStatus::Failed);
    }
    keep(&context, lab, |steps| {
        steps.answered.get_or_insert(Timestamp::now());
    });
    out!("how its author mends it: {}", challenge.solution.display());
    Ok(ExitStatus::Success)
}

fn steps(context: &Context, id: &str) -> Steps {
    let progress = Progress::read(&context.book.root);
    progress.map_or(Steps::default(), |progress| progress.of(id))
}

async fn give_up(
    context: &Context,
    interrupt: &Interrupt,
    lab: &Lab,
    challenge: &Challenge,
) -> Result<ExitStatus, ExitStatus> {
    let ended = challenge::give_up(&environment(context, interrupt, lab).await, lab).await;
    if let Err(error) = ended {
        return Ok(told(context, &error));
    }
    keep(context, lab, |steps| steps.gave_up = Some(Timestamp::now()));
    out!("What was broken:");
    for fault in lab.inject.iter().flatten() {
        out!("  {fault}");
    }
    for (index, question) in challenge.questions.iter().enumerate() {
        out!(
            "{}. {} {}",
            index + 1,
            question.ask,
            right(&question.answer)
        );
    }
    let solution = context.book.root.join(&challenge.solution);
    let text = std::fs::read_to_string(&solution).unwrap_or_default();
    out!(
        "\nWhat mends it, {}:\n\n{}",
        challenge.solution.display(),
        text.trim_end()
    );
    if !challenge.wrong_fixes.is_empty() {
        out!("\nWhat does not:");
    }
    for fix in &challenge.wrong_fixes {
        out!("  {}: {}", fix.file.display(), fix.why);
    }
    out!("\nThe stack is whole again.");
    Ok(ExitStatus::Success)
}

fn right(answer: &Answer) -> String {
    match answer {
        Answer::Choice { choices, right } => choices[*right].clone(),
        Answer::Service(words) | Answer::Words(words) => words.clone(),
        Answer::Number { value, .. } => value.to_string(),
    }
}

fn told(context: &Context, error: &PrepareError) -> ExitStatus {
    prepare::tell(&context.reporter, error);
    ExitStatus::Environment
}

fn keep(context: &Context, lab: &Lab, change: impl FnOnce(&mut Steps)) {
    if let Err(error) = Progress::change(&context.book.root, &lab.id, change) {
        context.reporter.progress(&format!("warning: {error}"));
    }
}
