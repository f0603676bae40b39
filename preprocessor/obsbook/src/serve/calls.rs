//! What a page can ask: by a lab's id, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use obsbook_lab::block::{Lab, PanelBlock};
use serde::Deserialize;
use serde_json::{Value, json};

use super::events;
use super::runs::{Refused, find};
use super::server::App;
use super::work::Work;
use crate::book::LoadedBook;
use crate::report::{Progress, ProgressError};

/// Why a call is not answered, as a status and words for the reader.
#[derive(Debug)]
pub(super) struct Failed(StatusCode, String);

impl IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::NoLab(_) | Refused::NoProfile(_) => StatusCode::NOT_FOUND,
            Refused::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Refused::Ending => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Challenge(_)
            | Refused::NoChallenge(_)
            | Refused::Already(_)
            | Refused::Idle(_) => StatusCode::CONFLICT,
        };
        Self(status, refused.to_string())
    }
}

impl From<ProgressError> for Failed {
    fn from(error: ProgressError) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

type Answer = Result<Json<Value>, Failed>;
type Shared = State<Arc<App>>;

/// What a page must know to ask for anything. A foreign page cannot read it.
pub(super) async fn session(State(app): Shared) -> Json<Value> {
    let book = app.runs.book();
    Json(json!({
        "v": 1,
        "token": app.guard.token(),
        "project": app.runs.preparation().project(&book),
        "version": env!("CARGO_PKG_VERSION"),
        "chapters": chapters(&book),
    }))
}

/// Each chapter's page with the labs on it.
fn chapters(book: &LoadedBook) -> Value {
    let chapters = book
        .book
        .chapters
        .iter()
        .enumerate()
        .map(|(index, chapter)| {
            let page: std::path::PathBuf = chapter.file.components().skip(1).collect();
            let blocks = book
                .book
                .blocks
                .iter()
                .filter(|block| block.chapter == index);
            let labs = blocks
                .filter_map(|block| block.lab.as_ref())
                .map(|lab| lab.id.as_str());
            json!({"page": page.with_extension("html"), "labs": labs.collect::<Vec<_>>()})
        });
    chapters.collect()
}

pub(super) async fn events(State(app): Shared, headers: HeaderMap) -> impl IntoResponse {
    events::stream(&app.hub, app.epoch, &headers)
}

/// What a page may ask of a lab, by its last word.
pub(super) async fn lab(State(app): Shared, Path((id, word)): Path<(String, String)>) -> Answer {
    let work = match word.as_str() {
        "run" => Work::Run(id),
        "watch" => Work::Watch(id),
        "begin" => Work::Begin(id),
        "judge" => Work::Judge(id),
        "give-up" => Work::GiveUp(id),
        "stop" => {
            app.runs.stop(Some(&id))?;
            return done();
        }
        _ => return Err(no_such_call()),
    };
    app.runs.ask(work)?;
    done()
}

/// What a page may ask of the stack, by its last word.
pub(super) async fn stack(State(app): Shared, Path(word): Path<String>) -> Answer {
    let work = match word.as_str() {
        "down" => Work::Down,
        "reset" => Work::Reset,
        "stop" => {
            app.runs.stop(None)?;
            return done();
        }
        _ => return Err(no_such_call()),
    };
    app.runs.ask(work)?;
    done()
}

pub(super) async fn up(State(app): Shared, Path(profile): Path<String>) -> Answer {
    app.runs.ask(Work::Up(profile))?;
    done()
}

/// A choice among those of the lab's prediction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prediction {
    choice: usize,
}

pub(super) async fn predict(
    State(app): Shared,
    Path(id): Path<String>,
    Json(Prediction { choice }): Json<Prediction>,
) -> Answer {
    let book = app.runs.book();
    let lab = find(&book, &id)?;
    let choices = lab
        .predict
        .as_ref()
        .map_or(0, |predict| predict.choices.len());
    if choice >= choices {
        let words = format!("`{id}` offers {choices} choices");
        return Err(Failed(StatusCode::UNPROCESSABLE_ENTITY, words));
    }
    keep(&app, &book, lab, |steps| {
        steps.prediction = Some(choice);
    })?;
    done()
}

pub(super) async fn hint(State(app): Shared, Path(id): Path<String>) -> Answer {
    let book = app.runs.book();
    let lab = find(&book, &id)?;
    let all = lab.hints.len();
    keep(&app, &book, lab, |steps| {
        steps.hints = (steps.hints + 1).min(all);
    })?;
    let shown = Progress::read(&book.root)?.of(&id).hints;
    Ok(Json(
        json!({"hints": lab.hints[..shown.min(all)], "of": all}),
    ))
}

/// Returns how the lab's author solves it, and of a challenge what is broken. Who has seen the solution of an exercise has given it up;
/// a challenge is given up by having it mended.
pub(super) async fn reveal(State(app): Shared, Path(id): Path<String>) -> Answer {
    let book = app.runs.book();
    let lab = find(&book, &id)?;
    let exercise = lab.exercise.as_ref().map(|exercise| &exercise.solution);
    let challenge = lab.challenge.as_ref().map(|challenge| &challenge.solution);
    let Some(file) = exercise.or(challenge) else {
        return Err(Failed(
            StatusCode::CONFLICT,
            format!("`{id}` has nothing to solve"),
        ));
    };
    let read = tokio::fs::read_to_string(book.root.join(file)).await;
    let text = read.map_err(|error| {
        Failed(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("{}: {error}", file.display()),
        )
    })?;
    if lab.challenge.is_some() {
        let broken = lab.inject.iter().flatten().map(ToString::to_string);
        let broken: Vec<_> = broken.collect();
        return Ok(Json(json!({"file": file, "text": text, "broken": broken})));
    }
    keep(&app, &book, lab, |steps| {
        steps.gave_up.get_or_insert(jiff::Timestamp::now());
    })?;
    Ok(Json(json!({"file": file, "text": text})))
}

/// Answers to a challenge's questions, in their order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answers {
    answers: Vec<String>,
}

/// Returns which answers are right; what is asked is about the cause, so nobody answers before the stack is mended.
pub(super) async fn answer(
    State(app): Shared,
    Path(id): Path<String>,
    Json(Answers { answers }): Json<Answers>,
) -> Answer {
    let book = app.runs.book();
    let lab = find(&book, &id)?;
    let Some(challenge) = &lab.challenge else {
        return Err(Refused::NoChallenge(id).into());
    };
    if !Progress::read(&book.root)?.of(&id).is_mended() {
        return Err(Failed(
            StatusCode::CONFLICT,
            "mend it first, and have it judged".to_owned(),
        ));
    }
    let asked = challenge.questions.len();
    if answers.len() != asked {
        return Err(Failed(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("`{id}` asks {asked} questions"),
        ));
    }
    let right = challenge.questions.iter().zip(&answers);
    let right: Vec<bool> = right
        .map(|(question, given)| question.answer.is(given))
        .collect();
    if right.iter().all(|right| *right) {
        keep(&app, &book, lab, |steps| {
            steps.answered.get_or_insert(jiff::Timestamp::now());
        })?;
    }
    Ok(Json(json!({"right": right})))
}

pub(super) async fn progress(State(app): Shared) -> Answer {
    Ok(Json(json!(Progress::read(&app.runs.book().root)?)))
}

pub(super) async fn reset_progress(State(app): Shared) -> Answer {
    let book = app.runs.book();
    Progress::reset(&book.root)?;
    app.runs.show_progress(&book);
    done()
}

fn keep(
    app: &App,
    book: &LoadedBook,
    lab: &Lab,
    change: impl FnOnce(&mut crate::report::Steps),
) -> Result<(), Failed> {
    Progress::change(&book.root, &lab.id, change)?;
    app.runs.show_progress(book);
    Ok(())
}

pub(super) fn no_such_call() -> Failed {
    Failed(StatusCode::NOT_FOUND, "there is no such call".to_owned())
}

fn done() -> Answer {
    Ok(Json(json!({})))
}

/// Returns what a panel of the prose shows now.
pub(super) async fn panel(State(app): Shared, Path(id): Path<String>) -> Answer {
    let book = app.runs.book();
    let mut panels = book.book.panels.iter();
    let Some((panel, _)) = panels.find(|(panel, _)| panel.id == id) else {
        return Err(Failed(
            StatusCode::NOT_FOUND,
            format!("there is no panel `{id}`"),
        ));
    };
    Ok(Json(json!(
        *app.panels.show(&app.runs, panel, &app.runs.outages).await
    )))
}

/// Returns what a condition of a lab asks for, as a panel.
pub(super) async fn condition(
    State(app): Shared,
    Path((id, index)): Path<(String, usize)>,
) -> Answer {
    let book = app.runs.book();
    let lab = find(&book, &id)?;
    let Some(panel) = PanelBlock::of_condition(lab, index) else {
        let words = format!("condition {index} of `{id}` has no course over time");
        return Err(Failed(StatusCode::NOT_FOUND, words));
    };
    let view = app.panels.show(&app.runs, &panel, &app.runs.outages).await;
    let links = app.panels.links(&app.runs, &panel).await;
    let mut json = json!(*view);
    json["links"] = json!(links);
    Ok(Json(json))
}

/// Returns the log lines of a trace that the panel has just shown.
pub(super) async fn trace_lines(
    State(app): Shared,
    Path((panel, trace)): Path<(String, String)>,
) -> Answer {
    let lines = app.panels.lines(&app.runs, &panel, &trace).await;
    let lines = lines.map_err(|words| Failed(StatusCode::SERVICE_UNAVAILABLE, words))?;
    Ok(Json(json!({"lines": lines})))
}

/// Returns every dashboard with the titles of its panels.
pub(super) async fn dashboards(State(app): Shared) -> Answer {
    let book = app.runs.book();
    let all = book.around.dashboards.values().map(|dashboard| {
        let panels = dashboard.panels.iter();
        let panels = panels.map(|panel| json!({"title": panel.title, "description": panel.description, "wide": panel.kind != "stat"}));
        json!({"uid": dashboard.uid, "title": dashboard.title, "panels": panels.collect::<Vec<_>>()})
    });
    Ok(Json(json!({"dashboards": all.collect::<Vec<_>>()})))
}

/// Returns what a dashboard's panel shows now.
pub(super) async fn dashboard_panel(
    State(app): Shared,
    Path((uid, number)): Path<(String, usize)>,
) -> Answer {
    let book = app.runs.book();
    let found = book.around.dashboards.get(&uid);
    let Some((dashboard, panel)) = found.and_then(|board| Some((board, board.panels.get(number)?)))
    else {
        return Err(Failed(
            StatusCode::NOT_FOUND,
            format!("there is no panel {number} of `{uid}`"),
        ));
    };
    let id = format!("{uid}-{number}");
    let profile = &book.settings.profile;
    let panel = PanelBlock::of_dashboard(dashboard, panel, id, &BTreeMap::new(), profile);
    let panel = panel.map_err(|reason| Failed(StatusCode::CONFLICT, reason))?;
    Ok(Json(json!(
        *app.panels.show(&app.runs, &panel, &app.runs.outages).await
    )))
}
