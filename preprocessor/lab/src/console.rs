//! Console blocks that are marked `verify`: what the prose says somebody types, and what it says they see.

use crate::diagnostic::Diagnostic;
use crate::markdown::Fence;
use crate::span::SourceFile;

/// Stands for anything: alone for any number of lines, inside a line for any text.
const ANYTHING: char = '…';

/// One command, with what the prose shows under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The command, its continued lines joined as they were written.
    pub command: String,
    /// The lines that follow it.
    pub output: Vec<String>,
    /// Its line in the file.
    pub line: usize,
}

/// Returns whether a fence is a console block whose commands are to be run.
pub fn is_verified(fence: &Fence) -> bool {
    let mut words = fence
        .info
        .split([' ', ',', '\t'])
        .filter(|word| !word.is_empty());
    words.next() == Some("console") && words.next() == Some("verify")
}

/// Returns the commands of a block.
///
/// # Errors
/// The block does not begin with a command.
pub fn commands(source: &SourceFile, fence: &Fence) -> Result<Vec<Shown>, Box<Diagnostic>> {
    let first = source.position(fence.opening.start).line + 1;
    let mut all: Vec<Shown> = Vec::new();
    let mut goes_on = false;
    for (index, line) in fence.body.lines().enumerate() {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) if !goes_on => all.push(Shown {
                command: command.to_owned(),
                output: Vec::new(),
                line: first + index,
            }),
            (_, Some(shown)) if goes_on => {
                shown.command.push('\n');
                shown.command.push_str(line);
            }
            (_, Some(shown)) => {
                shown.output.push(line.trim_end().to_owned());
                continue;
            }
            (_, None) => break,
        }
        goes_on = line.ends_with('\\');
    }
    if all.is_empty() {
        let message = "a console block to verify that does not begin with a command";
        let hint = "begin each command with `$ `; the lines below it are what it prints";
        let diagnostic = Diagnostic::new(source, fence.opening.clone(), message).hint(hint);
        return Err(Box::new(diagnostic));
    }
    Ok(all)
}

/// Returns whether what was printed is what is shown, and otherwise the first line that was expected and not seen.
///
/// # Errors
/// That line, with what stood in its place.
pub fn compare(shown: &[String], printed: &str) -> Result<(), Mismatch> {
    let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let shown = match shown.iter().rposition(|line| !line.is_empty()) {
        Some(last) => &shown[..=last],
        None => &[],
    };
    // Nothing shown is nothing claimed.
    if shown.is_empty() {
        return Ok(());
    }
    // How far the shown lines can have come after each printed line.
    let mut reached = vec![false; shown.len() + 1];
    reached[0] = true;
    let mut furthest = skip(shown, &mut reached);
    let mut instead = None;
    for line in &printed {
        let mut next = vec![false; shown.len() + 1];
        for (place, wanted) in shown
            .iter()
            .enumerate()
            .filter(|(place, _)| reached[*place])
        {
            if is_anything(wanted) {
                next[place] = true;
            } else if fits(wanted, line) {
                next[place + 1] = true;
            }
        }
        reached = next;
        let now = skip(shown, &mut reached);
        if now.is_none() || now < furthest {
            instead.get_or_insert(*line);
        }
        furthest = furthest.max(now);
        if now.is_none() {
            break;
        }
    }
    if reached[shown.len()] {
        return Ok(());
    }
    let place = furthest.unwrap_or_default().min(shown.len());
    Err(Mismatch {
        expected: shown.get(place).map(|line| (*line).to_owned()),
        seen: instead.map(str::to_owned),
    })
}

/// The first line that was not as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What is shown; `None` where the output should have ended.
    pub expected: Option<String>,
    /// What was printed; `None` where the output ended.
    pub seen: Option<String>,
}

/// A line that stands for any number of lines may stand for none. Returns the furthest place.
fn skip(shown: &[&str], reached: &mut [bool]) -> Option<usize> {
    for place in 0..shown.len() {
        if reached[place] && is_anything(shown[place]) {
            reached[place + 1] = true;
        }
    }
    reached.iter().rposition(|reached| *reached)
}

fn is_anything(line: &str) -> bool {
    line.trim() == ANYTHING.to_string()
}

/// Whether a line is as shown, each `…` in it being any text.
fn fits(shown: &str, line: &str) -> bool {
    let mut parts = shown.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::fences;

    fn shown(text: &str) -> Vec<Shown> {
        let text = format!("```console verify\n{text}```\n");
        let fence = fences(&text).remove(0);
        assert!(is_verified(&fence));
        commands(&SourceFile::new("a.md", text), &fence).expect("commands")
    }

    #[test]
    fn commands_go_on_over_lines_and_have_what_follows_as_output() {
        let all = shown("$ curl -s x \\\n    -d '$ y'\n{}\n\n$ true\n");
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].command, "curl -s x \\\n    -d '$ y'");
        assert_eq!(all[0].output, ["{}", ""]);
        assert_eq!((all[1].line, all[1].output.len()), (6, 0));
    }

    #[test]
    fn a_block_without_a_command_is_refused() {
        let text = "```console verify\nhello\n```\n```console\n$ true\n```\n";
        let all = fences(text);
        assert!(commands(&SourceFile::new("a.md", text), &all[0]).is_err());
        assert!(!is_verified(&all[1]));
    }

    #[test]
    fn what_is_printed_is_what_is_shown_except_where_anything_may_stand() {
        let check = |shown: &[&str], printed: &str, expected: bool| {
            let shown: Vec<String> = shown.iter().map(ToString::to_string).collect();
            let found = compare(&shown, printed);
            assert_eq!(found.is_ok(), expected, "{shown:?} {printed:?} {found:?}");
        };
        check(&["a", "b"], "a\nb\n", true);
        check(&["a"], "a\nb\n", false);
        check(&["a", "b"], "a\n", false);
        check(&["a …", "…", "d"], "a 1\nb\nc\nd\n", true);
        check(&["a …", "…", "d"], "a 1\nd", true);
        check(&["…"], "", true);
        check(
            &["{\"id\":\"…\",\"status\":\"ok\"…}"],
            "{\"id\":\"7\",\"status\":\"ok\", 1}",
            true,
        );
        check(
            &["{\"id\":\"…\",\"status\":\"ok\"}"],
            "{\"id\":\"7\",\"status\":\"no\"}",
            false,
        );
        check(&["aa…aa"], "aaa", false);
        check(&[], "anything at all", true);
    }

    #[test]
    fn the_first_line_that_differs_is_told() {
        let shown = ["a", "…", "c"].map(str::to_owned);
        assert_eq!(
            compare(&shown, "b\n"),
            Err(Mismatch {
                expected: Some("a".to_owned()),
                seen: Some("b".to_owned())
            })
        );
        assert_eq!(
            compare(&shown, "a\nb\n").map_err(|told| told.seen),
            Err(None)
        );
    }
}
