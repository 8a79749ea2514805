//! Attaching to real nodes.

use e2e::{Epmd, Node};
use erldist::{Call, Cookie, Events, Key, Link, Options, Target, attach};

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

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_answered() {
    let epmd = Epmd::start();
    let mut node = Node::start("calls", &epmd);
    node.eval(
        "defmodule CallsWeb.Endpoint do \
         def config(:url), do: [host: \"auth.local\"]; \
         def server_info(:http), do: {:ok, {{127, 0, 0, 1}, 4001}} end",
    );
    let (link, _events) = attached(&node, &epmd).await;
    let ask = async |call| link.call(call).await.unwrap().to_string();
    assert_eq!(ask(Call::NetTicktime).await, "60");
    let (module, key) = ("Elixir.CallsWeb.Endpoint".to_owned(), Key::Url);
    let url = ask(Call::EndpointConfig { module, key }).await;
    assert_eq!(url, "[host: \"auth.local\"]");
}
