//! Attaching to real nodes, of each OTP that is at hand.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::Duration,
};

use e2e::{Elixir, Epmd, Node, NodeLaunch};
use erldist::{
    AttachError, Call, CallError, Cookie, Event, Events, Key, Link, LostReason, Options, OwnName,
    Probe, Target, Tls, attach,
    tls::{Identity, TlsFiles},
};
use erlterm::Term;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

fn target(node: &Node) -> Target {
    node.name().parse().unwrap()
}

fn options(node: &Node, epmd: &Epmd) -> Options {
    let cookie = Cookie::new(node.cookie()).unwrap();
    Options {
        epmd_port: epmd.port(),
        ..Options::new(&target(node), cookie)
    }
}

async fn attached(node: &Node, epmd: &Epmd) -> (Link, Events) {
    attach(&target(node), &options(node, epmd)).await.unwrap()
}

async fn refused(target: &Target, options: &Options) -> AttachError {
    match attach(target, options).await {
        Ok(_) => panic!("attached to {target}"),
        Err(error) => error,
    }
}

/// The name under which the node knows us, as an expression.
fn us(link: &Link) -> String {
    format!(":\"{}\"", link.peer().own)
}

const ENDPOINT: &str = "defmodule CallsWeb.Endpoint do \
     Module.register_attribute(__MODULE__, :behaviour, accumulate: true, persist: true); \
     @behaviour Access; \
     def fetch(_, _), do: :error; \
     def get_and_update(_, _, _), do: nil; \
     def pop(_, _), do: nil; \
     def config(:url), do: [host: \"auth.local\", port: 443]; \
     def config(:http), do: [ip: {127, 0, 0, 1}, port: 4001]; \
     def config(:adapter), do: Bandit.PhoenixAdapter; \
     def server_info(:http), do: {:ok, {{127, 0, 0, 1}, 4001}} end";

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_answered() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("calls", &epmd).by(&elixir).start();
        node.eval(ENDPOINT);
        node.eval("Application.put_env(:kernel, :endpoint, CallsWeb.Endpoint)");
        node.eval("Process.register(spawn(fn -> Process.sleep(:infinity) end), CallsWeb.Endpoint)");
        let (link, _events) = attached(&node, &epmd).await;
        let module = || "Elixir.CallsWeb.Endpoint".to_owned();
        let ask = async |call| link.call(call).await.unwrap();
        let check = async |call, expected: &str| assert_eq!(ask(call).await.to_string(), expected);

        let app = "kernel".to_owned();
        check(Call::EndpointMarker { app }, "{:ok, CallsWeb.Endpoint}").await;
        let app = "stdlib".to_owned();
        check(Call::EndpointMarker { app }, ":undefined").await;
        for (key, expected) in [
            (Key::Url, "[host: \"auth.local\", port: 443]"),
            (Key::Http, "[ip: {127, 0, 0, 1}, port: 4001]"),
            (Key::Adapter, "Bandit.PhoenixAdapter"),
        ] {
            let module = module();
            check(Call::EndpointConfig { module, key }, expected).await;
        }
        let info = Call::ServerInfo { module: module() };
        check(info, "{:ok, {{127, 0, 0, 1}, 4001}}").await;
        for (probe, module, expected) in [
            (Probe::ServerInfo, module(), "true"),
            (Probe::Config, module(), "true"),
            (Probe::Config, "lists".to_owned(), "false"),
        ] {
            check(Call::IsExported { module, probe }, expected).await;
        }
        check(Call::Nodes, "[]").await;
        check(Call::NetTicktime, "60").await;
        let name = "nobody".to_owned();
        check(Call::Whereis { name }, ":undefined").await;

        let attributes = ask(Call::ModuleAttributes { module: module() }).await;
        let behaviours = attributes.get("behaviour").map(Term::to_string);
        assert_eq!(behaviours.as_deref(), Some("[Access]"));
        let registered = ask(Call::Registered).await;
        let names = registered.as_list().unwrap();
        assert!(names.contains(&Term::atom("Elixir.CallsWeb.Endpoint")));
        let apps = ask(Call::LoadedApplications).await;
        let is_kernel = |app: &Term| app.as_tuple().unwrap()[0] == Term::atom("kernel");
        assert!(apps.as_list().unwrap().iter().any(is_kernel));
        let name = "init".to_owned();
        assert!(matches!(
            ask(Call::Whereis { name }).await,
            Term::Opaque(text) if text == format!("<{}.0.0>", node.name())
        ));
        assert_eq!(ask(Call::Release).await.as_tuple().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_raises_is_told() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("raises", &epmd).by(&elixir).start();
        node.eval(
            "defmodule Bad do \
             def config(:url), do: throw(:ball); \
             def config(:http), do: exit({:noproc, :x}); \
             def server_info(:http), do: raise(\"no\") end",
        );
        let (link, _events) = attached(&node, &epmd).await;
        let module = || "Elixir.Bad".to_owned();
        let text = async |call| link.call(call).await.unwrap_err().to_string();
        let (url, http) = (Key::Url, Key::Http);
        let [thrown, exited] = [url, http].map(|key| Call::EndpointConfig {
            module: module(),
            key,
        });
        assert_eq!(text(thrown).await, "the function ended in throw: :ball");
        assert_eq!(
            text(exited).await,
            "the function ended in exit: {:noproc, :x}"
        );
        let raised = text(Call::ServerInfo { module: module() }).await;
        assert!(raised.contains("RuntimeError"), "{raised}");
        let module = "Elixir.Missing".to_owned();
        let undefined = text(Call::ServerInfo { module }).await;
        assert!(undefined.contains(":undef"), "{undefined}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_megabytes_come_in_one_frame() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("large", &epmd).by(&elixir).start();
        node.eval(
            "defmodule Large do \
             def config(:url), do: String.duplicate(\"x\", 5_000_000); \
             def config(:http), do: String.duplicate(\"x\", 9_000_000); \
             def config(:adapter), do: Enum.to_list(1..200_000) end",
        );
        let (link, _events) = attached(&node, &epmd).await;
        let ask = async |key| {
            let module = "Elixir.Large".to_owned();
            link.call(Call::EndpointConfig { module, key }).await
        };
        let Term::Binary(bytes) = ask(Key::Url).await.unwrap() else {
            panic!("no binary");
        };
        assert_eq!(bytes, vec![b'x'; 5_000_000]);
        // Beyond the bound: told at once, and the link lives.
        let error = ask(Key::Http).await.unwrap_err();
        assert!(
            matches!(error, CallError::TooLarge(length) if length > 9_000_000),
            "{error}"
        );
        assert_eq!(link.counts().oversized, 1);
        let numbers = ask(Key::Adapter).await.unwrap();
        assert_eq!(numbers.as_list().unwrap().len(), 200_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn monitors_tell_of_the_end() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("monitors", &epmd).by(&elixir).start();
        node.eval("Process.register(spawn(fn -> receive do r -> exit(r) end end), :watched)");
        let (link, mut events) = attached(&node, &epmd).await;
        let down = async |events: &mut Events| match events.next().await {
            Some(Event::Down {
                monitor,
                name,
                reason,
            }) => (monitor, name, reason.to_string()),
            other => panic!("{other:?}"),
        };
        let watched = link.monitor("watched").await.unwrap();
        let nobody = link.monitor("nobody").await.unwrap();
        let gone = (nobody, "nobody".to_owned(), ":noproc".to_owned());
        assert_eq!(down(&mut events).await, gone);
        node.eval("send(:watched, {:shutdown, 1})");
        let ended = (watched, "watched".to_owned(), "{:shutdown, 1}".to_owned());
        assert_eq!(down(&mut events).await, ended);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_is_noticed_and_its_successor_found() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let node = NodeLaunch::new("killed", &epmd).by(&elixir).start();
        let (link, mut events) = attached(&node, &epmd).await;
        node.signal("KILL");
        let lost = events.next().await;
        assert!(
            matches!(
                lost,
                Some(Event::Lost(LostReason::Closed | LostReason::Broken(_)))
            ),
            "{lost:?}"
        );
        assert_eq!(events.next().await, None);
        let error = link.call(Call::Nodes).await.unwrap_err();
        assert!(matches!(error, CallError::Lost(_)), "{error}");
        let again = NodeLaunch::new("killed", &epmd).again(node.name(), node.cookie());
        let again = again.start();
        let (link, _events) = attached(&again, &epmd).await;
        assert_eq!(link.call(Call::Nodes).await.unwrap().to_string(), "[]");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_is_noticed_by_its_silence() {
    let epmd = Epmd::start();
    let ticks = "-kernel net_ticktime 8";
    let node = NodeLaunch::new("stopped", &epmd).erl(ticks).start();
    let (link, mut events) = attached(&node, &epmd).await;
    assert_eq!(link.peer().ticktime, Duration::from_secs(8));
    node.signal("STOP");
    let silence = Event::Lost(LostReason::Silent(Duration::from_secs(8)));
    assert_eq!(events.next().await, Some(silence));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_link_is_kept_by_ticks() {
    let epmd = Epmd::start();
    let ticks = "-kernel net_ticktime 4";
    let mut node = NodeLaunch::new("idle", &epmd).erl(ticks).start();
    let (link, mut events) = attached(&node, &epmd).await;
    // Three times what the node bears.
    let idle = tokio::time::timeout(Duration::from_secs(12), events.next()).await;
    assert!(idle.is_err(), "{idle:?}");
    assert_eq!(node.eval("Node.list(:hidden)"), format!("[{}]", us(&link)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_asks_of_us_is_refused_at_once() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("asks", &epmd).by(&elixir).start();
        let (link, _events) = attached(&node, &epmd).await;
        let us = us(&link);
        assert_eq!(node.eval("Node.list()"), "[]");
        assert_eq!(node.eval("Node.list(:hidden)"), format!("[{us}]"));
        assert_eq!(node.eval(&format!(":net_adm.ping({us})")), ":pong");
        for name in [":x", ":net_kernel"] {
            let called = node.eval(&format!(
                "try do GenServer.call({{{name}, {us}}}, :y, :infinity) \
                 catch :exit, r -> elem(r, 0) end"
            ));
            assert_eq!(called, ":noproc");
        }
        let remote = node.eval(&format!(":rpc.call({us}, :erlang, :node, [])"));
        assert!(remote.contains(":badrpc"), "{remote}");
        let spawned = node.eval(&format!(
            "Process.flag(:trap_exit, true); Node.spawn_link({us}, fn -> 1 end); \
             receive do {{:EXIT, _, r}} -> r end"
        ));
        assert!(
            matches!(&*spawned, ":notsup" | ":noconnection" | ":noproc"),
            "{spawned}"
        );
        // The link outlives all that.
        assert_eq!(link.call(Call::Nodes).await.unwrap().to_string(), "[]");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_start_over_there_we_end() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("hangs", &epmd).by(&elixir).start();
        node.eval("defmodule Hangs do def server_info(:http), do: Process.sleep(:infinity) end");
        let mut options = options(&node, &epmd);
        options.limits.call = Duration::from_millis(300);
        let (link, _events) = attach(&target(&node), &options).await.unwrap();
        let module = "Elixir.Hangs".to_owned();
        let error = link.call(Call::ServerInfo { module }).await.unwrap_err();
        assert_eq!(error, CallError::Timeout);
        let hanging = "length(for p <- Process.list(), {_, s} <- [Process.info(p, :current_stacktrace)], \
                       Enum.any?(s, &match?({Hangs, _, _, _}, &1)), do: p)";
        e2e::eventually("the callee to be gone", || {
            (node.eval(hanging) == "0").then_some(())
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reconnecting_leaves_nothing_behind() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("again", &epmd).by(&elixir).start();
        let mut names = BTreeSet::new();
        for _ in 0..20 {
            let (link, events) = attached(&node, &epmd).await;
            names.insert(link.peer().own.clone());
            drop((link, events));
            e2e::eventually("the link to be closed", || {
                (node.eval("Node.list(:hidden)") == "[]").then_some(())
            });
        }
        // Each would be an atom for as long as the node lives; a pool gives them again.
        assert!(names.len() < 5, "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_links_at_once_are_two() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let node = NodeLaunch::new("two", &epmd).by(&elixir).start();
        let ((one, _one), (two, _two)) =
            tokio::join!(attached(&node, &epmd), attached(&node, &epmd));
        assert_ne!(one.peer().own, two.peer().own);
        for link in [one, two] {
            assert_eq!(link.call(Call::Nodes).await.unwrap().to_string(), "[]");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_link_of_one_name_ends_the_first() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("static", &epmd).by(&elixir).start();
        let mut options = options(&node, &epmd);
        options.own = OwnName::Static("gateway@127.0.0.1".parse().unwrap());
        let (_one, mut events) = attach(&target(&node), &options).await.unwrap();
        let (two, _events) = attach(&target(&node), &options).await.unwrap();
        let lost = events.next().await;
        assert!(matches!(lost, Some(Event::Lost(_))), "{lost:?}");
        assert_eq!(two.call(Call::Nodes).await.unwrap().to_string(), "[]");
        assert_eq!(node.eval("Node.list(:hidden)"), "[:\"gateway@127.0.0.1\"]");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn short_names() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let launch = NodeLaunch::new("short", &epmd).by(&elixir);
        let node = launch.at("localhost").start();
        let (link, _events) = attached(&node, &epmd).await;
        assert!(!link.peer().own.is_long());
        let mut options = options(&node, &epmd);
        options.own = OwnName::Static("gateway@127.0.0.1".parse().unwrap());
        let error = refused(&target(&node), &options).await;
        assert!(matches!(error, AttachError::WrongName(_)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_ipv6() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let launch = NodeLaunch::new("six", &epmd).by(&elixir).at("::1");
        let node = launch.erl("-proto_dist inet6_tcp").start();
        let (link, _events) = attached(&node, &epmd).await;
        assert_eq!(link.call(Call::Nodes).await.unwrap().to_string(), "[]");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_epmd() {
    for elixir in Elixir::all() {
        // Nobody registers there, and nobody asks there.
        let epmd = Epmd::start();
        let port = e2e::node::free_port();
        let launch = NodeLaunch::new("fixed", &epmd).by(&elixir);
        let node = launch.erl(&format!("-erl_epmd_port {port}")).start();
        let target: Target = format!("{}:{port}", node.name()).parse().unwrap();
        let mut options = options(&node, &epmd);
        options.epmd_port = e2e::node::free_port();
        let (link, _events) = attach(&target, &options).await.unwrap();
        assert_eq!(link.call(Call::Nodes).await.unwrap().to_string(), "[]");

        let other: Target = format!("other@127.0.0.1:{port}").parse().unwrap();
        let error = refused(&other, &options).await;
        let AttachError::WrongName(why) = &error else {
            panic!("{error}");
        };
        assert_eq!(
            why.to_string(),
            format!("the node says its name is {}", node.name())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_reasons() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let mut node = NodeLaunch::new("no", &epmd).by(&elixir).start();
        let (target, good) = (target(&node), options(&node, &epmd));

        let mut options = good.clone();
        options.cookie = Cookie::new("wrong").unwrap();
        let error = refused(&target, &options).await;
        assert!(
            matches!(error, AttachError::WrongCookieOrSuperseded),
            "{error}"
        );

        let missing: Target = "missing@127.0.0.1".parse().unwrap();
        let error = refused(&missing, &good).await;
        let AttachError::NotInEpmd { names } = &error else {
            panic!("{error}");
        };
        assert_eq!(*names, [target.name.name()]);

        let mut options = good.clone();
        options.epmd_port = e2e::node::free_port();
        let error = refused(&target, &options).await;
        assert!(matches!(error, AttachError::EpmdUnreachable(_)), "{error}");

        let mut shut = target.clone();
        shut.port = Some(e2e::node::free_port());
        let error = refused(&shut, &good).await;
        assert!(matches!(error, AttachError::Refused { .. }), "{error}");

        let nowhere: Target = "app@nowhere.invalid:9100".parse().unwrap();
        let error = refused(&nowhere, &good).await;
        assert!(matches!(error, AttachError::Resolve { .. }), "{error}");

        node.eval(":net_kernel.allow([:\"friend@127.0.0.1\"])");
        let mut options = good.clone();
        options.own = OwnName::Static("gateway@127.0.0.1".parse().unwrap());
        let error = refused(&target, &options).await;
        assert!(matches!(error, AttachError::NotAllowed), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_node_is_silent() {
    let epmd = Epmd::start();
    let node = Node::start("suspended", &epmd);
    node.signal("STOP");
    let mut options = options(&node, &epmd);
    options.limits.handshake = Duration::from_millis(300);
    let error = refused(&target(&node), &options).await;
    assert!(matches!(error, AttachError::Silent(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_calls_at_once() {
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let node = NodeLaunch::new("many", &epmd).by(&elixir).start();
        let (link, _events) = attached(&node, &epmd).await;
        let calls = (0..500).map(|number| {
            let link = link.clone();
            let name = format!("nobody{}", number % 3);
            tokio::spawn(async move { link.call(Call::Whereis { name }).await })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap().unwrap(), Term::atom("undefined"));
        }
    }
}

/// An authority, and a certificate by it for 127.0.0.1, as PEM files in `folder`.
fn certificates(folder: &Path) -> [PathBuf; 3] {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(DnType::CommonName, "authority");
    let authority_cert = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let cert = cert.signed_by(&key, &issuer).unwrap();
    [
        ("cert.pem", cert.pem()),
        ("key.pem", key.serialize_pem()),
        ("ca.pem", authority_cert.pem()),
    ]
    .map(|(name, pem)| {
        let file = folder.join(name);
        fs::write(&file, pem).unwrap();
        file
    })
}

/// Flags for a node that asks for certificates, with these files as it sees them.
fn tls_flags(elixir: &Elixir, folder: &Path, files: &[PathBuf; 3]) -> String {
    let [cert, key, ca] = files.each_ref().map(|file| elixir.seen(file));
    let files = format!("{{certfile, {cert:?}}}, {{keyfile, {key:?}}}, {{cacertfile, {ca:?}}}");
    let both = "{verify, verify_peer}, {fail_if_no_peer_cert, true}";
    let optfile = folder.join("ssl_dist.conf");
    fs::write(
        &optfile,
        format!("[{{server, [{files}, {both}]}}, {{client, [{files}, {{verify, verify_peer}}]}}]."),
    )
    .unwrap();
    let optfile = elixir.seen(&optfile);
    format!(
        "-proto_dist inet_tls -ssl_dist_optfile {}",
        optfile.display()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls() {
    for elixir in Elixir::all() {
        let folder = elixir.folder();
        let files = certificates(folder.path());
        let flags = tls_flags(&elixir, folder.path(), &files);
        let epmd = Epmd::start();
        let launch = || NodeLaunch::new("tls", &epmd).by(&elixir).erl(&flags);
        let mut node = launch().start();
        let plain = options(&node, &epmd);

        let error = refused(&target(&node), &plain).await;
        assert!(matches!(error, AttachError::TlsRequired), "{error}");

        let with = |ca, identity| Options {
            tls: Some(Tls::read(&TlsFiles { ca, identity }).unwrap()),
            ..plain.clone()
        };
        let [cert, key, ca] = &files;
        let good = with(ca, Some(Identity { cert, key }));
        let (link, mut events) = attach(&target(&node), &good).await.unwrap();
        node.eval(
            "defmodule Large do def config(:url), do: String.duplicate(\"x\", 5_000_000) end",
        );
        let large = Call::EndpointConfig {
            module: "Elixir.Large".to_owned(),
            key: Key::Url,
        };
        assert_eq!(
            link.call(large).await.unwrap(),
            Term::Binary(vec![b'x'; 5_000_000])
        );
        node.signal("KILL");
        let lost = events.next().await;
        assert!(matches!(lost, Some(Event::Lost(_))), "{lost:?}");

        // A node of another authority, and one that wants to know who we are.
        let node = launch().start();
        let strange = tempfile::tempdir().unwrap();
        let [_, _, other_ca] = certificates(strange.path());
        for tls in [
            with(&other_ca, Some(Identity { cert, key })),
            with(ca, None),
        ] {
            let options = Options {
                cookie: Cookie::new(node.cookie()).unwrap(),
                ..tls
            };
            let error = refused(&target(&node), &options).await;
            assert!(matches!(error, AttachError::Tls(_)), "{error:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_where_the_node_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let [_, _, ca] = certificates(folder.path());
    let epmd = Epmd::start();
    let node = Node::start("plain", &epmd);
    let mut options = options(&node, &epmd);
    options.tls = Some(
        Tls::read(&TlsFiles {
            ca: &ca,
            identity: None,
        })
        .unwrap(),
    );
    let error = refused(&target(&node), &options).await;
    assert!(matches!(error, AttachError::Tls(_)), "{error:?}");
}

/// Carries one connection to `port` and returns what each side sent, ours first.
fn recorder(port: u16) -> (u16, JoinHandle<[Vec<u8>; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    let recorded = thread::spawn(move || {
        let (ours, _) = listener.accept().unwrap();
        let node = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let carry = |mut from: TcpStream, mut to: TcpStream| {
            thread::spawn(move || {
                let (mut kept, mut bytes) = (Vec::new(), [0; 4096]);
                loop {
                    match from.read(&mut bytes) {
                        Ok(0) | Err(_) => break,
                        Ok(count) => {
                            kept.extend_from_slice(&bytes[..count]);
                            let _ = to.write_all(&bytes[..count]);
                        }
                    }
                }
                let _ = to.shutdown(Shutdown::Both);
                kept
            })
        };
        let [there, back] = [
            carry(ours.try_clone().unwrap(), node.try_clone().unwrap()),
            carry(node, ours),
        ];
        [there, back].map(|carried| carried.join().unwrap())
    });
    (own, recorded)
}

/// Makes the files of `crates/erldist/testdata`, see the README there.
#[ignore = "writes files of the repository"]
#[tokio::test(flavor = "multi_thread")]
async fn record_links() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/erldist/testdata");
    for elixir in Elixir::all() {
        let epmd = Epmd::start();
        let port = e2e::node::free_port();
        let launch = NodeLaunch::new("fixture", &epmd).by(&elixir);
        let launch = launch.again("fixture@127.0.0.1", "fixture");
        let mut node = launch.erl(&format!("-erl_epmd_port {port}")).start();
        node.eval(
            "defmodule Fixture do \
             def config(:url), do: [host: \"größe.local\"]; \
             def server_info(:http), do: raise(\"no\") end",
        );
        node.eval(
            "Process.register(spawn(fn -> receive do r -> exit(r) end end), :fixture_watched)",
        );
        let (port, recorded) = recorder(port);
        let target: Target = format!("{}:{port}", node.name()).parse().unwrap();
        let (link, mut events) = attach(&target, &options(&node, &epmd)).await.unwrap();
        let module = || "Elixir.Fixture".to_owned();
        for call in [
            Call::Nodes,
            Call::Registered,
            Call::LoadedApplications,
            Call::EndpointConfig {
                module: module(),
                key: Key::Url,
            },
            Call::ServerInfo { module: module() },
            Call::Release,
        ] {
            let _ = link.call(call).await;
        }
        link.monitor("nobody").await.unwrap();
        link.monitor("fixture_watched").await.unwrap();
        events.next().await.unwrap();
        let us = us(&link);
        assert_eq!(node.eval(&format!(":net_adm.ping({us})")), ":pong");
        node.eval(&format!(
            "try do GenServer.call({{:x, {us}}}, :y) catch :exit, _ -> 0 end"
        ));
        node.eval("send(:fixture_watched, :shutdown)");
        events.next().await.unwrap();
        let otp = node.eval(":erlang.system_info(:otp_release)");
        drop((link, events));
        let [ours, theirs] = recorded.join().unwrap();
        let digits: String = otp.chars().filter(char::is_ascii_digit).collect();
        fs::write(folder.join(format!("otp{digits}.ours")), ours).unwrap();
        fs::write(folder.join(format!("otp{digits}.node")), theirs).unwrap();
    }
}
