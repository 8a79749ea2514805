//! Other people's servers, started on what the gateway exported for them.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{eventually, tool};

/// A running nginx or Caddy; ends when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    _folder: TempDir,
}

/// Returns an address of this test's own. nginx and Caddy must be told a port and can't tell the one
/// that they got; Linux has all of 127.0.0.0/8, and a process id is nobody else's.
pub fn own_address(port: u16) -> SocketAddr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    (Ipv4Addr::new(127, 64 | high, middle, low), port).into()
}

impl Server {
    /// Starts nginx with `exported` in its `http` block, after `nginx -t` has found it good.
    #[track_caller]
    pub fn nginx(exported: &str, address: SocketAddr) -> Self {
        Self::nginx_until(exported, &|| TcpStream::connect(address).is_ok())
    }

    /// As [`Server::nginx`], for a file that listens on a Unix socket.
    #[track_caller]
    pub fn nginx_unix(exported: &str, socket: &Path) -> Self {
        Self::nginx_until(exported, &|| UnixStream::connect(socket).is_ok())
    }

    #[track_caller]
    fn nginx_until(exported: &str, is_up: &dyn Fn() -> bool) -> Self {
        let folder = TempDir::new().unwrap();
        let main = nginx_conf(folder.path(), exported);
        check_nginx(folder.path(), &main);
        let mut command = nginx(folder.path(), &main);
        Self::start(&mut command, folder, is_up)
    }

    /// Starts Caddy with this Caddyfile, after `caddy validate` has found it good.
    #[track_caller]
    pub fn caddy(exported: &str, address: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("Caddyfile");
        fs::write(&file, exported).unwrap();
        check_caddy(folder.path(), &file);
        let adapt = ["adapt", "--adapter", "caddyfile", "--config"];
        let adapted = tool::run(caddy(folder.path()).args(adapt).arg(&file));
        // All Caddys of one machine would have the admin endpoint's port.
        let mut adapted: Value = serde_json::from_slice(&adapted.stdout).unwrap();
        adapted["admin"] = serde_json::json!({ "disabled": true });
        let json = folder.path().join("caddy.json");
        fs::write(&json, adapted.to_string()).unwrap();
        let mut command = caddy(folder.path());
        command.args(["run", "--config"]).arg(&json);
        Self::start(&mut command, folder, &|| {
            TcpStream::connect(address).is_ok()
        })
    }

    #[track_caller]
    fn start(command: &mut Command, folder: TempDir, is_up: &dyn Fn() -> bool) -> Self {
        let said = folder.path().join("output.log");
        let output = fs::File::create(&said).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut server = Self {
            child,
            _folder: folder,
        };
        eventually("the other server's listener", || {
            let ended = server.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "it ended: {}",
                fs::read_to_string(&said).unwrap_or_default()
            );
            is_up().then_some(())
        });
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fails the test unless `nginx -t` takes the file.
#[track_caller]
pub fn nginx_takes(exported: &str) {
    let folder = TempDir::new().unwrap();
    let main = nginx_conf(folder.path(), exported);
    check_nginx(folder.path(), &main);
}

/// Fails the test unless `caddy validate` takes the file.
#[track_caller]
pub fn caddy_takes(exported: &str) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("Caddyfile");
    fs::write(&file, exported).unwrap();
    check_caddy(folder.path(), &file);
}

/// The least `nginx.conf` around an exported file: one process, nothing outside of its folder.
fn nginx_conf(folder: &Path, exported: &str) -> PathBuf {
    fs::write(folder.join("exported.conf"), exported).unwrap();
    let main = folder.join("nginx.conf");
    let folder = folder.display();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
         access_log off;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi;\nuwsgi_temp_path {folder}/uwsgi;\n\
         scgi_temp_path {folder}/scgi;\ninclude {folder}/exported.conf;\n}}\n"
    );
    fs::write(&main, text).unwrap();
    main
}

fn nginx(folder: &Path, main: &Path) -> Command {
    // Debian has it where only root's PATH leads.
    let debian = PathBuf::from("/usr/sbin/nginx");
    let mut command = Command::new(match debian.is_file() {
        true => debian,
        false => tool::require("nginx"),
    });
    command.arg("-p").arg(folder).arg("-c").arg(main);
    command
}

fn check_nginx(folder: &Path, main: &Path) {
    let said = tool::run(nginx(folder, main).arg("-t"));
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.contains("[warn]"), "{said}");
}

fn caddy(folder: &Path) -> Command {
    let mut command = Command::new(tool::require("caddy"));
    command.env("XDG_CONFIG_HOME", folder);
    command.env("XDG_DATA_HOME", folder);
    command.current_dir(folder);
    command
}

fn check_caddy(folder: &Path, file: &Path) {
    let validate = ["validate", "--adapter", "caddyfile", "--config"];
    tool::run(caddy(folder).args(validate).arg(file));
}
