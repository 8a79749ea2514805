//! What a worker's exchanges share, one at a time.

use std::time::{Duration, Instant};

use http1::{RequestHead, ResponseHead};

use crate::{driver::Peer, exchange::Exchange};

/// Exchanges kept for reuse.
const SPARE_EXCHANGES_MAX: usize = 256;

/// Length of a request id: 128 bits in base 32. `Plug.RequestId` takes 20 to 200 bytes.
const REQUEST_ID_BYTES: usize = 26;

/// What a worker's exchanges share: reused head tables and buffers, the generator of request ids.
#[derive(Debug)]
pub struct Tools {
    /// This process's id in Via.
    pub(crate) instance: Box<str>,
    ids: fastrand::Rng,
    /// The gateway is no longer ready for new clients.
    pub(crate) is_leaving: bool,
    pub(crate) request: RequestHead,
    pub(crate) response: ResponseHead,
    /// A head that is put together for the client.
    pub(crate) head: Vec<u8>,
    /// A body that is put together for either side.
    pub(crate) out: Vec<u8>,
    #[expect(
        clippy::vec_box,
        reason = "clients hold them boxed, so that idle ones are small"
    )]
    spare: Vec<Box<Exchange>>,
}

impl Tools {
    /// `instance`: this process's id in Via (e.g. `mr-5f3a9c21`); `seed`: of request ids.
    #[must_use]
    pub fn new(instance: &str, seed: u64) -> Self {
        Self {
            instance: instance.into(),
            ids: fastrand::Rng::with_seed(seed),
            is_leaving: false,
            request: RequestHead::default(),
            response: ResponseHead::default(),
            head: Vec::new(),
            out: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Says that the gateway will leave: the health path answers 503 from now on.
    pub fn set_leaving(&mut self, is_leaving: bool) {
        self.is_leaving = is_leaving;
    }

    /// An exchange at its beginning; `is_stopping`: it is the last on its connection.
    pub(crate) fn exchange(
        &mut self,
        peer: Peer,
        now: Instant,
        is_stopping: bool,
    ) -> Box<Exchange> {
        match self.spare.pop() {
            Some(mut exchange) => {
                exchange.begin(peer, now, is_stopping);
                exchange
            }
            None => Box::new(Exchange::new(peer, now, is_stopping)),
        }
    }

    /// Keeps an exchange that is over for the next request.
    pub(crate) fn keep(&mut self, mut exchange: Box<Exchange>) {
        if self.spare.len() < SPARE_EXCHANGES_MAX {
            exchange.forget();
            self.spare.push(exchange);
        }
    }

    /// A wait that differs from others by up to a quarter, so that those who began together don't go
    /// on together.
    pub(crate) fn spread(&mut self, wait: Duration) -> Duration {
        wait.mul_f64(self.ids.f64().mul_add(0.5, 0.75))
    }

    /// A new request id.
    pub(crate) fn request_id(&mut self) -> [u8; REQUEST_ID_BYTES] {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bits = self.ids.u128(..);
        std::array::from_fn(|_| {
            let digit = DIGITS[(bits & 31) as usize];
            bits >>= 5;
            digit
        })
    }
}
