//! The resolver that the Phoenix apps share and the gateway's own answer alike, whatever the host.
//!
//! `testdata/vectors.txt` of the crate holds what was decided; here hosts are made at random and
//! changed at random, and both are asked. `SEED` replays a run.

use std::{
    fs,
    io::{Seek, Write},
    process::{Command, Stdio},
};

use e2e::{Elixir, tool};
use fastrand::Rng;
use tempfile::tempfile;

/// How many hosts each Elixir is asked about.
const HOSTS: usize = 40_000;

/// Reads `HOST BASE` in hexadecimal, one a line, `-` for none, and writes the tenant or `-`.
const ASK: &str = r#"
:ok = :io.setopts(:standard_io, encoding: :latin1)
decode = fn hex -> Base.decode16!(hex, case: :lower) end
for line <- IO.stream(:stdio, :line) do
  answer =
    case String.split(line) do
      ["h" <> host, "-"] -> Router.Shared.TenantResolver.resolve(decode.(host))
      ["h" <> host, "b" <> base] -> Router.Shared.TenantResolver.resolve(decode.(host), decode.(base))
    end
  case answer do
    {:ok, tenant} -> ["t", tenant, "\n"]
    :error -> "-\n"
  end
end
|> IO.write()
"#;

#[test]
fn elixirs_resolver_and_ours_agree() {
    let seed = std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |it| it.parse().unwrap());
    println!("SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let cases: Vec<Case> = (0..HOSTS).map(|_| Case::random(&mut rng)).collect();
    let ours: Vec<Option<String>> = cases
        .iter()
        .map(|case| tenant_resolver::resolve(&case.host, case.base.as_deref()))
        .collect();
    // A comparison of hosts that all have none, or all have one, would prove little.
    let tenants = ours.iter().flatten().count();
    assert!(tenants > HOSTS / 20, "{tenants} of {HOSTS} have a tenant");
    assert!(tenants < HOSTS / 2, "{tenants} of {HOSTS} have a tenant");
    for elixir in Elixir::all() {
        let theirs = ask(elixir.command(), &cases);
        assert_eq!(theirs.len(), HOSTS);
        for ((case, ours), theirs) in cases.iter().zip(&ours).zip(&theirs) {
            assert_eq!(ours, theirs, "{case:?} SEED={seed}");
        }
    }
}

/// Asks the resolver's own file, loaded by an Elixir that has nothing else.
fn ask(mut elixir: Command, cases: &[Case]) -> Vec<Option<String>> {
    let resolver = tool::ours("../elixir/lib/router/shared/tenant_resolver.ex");
    let resolver = fs::read_to_string(resolver).unwrap();
    let mut questions = tempfile().unwrap();
    for case in cases {
        let base = case.base.as_deref().map(|base| format!("b{}", hex(base)));
        let base = base.unwrap_or_else(|| "-".to_owned());
        writeln!(questions, "h{} {base}", hex(&case.host)).unwrap();
    }
    questions.rewind().unwrap();
    elixir.args(["-e", &resolver, "-e", ASK]).stdin(questions);
    let output = elixir.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let answers = String::from_utf8(output.stdout).unwrap();
    answers
        .lines()
        .map(|line| line.strip_prefix('t').map(str::to_owned))
        .collect()
}

#[derive(Debug)]
struct Case {
    host: Vec<u8>,
    base: Option<Vec<u8>>,
}

impl Case {
    /// Mostly a host below its base, and then bent.
    fn random(rng: &mut Rng) -> Self {
        let base = name(rng);
        let host = match rng.u8(..8) {
            0 => base.clone(),
            1 => name(rng),
            2 => (0..rng.usize(..40)).map(|_| rng.u8(..)).collect(),
            _ => [label(rng), b".".to_vec(), base.clone()].concat(),
        };
        let host = bent(host, rng);
        let base = match rng.u8(..4) {
            0 => None,
            1 => Some(bent(base, rng)),
            _ => Some(base),
        };
        Self { host, base }
    }
}

fn name(rng: &mut Rng) -> Vec<u8> {
    let count = rng.usize(1..5);
    let labels: Vec<Vec<u8>> = (0..count).map(|_| label(rng)).collect();
    labels.join(&b'.')
}

fn label(rng: &mut Rng) -> Vec<u8> {
    const KNOWN: &[&str] = &[
        "auth",
        "local",
        "www",
        "t1",
        "xn--bcher-kva",
        "127",
        "0x7f",
        "0X",
        "_",
        "-",
        "com",
        "A",
    ];
    const BYTES: &[u8] = b"abcxyzABCXYZ0123456789-_";
    match rng.u8(..8) {
        0 => {
            let length = rng.usize(60..68);
            vec![b'a'; length]
        }
        1..=3 => (0..rng.usize(1..12))
            .map(|_| BYTES[rng.usize(..BYTES.len())])
            .collect(),
        _ => KNOWN[rng.usize(..KNOWN.len())].into(),
    }
}

/// Adds what may stand behind a host, and then changes none, one or some bytes.
fn bent(mut host: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
    const ENDS: &[&str] = &[
        "", "", "", "", ".", ":", ":80", ".:4000", "..", ":0", ":65535", ":65536", ":x", ":00080",
        "/", "\n", "\0", "@", ".1", "]",
    ];
    const BYTES: &[u8] = b".:-_@/[] \n\0%,0xA\xff\xc3\xe2\x80";
    host.extend(ENDS[rng.usize(..ENDS.len())].bytes());
    for _ in 0..rng.usize(..6).saturating_sub(3) {
        let at = rng.usize(..=host.len());
        let byte = match rng.bool() {
            true => BYTES[rng.usize(..BYTES.len())],
            false => rng.u8(..),
        };
        match rng.u8(..3) {
            0 => host.insert(at, byte),
            1 if at < host.len() => host[at] = byte,
            _ => host.truncate(at),
        }
    }
    host
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
