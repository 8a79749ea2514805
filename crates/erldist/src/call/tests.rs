//! Which function each call is, and what its answers mean.

use std::borrow::Cow;

use erlterm::{
    Term,
    etf::{Reference, TermRef},
};

use super::{Call, CallError, Class, Key, Probe, answer};

fn made() -> TermRef<'static> {
    let node = Cow::Borrowed("gw@host");
    TermRef::Reference(Reference::new(node, 7, &[1, 2, 3]).unwrap())
}

#[test]
fn calls_are_these_functions_and_no_others() {
    let check = |call: Call, expected: &str| {
        let arguments = call.arguments(made()).unwrap().to_term();
        let [_, module, function, arguments] = arguments.as_list().unwrap() else {
            panic!("{arguments}");
        };
        let applied = format!("{module} {function} {arguments}");
        assert_eq!(applied, expected, "{call:?}");
    };
    let module = || "Elixir.AuthWeb.Endpoint".to_owned();
    check(
        Call::LoadedApplications,
        ":application :loaded_applications []",
    );
    let app = "auth_web".to_owned();
    check(
        Call::EndpointMarker { app },
        ":application :get_env [:auth_web, :endpoint]",
    );
    check(Call::Registered, ":erlang :registered []");
    check(
        Call::ModuleAttributes { module: module() },
        "AuthWeb.Endpoint :module_info [:attributes]",
    );
    for (probe, expected) in [
        (Probe::ServerInfo, "[AuthWeb.Endpoint, :server_info, 1]"),
        (Probe::Config, "[AuthWeb.Endpoint, :config, 1]"),
    ] {
        let module = module();
        check(
            Call::IsExported { module, probe },
            &format!(":erlang :function_exported {expected}"),
        );
    }
    for (key, expected) in [
        (Key::Url, "AuthWeb.Endpoint :config [:url]"),
        (Key::Http, "AuthWeb.Endpoint :config [:http]"),
        (Key::Adapter, "AuthWeb.Endpoint :config [:adapter]"),
    ] {
        let module = module();
        check(Call::EndpointConfig { module, key }, expected);
    }
    check(
        Call::ServerInfo { module: module() },
        "AuthWeb.Endpoint :server_info [:http]",
    );
    check(Call::Nodes, ":erlang :nodes []");
    let name = "user".to_owned();
    check(Call::Whereis { name }, ":erlang :whereis [:user]");
    check(Call::NetTicktime, ":net_kernel :get_net_ticktime []");
    check(Call::Release, ":init :script_id []");
}

#[test]
fn names_beyond_an_atom_are_refused() {
    let call = |chars: usize| Call::Whereis {
        name: "ö".repeat(chars),
    };
    assert!(call(255).arguments(made()).is_ok());
    assert_eq!(call(256).arguments(made()), Err(CallError::Name));
    let module = "M".repeat(256);
    let error = Call::ServerInfo { module }.arguments(made()).unwrap_err();
    assert_eq!(error, CallError::Name);
}

#[test]
fn answers_say_how_it_ended() {
    let ended = |how: &'static str, more: &[TermRef<'static>]| {
        let mut parts = vec![made(), TermRef::atom(how), TermRef::Integer(1)];
        parts.extend_from_slice(more);
        answer(&TermRef::Tuple(parts))
    };
    assert_eq!(ended("return", &[]), Ok(Term::Integer(1)));
    for (how, class) in [
        ("throw", Class::Throw),
        ("exit", Class::Exit),
        ("error", Class::Error),
    ] {
        let reason = Term::Integer(1);
        assert_eq!(ended(how, &[]), Err(CallError::Raised { class, reason }));
    }
    // With the stack.
    let stack = [TermRef::List(vec![])];
    assert!(matches!(
        ended("error", &stack),
        Err(CallError::Raised { .. })
    ));
    assert!(matches!(ended("leave", &[]), Err(CallError::Ended(_))));
    for killed in [
        TermRef::atom("killed"),
        TermRef::Tuple(vec![]),
        TermRef::Tuple(vec![TermRef::atom("return"), TermRef::atom("return")]),
    ] {
        assert_eq!(answer(&killed), Err(CallError::Ended(killed.to_term())));
    }
}
