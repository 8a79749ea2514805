use erlterm::{Term, parse_text};

use crate::{ConfigPath, ConfigProvider, ReleaseFile, Startup, app_modules};

fn terms(text: &str) -> Vec<Term> {
    parse_text(text).unwrap()
}

fn startup(providers: &str) -> Startup {
    let text = format!(
        "[{{auth_web,[]}},{{elixir,[{{config_provider_init,#{{'__struct__' => \
         'Elixir.Config.Provider',providers => {providers}}}}}]}}]."
    );
    Startup::read(&terms(&text)[0])
}

fn from_root(rest: &str) -> ConfigProvider {
    ConfigProvider::Script(ConfigPath {
        var: Some("RELEASE_ROOT".to_owned()),
        rest: rest.to_owned(),
    })
}

#[test]
fn a_release_file_names_its_applications() {
    let text = "{release,{\"shop\",\"1.2.3\"},{erts,\"13.1.5\"},\
                [{kernel,\"8.5.3\",permanent},{iex,\"1.14.0\",none},{auth_web,\"0.1.0\"}]}.";
    let owned = |(app, version): (&str, &str)| (app.to_owned(), version.to_owned());
    let apps = [
        ("kernel", "8.5.3"),
        ("iex", "1.14.0"),
        ("auth_web", "0.1.0"),
    ];
    let expected = ReleaseFile {
        name: "shop".to_owned(),
        apps: apps.map(owned).to_vec(),
    };
    assert_eq!(ReleaseFile::read(&terms(text)), Some(expected));
    for text in [
        "",
        "release.",
        "{release,{\"shop\",\"1\"},{erts,\"13\"},[kernel]}.",
        "{script,{\"shop\",\"1\"},{erts,\"13\"},[]}.",
        "a. b.",
    ] {
        assert_eq!(ReleaseFile::read(&terms(text)), None, "{text}");
    }
}

#[test]
fn an_application_lists_its_modules() {
    let text = "{application,auth_web,[{vsn,\"0.1.0\"},{modules,['Elixir.AuthWeb.Endpoint',a]}]}.";
    let expected = ["Elixir.AuthWeb.Endpoint", "a"].map(str::to_owned).to_vec();
    assert_eq!(app_modules(&terms(text)), Some(expected));
    for text in [
        "{application,auth_web,[]}.",
        "{app,a,[{modules,[]}]}.",
        "[].",
    ] {
        assert_eq!(app_modules(&terms(text)), None, "{text}");
    }
}

#[test]
fn scripts_are_read_where_mix_says() {
    let since_1_11 = "[{'Elixir.Config.Reader',{{system,<<\"RELEASE_ROOT\">>,\
                      <<\"/releases/1/runtime.exs\">>},[{env,staging},{target,host}]}}]";
    let expected = Startup {
        env: Some("staging".to_owned()),
        target: Some("host".to_owned()),
        providers: vec![from_root("/releases/1/runtime.exs")],
    };
    assert_eq!(startup(since_1_11), expected);
    let before = "[{'Elixir.Config.Reader',{system,<<\"RELEASE_ROOT\">>,<<\"/r.exs\">>}},\
                  {'Elixir.Config.Reader',<<\"/etc/shop.exs\">>}]";
    let file = ConfigPath {
        var: None,
        rest: "/etc/shop.exs".to_owned(),
    };
    let expected = Startup {
        providers: vec![from_root("/r.exs"), ConfigProvider::Script(file)],
        ..Startup::default()
    };
    assert_eq!(startup(before), expected);
}

#[test]
fn what_is_no_script_is_named() {
    let other = |name: &str| ConfigProvider::Other(name.to_owned());
    let text = "[{'Elixir.Vault.Provider',[{token,<<\"s3cret\">>}]},\
                {'Elixir.Config.Reader',#{}}, odd]";
    assert_eq!(
        startup(text).providers,
        ["Vault.Provider", "Config.Reader", "a provider"].map(other)
    );
}

#[test]
fn a_sys_config_may_say_nothing_of_the_start() {
    for text in [
        "[].",
        "[{elixir,[{config_provider_init,1}]}].",
        "a.",
        "[{elixir,[]}].",
    ] {
        assert_eq!(Startup::read(&terms(text)[0]), Startup::default(), "{text}");
    }
}
