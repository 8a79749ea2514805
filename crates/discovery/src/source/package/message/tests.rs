//! Messages by their terms, as Erlang writes them.

use erlterm::{
    Term,
    etf::{self, TermRef},
    parse_text,
};
use expect_test::{Expect, expect};
use phoenix::Bound;

use super::{Counted, Counts, FromVm, LogLevel, LogLine, RouteTold, ToVm};
use crate::{SettingValue, SettingWord};

fn refer(term: &Term) -> TermRef<'_> {
    match term {
        Term::Atom(name) => TermRef::Atom(name.as_str().into()),
        Term::Integer(number) => TermRef::Integer(*number),
        Term::Float(number) => TermRef::Float(*number),
        Term::Binary(bytes) => TermRef::Binary(bytes),
        Term::List(items) => TermRef::List(items.iter().map(refer).collect()),
        Term::Tuple(items) => TermRef::Tuple(items.iter().map(refer).collect()),
        Term::Map(pairs) => {
            let pairs = pairs.iter();
            TermRef::Map(
                pairs
                    .map(|(key, value)| (refer(key), refer(value)))
                    .collect(),
            )
        }
        Term::Opaque(text) => panic!("{text} can't be written"),
    }
}

fn frame(text: &str) -> Vec<u8> {
    let term = parse_text(&format!("{text}.")).unwrap().remove(0);
    let mut bytes = Vec::new();
    etf::encode(&refer(&term), &mut bytes).unwrap();
    bytes
}

#[track_caller]
fn read(text: &str) -> FromVm {
    FromVm::read(&frame(text)).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
#[track_caller]
fn refused(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&FromVm::read(bytes).unwrap_err().to_string());
}

#[test]
fn hello_says_who_it_is() {
    let text = r#"{hello,1,#{package=><<"0.1.0">>,node=><<"shop@10.0.0.5">>,os_pid=>812,
        host=><<"web-1">>,env=><<"dev">>,root=><<"/srv/shop">>,later=>{x},
        settings=>[{port,0},{limits,[{head,<<"32KiB">>}]},{port,1},
                   {routes,[{<<"a.test">>,[{endpoint,'Elixir.A.Endpoint'}]}]}]}}"#;
    let FromVm::Hello(hello) = read(text) else {
        panic!("no hello");
    };
    assert_eq!(hello.package.as_deref(), Some("0.1.0"));
    assert_eq!(hello.node.unwrap().as_str(), "shop@10.0.0.5");
    assert_eq!(hello.os_pid, 812);
    assert_eq!(hello.host.as_deref(), Some("web-1"));
    assert_eq!(hello.env.as_deref(), Some("dev"));
    assert_eq!(hello.root.unwrap().to_str(), Some("/srv/shop"));
    let settings = hello.settings.iter().map(|it| {
        assert_eq!(it.origin.to_string(), "config :ex_service_mesh_router");
        (it.path.join("."), it.value.clone())
    });
    let one = |word| SettingValue::Words(vec![word]);
    let text = |text: &str| one(SettingWord::Text(text.to_owned()));
    let expected = [
        ("port".to_owned(), one(SettingWord::Number(0))),
        ("limits.head".to_owned(), text("32KiB")),
        ("routes.a.test.endpoint".to_owned(), text("A.Endpoint")),
    ];
    assert_eq!(settings.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_nil_or_left_out_is_not_known() {
    let text = "{hello,1,#{node=>nil,os_pid=>812,env=>nil,root=>nil}}";
    let FromVm::Hello(hello) = read(text) else {
        panic!("no hello");
    };
    let nothing = (None, None, None, None);
    assert_eq!((hello.package, hello.node, hello.env, hello.root), nothing);
    assert_eq!(hello.host, None);
    assert!(hello.settings.is_empty());
}

#[test]
fn a_report_has_endpoints_by_node_in_their_own_words() {
    let text = r#"{report,3,[
        #{module=><<"Elixir.AuthWeb.Endpoint">>,app=><<"auth_web">>,url=>#{host=><<"auth.local">>},
          http=>false,adapter=>'Elixir.Bandit.PhoenixAdapter',bound=>{ok,{{127,0,0,1},4001}}},
        #{module=><<"ShopWeb.Endpoint">>,bound=>{failed,<<"it exited">>}},
        #{module=><<"OldWeb.Endpoint">>,bound=>stopped},
        #{module=><<"AuthWeb.Endpoint">>,node=><<"shop@b">>,seen=>false}]}"#;
    let FromVm::Report(pushed) = read(text) else {
        panic!("no report");
    };
    assert_eq!(pushed.seq, 3);
    let own = &pushed.nodes[&None];
    assert!(own.seen);
    let [auth, shop, old] = own.endpoints.as_slice() else {
        panic!("{own:?}");
    };
    assert_eq!(
        (auth.module.as_str(), auth.app.as_str()),
        ("AuthWeb.Endpoint", "auth_web")
    );
    let url = Term::keywords([("host", Term::text("auth.local"))]);
    assert_eq!(auth.url, Ok(url));
    assert_eq!(auth.http, Ok(Term::atom("false")));
    assert!(auth.bound.may_listen());
    assert_eq!(shop.app, "shop_web");
    assert_eq!(shop.url, Err("the package does not say it".to_owned()));
    assert_eq!(shop.bound, Bound::Failed("it exited".to_owned()));
    assert_eq!(old.bound, Bound::Stopped);
    let other = &pushed.nodes[&Some("shop@b".parse().unwrap())];
    assert!(!other.seen);
    assert_eq!(other.endpoints[0].bound, Bound::NotAsked);
}

#[test]
fn what_this_version_does_not_know_is_passed_over() {
    assert_eq!(read("bye"), FromVm::Bye);
    assert_eq!(read("{bye}"), FromVm::Bye);
    assert_eq!(read("{bye,later}"), FromVm::Other);
    assert_eq!(read("{later,1,2}"), FromVm::Other);
    assert_eq!(read("later"), FromVm::Other);
}

#[test]
fn what_is_no_message_or_hello_is_refused_with_what_is_wrong() {
    refused(
        b"",
        expect!["the frame is no term: the bytes end inside a term"],
    );
    refused(
        b"GET / HTTP/1.1\r\n",
        expect!["the frame is no term: a term begins with 131, not with 71"],
    );
    refused(
        &[131, 80, 0, 0, 0, 1],
        expect!["the frame is a compressed term, which is not taken"],
    );
    refused(
        &[131, 104, 1, 88],
        expect!["the frame is no term: the bytes end inside a term"],
    );
    refused(
        &frame("{hello,99,whatever}"),
        expect![
            "the VM speaks version 99 of the protocol, this gateway version 1: use a package and a gateway of one release"
        ],
    );
    refused(
        &frame("{hello,one,#{}}"),
        expect!["the version in hello is no integer"],
    );
    refused(&frame("{hello,1,[]}"), expect!["hello has no map"]);
    refused(&frame("{hello,1}"), expect!["write {hello, 1, Map}"]);
    refused(
        &frame("{hello,1,#{}}"),
        expect!["`os_pid` in hello is no integer"],
    );
    refused(
        &frame("{hello,1,#{os_pid=>-1}}"),
        expect!["`os_pid` in hello is no process id"],
    );
    refused(
        &frame("{hello,1,#{os_pid=>1,node=><<\"shop\">>}}"),
        expect![[r#"`node` in hello: a node's name is written name@host, not "shop""#]],
    );
    refused(
        &frame("{hello,1,#{os_pid=>1,host=><<\"web 1\">>}}"),
        expect!["`host` in hello is no machine's name"],
    );
    refused(
        &frame("{hello,1,#{os_pid=>1,env=>dev}}"),
        expect!["`env` in hello is no text"],
    );
    refused(
        &frame("{hello,1,#{os_pid=>1,settings=>[1]}}"),
        expect!["`settings` in hello is no keyword list"],
    );
    refused(
        &frame("[report]"),
        expect!["a message is an atom, or a tuple with an atom first"],
    );
    refused(
        &frame("{1,2}"),
        expect!["a message is an atom, or a tuple with an atom first"],
    );
}

#[test]
fn what_is_no_report_is_refused_with_what_is_wrong() {
    refused(
        &frame("{report,1,x}"),
        expect!["write {report, Seq, [Endpoint]} with an integer and a list"],
    );
    refused(
        &frame("{report,1}"),
        expect!["hello or report has too few or many elements"],
    );
    refused(
        &frame("{report,1,[#{module=><<\"A\">>},#{}]}"),
        expect!["`module` of the endpoint 2 in a report is missing"],
    );
    refused(
        &frame("{report,1,[a]}"),
        expect!["`module` of the endpoint 1 in a report is missing: it is no map"],
    );
    refused(
        &frame("{report,1,[#{module=><<\"A\\nB\">>}]}"),
        expect!["`module` of the endpoint 1 in a report is no name"],
    );
}

#[test]
fn what_lives_in_its_vm_alone_is_refused_wherever_it_stands() {
    // {report, 1, #{a => [X]}}
    let around = |inner: &[u8]| {
        let mut bytes = vec![131, 104, 3, 119, 6];
        bytes.extend(b"report");
        bytes.extend([97, 1, 116, 0, 0, 0, 1, 119, 1, b'a', 108, 0, 0, 0, 1]);
        bytes.extend(inner);
        bytes.push(106);
        bytes
    };
    let node = [119, 3, b'a', b'@', b'b'];
    let pid = [&[88], &node[..], &[0; 12]].concat();
    let port = [&[89], &node[..], &[0; 8]].concat();
    let reference = [&[90, 0, 1], &node[..], &[0; 8]].concat();
    let export = [113, 119, 1, b'a', 119, 1, b'b', 97, 0];
    let improper = [108, 0, 0, 0, 1, 97, 1, 97, 2];
    refused(
        &around(&pid),
        expect!["the message holds a pid, which is not taken"],
    );
    refused(
        &around(&port),
        expect!["the message holds a port, which is not taken"],
    );
    refused(
        &around(&reference),
        expect!["the message holds a reference, which is not taken"],
    );
    refused(
        &around(&export),
        expect!["the message holds a function, which is not taken"],
    );
    refused(
        &around(&improper),
        expect!["the message holds a list whose end is no list, which is not taken"],
    );
}

#[test]
fn more_than_is_taken_is_left_out_and_said() {
    let endpoint =
        |number: usize, node: &str| format!("#{{module=><<\"M{number}.Endpoint\">>,node=>{node}}}");
    let many: Vec<String> = (0..257).map(|it| endpoint(it, "nil")).collect();
    let FromVm::Report(pushed) = read(&format!("{{report,1,[{}]}}", many.join(","))) else {
        panic!("no report");
    };
    assert_eq!(pushed.nodes[&None].endpoints.len(), 256);
    assert_eq!(pushed.left_out.as_deref(), Some("more than 256 endpoints"));
    let node = |number: usize| format!("<<\"a@h{number}\">>");
    let many: Vec<String> = (0..1025).map(|it| endpoint(it, &node(it))).collect();
    let FromVm::Report(pushed) = read(&format!("{{report,1,[{}]}}", many.join(","))) else {
        panic!("no report");
    };
    assert_eq!(pushed.nodes.len(), 1024);
    assert_eq!(pushed.left_out.as_deref(), Some("more than 1024 nodes"));
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
#[track_caller]
fn written(message: ToVm, expected: Expect) {
    let bytes = message.frame();
    let (length, frame) = bytes.split_first_chunk::<4>().unwrap();
    assert_eq!(u32::from_be_bytes(*length) as usize, frame.len());
    expected.assert_eq(&etf::decode(frame).unwrap().to_term().to_string());
}

#[test]
fn what_the_gateway_says_is_as_documented() {
    let version = "0.1.0";
    written(
        ToVm::Welcome { version, os_pid: 7 },
        expect![[r#"{:welcome, 1, %{version: "0.1.0", os_pid: 7}}"#]],
    );
    written(
        ToVm::Refused("why".to_owned()),
        expect![[r#"{:refused, "why"}"#]],
    );
    let why = "a\nb".to_owned();
    written(
        ToVm::Failed { status: 2, why },
        expect![[r#"{:failed, 2, "a\nb"}"#]],
    );
    written(
        ToVm::Listening(vec!["127.0.0.1:4000".to_owned()]),
        expect![[r#"{:listening, ["127.0.0.1:4000"]}"#]],
    );
    let generation = u64::MAX;
    written(
        ToVm::Applied { seq: 3, generation },
        expect!["{:applied, 3, 9223372036854775807}"],
    );
    let route = RouteTold {
        host: "auth.local".to_owned(),
        subdomains: "one",
        service: "AuthWeb.Endpoint".to_owned(),
    };
    let routes = vec![route];
    written(
        ToVm::Routes {
            generation: 4,
            routes,
        },
        expect![[
            r#"{:routes, 4, [%{host: "auth.local", subdomains: "one", service: "AuthWeb.Endpoint"}]}"#
        ]],
    );
    let counted = Counted {
        requests: 5,
        errors: 1,
        websockets: 2,
    };
    let counts = Counts::from([("AuthWeb.Endpoint".into(), counted)]);
    written(
        ToVm::Counts(counts),
        expect![[
            r#"{:counts, %{"AuthWeb.Endpoint" => %{requests: 5, errors: 1, websockets: 2}}}"#
        ]],
    );
    written(
        ToVm::Log(LogLine {
            level: LogLevel::Warning,
            target: "proxy".to_owned(),
            message: "gone".to_owned(),
            fields: vec![("status".to_owned(), "503".to_owned())],
        }),
        expect![[r#"{:log, :warning, "proxy", "gone", [{"status", "503"}]}"#]],
    );
    written(ToVm::Lost(9), expect!["{:lost, 9}"]);
}
