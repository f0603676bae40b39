//! Commands of the prose, typed as its reader types them, and what they print.

use std::time::{Duration, Instant};

use obsbook_lab::console::{Mismatch, Shown, compare};
use obsbook_lab::event::{Event, Phase};
use obsbook_lab::verdict::Verdict;
use tokio::time::timeout;

use super::lab::LabRun;
use super::outcome::{Outcome, Step};
use super::shell::bash;

/// How long all commands of one block may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Printed after each command, before its status: no output of a book's command is this.
const MARK: &str = "\u{1e}obsbook";

impl LabRun<'_> {
    /// Runs the commands of a block in one shell and compares what each prints with what is shown.
    pub(super) async fn console(&self) -> Step<()> {
        self.all_running().await?;
        let started = Instant::now();
        let ports = self.ports().await?;
        let script = script(&self.lab.console, |text| ports.to_stack(text));
        let mut command = bash(self.stack);
        command.arg("-c").arg(script);
        let cannot = |reason: String| Outcome::new(Verdict::Unsteady, reason);
        let output = match timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(cannot(format!("bash cannot be run: {error}"))),
            Err(_) => {
                let limit = obsbook_lab::duration::words(PATIENCE);
                let reason = format!("the commands take longer than {limit}");
                return Err(Outcome::new(Verdict::Failed, reason));
            }
        };
        let text = ports.to_book(&String::from_utf8_lossy(&output.stdout));
        let mut printed = text.split(MARK);
        let mut status = None;
        for shown in &self.lab.console {
            let own = printed.next().unwrap_or_default();
            // The status of the command before stands on the rest of its mark's line.
            let own = match status {
                None => own,
                Some(()) => own.split_once('\n').map_or("", |(_, rest)| rest),
            };
            status = Some(());
            let ended = printed.clone().next().unwrap_or_default();
            let ended = ended.split('\n').next().unwrap_or_default().trim();
            self.judge_command(shown, own, ended)?;
            self.emit(Event::ExpectationMet {
                phase: Phase::Expect,
                condition: shown.command.clone(),
                after: started.elapsed().as_secs_f64(),
            });
        }
        Ok(())
    }

    fn judge_command(&self, shown: &Shown, printed: &str, status: &str) -> Step<()> {
        let place = format!("{}:{}", self.lab.file.display(), shown.line);
        let failed = |reason: &str, mut seen: Vec<String>| {
            seen.insert(0, format!("at {place}: $ {}", shown.command));
            let mut outcome = Outcome::new(Verdict::Failed, reason);
            outcome.seen = seen;
            Err(outcome)
        };
        if status != "0" {
            let lines = printed.lines().map(str::to_owned).collect();
            let status = if status.is_empty() { "none" } else { status };
            return failed(&format!("the command ended with status {status}"), lines);
        }
        match compare(&shown.output, printed) {
            Ok(()) => Ok(()),
            Err(Mismatch { expected, seen }) => {
                let or = |line: Option<String>| line.unwrap_or("the end".to_owned());
                let lines = vec![
                    format!("shown:   {}", or(expected)),
                    format!("printed: {}", or(seen)),
                ];
                failed("the command prints something else than is shown", lines)
            }
        }
    }

    /// The ports that the prose names, which are the usual ones, and those that this stack has in their place.
    async fn ports(&self) -> Step<Ports> {
        let containers = self.stack.containers().await;
        let containers =
            containers.map_err(|error| Outcome::new(Verdict::Unsteady, error.to_string()))?;
        let mut pairs = Vec::new();
        for container in containers {
            let services = &self.stack.model().services;
            let usual = services.get(&container.service);
            for (usual, own) in usual.into_iter().flat_map(|service| &service.usual_ports) {
                let mut published = container.ports.iter();
                if let Some(now) = published.find(|port| port.container == *own) {
                    let near = self.stack.engine().reach(now.host).await;
                    let near =
                        near.map_err(|error| Outcome::new(Verdict::Unsteady, error.to_string()))?;
                    pairs.push((*usual, near));
                }
            }
        }
        Ok(Ports(pairs))
    }
}

/// One shell, so that a variable that one command sets is there for the next.
fn script(all: &[Shown], to_stack: impl Fn(&str) -> String) -> String {
    let commands = all.iter().map(|shown| {
        let command = to_stack(&shown.command);
        format!("{{ {command}\n}} 2>&1\nprintf '{MARK} %s\\n' $?\n")
    });
    commands.collect()
}

struct Ports(Vec<(u16, u16)>);

impl Ports {
    fn to_stack(&self, text: &str) -> String {
        replaced(text, self.0.iter().copied())
    }

    fn to_book(&self, text: &str) -> String {
        replaced(text, self.0.iter().map(|(usual, now)| (*now, *usual)))
    }
}

/// `text` with the ports of this machine's own addresses replaced.
fn replaced(text: &str, pairs: impl Iterator<Item = (u16, u16)>) -> String {
    let pairs: Vec<_> = pairs.collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, host)) = ["127.0.0.1:", "localhost:"]
        .into_iter()
        .filter_map(|host| Some((rest.find(host)?, host)))
        .min()
    {
        let digits = at + host.len();
        out.push_str(&rest[..digits]);
        rest = &rest[digits..];
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let port: Option<u16> = rest[..end].parse().ok();
        let other = pairs.iter().find(|(from, _)| Some(*from) == port);
        match other {
            Some((_, to)) => out.push_str(&to.to_string()),
            None => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_of_this_machine_are_those_of_the_stack() {
        let ports = Ports(vec![(8080, 32768), (80, 32769)]);
        let text = "curl http://127.0.0.1:8080/a localhost:80 example.org:8080 127.0.0.1:9999";
        let there = "curl http://127.0.0.1:32768/a localhost:32769 example.org:8080 127.0.0.1:9999";
        assert_eq!(ports.to_stack(text), there);
        assert_eq!(ports.to_book(there), text);
    }

    #[test]
    fn each_command_ends_with_a_mark_and_its_status() {
        let shown = Shown {
            command: "a \\\n  b".to_owned(),
            output: Vec::new(),
            line: 1,
        };
        let script = script(&[shown], str::to_owned);
        assert_eq!(
            script,
            "{ a \\\n  b\n} 2>&1\nprintf '\u{1e}obsbook %s\\n' $?\n"
        );
    }
}
