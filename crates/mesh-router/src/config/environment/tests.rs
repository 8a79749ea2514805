use super::{Environment, lines};

#[test]
fn lines_are_read_as_other_tools_read_them() {
    let text = "# comment\n\nPORT=4000\nexport PHX_HOST = \"shop.example\"\nQUOTE='a b'\nURL=a=b#c\nEMPTY=\n";
    let pairs = lines(text).unwrap();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("PORT", "4000"),
            ("PHX_HOST", "shop.example"),
            ("QUOTE", "a b"),
            ("URL", "a=b#c"),
            ("EMPTY", ""),
        ]
    );
}

#[test]
fn other_lines_are_refused_with_their_number() {
    assert_eq!(
        lines("A=1\nnonsense\n"),
        Err((2, "not a KEY=VALUE line".to_owned()))
    );
    assert_eq!(
        lines("A B=1\n"),
        Err((1, "\"A B\" is not a variable's name".to_owned()))
    );
    assert_eq!(
        lines("=1\n"),
        Err((1, "\"\" is not a variable's name".to_owned()))
    );
}

#[test]
fn a_file_wins_over_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.env");
    std::fs::write(&file, "PORT=4001\n").unwrap();
    let mut environment = Environment::from([("PORT", "4000"), ("MIX_ENV", "prod")]);
    environment.read(&file).unwrap();
    assert_eq!(environment.get("PORT"), Some("4001"));
    assert_eq!(environment.get("MIX_ENV"), Some("prod"));
    std::fs::write(&file, "nonsense\n").unwrap();
    let error = environment.read(&file).unwrap_err().to_string();
    assert!(
        error.ends_with("shop.env:1: not a KEY=VALUE line"),
        "{error}"
    );
}
