//! Reading what labs refer to beside the compose files: dashboards and scenarios.

use std::path::{Path, PathBuf};

use obsbook_lab::block::Scenario;
use obsbook_lab::compose::ComposeModel;
use obsbook_lab::dashboard::Dashboard;
use obsbook_lab::diagnostic::Diagnostic;
use obsbook_lab::span::SourceFile;
use obsbook_lab::surroundings::Surroundings;

use super::settings::Settings;

/// Returns what the names in blocks are checked against, and the problems of the files that say it.
pub(super) fn surroundings(
    root: &Path,
    settings: &Settings,
    model: Option<ComposeModel>,
) -> (Surroundings, Vec<Diagnostic>) {
    let mut around = Surroundings {
        model,
        profile: settings.profile.clone(),
        files: Some(
            ["labs", "solutions"]
                .map(|folder| tree(root, Path::new(folder)))
                .concat()
                .into_iter()
                .collect(),
        ),
        ..Surroundings::default()
    };
    let mut problems = Vec::new();
    for source in files(root, &settings.dashboards, "json") {
        match Dashboard::parse(&source.text) {
            Ok(dashboard) => {
                around.dashboards.insert(dashboard.uid.clone(), dashboard);
            }
            Err(reason) => problems.push(
                Diagnostic::new(&source, 0..0, format!("not a Grafana dashboard: {reason}"))
                    .hint("generate it anew, or move it out of the dashboards' folder"),
            ),
        }
    }
    for source in files(root, &settings.scenarios, "yaml") {
        let (scenario, found) = Scenario::decode(&source, &around);
        problems.extend(found);
        if let Some(scenario) = scenario {
            around.scenarios.insert(scenario.name.clone(), scenario);
        }
    }
    (around, problems)
}

/// Every file below a folder, relative to the book's root.
fn tree(root: &Path, folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(tree(root, &path)),
            _ => files.push(path),
        }
    }
    files
}

/// The files of a folder with this ending, by name. A folder that is not there holds none.
fn files(root: &Path, folder: &Path, ending: &str) -> Vec<SourceFile> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| folder.join(entry.file_name()))
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(root.join(&path)).ok()?;
        Some(SourceFile::new(path, text))
    };
    paths.into_iter().filter_map(read).collect()
}
