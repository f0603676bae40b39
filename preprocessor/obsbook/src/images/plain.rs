//! Reads BuildKit's plain progress: which image does which step, and what a failed step wrote.

use std::collections::{BTreeMap, BTreeSet};

/// Lines of a step's output that are kept to say why it failed.
const KEPT: usize = 30;

/// What a line told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A service's image got on.
    Step {
        service: String,
        step: usize,
        steps: usize,
        line: String,
    },
    /// A service's image is complete.
    Built { service: String },
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) service: Option<String>,
    pub(super) instruction: String,
    pub(super) cause: String,
    pub(super) lines: Vec<String>,
}

/// The state of a build of several services.
#[derive(Debug, Default)]
pub(super) struct Plain {
    services: BTreeSet<String>,
    vertices: BTreeMap<u32, Vertex>,
    progress: BTreeMap<String, Steps>,
    failed: Option<(u32, String)>,
}

/// A step as the builder numbers them. Services that begin alike share it.
#[derive(Debug, Default)]
struct Vertex {
    services: BTreeSet<String>,
    instruction: String,
    counts: bool,
    exports: bool,
    lines: Vec<String>,
}

#[derive(Debug, Default)]
struct Steps {
    /// The steps of each stage that has begun.
    stages: BTreeMap<String, usize>,
    done: BTreeSet<u32>,
    line: String,
}

impl Plain {
    pub(super) fn new(services: impl IntoIterator<Item = String>) -> Plain {
        Plain {
            services: services.into_iter().collect(),
            ..Plain::default()
        }
    }

    /// Takes one line in, and returns what it told.
    pub(super) fn take(&mut self, line: &str) -> Vec<Event> {
        let Some((number, rest)) = numbered(line) else {
            return Vec::new();
        };
        if let Some((label, instruction)) =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        {
            return self.begin(number, label, instruction.trim());
        }
        match rest.split_once(' ').map_or(rest, |(word, _)| word) {
            "..." => Vec::new(),
            "DONE" | "CACHED" => self.end(number),
            "ERROR:" => {
                let cause = rest.trim_start_matches("ERROR:").trim().to_owned();
                // Steps that are ended because another failed are reported likewise.
                if !cause.contains("context canceled") {
                    self.failed = Some((number, cause));
                }
                Vec::new()
            }
            _ => {
                let lines = &mut self.vertices.entry(number).or_default().lines;
                if lines.len() == KEPT {
                    lines.remove(0);
                }
                lines.push(untimed(rest).to_owned());
                Vec::new()
            }
        }
    }

    /// Returns the step that failed, if one did.
    pub(super) fn failure(&self) -> Option<Failure> {
        let (number, cause) = self.failed.as_ref()?;
        let vertex = self.vertices.get(number)?;
        Some(Failure {
            service: vertex.services.iter().next().cloned(),
            instruction: vertex.instruction.clone(),
            cause: short_cause(cause).to_owned(),
            lines: vertex.lines.clone(),
        })
    }

    /// A label is `SERVICE internal`, `SERVICE STAGE 2/5` or `SERVICE`; a lone service may be left out.
    fn begin(&mut self, number: u32, label: &str, instruction: &str) -> Vec<Event> {
        let mut words: Vec<&str> = label.split_whitespace().collect();
        let service = match words.first() {
            Some(first) if self.services.contains(*first) => words.remove(0).to_owned(),
            _ => match self.services.iter().next() {
                Some(only) if self.services.len() == 1 => only.clone(),
                _ => return Vec::new(),
            },
        };
        let instruction = instruction.split_whitespace().collect::<Vec<_>>().join(" ");
        let of = words
            .last()
            .and_then(|word| word.split_once('/')?.1.parse::<usize>().ok());
        let vertex = self.vertices.entry(number).or_default();
        vertex.services.insert(service.clone());
        vertex.counts = of.is_some();
        vertex.exports = words.is_empty() && instruction.starts_with("exporting");
        vertex.instruction.clone_from(&instruction);
        let exports = vertex.exports;
        let steps = self.progress.entry(service.clone()).or_default();
        if let Some(of) = of {
            words.pop();
            steps.stages.insert(words.join(" "), of);
        } else if !exports {
            return Vec::new();
        }
        steps.line = instruction;
        vec![self.step(service)]
    }

    fn end(&mut self, number: u32) -> Vec<Event> {
        let Some(vertex) = self.vertices.get(&number) else {
            return Vec::new();
        };
        if !vertex.counts && !vertex.exports {
            return Vec::new();
        }
        let exported = vertex.exports;
        let services: Vec<String> = vertex.services.iter().cloned().collect();
        let mut events = Vec::new();
        for service in services {
            if exported {
                events.push(Event::Built { service });
                continue;
            }
            let steps = self.progress.entry(service.clone()).or_default();
            // A vertex that several services share is reported once for each.
            if steps.done.insert(number) {
                events.push(self.step(service));
            }
        }
        events
    }

    fn step(&self, service: String) -> Event {
        let (done, steps, line) = self.progress.get(&service).map_or((0, 0, ""), |steps| {
            (
                steps.done.len(),
                steps.stages.values().sum(),
                steps.line.as_str(),
            )
        });
        Event::Step {
            service,
            step: done.min(steps),
            steps,
            line: line.to_owned(),
        }
    }
}

fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
    Some((number.parse().ok()?, rest.trim_end()))
}

/// Cuts off the seconds that stand before what a step writes.
fn untimed(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if time.parse::<f64>().is_ok() => rest,
        _ => line,
    }
}

/// Builders repeat the whole command before what went wrong.
fn short_cause(cause: &str) -> &str {
    ["did not complete successfully: ", "]: "]
        .iter()
        .find_map(|mark| cause.rsplit_once(mark))
        .map_or(cause, |(_, cause)| cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, services: &[&str]) -> (Vec<String>, Option<Failure>) {
        let mut plain = Plain::new(services.iter().map(|name| (*name).to_owned()));
        let mut told = Vec::new();
        for event in text.lines().flat_map(|line| plain.take(line)) {
            told.push(match event {
                Event::Step {
                    service,
                    step,
                    steps,
                    line,
                } => format!("{service} {step}/{steps} {line}"),
                Event::Built { service } => format!("{service} built"),
            });
        }
        (told, plain.failure())
    }

    fn check(text: &str, services: &[&str], expected: &[&str]) {
        assert_eq!(run(text, services).0, expected);
    }

    #[test]
    fn steps_are_counted_for_each_image() {
        check(
            "#0 building with \"default\" instance using docker driver\n\
             #3 [a internal] load metadata for docker.io/obsbook/base:bookworm\n#3 DONE 0.0s\n\
             #4 [a go 1/2] FROM docker.io/obsbook/base:bookworm\n#4 CACHED\n\
             #6 [a packages 2/3] COPY f /f\n#6 DONE 0.1s\n\
             #7 [a go 2/2] RUN echo   go\n#7 0.589 go\n#7 ...\n#7 DONE 1.6s\n\
             #11 [a] exporting to image\n#11 exporting layers 0.2s done\n#11 DONE 0.2s",
            &["a", "b"],
            &[
                "a 0/2 FROM docker.io/obsbook/base:bookworm",
                "a 1/2 FROM docker.io/obsbook/base:bookworm",
                "a 1/5 COPY f /f",
                "a 2/5 COPY f /f",
                "a 2/5 RUN echo go",
                "a 3/5 RUN echo go",
                "a 3/5 exporting to image",
                "a built",
            ],
        );
    }

    #[test]
    fn a_lone_image_need_not_be_named_and_shared_steps_count_for_all() {
        check(
            "#2 [build 1/2] RUN x\n#2 DONE 0.1s",
            &["a"],
            &["a 0/2 RUN x", "a 1/2 RUN x"],
        );
        check("#2 [build 1/2] RUN x", &["a", "b"], &[]);
        check(
            "#5 [b go 1/2] FROM x\n#5 CACHED\n#5 [a go 1/2] FROM x\n#5 CACHED",
            &["a", "b"],
            &[
                "b 0/2 FROM x",
                "b 1/2 FROM x",
                "a 0/2 FROM x",
                "a 1/2 FROM x",
            ],
        );
    }

    #[test]
    fn a_failed_step_is_named_with_its_output() {
        let text = "#9 [a packages 2/5] RUN slow\n#8 [b packages 2/2] RUN make\n\
                    #8 0.4 compiling\n#8 0.454 reason is this\n\
                    #8 ERROR: executor failed running [/bin/sh -c make]: exit code: 3\n\
                    #9 ERROR: context canceled\n------\n > [b packages 2/2] RUN make:";
        let failure = run(text, &["a", "b"]).1.unwrap();
        assert_eq!(failure.service.as_deref(), Some("b"));
        assert_eq!(
            (failure.instruction.as_str(), failure.cause.as_str()),
            ("RUN make", "exit code: 3")
        );
        assert_eq!(failure.lines, ["compiling", "reason is this"]);
        let text = "#8 [a 2/2] RUN x\n#8 ERROR: process \"/bin/sh -c x\" did not complete \
                    successfully: exit code: 1";
        assert_eq!(run(text, &["a"]).1.unwrap().cause, "exit code: 1");
    }
}
