//! One node, from attaching to the end of the link: the task that asks it.

use std::{collections::BTreeSet, time::Duration};

use erldist::{Call, CallError, Event as LinkEvent, Events, Link, LostReason, Options, attach};
use futures_util::{StreamExt as _, stream};
use phoenix::Machine;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tracing::debug;

use crate::source::machine;

use super::{
    answers::Answers,
    pace,
    questions::{Answer, Questions, Step, Unanswered},
    roster::{Attach, Event, Told},
    trouble::Trouble,
};

/// Calls that wait for their answers at once; a link bears twice as many.
const CALLS_MAX: usize = 512;

/// Attaches, asks, and tells the roster until the link is lost. Dropping it closes the link; the
/// node notices nothing but that.
pub(super) async fn live(attach_to: Attach, options: Options, roster: mpsc::Sender<Event>) {
    let teller = Teller {
        attach: attach_to,
        roster,
    };
    let began = Instant::now();
    let (link, events) = match attach(&teller.attach.target, &options).await {
        Ok(attached) => attached,
        Err(error) => {
            let trouble = Trouble::of(&teller.attach.target.name, &error);
            return teller.tell(Told::Refused(trouble)).await;
        }
    };
    let attached = began.elapsed();
    let machine = machine::of(link.address()).await;
    let mut life = Life {
        questions: Questions::expecting(&teller.attach.expected),
        monitored: BTreeSet::new(),
        expected: teller.attach.expected.iter().cloned().collect(),
        // What is fresh has yet to start what it serves.
        expecting_since: teller.attach.is_fresh.then(Instant::now),
        machine,
        link,
        events,
        teller,
    };
    let reason = life.run(began, attached).await;
    life.teller.tell(Told::Lost(reason)).await;
}

/// Says to the roster who speaks.
struct Teller {
    attach: Attach,
    roster: mpsc::Sender<Event>,
}

impl Teller {
    async fn tell(&self, told: Told) {
        let name = self.attach.target.name.clone();
        // Without a roster nobody is left to be told.
        let _ = self
            .roster
            .send(Event::Of(name, self.attach.life, told))
            .await;
    }
}

struct Life {
    questions: Questions,
    /// The modules whose supervisors are watched.
    monitored: BTreeSet<String>,
    /// The modules that ran at some time.
    expected: BTreeSet<String>,
    /// Since when something is expected to start.
    expecting_since: Option<Instant>,
    machine: Machine,
    link: Link,
    events: Events,
    teller: Teller,
}

/// What became of an asking.
enum Asked {
    /// The node said this, in the time that its last round took.
    Told(Answers, Duration),
    /// It said too little.
    Void,
    /// Something happened meanwhile that makes it old.
    Old,
    Lost(LostReason),
}

impl Life {
    async fn run(&mut self, began: Instant, attached: Duration) -> LostReason {
        let mut is_first = true;
        loop {
            let pace = match self.ask().await {
                Asked::Lost(reason) => return reason,
                Asked::Void => pace::ASK,
                Asked::Old => pace::BRISK,
                Asked::Told(answers, round_trip) => {
                    if std::mem::take(&mut is_first) {
                        let node = &self.teller.attach.target.name;
                        let asked = began.elapsed().saturating_sub(attached);
                        debug!(%node, ?attached, ?asked, "node asked for the first time");
                    }
                    let pace = self.pace(&answers);
                    if let Err(reason) = self.monitor(&answers).await {
                        return reason;
                    }
                    let told = Told::Answered(answers, self.machine, round_trip);
                    self.teller.tell(told).await;
                    pace
                }
            };
            if let Some(reason) = self.rest(Instant::now() + pace).await {
                return reason;
            }
        }
    }

    /// How soon to ask again: at once where something that ran, or is about to, does not.
    fn pace(&mut self, answers: &Answers) -> Duration {
        let running = answers.endpoints.iter().filter(|it| it.bound.may_listen());
        let running: BTreeSet<String> = running.map(|it| it.module.clone()).collect();
        let is_missing = running.is_empty() || !self.expected.is_subset(&running);
        self.expected.extend(running);
        match self.expecting_since {
            Some(since)
                if is_missing && pace::is_expected(since.into_std(), Instant::now().into_std()) =>
            {
                pace::BRISK
            }
            Some(_) | None => pace::ASK,
        }
    }

    /// Watches each endpoint that runs.
    async fn monitor(&mut self, answers: &Answers) -> Result<(), LostReason> {
        let running = answers.endpoints.iter().filter(|endpoint| endpoint.runs());
        for endpoint in running {
            if !self.monitored.insert(endpoint.module.clone()) {
                continue;
            }
            let name = format!("Elixir.{}", endpoint.module);
            match self.link.monitor(&name).await {
                Ok(_) => {}
                Err(CallError::Lost(reason)) => return Err(reason),
                // Asking notices what a monitor would have told.
                Err(_) => {
                    self.monitored.remove(&endpoint.module);
                }
            }
        }
        Ok(())
    }

    /// Waits for the next asking; what goes down brings it forward. Returns why the link is lost.
    async fn rest(&mut self, until: Instant) -> Option<LostReason> {
        tokio::select! {
            () = sleep_until(until) => None,
            event = self.events.next() => self.happened(event).await,
        }
    }

    /// Takes over what happened on the link. Returns why it is lost, if it is.
    async fn happened(&mut self, event: Option<LinkEvent>) -> Option<LostReason> {
        match event {
            Some(LinkEvent::Down { name, .. }) => {
                let module = name.strip_prefix("Elixir.").unwrap_or(&name).to_owned();
                self.monitored.remove(&module);
                self.expecting_since = Some(Instant::now());
                self.teller.tell(Told::Down(module)).await;
                None
            }
            Some(LinkEvent::Lost(reason)) => Some(reason),
            None => Some(LostReason::Closed),
        }
    }

    /// Asks all rounds. An answer that was given before something went down counts for nothing.
    async fn ask(&mut self) -> Asked {
        let mut calls = self.questions.begin();
        loop {
            let began = Instant::now();
            let link = self.link.clone();
            let round = round(&link, calls);
            tokio::pin!(round);
            let answers = tokio::select! {
                answers = &mut round => answers,
                event = self.events.next() => match self.happened(event).await {
                    Some(reason) => return Asked::Lost(reason),
                    None => return Asked::Old,
                },
            };
            let answers = match answers {
                Ok(answers) => answers,
                Err(reason) => return Asked::Lost(reason),
            };
            match self.questions.take(answers) {
                Step::Ask(next) => calls = next,
                Step::Told(answers) => return Asked::Told(answers, began.elapsed()),
                Step::Void => return Asked::Void,
            }
        }
    }
}

/// Makes all calls side by side.
async fn round(link: &Link, calls: Vec<Call>) -> Result<Vec<(Call, Answer)>, LostReason> {
    let answers = stream::iter(calls).map(|call| async move {
        let answer = link.call(call.clone()).await;
        (call, answer)
    });
    let answers: Vec<_> = answers.buffer_unordered(CALLS_MAX).collect().await;
    answers
        .into_iter()
        .map(|(call, answer)| Ok((call, taken(answer)?)))
        .collect()
}

/// Tells what an answer's absence means; the error is that of the whole link.
fn taken(answer: Result<erlterm::Term, CallError>) -> Result<Answer, LostReason> {
    match answer {
        Ok(term) => Ok(Ok(term)),
        Err(CallError::Lost(reason)) => Err(reason),
        Err(CallError::Timeout | CallError::Busy) => Ok(Err(Unanswered::Late)),
        Err(
            error @ (CallError::Raised { .. }
            | CallError::Ended(_)
            | CallError::NotSpawned(_)
            | CallError::TooLarge(_)
            | CallError::Unreadable(_)
            | CallError::Name),
        ) => Ok(Err(Unanswered::No(error.to_string()))),
    }
}
