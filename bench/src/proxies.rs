//! The proxies side by side: each as a good operator would configure it, all with the same fields.

use std::{
    fmt,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tempfile::TempDir;

use crate::{
    load::{HOST, is_up},
    usage,
};

/// The core that proxies run on; load and upstream run on the other.
pub(crate) const PROXY_CORE: usize = 0;

/// The core that load and upstream run on.
pub(crate) const LOAD_CORE: usize = 1;

/// How long a proxy may take to answer its first request.
const START_MAX: Duration = Duration::from_secs(10);

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contender {
    /// Ours.
    MeshRouter,
    /// Ours, with its access log into a file.
    MeshRouterLogging,
    /// Ours as it was: a binary of another commit, `mesh-router-before` beside `mesh-router`.
    MeshRouterBefore,
    /// Debian's nginx.
    Nginx,
    /// Debian's HAProxy.
    Haproxy,
    /// Debian's Caddy.
    Caddy,
}

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Who it is.
    pub(crate) contender: Contender,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::MeshRouter => "mesh-router",
            Self::MeshRouterLogging => "mesh-router, access log",
            Self::MeshRouterBefore => "mesh-router, before",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Caddy => "Caddy",
        })
    }
}

impl Proxy {
    /// Starts a proxy in front of the upstreams, pinned to its core, and waits until it answers.
    pub(crate) fn start(contender: Contender, upstreams: &[SocketAddr]) -> Result<Self> {
        let folder = TempDir::new()?;
        let address = free_address()?;
        let mut command = command(contender, folder.path(), address, upstreams)?;
        let log = folder.path().join("output.log");
        command
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::create(&log)?);
        let child = command
            .spawn()
            .with_context(|| format!("starting {contender}"))?;
        let mut proxy = Self {
            contender,
            address,
            child,
            _folder: folder,
        };
        let deadline = Instant::now() + START_MAX;
        while !is_up(address) {
            if Instant::now() > deadline || proxy.child.try_wait()?.is_some() {
                let said = fs::read_to_string(&log).unwrap_or_default();
                bail!("{contender} does not answer: {said}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        usage::pin(proxy.pid(), PROXY_CORE)?;
        Ok(proxy)
    }

    /// Returns the process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // TERM, so that nginx's master takes its worker along.
        if let Ok(None) = self.child.try_wait() {
            let pid = self.child.id().to_string();
            let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
        }
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        // It has ended already where all is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(
    contender: Contender,
    folder: &Path,
    address: SocketAddr,
    upstreams: &[SocketAddr],
) -> Result<Command> {
    let core = PROXY_CORE.to_string();
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core]);
    let file = folder.join("config");
    match contender {
        Contender::MeshRouter | Contender::MeshRouterLogging | Contender::MeshRouterBefore => {
            let name = match contender == Contender::MeshRouterBefore {
                true => "mesh-router-before",
                false => "mesh-router",
            };
            let access = match contender == Contender::MeshRouterLogging {
                true => "./access.log",
                false => "off",
            };
            let binary = std::env::current_exe()?.with_file_name(name);
            fs::write(&file, mesh_router(access, address, upstreams))?;
            command.arg(binary).args(["run", "--config"]).arg(file);
        }
        Contender::Nginx => {
            fs::write(&file, nginx(folder, address, upstreams))?;
            command
                .args(["nginx", "-c"])
                .arg(file)
                .arg("-p")
                .arg(folder);
        }
        Contender::Haproxy => {
            fs::write(&file, haproxy(address, upstreams))?;
            command.args(["haproxy", "-db", "-f"]).arg(file);
        }
        Contender::Caddy => {
            fs::write(&file, caddy(address, upstreams))?;
            // One thread, as the others have one worker, and its files with it.
            command.env("GOMAXPROCS", "1").env("HOME", folder);
            command.args(["caddy", "run", "--adapter", "caddyfile", "--config"]);
            command.arg(file);
        }
    }
    command.current_dir(folder);
    Ok(command)
}

fn mesh_router(access: &str, address: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let upstreams = each(upstreams, ", ", |_, upstream| format!("\"{upstream}\""));
    format!(
        "listen = [\"{address}\"]\nworkers = 1\nmode = \"production\"\n\
         [discovery]\nsources = []\n[limits]\nupgrades = \"none\"\n[log]\naccess = \"{access}\"\n\
         [routes.\"{HOST}\"]\nupstreams = [{upstreams}]\n"
    )
}

fn nginx(folder: &Path, address: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let servers = each(upstreams, " ", |_, upstream| format!("server {upstream};"));
    let folder = folder.display();
    format!(
        "daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_rlimit_nofile 19000;
events {{ worker_connections 18000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  tcp_nodelay on;
  client_max_body_size 0;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream auth {{ {servers} keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen {address} default_server backlog=8192; return 404; }}
  server {{
    listen {address};
    server_name {HOST} *.{HOST};
    location / {{
      proxy_pass http://auth;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header Via \"1.1 nginx\";
      add_header X-Request-Id $request_id always;
    }}
  }}
}}
"
    )
}

fn haproxy(address: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let servers = each(upstreams, "\n  ", |index, upstream| {
        format!("server s{index} {upstream}")
    });
    format!(
        "global
  nbthread 1
  no strict-limits
  maxconn 15000
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  timeout http-keep-alive 3600s
  timeout tunnel 3600s
  option http-no-delay
  option http-keep-alive
  http-reuse always
frontend main
  bind {address} backlog 8192
  acl is_auth hdr(host),field(1,:) -i {HOST}
  acl is_auth hdr_end(host),field(1,:) -i .{HOST}
  http-request set-var(txn.id) uuid()
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host),field(1,:)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Request-Id %[var(txn.id)]
  http-request set-header Via \"1.1 haproxy\"
  http-response set-header X-Request-Id %[var(txn.id)]
  use_backend auth if is_auth
backend auth
  {servers}
"
    )
}

fn caddy(address: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let upstreams = each(upstreams, " ", |_, upstream| upstream.to_string());
    let (ip, port) = (address.ip(), address.port());
    format!(
        "{{
  admin off
  auto_https off
}}
http://:{port} {{
  bind {ip}
  @auth host {HOST} *.{HOST}
  handle @auth {{
    header X-Request-Id {{http.request.uuid}}
    reverse_proxy {upstreams} {{
      lb_policy least_conn
      flush_interval -1
      header_up X-Forwarded-Port {port}
      header_up X-Request-Id {{http.request.uuid}}
      header_up Via \"1.1 Caddy\"
      transport http {{
        keepalive 1h
        keepalive_idle_conns_per_host 256
      }}
    }}
  }}
  handle {{
    respond 404
  }}
}}
"
    )
}

fn each(
    upstreams: &[SocketAddr],
    between: &str,
    shown: impl Fn(usize, &SocketAddr) -> String,
) -> String {
    let shown = upstreams
        .iter()
        .enumerate()
        .map(|(index, it)| shown(index, it));
    shown.collect::<Vec<_>>().join(between)
}

/// A port that is free now; the proxies need one number, and nobody else here takes any.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
