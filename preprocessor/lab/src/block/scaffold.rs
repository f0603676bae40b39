//! A lab block to begin with: what it says lints clean, and its author changes it.

use super::fault::FAULTS;
use super::grammar::{Key, Value, names};
use crate::suggest;

/// What the author says of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline<'a> {
    /// The lab's id.
    pub id: &'a str,
    /// The sentence that it proves; one about the fault when absent.
    pub title: Option<&'a str>,
    /// The profile; the book's own when absent.
    pub profile: Option<&'a str>,
    /// The fault's word.
    pub fault: &'a str,
    /// The service that is broken.
    pub service: &'a str,
    /// Of the fault `network`: the service that is called.
    pub to: Option<&'a str>,
}

/// Why there is no block to begin with: a lowercase fragment, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineError {
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: String,
}

/// Returns the YAML of a block that breaks one service and looks at it. Names are checked when it is decoded.
///
/// # Errors
/// There is no such fault, or it needs a second service.
pub fn block(outline: &Outline) -> Result<String, OutlineError> {
    let Some(fault) = FAULTS.iter().find(|fault| fault.name == outline.fault) else {
        return Err(OutlineError {
            message: format!("unknown fault `{}`", outline.fault),
            hint: suggest::hint(outline.fault, names(&FAULTS)),
        });
    };
    let service = scalar(outline.service);
    let title = outline
        .title
        .map_or_else(|| default_title(outline), str::to_owned);
    let mut text = format!("id: {}\ntitle: {}\n", scalar(outline.id), scalar(&title));
    if let Some(profile) = outline.profile {
        text.push_str(&format!("profile: {}\n", scalar(profile)));
    }
    text.push_str(&format!(
        "steady:\n  - container: {service}\n    is: healthy\ninject:\n  - {}: {}\n",
        fault.name,
        settings(fault, outline)?
    ));
    let (expected, undone) = signs(fault.name, &service);
    text.push_str(&format!(
        "expect:\n  # In place of this: what the fault makes true of the telemetry.\n{expected}    within: 30s\n"
    ));
    if undone {
        text.push_str(&format!(
            "after:\n  - container: {service}\n    is: healthy\n"
        ));
    }
    Ok(text)
}

fn default_title(outline: &Outline) -> String {
    format!("The fault {} on {} is seen", outline.fault, outline.service)
}

fn settings(fault: &Key, outline: &Outline) -> Result<String, OutlineError> {
    if matches!(fault.value, Value::ServiceOr(_)) {
        return Ok(scalar(outline.service));
    }
    let keys = fault.settings().map_or(&[][..], |keys| keys.known);
    let choice = fault
        .settings()
        .and_then(|keys| keys.choice.names().first());
    let mut parts = Vec::new();
    for key in keys {
        let text = match key.name {
            "service" | "from" => scalar(outline.service),
            "to" => scalar(outline.to.ok_or_else(|| OutlineError {
                message: format!("`{}` disturbs the way between two services", fault.name),
                hint: "name the service that is called with --to SERVICE".to_owned(),
            })?),
            _ if key.needed || Some(&key.name) == choice => {
                key.example.unwrap_or_default().to_owned()
            }
            _ => continue,
        };
        parts.push(format!("{}: {text}", key.name));
    }
    Ok(format!("{{ {} }}", parts.join(", ")))
}

/// What is seen of a service from outside, and whether its undo can be seen as well.
fn signs(fault: &str, service: &str) -> (String, bool) {
    let container = |is: &str| format!("  - container: {service}\n    is: {is}\n");
    match fault {
        "kill" | "stop" => (container("exited"), true),
        "pause" => (container("paused"), true),
        "crash" => (container("restarts >= 1"), false),
        "restart" => (container("not healthy"), false),
        "memory" => (container("memory > 64 MiB"), false),
        "error" => (
            format!("  - http: {service}/\n    is: status >= 500\n"),
            false,
        ),
        _ => (format!("  - http: {service}/\n    is: time > 0.5\n"), false),
    }
}

/// Writes a text as YAML: plain where that is safe, else in quotes.
fn scalar(text: &str) -> String {
    let fine = |c: char| c.is_alphanumeric() || " -_./,'()".contains(c);
    let plain = text.starts_with(char::is_alphabetic)
        && text.chars().all(fine)
        && text.trim() == text
        && !matches!(text, "true" | "false" | "null");
    if plain {
        text.to_owned()
    } else {
        // A JSON text is a YAML text.
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::fences;
    use crate::span::SourceFile;
    use crate::surroundings::Surroundings;

    fn outline(fault: &str) -> Outline<'_> {
        Outline {
            id: "first",
            title: Some("It \"breaks\": # is seen"),
            profile: None,
            fault,
            service: "order-api",
            to: Some("postgres"),
        }
    }

    #[test]
    fn every_fault_has_a_block_that_decodes() {
        for fault in names(&FAULTS) {
            let outline = outline(fault);
            let block = block(&outline).expect(fault);
            let source = SourceFile::new("a.md", format!("```lab\n{block}```\n"));
            let around = Surroundings {
                profile: "core".to_owned(),
                ..Surroundings::default()
            };
            let fence = fences(&source.text).remove(0);
            let (lab, problems) = crate::block::decode(&source, &fence, &around);
            assert!(problems.is_empty(), "{block}{problems:?}");
            let lab = lab.expect("a lab");
            assert_eq!(Some(lab.title.as_str()), outline.title);
            let words = lab.inject.iter().flatten().map(|fault| fault.kind.word());
            assert_eq!(words.collect::<Vec<_>>(), [fault]);
        }
    }

    #[test]
    fn what_cannot_be_outlined_is_said_with_the_way_out() {
        for (fault, to, hint) in [
            ("kil", None, "did you mean `kill`?"),
            (
                "network",
                None,
                "name the service that is called with --to SERVICE",
            ),
        ] {
            let outline = Outline {
                to,
                ..outline(fault)
            };
            assert_eq!(block(&outline).expect_err(fault).hint, hint);
        }
    }
}
