use expect_test::expect;

use super::{Table, plain};

#[test]
fn columns_are_aligned_and_lines_end_with_their_text() {
    let mut table = Table::new(&["HOST", "SERVICE", "FROM"]);
    let mut row = |cells: [&str; 3]| table.row(cells.map(str::to_owned));
    row(["auth.local", "AuthWeb.Endpoint", ""]);
    row(["ä.local", "B", "mix.exs"]);
    expect![[r#"
        HOST        SERVICE           FROM
        auth.local  AuthWeb.Endpoint
        ä.local     B                 mix.exs"#]]
    .assert_eq(&table.to_string());
}

#[test]
fn control_characters_reach_no_terminal() {
    assert_eq!(plain("a\u{1b}[31mb\nc\u{9b}"), "a\\u{1b}[31mb\\nc\\u{9b}");
    let mut table = Table::new(&["A"]);
    table.row(["\u{7}".to_owned()]);
    assert_eq!(table.to_string(), "A\n\\u{7}");
}
