//! VMs that report by themselves, as the Hex package does: through the gateway's standard input, or its
//! socket.

mod attached;
mod beam;
mod child;

use std::{
    io::{Read, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use e2e::eventually;
use erlterm::{
    Term,
    etf::{self, TermRef},
    parse_text,
};

/// One end of a conversation with the gateway: a VM as the gateway sees it.
struct Vm {
    output: Box<dyn Write>,
    heard: Arc<Mutex<Heard>>,
}

/// What a VM has heard so far.
#[derive(Default)]
struct Heard {
    messages: Vec<Term>,
    is_over: bool,
}

/// An endpoint of a report that listens on that port, as Erlang writes it.
fn endpoint(module: &str, host: &str, port: u16) -> String {
    format!(
        "#{{module=><<\"{module}\">>,app=><<\"shop_web\">>,url=>[{{host,<<\"{host}\">>}}],http=>[],\
         bound=>{{ok,{{{{127,0,0,1}},{port}}}}}}}"
    )
}

impl Vm {
    /// Talks through these; what comes in is read at once.
    fn new(output: impl Write + 'static, input: impl Read + Send + 'static) -> Self {
        let heard = Arc::<Mutex<Heard>>::default();
        let of_reader = Arc::clone(&heard);
        thread::spawn(move || hear(input, &of_reader));
        Self {
            output: Box::new(output),
            heard,
        }
    }

    /// Sends a message that is written as Erlang writes it.
    #[track_caller]
    fn say(&mut self, text: &str) {
        self.send(&frame(text)).unwrap();
    }

    /// Sends bytes as they are.
    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.output.write_all(bytes)?;
        self.output.flush()
    }

    /// Reports all that runs.
    #[track_caller]
    fn report(&mut self, seq: i64, endpoints: &[String]) {
        self.say(&format!("{{report,{seq},[{}]}}", endpoints.join(",")));
    }

    /// Waits for the first message of that name that is as wanted; returns what follows the name.
    #[track_caller]
    fn hears(&self, name: &str, wanted: impl Fn(&[Term]) -> bool) -> Vec<Term> {
        let found = eventually(&format!("a message {name}"), || {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let found = heard.messages.iter().find_map(|message| {
                let rest = rest(message, name)?;
                wanted(rest).then(|| rest.to_vec())
            });
            match found {
                None if heard.is_over => {
                    let messages = heard.messages.iter().map(ToString::to_string);
                    Some(Err(messages.collect::<Vec<_>>().join("\n")))
                }
                found => found.map(Ok),
            }
        });
        found.unwrap_or_else(|heard| panic!("the end came before {name}: {heard}"))
    }

    /// Waits until every worker forwards by that report.
    #[track_caller]
    fn is_applied(&self, seq: i64) {
        self.hears("applied", |rest| rest[0].as_integer() >= Some(seq));
    }

    /// Waits for the end, and returns the last message with its name.
    #[track_caller]
    fn ends(&self) -> Option<Term> {
        eventually("the end of what the gateway says", || {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.is_over.then(|| heard.messages.last().cloned())
        })
    }

    /// Waits until it is refused, and returns why.
    #[track_caller]
    fn is_refused(&self) -> String {
        let last = self.ends().expect("a last message");
        let why = rest(&last, "refused").and_then(|rest| rest[0].as_str());
        why.unwrap_or_else(|| panic!("{last}")).to_owned()
    }
}

/// What follows the name of a message of that name.
fn rest<'a>(message: &'a Term, name: &str) -> Option<&'a [Term]> {
    let (first, rest) = message.as_tuple()?.split_first()?;
    (first.as_atom() == Some(name)).then_some(rest)
}

/// The hosts of a table as the gateway tells it.
fn hosts(routes: &[Term]) -> Vec<String> {
    let routes = routes[1].as_list().unwrap().iter();
    let host = |route: &Term| match route {
        Term::Map(pairs) => {
            let (_, host) = pairs
                .iter()
                .find(|(key, _)| key.as_atom() == Some("host"))?;
            host.as_str().map(str::to_owned)
        }
        _ => None,
    };
    routes.filter_map(host).collect()
}

fn hear(mut input: impl Read, heard: &Mutex<Heard>) {
    let mut next = || -> std::io::Result<Term> {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        input.read_exact(&mut frame)?;
        let term = etf::decode(&frame).expect("the gateway writes terms");
        Ok(term.to_term())
    };
    while let Ok(message) = next() {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.messages.push(message);
    }
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    heard.is_over = true;
}

/// The frame of a message that is written as Erlang writes it.
#[track_caller]
fn frame(text: &str) -> Vec<u8> {
    let term = parse_text(&format!("{text}.")).unwrap().remove(0);
    let mut bytes = Vec::new();
    etf::encode(&refer(&term), &mut bytes).unwrap();
    framed(&bytes)
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length, bytes].concat()
}

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
