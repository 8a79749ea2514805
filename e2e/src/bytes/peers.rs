//! nginx and HAProxy as a careful operator would put them before an umbrella: routed by Host,
//! WebSocket let through, forwarded fields set anew and a stranger's taken away.

use std::{
    fmt,
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::HOST;
use crate::{tool, wait::until};

/// How long a peer may take to listen.
const START_MAX: Duration = Duration::from_secs(10);

/// Another gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
}

/// A peer that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
        })
    }
}

impl Peer {
    /// Returns its version, in its own words.
    #[must_use]
    pub fn version(self) -> String {
        let output = Command::new(self.program()).arg("-v").output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let version = said
            .split([' ', '/', '\n'])
            .find(|word| word.starts_with(|it: char| it.is_ascii_digit()));
        version.unwrap_or_default().to_owned()
    }

    /// Starts it before an upstream.
    #[must_use]
    pub fn start(self, upstream: SocketAddr) -> Running {
        let folder = TempDir::new().unwrap();
        // Both want a number; nobody else here takes a free one that was just given back.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let file = folder.path().join("config");
        let mut command = Command::new(tool::require(self.program()));
        match self {
            Self::Nginx => {
                fs::write(&file, nginx(folder.path(), address, upstream)).unwrap();
                command.arg("-c").arg(&file).arg("-p").arg(folder.path());
            }
            Self::Haproxy => {
                fs::write(&file, haproxy(address, upstream)).unwrap();
                command.args(["-db", "-f"]).arg(&file);
            }
        }
        let log = File::create(folder.path().join("output.log")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = command.spawn().unwrap();
        let up = until(START_MAX, || TcpStream::connect(address).ok());
        if up.is_none() {
            let said = fs::read_to_string(folder.path().join("output.log"));
            panic!("{self} does not listen: {}", said.unwrap_or_default());
        }
        Running {
            child,
            address,
            _folder: folder,
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
        }
    }
}

impl Running {
    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // QUIT or TERM, so that nginx's master takes its worker along.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let ended = until(Duration::from_secs(2), || {
            self.child.try_wait().ok().flatten()
        });
        if ended.is_none() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn nginx(folder: &Path, address: SocketAddr, upstream: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  map $http_upgrade $websocket {{ default ''; '~*^websocket$' websocket; }}
  map $websocket $connection_upgrade {{ default ''; websocket upgrade; }}
  upstream app {{ server {upstream}; keepalive 16; }}
  server {{ listen {address} default_server; return 404; }}
  server {{
    listen {address};
    server_name {HOST} *.{HOST};
    location / {{
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Upgrade $websocket;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header X-Forwarded-Server '';
      proxy_set_header X-Real-IP '';
      proxy_set_header X-Client-IP '';
      proxy_set_header Forwarded '';
    }}
  }}
}}
"
    )
}

fn haproxy(address: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        "global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  option http-no-delay
  option http-restrict-req-hdr-names delete
  http-reuse always
frontend main
  bind {address}
  option disable-h2-upgrade
  acl ours req.fhdr(host),host_only,lower -m str {HOST}
  acl ours req.fhdr(host),host_only,lower -m end .{HOST}
  http-request return status 404 unless ours
  http-request del-header Upgrade unless {{ req.fhdr(upgrade) -i websocket }} {{ req.fhdr_cnt(upgrade) eq 1 }}
  http-request del-header Forwarded
  http-request del-header X-Real-IP
  http-request del-header X-Client-IP
  http-request del-header X-Forwarded-Server
  http-request set-var(txn.id) uuid()
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host),host_only]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Request-Id %[var(txn.id)]
  default_backend app
backend app
  server one {upstream}
"
    )
}
