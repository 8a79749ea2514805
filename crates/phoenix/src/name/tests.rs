use routes::Host;

use super::{development_labels, is_telling};
use crate::EndpointModule;

/// Checks the labels of the endpoints `app module`.
#[track_caller]
fn check(endpoints: &[&str], expected: &[&str]) {
    let modules: Vec<EndpointModule> = endpoints
        .iter()
        .map(|endpoint| {
            let (app, module) = endpoint.split_once(' ').unwrap();
            EndpointModule {
                module: module.to_owned(),
                otp_app: app.to_owned(),
                origin: None,
                init: None,
                calls: None,
            }
        })
        .collect();
    assert_eq!(development_labels(&modules), expected, "{endpoints:?}");
}

#[test]
fn a_label_is_the_applications_name() {
    check(&["auth_web AuthWeb.Endpoint"], &["auth"]);
    check(&["auth AuthWeb.Endpoint"], &["auth"]);
    check(&["big_shop_web Any.Thing"], &["big-shop"]);
    check(&["_web Web.Endpoint"], &["web"]);
    check(&["webby Webby.Endpoint"], &["webby"]);
}

#[test]
fn two_applications_do_not_share_a_label() {
    check(
        &["auth Auth.Endpoint", "auth_web AuthWeb.Endpoint"],
        &["auth", "auth-web"],
    );
}

#[test]
fn endpoints_that_differ_in_web_alone_keep_it() {
    check(
        &["portal Portal.Endpoint", "portal PortalWeb.Endpoint"],
        &["portal", "portal-web"],
    );
    check(
        &[
            "portal_web PortalWeb.Endpoint",
            "portal_web Portal.Endpoint",
            "portal_web PortalWeb.ApiEndpoint",
        ],
        &["portal-web", "portal", "portal-api"],
    );
}

#[test]
fn several_endpoints_of_an_application_add_their_names() {
    check(
        &[
            "auth_web AuthWeb.Endpoint",
            "auth_web AuthWeb.AdminEndpoint",
            "auth_web AuthWeb.Admin.V2.Endpoint",
            "auth_web AuthWeb.PublicAPIEndpoint",
            "auth_web OtherWeb.Endpoint",
        ],
        &[
            "auth",
            "auth-admin",
            "auth-admin-v2",
            "auth-public-api",
            "auth-other",
        ],
    );
    check(
        &["shop ShopWeb.Endpoint", "shop ShopApi.Endpoint"],
        &["shop", "shop-api"],
    );
    check(
        &[
            "big_shop BigShopWeb.Endpoint",
            "big_shop BigShopAdminWeb.Endpoint",
        ],
        &["big-shop", "big-shop-admin"],
    );
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
