use expect_test::expect;
use routes::{Conflict, Finding, Host, Origin, Severity};

use super::{Undecided, claimed, shown};

fn origin(line: u32) -> Option<Origin> {
    Some(Origin {
        file: "config/prod.exs".to_owned(),
        line,
    })
}

fn conflict(holder: Option<&str>) -> Conflict {
    Conflict {
        host: Host::parse("shop.example").unwrap(),
        holder: holder.map(str::to_owned),
        claimants: vec![
            ("A.Endpoint".to_owned(), origin(3)),
            ("B.Endpoint".to_owned(), None),
        ],
    }
}

#[test]
fn a_conflict_names_all_that_claim() {
    assert_eq!(
        claimed(&conflict(Some("A.Endpoint"))),
        "shop.example is claimed by A.Endpoint (config/prod.exs:3) and B.Endpoint: A.Endpoint has it"
    );
}

#[test]
fn an_undecided_conflict_says_how_to_decide() {
    expect![[r#"
        shop.example is claimed by A.Endpoint (config/prod.exs:3) and B.Endpoint: nobody has it
        decide it in mesh-router.toml: [routes."shop.example"] with endpoint = "…" (in production nothing is guessed)"#]].assert_eq(&Undecided(vec![conflict(None)]).to_string());
}

#[test]
fn a_finding_is_a_line_that_editors_follow() {
    let finding = Finding {
        code: "no-host",
        severity: Severity::Warning,
        origin: origin(7),
        message: "no host\u{1b} leads to A.Endpoint".to_owned(),
        fix: "write `url: [host: \"a.example\"]`".to_owned(),
    };
    expect![[r#"
        config/prod.exs:7: warning: no host\u{1b} leads to A.Endpoint (no-host)
            write `url: [host: "a.example"]`"#]]
    .assert_eq(&shown(&finding));
}
