//! GitHub Actions: an annotation at each lab and problem, and a table in the job's summary.
//! Format: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use obsbook_lab::diagnostic::Diagnostic;
use obsbook_lab::event::{Event, Place, Record};
use obsbook_lab::verdict::Verdict;

use super::reporter::Output;

/// Writes workflow commands, and the summary when the run ends.
pub struct Github<W> {
    out: W,
    /// The book's root, relative to the repository's: annotations name files by the latter.
    folder: PathBuf,
    summary: Option<PathBuf>,
    places: BTreeMap<String, Place>,
    rows: Vec<String>,
    trouble: Option<String>,
}

impl<W: Write + Send> Github<W> {
    /// Returns an output that writes commands to `out`, for a book in this folder of the repository, and appends to the file `summary`.
    pub fn new(out: W, folder: &Path, summary: Option<PathBuf>) -> Self {
        Self {
            out,
            folder: folder.to_owned(),
            summary,
            places: BTreeMap::new(),
            rows: Vec::new(),
            trouble: None,
        }
    }

    fn annotate(&mut self, file: &Path, place: &str, title: &str, message: &str) {
        let file = property(&self.folder.join(file).display().to_string());
        let (title, message) = (property(title), data(message));
        // A reader that went away must not keep a fault from being undone.
        let _ = writeln!(
            self.out,
            "::error file={file},{place},title={title}::{message}"
        );
        let _ = self.out.flush();
    }

    fn problem(&mut self, problem: &Diagnostic) {
        let (start, end) = (problem.start, problem.end);
        let mut place = format!("line={},endLine={}", start.line, end.line);
        if start.line == end.line {
            // GitHub ignores columns of what spans lines.
            place.push_str(&format!(
                ",col={},endColumn={}",
                start.column,
                end.column.max(start.column)
            ));
        }
        let label = problem.label.iter().map(|label| format!("\n{label}"));
        let hint = problem.hint.iter().map(|hint| format!("\nhelp: {hint}"));
        let message: String = std::iter::once(problem.message.clone())
            .chain(label)
            .chain(hint)
            .collect();
        self.annotate(&problem.file, &place, "lab block", &message);
    }

    fn lab(&mut self, id: &str, verdict: Verdict, reason: Option<&str>, seen: &[String]) {
        if matches!(
            verdict,
            Verdict::Passed | Verdict::Skipped | Verdict::Unsolved
        ) {
            return;
        }
        let place = self.places.get(id).cloned();
        let (file, line) = place.map_or_else(Default::default, |place| (place.file, place.line));
        let message: Vec<_> = std::iter::once(reason.unwrap_or(verdict.word()))
            .chain(seen.iter().map(String::as_str))
            .collect();
        let title = format!("lab {id} {verdict}");
        let place = format!("line={}", line.max(1));
        self.annotate(Path::new(&file), &place, &title, &message.join("\n"));
    }

    fn summarize(&mut self, heading: &str) {
        let Some(path) = &self.summary else { return };
        let mut text = format!(
            "### obsbook: {heading}\n\n| lab | verdict | seconds | why |\n| --- | --- | ---: | --- |\n"
        );
        for row in self.rows.drain(..) {
            text.push_str(&row);
        }
        text.push('\n');
        if let Err(error) = append(path, &text) {
            self.trouble = Some(format!(
                "the job has no summary: failed to write {}: {error}",
                path.display()
            ));
        }
    }
}

impl<W: Write + Send> Output for Github<W> {
    fn record(&mut self, record: &Record) {
        match (&record.event, &record.lab) {
            (Event::Diagnostic(problem), _) => self.problem(problem),
            (Event::RunStarted { book, .. }, _) => {
                let places = book.iter().map(|place| (place.id.clone(), place.clone()));
                self.places.extend(places);
            }
            (
                Event::LabStarted {
                    title, file, line, ..
                },
                Some(id),
            ) => {
                self.places
                    .entry(id.clone())
                    .or_insert_with(|| Place::of_started(id, title, file, *line));
            }
            (
                Event::LabFinished {
                    verdict,
                    reason,
                    seen,
                    seconds,
                },
                Some(id),
            ) => {
                self.lab(id, *verdict, reason.as_deref(), seen);
                let why = cell(reason.as_deref().unwrap_or_default());
                let row = format!("| {} | {verdict} | {seconds:.1} | {why} |\n", cell(id));
                self.rows.push(row);
            }
            (
                Event::RunFinished {
                    counts, seconds, ..
                },
                _,
            ) => {
                let counts: Vec<_> = counts
                    .iter()
                    .map(|(verdict, count)| format!("{count} {verdict}"))
                    .collect();
                self.summarize(&format!("{} in {seconds:.0} s", counts.join(", ")));
            }
            _ => {}
        }
    }

    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// Returns `words` as the message of a workflow command.
fn data(words: &str) -> String {
    words
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Returns `words` as the value of a workflow command's property.
fn property(words: &str) -> String {
    data(words).replace(':', "%3A").replace(',', "%2C")
}

/// Returns `words` as a cell of a Markdown table that shows them as they are.
fn cell(words: &str) -> String {
    let mut cell = String::new();
    for c in words.chars() {
        match c {
            '\r' => {}
            '\n' => cell.push_str("<br>"),
            // Numbers of characters are no Markdown.
            '&' | '<' | '>' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '\\' | '$' | '@' | '#' => {
                cell.push_str(&format!("&#{};", u32::from(c)));
            }
            c => cell.push(c),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn told(records: impl IntoIterator<Item = Record>, summary: Option<PathBuf>) -> String {
        let mut out = Vec::new();
        let mut github = Github::new(&mut out, Path::new("docs"), summary);
        for record in records {
            github.record(&record);
        }
        assert_eq!(github.trouble(), None);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn what_went_wrong_is_annotated_at_its_place() {
        insta::assert_snapshot!(told(samples::every_verdict(), None));
        insta::assert_snapshot!(told([samples::problem()], None));
    }

    #[test]
    fn the_summary_is_a_table_behind_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("summary.md");
        std::fs::write(&path, "before\n").expect("written");
        told(samples::every_verdict(), Some(path.clone()));
        insta::assert_snapshot!(std::fs::read_to_string(path).expect("the summary"));
    }

    #[test]
    fn commands_are_escaped_as_documented() {
        for (words, in_message, in_property) in [
            ("100 %\r\n", "100 %25%0D%0A", "100 %25%0D%0A"),
            ("a:b,c", "a:b,c", "a%3Ab%2Cc"),
            ("%0A", "%250A", "%250A"),
        ] {
            assert_eq!(data(words), in_message);
            assert_eq!(property(words), in_property);
        }
        assert_eq!(cell("a|b*c\n<d>"), "a&#124;b&#42;c<br>&#60;d&#62;");
    }
}
