//! Every block that the project itself holds, against the schemas that editors use.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use obsbook_lab::block::schema;
use obsbook_lab::markdown::fences;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path, ending)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect()
}

fn labs(folder: &Path) -> Vec<(PathBuf, String)> {
    let pages = files(folder, "md").into_iter().flat_map(|path| {
        let text = fs::read_to_string(&path).expect("a page");
        let found = fences(&text).into_iter();
        let labs = found.filter(|fence| fence.info == "lab");
        let labs: Vec<_> = labs.map(|fence| (path.clone(), fence.body)).collect();
        labs
    });
    pages.collect()
}

#[test]
fn every_lab_of_the_book_and_of_the_fixture_books_fits() {
    let validator = support::validator(&schema::lab());
    for (folder, least) in [
        ("src", 20),
        ("tests/books/good", 3),
        ("tests/books/failing", 2),
        ("tests/books/vacuous", 1),
        ("tests/books/unsteady", 1),
    ] {
        let labs = labs(&project().join(folder));
        assert!(labs.len() >= least, "{folder}: {}", labs.len());
        for (path, text) in labs {
            let block = support::json(&text).expect("YAML");
            let problems: Vec<_> = validator
                .iter_errors(&block)
                .map(|e| e.to_string())
                .collect();
            assert!(
                problems.is_empty(),
                "{}: {problems:?}\n{text}",
                path.display()
            );
        }
    }
}

#[test]
fn the_labs_of_the_broken_book_do_not_fit() {
    let validator = support::validator(&schema::lab());
    for (path, text) in labs(&project().join("tests/books/broken")) {
        let block = support::json(&text).expect("YAML");
        assert!(!validator.is_valid(&block), "{}", path.display());
    }
}

#[test]
fn every_scenario_fits() {
    let validator = support::validator(&schema::scenario());
    let scenarios = files(&project().join("labs/scenarios"), "yaml");
    assert!(!scenarios.is_empty());
    for path in scenarios {
        let text = fs::read_to_string(&path).expect("a file");
        let scenario = support::json(&text).expect("YAML");
        let problems: Vec<_> = validator
            .iter_errors(&scenario)
            .map(|e| e.to_string())
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", path.display());
    }
}
