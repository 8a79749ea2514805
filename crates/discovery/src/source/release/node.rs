//! The name of the node that a release becomes.

use super::variables::{Variable, Variables};

#[cfg(test)]
mod tests;

/// Variables with flags for `erl`, any of which may name the node.
const FLAGS: [&str; 4] = [
    "ERL_FLAGS",
    "ERL_AFLAGS",
    "ERL_ZFLAGS",
    "ELIXIR_ERL_OPTIONS",
];

/// Returns the node's whole name where it is certain.
///
/// A name without a host gets the machine's when the release starts, which may be another machine
/// than ours: then the release speaks of any node, and whatever is learned from a node itself takes
/// its place.
pub(super) fn name(variables: &Variables, vm_args: Option<&str>) -> Option<String> {
    let flags = FLAGS.iter().map(|name| variables.get(name));
    for flags in flags {
        match flags {
            Variable::Set(flags) if !has_name(&flags) => {}
            Variable::Unset => {}
            Variable::Set(_) | Variable::Unknown(_) => return None,
        }
    }
    let args = vm_args.unwrap_or_default();
    let name = match variables.known("RELEASE_DISTRIBUTION").as_deref() {
        Some("name" | "sname") if !has_name(args) => variables.known("RELEASE_NODE"),
        // No release of Mix's, or one without distribution of its own.
        None | Some("none") => match variables.get("RELEASE_DISTRIBUTION") {
            Variable::Unknown(_) => None,
            Variable::Set(_) | Variable::Unset => named(args),
        },
        Some(_) => None,
    };
    name.filter(|name| is_whole(name))
}

fn is_whole(name: &str) -> bool {
    let plain = |part: &str| {
        let mut chars = part.chars();
        !part.is_empty()
            && chars
                .all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | ':'))
    };
    name.split_once('@')
        .is_some_and(|(name, host)| plain(name) && plain(host))
}

fn words(args: &str) -> impl Iterator<Item = &str> {
    args.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
}

/// Whether the flags name a file with more settings.
pub(super) fn has_config(args: &str) -> bool {
    words(args).any(|word| matches!(word, "-config" | "--erl-config"))
}

fn has_name(args: &str) -> bool {
    words(args).any(is_name_flag)
}

fn is_name_flag(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'']);
    matches!(word, "-name" | "-sname" | "--name" | "--sname")
}

/// The name that `vm.args` gives, if it gives one.
fn named(args: &str) -> Option<String> {
    let mut words = words(args).skip_while(|word| !is_name_flag(word));
    words.next()?;
    let name = words.next()?.to_owned();
    // Two names: Erlang would refuse.
    (!words.any(is_name_flag)).then_some(name)
}
