//! Our gateway as the cases need it.

use super::{HOST, Recorder};
use crate::Gateway;

/// Starts our gateway before an upstream.
///
/// A stranger's word on forwarded fields counts for nothing, as on the open internet. It has one
/// worker, so that whoever reuses a connection that it mustn't is sure to meet it.
#[must_use]
pub fn start(upstream: &Recorder) -> Gateway {
    let address = upstream.address();
    Gateway::configured(&format!(
        "listen = [\"127.0.0.1:0\"]\nworkers = 1\nmode = \"production\"\n\
         trusted_proxies = \"none\"\n[discovery]\nsources = []\n\
         [routes.\"{HOST}\"]\nupstreams = [\"{address}\"]\n"
    ))
}
