//! What must come of a case, and the judgement.

use super::{
    Case, latin1,
    observed::{Line, Next, Observed},
    reading::Message,
    text,
};

/// What must be true of a message.
#[derive(Clone, Debug, Default)]
pub struct Want {
    /// The request line, or the status; several are separated by `|`, none is any.
    start: String,
    /// `name: value`: one line that says so. `name`: there is such a line. `!name`: there is none.
    /// With `trailer ` before it, of trailers.
    lines: Vec<String>,
    body: Option<Vec<u8>>,
    is_cut: bool,
    /// A control in a value is no fault.
    may_have_controls: bool,
}

/// What a client's connection must come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum After {
    /// It is open, and the next request gets its own answer.
    #[default]
    Open,
    /// It has ended behind the answers.
    Ended,
    /// It carries a WebSocket.
    Tunnel,
    /// Either of the first two.
    Any,
}

/// What must come of a case.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    answers: Vec<Want>,
    after: After,
    requests: Vec<Want>,
    /// No request of the case need have reached the upstream, and no whole one may have.
    at_most_begun: bool,
    /// The connection of the case's request served no other.
    is_alone: bool,
    /// What each side got behind a 101.
    tunnel: Option<(Vec<u8>, Vec<u8>)>,
    /// The last answer breaks off, or an answer of the gateway's own with this status comes instead.
    or_status: Option<&'static str>,
}

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As ours must.
    AsOurs,
    /// Refused in another way: another status, or a close without an answer.
    RefusedOtherwise,
    /// Otherwise, as this rule allows.
    Allowed(&'static str),
    /// Wrong, and why.
    Wrong(String),
}

impl Want {
    /// A message with this start and these lines.
    #[must_use]
    pub fn new(start: &str, lines: &[&str]) -> Self {
        Self {
            start: start.to_owned(),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            body: None,
            is_cut: false,
            may_have_controls: false,
        }
    }

    /// With exactly this content.
    #[must_use]
    pub fn with_body(mut self, body: &str) -> Self {
        self.body = Some(latin1(body));
        self
    }

    /// One that breaks off.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.is_cut = true;
        self
    }

    /// A control in a value, other than CR, LF and NUL, is no fault.
    #[must_use]
    pub fn with_controls(mut self) -> Self {
        self.may_have_controls = true;
        self
    }

    fn check(&self, message: &Message) -> Result<(), String> {
        let is_fault = |it: &&&str| !(self.may_have_controls && **it == "control");
        let faults: Vec<&str> = message.faults.iter().filter(is_fault).copied().collect();
        if !faults.is_empty() {
            return Err(format!("faults: {}", faults.join(", ")));
        }
        let start = match message.start.starts_with("HTTP/1.") {
            true => message.second(),
            false => &message.start,
        };
        // Only statuses have alternatives; a target may hold any character.
        let is_so = start == self.start || self.start.split('|').any(|it| it == start);
        if !self.start.is_empty() && !is_so {
            return Err(format!("{start:?} instead of {:?}", self.start));
        }
        for line in &self.lines {
            check_line(line, message)?;
        }
        if let Some(body) = &self.body
            && *body != message.body
        {
            let body = text(&message.body);
            let shown: String = body.chars().take(80).collect();
            return Err(format!("the body {shown:?}"));
        }
        match (self.is_cut, message.whole) {
            (false, false) => Err("it breaks off".to_owned()),
            (true, true) => Err("it is whole".to_owned()),
            (true, false) | (false, true) => Ok(()),
        }
    }
}

fn check_line(line: &str, message: &Message) -> Result<(), String> {
    let (line, fields) = match line.strip_prefix("trailer ") {
        Some(line) => (line, &message.trailers),
        None => (line, &message.fields),
    };
    let (name, value) = match line.split_once(": ") {
        Some((name, value)) => (name, Some(value)),
        None => (line.trim_start_matches('!'), None),
    };
    let named = fields
        .iter()
        .filter(|(found, _)| found.eq_ignore_ascii_case(name));
    let values: Vec<&str> = named.map(|(_, value)| value.as_str()).collect();
    let is_so = match value {
        Some(value) => values == [value],
        None => values.is_empty() == line.starts_with('!'),
    };
    match is_so {
        true => Ok(()),
        false => Err(format!("{line:?}, but {name}: {values:?}")),
    }
}

impl Expected {
    /// One answer with this status and the end of the connection; nothing reaches the upstream.
    #[must_use]
    pub fn refused(status: &str) -> Self {
        Self {
            answers: vec![Want::new(status, &[])],
            after: After::Ended,
            ..Self::default()
        }
    }

    /// As [`Expected::refused`], but a request that has begun before may have reached the upstream,
    /// where it never ends.
    #[must_use]
    pub fn cut_off(status: &str) -> Self {
        Self {
            at_most_begun: true,
            ..Self::refused(status)
        }
    }

    /// One request at the upstream, one whole 200 at the client.
    #[must_use]
    pub fn forwarded(request: Want) -> Self {
        Self {
            answers: vec![Want::new("200", &[])],
            requests: vec![request],
            ..Self::default()
        }
    }

    /// These requests at the upstream, and these answers at the client.
    #[must_use]
    pub fn exchanged(requests: Vec<Want>, answers: Vec<Want>) -> Self {
        Self {
            answers,
            requests,
            ..Self::default()
        }
    }

    /// One request at the upstream, which serves no other there, and 502 at the client.
    #[must_use]
    pub fn bad_gateway() -> Self {
        Self::answered(Want::new("502", &[])).alone()
    }

    /// One request at the upstream, this answer at the client.
    #[must_use]
    pub fn answered(answer: Want) -> Self {
        Self::exchanged(vec![Want::default()], vec![answer])
    }

    /// As [`Expected::answered`], with other answers before.
    #[must_use]
    pub fn after_others(mut self, answers: &[&str]) -> Self {
        let others = answers.iter().map(|status| Want::new(status, &[]));
        self.answers.splice(0..0, others);
        self
    }

    /// The answer begins and breaks off, or 502 comes in its place.
    #[must_use]
    pub fn broken_off() -> Self {
        Self {
            answers: vec![Want::new("", &[]).cut()],
            requests: vec![Want::default()],
            after: After::Any,
            or_status: Some("502"),
            ..Self::default()
        }
        .alone()
    }

    /// A WebSocket, and what each side got by it.
    #[must_use]
    pub fn tunnel(request: Want, to_upstream: &str, to_client: &str) -> Self {
        Self {
            answers: vec![Want::new("101", &["connection", "upgrade: websocket"])],
            requests: vec![request],
            after: After::Tunnel,
            tunnel: Some((latin1(to_upstream), latin1(to_client))),
            is_alone: true,
            ..Self::default()
        }
    }

    /// And the client's connection ends.
    #[must_use]
    pub fn and_ends(mut self) -> Self {
        self.after = After::Ended;
        self
    }

    /// And the client's connection may end or not.
    #[must_use]
    pub fn and_may_end(mut self) -> Self {
        self.after = After::Any;
        self
    }

    /// And the upstream's connection serves no other request.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.is_alone = true;
        self
    }

    /// How many heads of answers to wait for.
    pub(super) fn heads(&self) -> usize {
        self.answers.len()
    }

    /// Whether to wait for the end of the connection.
    pub(super) fn waits_for_end(&self) -> bool {
        let is_cut = self.answers.last().is_some_and(|it| it.is_cut);
        self.after == After::Ended || is_cut
    }

    /// Whether the answer came that may stand in for the expected one.
    pub(super) fn has_other(&self, answers: &[Message]) -> bool {
        let mut whole = answers.iter().filter(|it| it.whole);
        self.or_status
            .is_some_and(|status| whole.any(|it| it.second() == status))
    }

    /// Whether the connection is one for requests, once the answers are there.
    pub(super) fn takes_requests(&self) -> bool {
        self.after != After::Tunnel
    }

    /// Judges what came of a case by our own rule.
    ///
    /// # Errors
    /// What is not as it must be.
    pub(super) fn check(&self, observed: &Observed) -> Result<(), String> {
        if let Some(harm) = observed.harm() {
            return Err(harm);
        }
        self.check_answers(observed)?;
        self.check_connection(observed)?;
        self.check_requests(observed)
    }

    fn check_answers(&self, observed: &Observed) -> Result<(), String> {
        if let (Some(status), [only]) = (self.or_status, &observed.answers[..])
            && only.second() == status
        {
            return Want::new(status, &[]).check(only);
        }
        let (wanted, got) = (self.answers.len(), observed.answers.len());
        if wanted != got {
            return Err(format!("{got} answers instead of {wanted}"));
        }
        for (index, (want, got)) in self.answers.iter().zip(&observed.answers).enumerate() {
            want.check(got)
                .map_err(|why| format!("answer {}: {why}", index + 1))?;
        }
        let rest = self.tunnel.as_ref().map_or(&[][..], |(_, rest)| rest);
        if observed.rest != rest {
            return Err(format!("behind the answers: {:?}", text(&observed.rest)));
        }
        Ok(())
    }

    fn check_connection(&self, observed: &Observed) -> Result<(), String> {
        match (self.after, observed.line, &observed.next) {
            (After::Open, Line::Open, Next::Own)
            | (After::Ended, Line::Ended, _)
            | (After::Any, Line::Ended, _)
            | (After::Any, Line::Open, Next::Own)
            | (After::Tunnel, Line::Open, Next::Unasked) => Ok(()),
            (After::Open | After::Any, Line::Open, _) => {
                Err("the connection is open, and its next request gets no answer".to_owned())
            }
            (After::Open, Line::Ended, _) => Err("the connection ended".to_owned()),
            (After::Ended, Line::Open, _) => Err("the connection stays open".to_owned()),
            (After::Tunnel, _, _) => Err("the connection is no tunnel".to_owned()),
        }
    }

    fn check_requests(&self, observed: &Observed) -> Result<(), String> {
        if let [fragment, ..] = &observed.fragments()[..] {
            return Err(format!("the upstream got {:?}", text(fragment)));
        }
        let requests = observed.requests();
        if self.at_most_begun {
            let whole = requests.iter().find(|it| it.whole || !it.faults.is_empty());
            return match whole {
                Some(request) => Err(format!("the upstream got {:?}", request.start)),
                None => Ok(()),
            };
        }
        let (wanted, got) = (self.requests.len(), requests.len());
        if wanted != got {
            return Err(format!("{got} requests at the upstream, not {wanted}"));
        }
        for (want, got) in self.requests.iter().zip(requests) {
            want.check(got).map_err(|why| format!("forwarded: {why}"))?;
        }
        if self.is_alone && observed.shared_connections() > 0 {
            return Err("the upstream's connection served another request".to_owned());
        }
        if let Some((to_upstream, _)) = &self.tunnel
            && *to_upstream != observed.tunnel()
        {
            return Err(format!("the upstream got {:?}", text(&observed.tunnel())));
        }
        Ok(())
    }

    fn is_refusal(&self) -> bool {
        self.requests.is_empty()
    }

    fn is_upstreams_fault(&self) -> bool {
        self.or_status.is_some() || self.answers.iter().any(|it| it.start == "502")
    }
}

impl Case {
    /// Judges by our own rule alone.
    ///
    /// # Errors
    /// What is not as it must be.
    pub fn check(&self, observed: &Observed) -> Result<(), String> {
        self.expected.check(observed)
    }

    /// Judges as fairly as the RFCs allow.
    #[must_use]
    pub fn judge(&self, observed: &Observed) -> Verdict {
        let Err(why) = self.check(observed) else {
            return Verdict::AsOurs;
        };
        let ends = (
            &self.expected,
            "RFC 9112 §9.6: a connection may end behind any answer",
        );
        let allowed = self
            .allowed
            .iter()
            .map(|(expected, rule)| (expected, *rule));
        for (expected, rule) in [ends].into_iter().chain(allowed) {
            let expected = match expected.after {
                After::Open => expected.clone().and_may_end(),
                After::Ended | After::Tunnel | After::Any => expected.clone(),
            };
            if expected.check(observed).is_ok() {
                return Verdict::Allowed(rule);
            }
        }
        let refused = self.expected.is_refusal() && observed.is_turned_away(&['4', '5']);
        let failed = self.expected.is_upstreams_fault() && observed.is_worth_nothing();
        if refused || failed {
            return Verdict::RefusedOtherwise;
        }
        Verdict::Wrong(why)
    }
}
