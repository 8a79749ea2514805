//! What can be asked of a node: a closed list of questions that change nothing there.
//!
//! A call is a spawn request ("`SPAWN_REQUEST`") for OTP's own `erpc:execute_call/4`, monitored: the
//! process that it makes ends with the answer as its reason.

use std::borrow::Cow;

use erlterm::{
    Term,
    etf::{DecodeError, TermRef},
};

use crate::connection::LostReason;

#[cfg(test)]
mod tests;

/// A question. Nothing else can be sent to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// All applications that are loaded: `application:loaded_applications()`.
    LoadedApplications,
    /// An application's marker for its endpoint: `application:get_env(App, endpoint)`.
    EndpointMarker {
        /// The application.
        app: String,
    },
    /// All registered names: `erlang:registered()`.
    Registered,
    /// What a module says about itself, its behaviours among it: `Module:module_info(attributes)`.
    ModuleAttributes {
        /// The module, as Erlang spells it: `Elixir.AuthWeb.Endpoint`.
        module: String,
    },
    /// Whether a loaded module has a function: `erlang:function_exported(Module, …)`.
    IsExported {
        /// The module.
        module: String,
        /// The function.
        probe: Probe,
    },
    /// A part of an endpoint's configuration: `Module:config(Key)`.
    EndpointConfig {
        /// The endpoint.
        module: String,
        /// Which part.
        key: Key,
    },
    /// Where an endpoint listens: `Module:server_info(http)`.
    ServerInfo {
        /// The endpoint.
        module: String,
    },
    /// The nodes that the node is connected to: `erlang:nodes()`.
    Nodes,
    /// The process that has a name, or `undefined`: `erlang:whereis(Name)`.
    Whereis {
        /// The name.
        name: String,
    },
    /// The seconds after which nodes give each other up: `net_kernel:get_net_ticktime()`.
    NetTicktime,
    /// Name and version of the release that runs: `init:script_id()`.
    Release,
}

/// Functions that a module is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `server_info/1`, of Phoenix 1.7 and later.
    ServerInfo,
    /// `config/1`, of every endpoint.
    Config,
}

/// Parts of an endpoint's configuration that are asked for. Never `https` or `secret_key_base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `url`: the public host.
    Url,
    /// `http`: where it is to listen.
    Http,
    /// `adapter`: Bandit or Cowboy.
    Adapter,
}

/// A call that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(crate) u64);

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The function raised, exited or threw.
    #[error("the function ended in {class}: {reason}")]
    Raised {
        /// How.
        class: Class,
        /// With what.
        reason: Term,
    },
    /// Its process was ended from outside.
    #[error("the call's process ended: {0}")]
    Ended(Term),
    /// The node did not start a process for it.
    #[error("the node starts no process for the call: {0}")]
    NotSpawned(String),
    /// No answer came in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer is beyond the bound for frames.
    #[error("the answer is too large: {0} bytes")]
    TooLarge(usize),
    /// The answer can't be decoded.
    #[error("the answer can't be read: {0}")]
    Unreadable(DecodeError),
    /// A name in the call is longer than an atom can be.
    #[error("a name in the call is longer than an atom can be")]
    Name,
    /// Too many calls wait for their answers already.
    #[error("too many calls wait for their answers")]
    Busy,
    /// The link is lost.
    #[error("the link to the node is lost: {0}")]
    Lost(LostReason),
}

/// How a function ends that does not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `throw`.
    Throw,
    /// `exit`.
    Exit,
    /// `error`, as `raise` does.
    Error,
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Throw => "throw",
            Self::Exit => "exit",
            Self::Error => "error",
        })
    }
}

/// Characters of an atom, at most.
pub(crate) const ATOM_CHARS_MAX: usize = 255;

/// A module, a function of it, and arguments. Made from a [`Call`] alone.
struct Applied<'a> {
    module: &'a str,
    function: &'static str,
    arguments: Vec<TermRef<'a>>,
}

fn atom(name: &str) -> TermRef<'_> {
    TermRef::Atom(Cow::Borrowed(name))
}

impl Call {
    fn applied(&self) -> Applied<'_> {
        let (module, function, arguments) = match self {
            Self::LoadedApplications => ("application", "loaded_applications", vec![]),
            Self::EndpointMarker { app } => (
                "application",
                "get_env",
                vec![atom(app), TermRef::atom("endpoint")],
            ),
            Self::Registered => ("erlang", "registered", vec![]),
            Self::ModuleAttributes { module } => {
                (&**module, "module_info", vec![TermRef::atom("attributes")])
            }
            Self::IsExported { module, probe } => {
                let (function, arity) = match probe {
                    Probe::ServerInfo => ("server_info", 1),
                    Probe::Config => ("config", 1),
                };
                let arguments = vec![atom(module), atom(function), TermRef::Integer(arity)];
                ("erlang", "function_exported", arguments)
            }
            Self::EndpointConfig { module, key } => {
                let key = match key {
                    Key::Url => "url",
                    Key::Http => "http",
                    Key::Adapter => "adapter",
                };
                (&**module, "config", vec![atom(key)])
            }
            Self::ServerInfo { module } => (&**module, "server_info", vec![TermRef::atom("http")]),
            Self::Nodes => ("erlang", "nodes", vec![]),
            Self::Whereis { name } => ("erlang", "whereis", vec![atom(name)]),
            Self::NetTicktime => ("net_kernel", "get_net_ticktime", vec![]),
            Self::Release => ("init", "script_id", vec![]),
        };
        Applied {
            module,
            function,
            arguments,
        }
    }

    /// Returns the arguments of `erpc:execute_call/4`: `[Ref, Module, Function, Arguments]`.
    ///
    /// # Errors
    ///
    /// A name is no atom.
    pub(crate) fn arguments<'a>(&'a self, made: TermRef<'a>) -> Result<TermRef<'a>, CallError> {
        let call = self.applied();
        let names = call.arguments.iter().filter_map(TermRef::as_atom);
        let is_long = |name: &str| name.chars().count() > ATOM_CHARS_MAX;
        if names.chain([call.module]).any(is_long) {
            return Err(CallError::Name);
        }
        Ok(TermRef::List(vec![
            made,
            atom(call.module),
            atom(call.function),
            TermRef::List(call.arguments),
        ]))
    }
}

/// Reads the reason with which `erpc:execute_call/4` ends.
pub(crate) fn answer(reason: &TermRef<'_>) -> Result<Term, CallError> {
    let TermRef::Tuple(parts) = reason else {
        return Err(CallError::Ended(reason.to_term()));
    };
    let raised = |class, reason: &TermRef<'_>| {
        Err(CallError::Raised {
            class,
            reason: reason.to_term(),
        })
    };
    match parts.as_slice() {
        [TermRef::Reference(_), TermRef::Atom(how), value, ..] => match &**how {
            "return" => Ok(value.to_term()),
            "throw" => raised(Class::Throw, value),
            "exit" => raised(Class::Exit, value),
            "error" => raised(Class::Error, value),
            _ => Err(CallError::Ended(reason.to_term())),
        },
        _ => Err(CallError::Ended(reason.to_term())),
    }
}
