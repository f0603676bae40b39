//! The live server: the book and its interface from one origin, on loopback only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use super::calls;
use super::glance;
use super::guard::{Guard, TOKEN};
use super::hub::Hub;
use super::pages::page;
use super::panels::Panels;
use super::runs::Runs;
use super::token::token;

/// More than any call has to say.
const BODY: usize = 16 * 1024;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Something else listens there.
    #[error("port {port} on loopback cannot be had: {cause}")]
    Port {
        /// The port.
        port: u16,
        /// The cause.
        cause: std::io::Error,
    },
    /// The kernel gives no randomness.
    #[error("failed to make a token: {0}")]
    Token(std::io::Error),
    /// The server broke.
    #[error("the server ended: {0}")]
    Ended(std::io::Error),
}

impl ServeError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Port { .. } => {
                "end what listens there, or name another: --port 3001, or 0 for any that is free"
                    .to_owned()
            }
            Self::Token(_) | Self::Ended(_) => "start it again".to_owned(),
        }
    }
}

/// What every call needs.
pub(super) struct App {
    pub(super) guard: Guard,
    pub(super) hub: Arc<Hub>,
    pub(super) runs: Arc<Runs>,
    pub(super) panels: Arc<Panels>,
    pub(super) folder: PathBuf,
    /// When this process began: what a page saw of another one says nothing.
    pub(super) epoch: u64,
}

/// A server that listens.
pub struct Server {
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    app: Arc<App>,
}

impl Server {
    /// Listens on a port of loopback, 0 for any, and shows the built book in `folder`. Pages of `origins` may use the interface as well.
    ///
    /// # Errors
    /// The port is taken, or there is no randomness for the token.
    pub async fn bind(
        port: u16,
        folder: PathBuf,
        origins: &[String],
        hub: Arc<Hub>,
        runs: Arc<Runs>,
    ) -> Result<Self, ServeError> {
        let taken = |cause| ServeError::Port { port, cause };
        let first = TcpListener::bind((IpAddr::from(Ipv4Addr::LOCALHOST), port))
            .await
            .map_err(taken)?;
        let address = first.local_addr().map_err(taken)?;
        let mut listeners = vec![first];
        // A machine without IPv6 has no second one.
        listeners.extend(
            TcpListener::bind((IpAddr::from(Ipv6Addr::LOCALHOST), address.port()))
                .await
                .ok(),
        );
        let app = App {
            guard: Guard::new(address, origins, token().map_err(ServeError::Token)?),
            hub,
            runs,
            panels: Arc::default(),
            folder,
            epoch: jiff::Timestamp::now().as_millisecond().unsigned_abs(),
        };
        Ok(Self {
            listeners,
            address,
            app: Arc::new(app),
        })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `end` returns.
    ///
    /// # Errors
    /// A listener broke.
    pub async fn run(self, end: impl Future<Output = ()>) -> Result<(), ServeError> {
        let router = router(&self.app);
        let serving = self.listeners.into_iter().map(|listener| {
            let router = router.clone();
            async move { axum::serve(listener, router).await }
        });
        let serving = futures_util::future::try_join_all(serving);
        let App {
            runs, panels, hub, ..
        } = &*self.app;
        tokio::select! {
            () = glance::watch(runs, panels, hub) => Ok(()),
            // Open streams would hold up a graceful end for ever.
            () = end => Ok(()),
            ended = serving => ended.map(drop).map_err(ServeError::Ended),
        }
    }
}

fn router(app: &Arc<App>) -> Router {
    let calls = Router::new()
        .route("/session", get(calls::session))
        .route("/events", get(calls::events))
        .route("/progress", get(calls::progress))
        .route("/progress/reset", post(calls::reset_progress))
        .route("/labs/{id}/{word}", post(calls::lab))
        .route("/labs/{id}/conditions/{index}", get(calls::condition))
        .route("/labs/{id}/answer", post(calls::answer))
        .route("/labs/{id}/predict", post(calls::predict))
        .route("/labs/{id}/hint", post(calls::hint))
        .route("/labs/{id}/reveal", post(calls::reveal))
        .route("/panels/{id}", get(calls::panel))
        .route("/panels/{id}/traces/{trace}", get(calls::trace_lines))
        .route("/dashboards", get(calls::dashboards))
        .route("/dashboards/{uid}/{number}", get(calls::dashboard_panel))
        .route("/stack/{word}", post(calls::stack))
        .route("/stack/up/{profile}", post(calls::up))
        .fallback(async || calls::no_such_call())
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(app), guard_call));
    Router::new()
        .nest("/api", calls)
        .fallback(get(book))
        .layer(from_fn_with_state(Arc::clone(app), guard_host))
        .with_state(Arc::clone(app))
}

async fn book(State(app): State<Arc<App>>, uri: Uri) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    page(&app.folder, &path).await
}

async fn guard_host(State(app): State<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    match app.guard.host(request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, words)) => refused(status, words),
    }
}

async fn guard_call(State(app): State<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    if *request.method() == Method::OPTIONS {
        return match app.guard.preflight(request.headers()) {
            Some(origin) => allowed(origin),
            None => refused(403, "pages of this origin may not ask"),
        };
    }
    let origin = match app.guard.call(request.method(), request.headers()) {
        Ok(origin) => origin,
        Err((status, words)) => return refused(status, words),
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

fn allowed(origin: HeaderValue) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST"),
    );
    let names = format!("content-type, last-event-id, {TOKEN}");
    if let Ok(names) = HeaderValue::from_str(&names) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn refused(status: u16, words: &'static str) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    (status, Json(json!({"error": words}))).into_response()
}
