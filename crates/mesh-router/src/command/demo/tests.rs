use routes::{Host, Route, Service, Snapshot};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::{bind, example::Example, listeners, page::Page, port_variable, standin::Standin};

fn snapshot() -> Snapshot {
    let services = vec![Service::new("AuthWeb.Endpoint", 0, Vec::new())];
    let routes = vec![Route::new(Host::parse("auth.localhost").unwrap(), 0)];
    Snapshot::new(services, routes, None)
}

/// Sends one request to a stand-in and returns all that it answers.
fn ask(request: &[u8]) -> String {
    let runtime = crate::command::run::runtime().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Standin::new("AuthWeb.Endpoint", &snapshot()).serve(listener));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    })
}

#[test]
fn a_page_shows_host_tenant_and_headers() {
    let page = ask(
        b"GET / HTTP/1.1\r\nHost: tenant1.auth.localhost:4000\r\nX-Forwarded-For: 192.0.2.7\r\n\
          Connection: close\r\n\r\n",
    );
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    for part in [
        "<h1>tenant1.auth.localhost:4000</h1>",
        "<b>tenant1</b>",
        "192.0.2.7",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn an_upload_is_answered_with_size_and_digest() {
    let answer = ask(
        b"POST /upload HTTP/1.1\r\nHost: auth.localhost\r\nTransfer-Encoding: chunked\r\n\
          Connection: close\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
    );
    // FIPS 180-2, appendix B.1.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(
        answer.contains(&format!("{{\"bytes\":3,\"sha256\":\"{digest}\"}}")),
        "{answer}"
    );
}

#[test]
fn a_page_escapes_what_it_shows() {
    let page = Page {
        service: "A",
        host: "<script>alert('{{headers}}')</script>",
        tenant: Some("a&b"),
        headers: vec![("x", "\"><i>".to_owned())],
    };
    let html = page.render();
    assert!(
        html.contains("&lt;script&gt;alert(&#39;{{headers}}&#39;)&lt;/script&gt;"),
        "{html}"
    );
    assert!(html.contains("<b>a&amp;b</b>"), "{html}");
    assert!(
        html.contains("<th>x</th><td>&quot;&gt;&lt;i&gt;</td>"),
        "{html}"
    );
}

#[test]
fn a_stand_in_gives_way_where_its_port_is_taken() {
    crate::command::run::runtime().unwrap().block_on(async {
        let (first, is_declared) = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        assert!(is_declared);
        let taken = first.local_addr().unwrap();
        let (second, is_declared) = bind(taken).await.unwrap();
        assert!(!is_declared);
        assert_ne!(second.local_addr().unwrap(), taken);
    });
}

#[test]
fn the_example_reads_the_variables_that_the_demo_sets() {
    let example = Example::unpack().unwrap();
    let config = std::fs::read_to_string(example.root().join("config/dev.exs")).unwrap();
    for app in ["auth_web", "billing_web"] {
        let service = Service {
            app: Some(app.to_owned()),
            ..Service::new(app, 0, Vec::new())
        };
        let variable = port_variable(&service);
        assert!(
            config.contains(&format!("System.get_env(\"{variable}\")")),
            "{variable}"
        );
    }
}

#[test]
fn any_port_is_one_port() {
    assert_eq!(listeners(None), [""; 0]);
    assert_eq!(listeners(Some(0)), ["127.0.0.1:0"]);
    assert_eq!(listeners(Some(8080))[0], "127.0.0.1:8080");
}
