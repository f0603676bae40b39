//! `obsbook status`: what runs, where it listens, which faults are in place.

use crate::terminal::out;
use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format};
use super::context::Context;
use crate::engine::{Container, Health, State};
use crate::fault::FaultApi;
use crate::prepare;
use crate::report::Table;
use crate::stack::{Entry, Journal, Recovery, Stack, recover};

pub(super) async fn run(common: &Common) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let mut stack = match Stack::open(&context.book, &context.preparation.options).await {
        Ok(stack) => stack,
        Err(error) => {
            prepare::tell(&context.reporter, &error.into());
            return Ok(ExitStatus::Environment);
        }
    };
    settle(&context, &mut stack).await;
    show(&context, &stack).await
}

/// Undoes what a dead run left, and names the stacks that it left, unless a living one has the stack.
async fn settle(context: &Context, stack: &mut Stack) {
    let reporter = &context.reporter;
    let _lock = match stack.lock(&mut |line| reporter.progress(line)).await {
        Ok(lock) => lock,
        Err(error) => return reporter.progress(&error.to_string()),
    };
    match Journal::open(&stack.directory()) {
        Ok(mut journal) => {
            let wanted = |entry: &Entry| !entry.by_hand;
            let Recovery { all, kept } = recover(stack, &mut journal, wanted).await;
            prepare::tell_recovered(reporter, &all);
            if let Err(error) = kept {
                reporter.progress(&error.to_string());
            }
        }
        Err(error) => reporter.progress(&error.to_string()),
    }
    let beside = prepare::stacks_beside(stack.engine(), stack.project()).await;
    for project in beside.unwrap_or_default() {
        reporter.progress(&format!("stack {project} of an earlier run is still up"));
        reporter.progress(&format!("  = help: obsbook down --volumes -p {project}"));
    }
}

/// Prints the stack as it is now.
pub(super) async fn show(context: &Context, stack: &Stack) -> Result<ExitStatus, ExitStatus> {
    let containers = match stack.containers().await {
        Ok(containers) => containers,
        Err(error) => {
            let error = crate::stack::StackError::from(error);
            prepare::tell(&context.reporter, &error.into());
            return Ok(ExitStatus::Environment);
        }
    };
    match context.format {
        Format::Json => print_json(stack, &containers).await,
        Format::Human if containers.is_empty() => {
            out!(
                "stack {} is down; bring it up with `obsbook up`",
                stack.project()
            );
        }
        Format::Human => print_human(stack, &containers).await,
    }
    Ok(ExitStatus::Success)
}

fn state(container: &Container) -> String {
    match (container.state, container.health, container.exit_code) {
        (State::Running, Health::None, _) => "running".to_owned(),
        (State::Running, health, _) => format!("{health:?}").to_lowercase(),
        (State::Exited, _, Some(0)) if container.one_shot => "done".to_owned(),
        (State::Exited, _, Some(code)) => format!("exited with {code}"),
        (state, ..) => format!("{state:?}").to_lowercase(),
    }
}

fn places(stack: &Stack, container: &Container) -> String {
    let host = stack.engine().host_for_ports();
    let fault_port = stack
        .model()
        .services
        .get(&container.service)
        .and_then(|service| service.fault_port());
    let mut places: Vec<_> = container
        .ports
        .iter()
        .filter(|port| Some(port.container) != fault_port)
        .map(|port| format!("http://{host}:{}", port.host))
        .collect();
    places.sort();
    places.dedup();
    places.join(" ")
}

async fn print_human(stack: &Stack, containers: &[Container]) {
    let mut table = Table::new(["SERVICE", "STATE", "MEMORY", "LIMIT", "ADDRESSES"]);
    let usages = stack.engine().memory_usages(containers).await;
    let total = usages.iter().sum();
    for (container, used) in containers.iter().zip(usages) {
        let used = if container.state == State::Running {
            mib(used)
        } else {
            String::new()
        };
        let limit = container.memory_limit.map(mib).unwrap_or_default();
        table.row([
            container.service.clone(),
            state(container),
            used,
            limit,
            places(stack, container),
        ]);
    }
    out!("stack {}: {} in use", stack.project(), mib(total));
    out!("{}", table.to_string().trim_end());
    let owed = in_place(stack);
    if !owed.is_empty() {
        let mut table = Table::new(["IN PLACE, UNTIL `obsbook reset`", "BY"]);
        for entry in owed {
            table.row([entry.words(), entry.lab]);
        }
        out!("\n{}", table.to_string().trim_end());
    }
    let mut faults = Table::new(["FAULT API", "ADDRESS", "TOKEN (in the container)", "ACTIVE"]);
    let mut example = None;
    for (container, port) in fault_apis(stack, containers) {
        let service = &container.service;
        let token = stack.fault_token_path(service).unwrap_or_default();
        let address = format!("http://{}:{port}/faults", stack.engine().host_for_ports());
        example.get_or_insert_with(|| (service.clone(), token.clone(), address.clone()));
        faults.row([
            service.clone(),
            address,
            token,
            active(stack, service).await,
        ]);
    }
    if let Some((service, token, address)) = example {
        out!("\n{}", faults.to_string().trim_end());
        let project = if stack.model().name.as_deref() == Some(stack.project()) {
            String::new()
        } else {
            format!(" -p {}", stack.project())
        };
        out!(
            "\nask one by hand:\n  TOKEN=$(docker compose{project} exec -T {service} cat {token})\n  curl -H \"Authorization: Bearer $TOKEN\" {address}"
        );
    }
}

/// What the journal still owes: what a run that lives, or somebody by hand, has broken.
fn in_place(stack: &Stack) -> Vec<Entry> {
    let journal = Journal::open(&stack.directory());
    journal.map_or(Vec::new(), |journal| journal.entries().to_vec())
}

fn fault_apis<'a>(
    stack: &'a Stack,
    containers: &'a [Container],
) -> impl Iterator<Item = (&'a Container, u16)> {
    containers.iter().filter_map(|container| {
        let port = stack
            .model()
            .services
            .get(&container.service)?
            .fault_port()?;
        let published = container
            .ports
            .iter()
            .find(|published| published.container == port)?;
        Some((container, published.host))
    })
}

async fn active(stack: &Stack, service: &str) -> String {
    match FaultApi::new(stack, service).state().await {
        Ok(state) if state.faults.is_empty() => "none".to_owned(),
        Ok(state) => {
            let faults = state
                .faults
                .iter()
                .map(|fault| format!("{} for {:.0} s more", fault.kind, fault.remaining_s));
            faults.collect::<Vec<_>>().join(", ")
        }
        Err(error) => error.to_string(),
    }
}

async fn print_json(stack: &Stack, containers: &[Container]) {
    let mut rows = Vec::new();
    let usages = stack.engine().memory_usages(containers).await;
    for (container, used) in containers.iter().zip(usages) {
        let ports: Vec<_> = container.ports.iter().map(|port| json!({"container": port.container, "host": port.host, "address": port.host_ip})).collect();
        rows.push(json!({
            "service": container.service, "container": container.name, "state": state(container),
            "memory": used, "memory_limit": container.memory_limit,
            "restarts": container.restarts, "ports": ports,
        }));
    }
    let mut faults = Vec::new();
    for (container, port) in fault_apis(stack, containers) {
        let service = &container.service;
        faults.push(json!({
            "service": service, "port": port, "token": stack.fault_token_path(service).ok(),
            "active": active(stack, service).await,
        }));
    }
    let owed: Vec<_> = in_place(stack)
        .into_iter()
        .map(|entry| json!({"fault": entry.words(), "by": entry.lab}))
        .collect();
    out!(
        "{}",
        json!({"v": 1, "project": stack.project(), "services": rows, "fault_apis": faults, "in_place": owed})
    );
}

#[allow(clippy::cast_precision_loss)]
fn mib(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / 1_048_576.0)
}
