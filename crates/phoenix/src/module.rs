//! Endpoint modules, and what their source says literally.

use erlterm::Term;
use routes::Origin;

/// A module that is a Phoenix endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointModule {
    /// `AuthWeb.Endpoint`, without `Elixir.`.
    pub module: String,
    /// The application under which it is configured.
    pub otp_app: String,
    /// Where it says `use Phoenix.Endpoint`, or where `config :app, endpoint: Module` names it.
    pub origin: Option<Origin>,
    /// The line of its `init/2`, in the origin's file, if it has one.
    pub init: Option<u32>,
    /// The `socket`, `plug` and the like that the module's body calls; `None` where the file that
    /// defines it was not seen.
    pub calls: Option<Vec<Call>>,
}

impl EndpointModule {
    /// A line in the module's file.
    pub(crate) fn at(&self, line: u32) -> Option<Origin> {
        let file = self.origin.as_ref()?.file.clone();
        Some(Origin { file, line })
    }

    /// The line that gives it a setting.
    pub(crate) fn line(&self, setting: &str) -> String {
        let Self {
            module, otp_app, ..
        } = self;
        format!("config :{otp_app}, {module}, {setting}")
    }
}

/// A call in a module's body with what is literal of its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `socket`, `plug`, …
    pub name: String,
    /// The arguments, module attributes put in; what is computed stands there as
    /// [`Term::Opaque`].
    pub arguments: Vec<Term>,
    /// The line, in the module's file.
    pub line: u32,
    /// It stands inside an `if` or the like, so it may be skipped.
    pub is_conditional: bool,
}
