//! A service in the place of a Phoenix endpoint: a page, a WebSocket, an event stream, an upload.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{
        State,
        ws::{WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response, Sse, sse::Event},
    routing::{any, get, post},
};
use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use routes::Snapshot;
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, time};
use tracing::error;

use super::page::Page;

/// A WebSocket message to echo, at most.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// How often the clock says the time.
const TICK: Duration = Duration::from_secs(1);

/// A stand-in for one endpoint.
#[derive(Debug)]
pub(crate) struct Standin {
    /// The endpoint's module.
    service: String,
    /// The hosts that lead to it: what is left of them is a tenant.
    hosts: Vec<String>,
}

impl Standin {
    /// Stands in for a service of the table.
    pub(crate) fn new(service: &str, snapshot: &Snapshot) -> Self {
        let routes = snapshot.routes.iter().filter(|route| {
            snapshot
                .services
                .get(route.service)
                .is_some_and(|it| it.name == service)
        });
        let hosts = routes.map(|route| route.host.to_string()).collect();
        Self {
            service: service.to_owned(),
            hosts,
        }
    }

    /// Answers until dropped.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let service = self.service.clone();
        let router = Router::new()
            .route("/ws", any(echo))
            .route("/clock", get(clock))
            .route("/upload", post(upload))
            .fallback(get(page))
            .with_state(Arc::new(self));
        if let Err(error) = axum::serve(listener, router).await {
            error!(%error, service, "stand-in ended");
        }
    }

    fn tenant(&self, host: &str) -> Option<String> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_below = |known: &&String| {
            name.strip_suffix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let nearest = self
            .hosts
            .iter()
            .filter(is_below)
            .max_by_key(|known| known.len());
        tenant_resolver::resolve(name.as_bytes(), nearest.map(String::as_bytes))
    }
}

async fn page(State(standin): State<Arc<Standin>>, headers: HeaderMap) -> Response {
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = headers.get(header::HOST).map(text).unwrap_or_default();
    let tenant = standin.tenant(&host);
    let page = Page {
        service: &standin.service,
        host: &host,
        tenant: tenant.as_deref(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.as_str(), text(value)))
            .collect(),
    };
    ([(header::CACHE_CONTROL, "no-store")], Html(page.render())).into_response()
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .on_upgrade(async |mut socket: WebSocket| {
            while let Some(Ok(message)) = socket.recv().await {
                let is_content = matches!(
                    message,
                    axum::extract::ws::Message::Text(_) | axum::extract::ws::Message::Binary(_)
                );
                // Pings are answered and closes acknowledged by the library.
                if is_content && socket.send(message).await.is_err() {
                    return;
                }
            }
        })
}

async fn clock() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = stream::unfold(time::interval(TICK), |mut interval| async {
        interval.tick().await;
        let now = Timestamp::now().strftime("%H:%M:%S UTC").to_string();
        Some((Ok(Event::default().data(now)), interval))
    });
    Sse::new(ticks)
}

/// Reads a body of any size piece by piece; answers how much it was and its SHA-256.
async fn upload(body: Body) -> Response {
    let mut pieces = body.into_data_stream();
    let (mut bytes, mut hash) = (0_u64, Sha256::new());
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else {
            return (StatusCode::BAD_REQUEST, "the upload broke off\n").into_response();
        };
        bytes = bytes.saturating_add(piece.len() as u64);
        hash.update(&piece);
    }
    let digest: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let answer = serde_json::json!({ "bytes": bytes, "sha256": digest });
    (
        [(header::CONTENT_TYPE, "application/json")],
        format!("{answer}\n"),
    )
        .into_response()
}
