//! The paths, and who may ask.

use std::time::Duration;

use axum::{
    Router,
    extract::{RawQuery, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use discovery::{PAUSE_MAX, Pause};
use routes::{Authority, Published};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot},
    time,
};

use crate::{
    Watched,
    explain::{explain, parse_host},
    metrics,
    status::{self, NodeView, StatusView},
    view::{RoutesView, Standings},
};

#[cfg(test)]
mod tests;

/// Wishes that may wait for the program.
pub const WISHES_MAX: usize = 8;
/// How long the program may take to read its settings and the project again.
const RELOAD_MAX: Duration = Duration::from_secs(20);
/// How long the workers may take to apply a table: each does so within a turn.
const APPLY_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether they have.
const APPLY_PACE: Duration = Duration::from_millis(2);

/// How long a service is paused where nobody says.
const PAUSE_DEFAULT: Duration = Duration::from_secs(30);

/// Why a wish is not passed on.
const BUSY: &str = "the gateway is leaving, or has several things to do already";

/// Tells our answers from those of any other program that may listen there.
const SERVER: &str = concat!("mesh-router/", env!("CARGO_PKG_VERSION"));

/// What admin asks the program to do. Whoever asks may give up waiting for the answer.
#[derive(Debug)]
pub enum Wish {
    /// Read the settings and the project again.
    Reload(oneshot::Sender<Result<Reloaded, Refusal>>),
    /// Have a service's requests wait, or go on. The answer is the generation that holds since.
    Pause(String, Pause, oneshot::Sender<Result<u64, Refusal>>),
}

/// What came of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// The generation that holds since; all workers have applied it when this is answered.
    pub generation: u64,
    /// The settings that are other than before.
    pub settings: Vec<SettingChange>,
}

/// A service whose requests wait or go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// The service.
    pub service: String,
    /// Whether they wait.
    pub paused: bool,
    /// The generation that holds since; all workers have applied it when this is answered.
    pub generation: u64,
}

/// A setting that is other than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// Its key.
    pub key: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
    /// Where that is written.
    pub provenance: String,
    /// It holds after a restart only.
    pub needs_restart: bool,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What is written can't be used: 422.
    Unusable(String),
    /// It is in the way of something else: 409.
    Conflict(String),
    /// There is no such thing: 404.
    Unknown(String),
}

/// Who may ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guard {
    /// Whoever reached the socket.
    Open,
    /// Nobody whom a browser was tricked into speaking for.
    Loopback,
}

#[derive(Clone, Debug)]
struct Desk {
    watched: Watched,
    wishes: mpsc::Sender<Wish>,
}

/// All paths.
pub(crate) fn admin(watched: Watched, wishes: mpsc::Sender<Wish>, guard: Guard) -> Router {
    let api = Router::new()
        .route("/metrics", get(show_metrics))
        .route("/api/v1/routes", get(show_routes))
        .route("/api/v1/explain", get(show_explanation))
        .route("/api/v1/status", get(show_status))
        .route("/api/v1/nodes", get(show_nodes))
        .route("/api/v1/reload", post(reload))
        .route("/api/v1/pause", post(pause))
        .route("/api/v1/resume", post(resume))
        .with_state(Desk {
            watched: watched.clone(),
            wishes,
        });
    finished(probes(watched).merge(api), PATHS).layer(middleware::from_fn_with_state(guard, check))
}

/// What the health listener has.
pub(crate) fn health(watched: Watched) -> Router {
    finished(probes(watched), "there are /healthz and /readyz")
}

const PATHS: &str = "there are /healthz, /readyz, /metrics, /api/v1/status, /api/v1/routes, \
                     /api/v1/explain?host=HOST, /api/v1/nodes, and POST /api/v1/reload, \
                     /api/v1/pause?service=NAME&seconds=30, /api/v1/resume?service=NAME";

fn probes(watched: Watched) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(show_readiness))
        .with_state(watched)
}

/// Adds what every answer has.
fn finished(router: Router, paths: &'static str) -> Router {
    router
        .fallback(async move || problem(StatusCode::NOT_FOUND, paths))
        .method_not_allowed_fallback(async || {
            problem(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path has another method",
            )
        })
        .layer(middleware::map_response(sign))
}

async fn sign(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static(SERVER));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// Refuses what comes of a browser that shows somebody else's page. Such a page can send requests
/// to loopback; under a name of its own that it lets point there (DNS rebinding) it could even read
/// the answers, and `Host` tells that name.
async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard {
        Guard::Open => {}
        Guard::Loopback => {
            if let Some(refused) = refusal(&request) {
                return sign(refused).await;
            }
        }
    }
    next.run(request).await
}

fn refusal(request: &Request) -> Option<Response> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_local = |host: &HeaderValue| is_loopback(host.as_bytes());
    let target = request.uri().authority();
    let target_is_local = target.is_none_or(|it| is_loopback(it.as_str().as_bytes()));
    let host = hosts.next();
    if !host.is_some_and(is_local) || !hosts.all(is_local) || !target_is_local {
        return Some(problem(
            StatusCode::MISDIRECTED_REQUEST,
            "the admin listener answers to loopback names alone: localhost, 127.0.0.1, [::1]",
        ));
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let of_page = |name: &str| request.headers().contains_key(name);
    if !is_safe && (of_page("origin") || of_page("sec-fetch-site")) {
        return Some(problem(
            StatusCode::FORBIDDEN,
            "a browser's page may not change anything here; use mesh-router or curl",
        ));
    }
    None
}

/// Returns whether a `Host` says what only this machine means by itself.
fn is_loopback(host: &[u8]) -> bool {
    let Ok(authority) = Authority::parse(host) else {
        return false;
    };
    let name = authority.host.as_str();
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_ip = |ip: std::net::IpAddr| ip.to_canonical().is_loopback();
    name == "localhost" || name.parse().is_ok_and(is_ip)
}

async fn show_readiness(State(watched): State<Watched>) -> Response {
    match watched.not_ready() {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn show_metrics(State(desk): State<Desk>) -> Response {
    let kind = [(header::CONTENT_TYPE, metrics::CONTENT_TYPE)];
    (kind, metrics::text(&desk.watched)).into_response()
}

async fn show_routes(State(desk): State<Desk>) -> Response {
    let about = desk.watched.about.borrow().clone();
    let published = newest(&desk.watched);
    let mut view = RoutesView {
        env: about.env,
        mode: Some(published.settings.mode.name().to_owned()),
        ..RoutesView::of_table(&published.snapshot)
    };
    view.add_standings(&Standings::new(desk.watched.figures.standings()));
    json(&view)
}

async fn show_explanation(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let Some(given) = field(query.as_deref(), "host") else {
        let detail = "name a host or URL: /api/v1/explain?host=auth.localhost";
        return problem(StatusCode::BAD_REQUEST, detail);
    };
    match parse_host(&given) {
        Ok(host) => {
            let mut explanation = explain(&host, &newest(&desk.watched).snapshot);
            let standings = Standings::new(desk.watched.figures.standings());
            for upstream in &mut explanation.upstreams {
                standings.add_to(upstream);
            }
            json(&explanation)
        }
        Err(error) => problem(
            StatusCode::BAD_REQUEST,
            &format!("host is neither a host nor a URL: {error}"),
        ),
    }
}

async fn show_status(State(desk): State<Desk>) -> Response {
    json(&StatusView::of(&desk.watched))
}

async fn show_nodes(State(desk): State<Desk>) -> Response {
    #[derive(Serialize)]
    struct Nodes {
        nodes: Vec<NodeView>,
    }
    json(&Nodes {
        nodes: status::nodes(&desk.watched),
    })
}

async fn reload(State(desk): State<Desk>) -> Response {
    let (answer, answered) = oneshot::channel();
    if desk.wishes.try_send(Wish::Reload(answer)).is_err() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, BUSY);
    }
    let reloaded = match time::timeout(RELOAD_MAX, answered).await {
        Ok(Ok(Ok(reloaded))) => reloaded,
        Ok(Ok(Err(refusal))) => return refused(&refusal),
        Ok(Err(_)) => return problem(StatusCode::SERVICE_UNAVAILABLE, "the gateway is leaving"),
        Err(_) => {
            let detail = "reading takes longer than 20 seconds; its log will say how it ends";
            return problem(StatusCode::GATEWAY_TIMEOUT, detail);
        }
    };
    once_applied(&desk, reloaded.generation, &reloaded).await
}

async fn pause(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let seconds = field(query.as_deref(), "seconds");
    let length = match seconds.as_deref().map(str::parse) {
        None => PAUSE_DEFAULT,
        Some(Ok(seconds)) if seconds > 0 && seconds <= PAUSE_MAX.as_secs() => {
            Duration::from_secs(seconds)
        }
        Some(_) => {
            let detail = format!("seconds is a number from 1 to {}", PAUSE_MAX.as_secs());
            return problem(StatusCode::BAD_REQUEST, &detail);
        }
    };
    wish(&desk, query.as_deref(), Pause::Begin(length)).await
}

async fn resume(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    wish(&desk, query.as_deref(), Pause::End).await
}

async fn wish(desk: &Desk, query: Option<&str>, pause: Pause) -> Response {
    let Some(service) = field(query, "service") else {
        let detail = "name a service: ?service=AuthWeb.Endpoint";
        return problem(StatusCode::BAD_REQUEST, detail);
    };
    let paused = pause != Pause::End;
    let (answer, answered) = oneshot::channel();
    let wish = Wish::Pause(service.clone(), pause, answer);
    if desk.wishes.try_send(wish).is_err() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, BUSY);
    }
    match time::timeout(RELOAD_MAX, answered).await {
        Ok(Ok(Ok(generation))) => {
            let paused = Paused {
                service,
                paused,
                generation,
            };
            once_applied(desk, generation, &paused).await
        }
        Ok(Ok(Err(refusal))) => refused(&refusal),
        Ok(Err(_)) => problem(StatusCode::SERVICE_UNAVAILABLE, "the gateway is leaving"),
        Err(_) => problem(StatusCode::GATEWAY_TIMEOUT, "the gateway is busy reloading"),
    }
}

/// Answers when all workers have applied a generation.
async fn once_applied(desk: &Desk, generation: u64, answer: &impl Serialize) -> Response {
    let applied = async {
        while desk.watched.figures.applied() < generation {
            time::sleep(APPLY_PACE).await;
        }
    };
    match time::timeout(APPLY_MAX, applied).await {
        Ok(()) => json(answer),
        Err(_) => problem(
            StatusCode::GATEWAY_TIMEOUT,
            "the new table is published, and a worker has not applied it within 10 seconds",
        ),
    }
}

fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Unusable(why) => problem(StatusCode::UNPROCESSABLE_ENTITY, why),
        Refusal::Conflict(why) => problem(StatusCode::CONFLICT, why),
        Refusal::Unknown(why) => problem(StatusCode::NOT_FOUND, why),
    }
}

/// The value of a query's field.
fn field(query: Option<&str>, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(query?.as_bytes());
    let (_, value) = fields.find(|(field, _)| field == name)?;
    Some(value.into_owned())
}

fn newest(watched: &Watched) -> std::sync::Arc<Published> {
    std::sync::Arc::clone(&watched.published.borrow())
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (kind, text + "\n").into_response()
        }
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// RFC 9457.
fn problem(status: StatusCode, detail: &str) -> Response {
    #[derive(Serialize)]
    struct Problem<'a> {
        title: &'a str,
        status: u16,
        detail: &'a str,
    }
    let problem = Problem {
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail,
    };
    let text = serde_json::to_string(&problem).unwrap_or_default() + "\n";
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, text).into_response()
}
