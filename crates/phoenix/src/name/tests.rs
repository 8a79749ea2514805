use routes::Host;

use super::{development_labels, is_telling};
use crate::EndpointModule;

/// The Hex package's tests read it too.
const LABELS: &str = include_str!("../../testdata/labels.txt");

fn module(app: &str, module: &str) -> EndpointModule {
    EndpointModule {
        module: module.to_owned(),
        otp_app: app.to_owned(),
        origin: None,
        init: None,
        calls: None,
    }
}

#[test]
fn labels_are_as_the_table_has_them() {
    let is_case = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut count = 0;
    for line in LABELS.lines().filter(is_case) {
        let mut modules = Vec::new();
        let mut labels = Vec::new();
        for endpoint in line.split(", ") {
            let words: Vec<&str> = endpoint.split(' ').collect();
            let [app, name, label] = words[..] else {
                panic!("{endpoint:?} is no application, module and label");
            };
            modules.push(module(app, name));
            labels.push(label);
        }
        assert_eq!(development_labels(&modules), labels, "{line}");
        count += 1;
    }
    assert!(count > 8, "{count} cases");
}

#[test]
fn placeholders_and_addresses_tell_nothing() {
    let telling = |host: &str| is_telling(&Host::parse(host).unwrap());
    assert!(telling("auth.local"));
    assert!(telling("auth.localhost"));
    assert!(telling("www.example.com"));
    assert!(telling("auth"));
    assert!(!telling("localhost"));
    assert!(!telling("example.com"));
    assert!(!telling("127.0.0.1"));
    assert!(!telling("[::1]"));
}

/// Checks which of the applications, in one text, a module belongs to.
#[track_caller]
fn belongs(module: &str, apps: &str, expected: Option<&str>) {
    let apps: Vec<String> = apps.split(' ').map(str::to_owned).collect();
    assert_eq!(crate::app_of_module(module, &apps), expected, "{module}");
}

#[test]
fn a_module_belongs_to_the_application_of_its_name() {
    belongs("AuthWeb.Endpoint", "kernel auth auth_web", Some("auth_web"));
    belongs("AuthWeb.Endpoint", "kernel auth billing_web", Some("auth"));
    belongs("AuthWeb.Endpoint", "kernel billing_web", None);
    belongs("Acme.AuthWeb.Endpoint", "acme acme_auth", Some("acme_auth"));
    belongs(
        "Acme.Auth.Web.Endpoint",
        "acme acme_auth_web",
        Some("acme_auth_web"),
    );
    belongs("AcmeWeb.Admin.Endpoint", "acme acme_web", Some("acme_web"));
    belongs("MyAPIWeb.Endpoint", "my_api", Some("my_api"));
    belongs("MyAPIWeb.Endpoint", "myapi_web", Some("myapi_web"));
    belongs("Endpoint", "endpoint", None);
    assert_eq!(crate::conventional_app("MyAPIWeb.Endpoint"), "my_api_web");
}
