//! `obsbook doctor`: what this machine has and lacks.

use crate::terminal::out;
use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Format};
use super::context::Context;
use crate::engine::{Compose, Container};
use crate::install::{check_disk, missing};
use crate::prepare;
use crate::report::{Finding, Table, costs};
use crate::stack::{Journal, Stack};
use crate::verify::checklist;

/// What a laptop that does other things as well can spare for the whole sandbox.
const BUDGET: u64 = 12 << 30;

pub(super) async fn run(common: &Common, verify: bool) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let mut findings = vec![book(&context)];
    findings.push(match Compose::version().await {
        Ok(version) => Finding::fine("docker compose", version),
        Err(error) => Finding::bad("docker compose", &error, error.hint()),
    });
    match Stack::open(&context.book, &context.preparation.options).await {
        Ok(stack) => {
            findings.extend(engine(&context, &stack).await);
            if verify {
                findings.extend(checklist(&stack, &context.book).await);
            }
        }
        Err(error) => {
            findings.push(Finding::bad("engine", &error, error.hint()));
            findings.extend(to_install().await);
        }
    }
    findings.extend(profiles(&context));
    let status = if findings.iter().all(|finding| finding.fine) {
        ExitStatus::Success
    } else {
        ExitStatus::Environment
    };
    match context.format {
        Format::Json => out!("{}", serde_json::json!({"v": 1, "findings": findings})),
        Format::Human => print(&findings),
    }
    Ok(status)
}

fn book(context: &Context) -> Finding {
    let labs = context.book.book.labs().count();
    match context.book.book.diagnostics.len() {
        0 => Finding::fine("book", format!("{labs} labs, no problem")),
        problems => Finding::bad(
            "book",
            &format!("{problems} problems in its lab blocks"),
            Some("obsbook lint".to_owned()),
        ),
    }
}

/// The steps that `--install` would take, each with its command.
async fn to_install() -> Vec<Finding> {
    let steps = missing(None).await.unwrap_or_default();
    steps
        .into_iter()
        .map(|step| {
            let by_hand = step.commands.join(" && ");
            Finding::bad(
                "missing",
                &format!("{}: {}", step.what, step.why),
                Some(format!("obsbook up --install, or by hand: {by_hand}")),
            )
        })
        .collect()
}

async fn engine(context: &Context, stack: &Stack) -> Vec<Finding> {
    let info = stack.engine().info();
    let mut findings = vec![Finding::fine(
        "engine",
        format!(
            "{} on {}, {} processors, {} of memory",
            info.version,
            info.system,
            info.cpus,
            gib(info.memory)
        ),
    )];
    findings.push(
        match prepare::image_source(&context.preparation, stack).await {
            Ok(choice) => {
                Finding::fine("images", format!("from {}: {}", choice.source, choice.why))
            }
            Err(error) => Finding::bad("images", &error, error.hint()),
        },
    );
    findings.push(match check_disk(Some(stack.engine()), false).await {
        Ok(()) => Finding::fine("disk", "room enough for images and data"),
        Err(error) => Finding::bad("disk", &error, error.hint()),
    });
    match Journal::open(&stack.directory()) {
        Ok(journal) if journal.entries().is_empty() => {}
        Ok(journal) => {
            let left: Vec<_> = journal
                .entries()
                .iter()
                .map(crate::stack::Entry::words)
                .collect();
            findings.push(Finding::bad(
                "leftovers",
                &format!("still in place: {}", left.join(", ")),
                Some("obsbook reset".to_owned()),
            ));
        }
        Err(error) => findings.push(Finding::bad("leftovers", &error, None)),
    }
    let containers = stack.containers().await.unwrap_or_default();
    if !containers.is_empty() {
        findings.push(running(stack, &containers).await);
    }
    findings
}

async fn running(stack: &Stack, containers: &[Container]) -> Finding {
    let used = stack.engine().memory_usages(containers).await.iter().sum();
    let unready: Vec<_> = containers
        .iter()
        .filter(|container| !container.is_ready())
        .map(|container| container.service.as_str())
        .collect();
    let found = format!(
        "stack {}: {} containers, {} resident",
        stack.project(),
        containers.len(),
        gib(used)
    );
    if unready.is_empty() {
        return Finding::fine("running", found);
    }
    Finding::bad(
        "running",
        &format!("{found}; not healthy: {}", unready.join(", ")),
        Some("obsbook reset".to_owned()),
    )
}

/// What each profile may use at most, against the budget.
fn profiles(context: &Context) -> Vec<Finding> {
    let Some(model) = &context.book.around.model else {
        return Vec::new();
    };
    let compose = context.book.settings.compose_file(&context.book.root);
    let folder = context.book.root.join(compose);
    let measured = costs(folder.parent().unwrap_or(&context.book.root));
    let limits = |profile: &str| -> (u64, usize, Vec<String>) {
        let services: Vec<_> = model.in_profile(profile).collect();
        let unlimited = services
            .iter()
            .filter(|(_, service)| service.memory_limit.is_none());
        let unlimited = unlimited.map(|(name, _)| (*name).to_owned()).collect();
        (
            services
                .iter()
                .filter_map(|(_, service)| service.memory_limit)
                .sum(),
            services.len(),
            unlimited,
        )
    };
    model
        .profiles()
        .into_iter()
        .map(|profile| {
            let (sum, count, unlimited) = limits(profile);
            let subject = format!("profile {profile}");
            let mut found = format!(
                "limits of its {count} services: {} of {}",
                gib(sum),
                gib(BUDGET)
            );
            if let Some(cost) = measured.get(profile) {
                found.push_str(&format!("; {cost}"));
            }
            if !unlimited.is_empty() {
                return Finding::bad(
                    &subject,
                    &format!("{found}; without a limit: {}", unlimited.join(", ")),
                    Some("give each service a mem_limit".to_owned()),
                );
            }
            if sum > BUDGET {
                return Finding::bad(
                    &subject,
                    &format!("{found}: over the budget"),
                    Some("lower the limits in the compose files".to_owned()),
                );
            }
            Finding::fine(&subject, found)
        })
        .collect()
}

fn print(findings: &[Finding]) {
    let mut table = Table::new(["", "SUBJECT", "FOUND"]);
    for finding in findings {
        let mark = if finding.fine { "ok" } else { "!!" };
        table.row([
            mark.to_owned(),
            finding.subject.clone(),
            finding.found.clone(),
        ]);
    }
    out!("{}", table.to_string().trim_end());
    for finding in findings.iter().filter(|finding| !finding.fine) {
        if let Some(help) = &finding.help {
            out!("  = help: {}: {help}", finding.subject);
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn gib(bytes: u64) -> String {
    format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30))
}
