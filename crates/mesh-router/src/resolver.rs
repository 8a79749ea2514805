//! What this machine's resolver says of hosts: what browsers here would get.

use std::{
    collections::VecDeque,
    net::{IpAddr, ToSocketAddrs as _},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use phoenix::{Answer, Name};
use routes::Host;

/// How long all answers together may take; what comes later is late for people too.
const WAIT: Duration = Duration::from_secs(2);

/// Names that are asked for at the same time.
const THREADS: usize = 8;

/// Asks for the hosts; addresses need no answer and are left out.
pub(crate) fn ask(hosts: impl IntoIterator<Item = Host>) -> Vec<Name> {
    let names = hosts.into_iter().filter(|host| !host.is_ip());
    ask_by(names.collect(), WAIT, system)
}

/// Asks by `resolve`, a few at a time.
fn ask_by(
    hosts: Vec<Host>,
    wait: Duration,
    resolve: impl Fn(&Host) -> Answer + Clone + Send + 'static,
) -> Vec<Name> {
    let queue = Arc::new(Mutex::new(VecDeque::from_iter(hosts.clone())));
    let (sender, receiver) = mpsc::sync_channel(hosts.len());
    for _ in 0..THREADS.min(hosts.len()) {
        let (queue, sender, resolve) = (Arc::clone(&queue), sender.clone(), resolve.clone());
        // The system's resolver can't be interrupted: whoever is late ends with the process.
        thread::spawn(move || {
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(host) = next else { return };
                let answer = resolve(&host);
                if sender.send(Name { host, answer }).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    #[expect(
        clippy::disallowed_methods,
        reason = "bounds a wait for the system, off any runtime"
    )]
    let start = std::time::Instant::now();
    let mut names = Vec::new();
    while let Ok(name) = receiver.recv_timeout(wait.saturating_sub(start.elapsed())) {
        names.push(name);
    }
    for host in hosts {
        if !names.iter().any(|name| name.host == host) {
            let answer = Answer::Late;
            names.push(Name { host, answer });
        }
    }
    names.sort_by(|a, b| a.host.cmp(&b.host));
    names
}

fn system(host: &Host) -> Answer {
    // The port only completes the address.
    match (host.as_str(), 0).to_socket_addrs() {
        Ok(addresses) => judge(addresses.map(|address| address.ip().to_canonical())),
        Err(_) => Answer::None,
    }
}

/// Sums the addresses of a name up.
fn judge(addresses: impl Iterator<Item = IpAddr>) -> Answer {
    let addresses: Vec<IpAddr> = addresses.collect();
    let here: Vec<&IpAddr> = addresses.iter().filter(|ip| ip.is_loopback()).collect();
    let has_both = here.iter().any(|ip| ip.is_ipv4()) && here.iter().any(|ip| ip.is_ipv6());
    match (here.is_empty(), addresses.first()) {
        (false, _) if has_both => Answer::HereByBoth,
        (false, _) => Answer::Here,
        (true, Some(ip)) => Answer::Elsewhere(*ip),
        (true, None) => Answer::None,
    }
}

#[cfg(test)]
mod tests;
