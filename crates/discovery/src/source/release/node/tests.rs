use std::collections::BTreeMap;

use super::{Variable, Variables, name};

#[track_caller]
fn check(variables: &[(&str, &str)], vm_args: &str, expected: Option<&str>) {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let variables = Variables::new(&variables.iter().map(owned).collect());
    assert_eq!(name(&variables, Some(vm_args)).as_deref(), expected);
}

#[test]
fn a_release_of_mix_has_the_name_of_its_variables() {
    let mix = |distribution, node| {
        [
            ("RELEASE_DISTRIBUTION", distribution),
            ("RELEASE_NODE", node),
        ]
    };
    check(&mix("name", "shop@10.0.0.5"), "", Some("shop@10.0.0.5"));
    check(&mix("sname", "shop@web1"), "+Q 65536", Some("shop@web1"));
    check(&mix("name", "shop@fd00::5"), "", Some("shop@fd00::5"));
    check(&mix("none", "shop@web1"), "", None);
    // The host is that of the machine on which it starts.
    check(&mix("sname", "shop"), "", None);
    check(&mix("name", "shop@"), "", None);
    check(&mix("odd", "shop@web1"), "", None);
    // Two places that name it.
    check(&mix("name", "shop@10.0.0.5"), "-name b@10.0.0.6", None);
}

#[test]
fn another_release_has_the_name_of_its_vm_args() {
    check(
        &[],
        "## shop\n-name shop@10.0.0.5\n-setcookie s3cret\n",
        Some("shop@10.0.0.5"),
    );
    check(&[], "-sname shop@web1 +K true", Some("shop@web1"));
    check(&[], "-sname shop", None);
    check(&[], "#-sname shop@web1", None);
    check(&[], "-name shop@${HOST}", None);
    check(&[], "-name a@b\n-name c@d", None);
    check(&[], "-name", None);
    check(
        &[("RELEASE_DISTRIBUTION", "none")],
        "-name a@b",
        Some("a@b"),
    );
}

#[test]
fn flags_in_variables_make_it_uncertain() {
    let args = "-name shop@10.0.0.5";
    check(
        &[("ERL_AFLAGS", "-proto_dist inet6_tcp")],
        args,
        Some("shop@10.0.0.5"),
    );
    check(&[("ERL_AFLAGS", "-name b@10.0.0.6")], args, None);
    let mut variables = Variables::new(&BTreeMap::new());
    variables.put("ERL_FLAGS", Variable::Unknown("env.sh:1".to_owned()));
    assert_eq!(name(&variables, Some(args)), None);
}
