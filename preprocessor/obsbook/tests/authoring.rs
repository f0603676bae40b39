//! What helps those who write a book: schemas. No engine.

mod support;

use std::fs;
use std::path::Path;

use support::{Told, obsbook, told};

fn run(folder: &Path, args: &[&str]) -> Told {
    let state = tempfile::tempdir().expect("a folder");
    told(
        obsbook(state.path())
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .current_dir(folder)
            .args(args),
    )
}

fn text(book: &Path, file: &str) -> String {
    fs::read_to_string(book.join(file)).expect(file)
}

#[test]
fn the_committed_schemas_are_those_that_are_printed() {
    for (args, file) in [
        (&["schema"][..], "lab.schema.json"),
        (&["schema", "lab"], "lab.schema.json"),
        (&["schema", "scenario"], "scenario.schema.json"),
    ] {
        let said = run(Path::new("/"), args);
        assert_eq!(said.status, 0, "{}", said.err);
        let labs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs");
        let committed = text(&labs, file);
        // As values: the order of keys is that of the build's serde_json.
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("json");
        assert!(
            value(&committed) == value(&said.out),
            "obsbook {} > labs/{file}",
            args.join(" ")
        );
    }
    assert_eq!(run(Path::new("/"), &["schema", "book"]).status, 2);
}
