//! The same against a real engine: `cargo test -p obsbook images -- --ignored`.
//!
//! They need the base image. Point `XDG_STATE_HOME` at a scratch folder to keep your own state.

use std::path::Path;
use std::time::Instant;

use super::*;
use crate::engine::{Compose, Engine};

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn project(root: &Path) -> Compose {
    write(
        root,
        "compose.yaml",
        "services:\n\
         \x20 one: { image: 'obsbook-live/one:1', profiles: [core], build: { context: one, target: '${OBSBOOK_IMAGES:-registry}' } }\n\
         \x20 same: { image: 'obsbook-live/one:1', profiles: [core], build: { context: one, target: '${OBSBOOK_IMAGES:-registry}' } }\n\
         \x20 two: { image: 'obsbook-live/two:1', profiles: [core], build: { context: two, target: '${OBSBOOK_IMAGES:-registry}' } }\n\
         \x20 not: { image: 'obsbook-live/not:1', profiles: [full], build: { context: not } }\n",
    );
    for name in ["one", "two"] {
        write(
            root,
            &format!("{name}/Dockerfile"),
            "FROM obsbook-no-such/image:1 AS registry\n\
             FROM obsbook/base:bookworm AS packages\nCOPY file /file\nRUN sh -e /file\n",
        );
        write(root, &format!("{name}/file"), &format!("echo {name}"));
    }
    Compose {
        root: root.into(),
        project: "obsbook-live-images".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
#[cfg_attr(not(feature = "stack-tests"), ignore = "needs a Docker engine")]
async fn images_are_built_once_and_again_when_inputs_change() {
    let root = tempfile::tempdir().unwrap();
    let compose = project(root.path());
    let engine = Engine::connect().await.unwrap();
    let choice = choose(&engine, root.path(), Some(Source::Packages), "x")
        .await
        .unwrap();
    let ensure_all = async |choice: &Choice| {
        let mut renderer = Renderer::new(false);
        let begun = Instant::now();
        let report = ensure(&engine, &compose, "core", choice, &mut |progress| {
            renderer.show(&progress)
        })
        .await;
        eprintln!("ensure: {:?}", begun.elapsed());
        report
    };
    write(
        root.path(),
        "one/file",
        &format!("echo {}", jiff::Timestamp::now()),
    );
    let first = ensure_all(&choice).await.unwrap();
    assert!(
        first.built.contains(&"obsbook-live/one:1".to_owned()),
        "{first:?}"
    );
    let second = ensure_all(&choice).await.unwrap();
    assert_eq!(
        (second.built.len(), second.current.len(), &second.log),
        (0, 2, &None)
    );

    write(root.path(), "two/file", "echo the reason >&2; exit 7");
    let error = ensure_all(&choice).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "image obsbook-live/two:1 could not be built at `RUN sh -e /file`: exit code: 7"
    );
    assert_eq!(error.lines(), ["the reason"]);
    let ImagesError::Build(failure) = &error else {
        panic!("{error:?}")
    };
    assert!(
        std::fs::read_to_string(&failure.log)
            .unwrap()
            .contains("the reason")
    );
    assert!(error.hint().unwrap().starts_with("less "));

    write(root.path(), "two/file", "echo two");
    let mended = ensure_all(&choice).await.unwrap();
    assert_eq!(mended.built.len() + mended.current.len(), 2);

    let registry = Choice {
        source: Source::Registry,
        why: String::new(),
    };
    let error = ensure_all(&registry).await.unwrap_err();
    assert!(error.to_string().contains("cannot be had"), "{error}");
    assert!(
        error.hint().unwrap().contains("--images packages"),
        "{error:?}"
    );

    let remembered = choose(&engine, root.path(), None, "obsbook-no-such/image:1")
        .await
        .unwrap();
    assert_eq!(remembered.source, Source::Packages, "{}", remembered.why);
}
