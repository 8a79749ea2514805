//! Integers in any base, and floats.

use super::{
    TextError,
    scan::{Scanner, Token},
};

/// Digits in one integer; Erlang's own bound is far above any configuration.
pub(super) const DIGITS_MAX: usize = 4096;

/// One limb of a long integer holds nine decimal digits.
const LIMB: u64 = 1_000_000_000;

impl<'a> Scanner<'a> {
    pub(super) fn number(&mut self) -> Result<Token<'a>, TextError> {
        let whole = self.digits(10);
        if self.takes('#') {
            return self.based(&whole);
        }
        let mut after = self.rest().chars();
        let is_float =
            after.next() == Some('.') && after.next().is_some_and(|char| char.is_ascii_digit());
        if !is_float {
            return self.decimal(&whole, 10).map(Token::Integer);
        }
        self.bump();
        let fraction = self.digits(10);
        let mut text = format!("{whole}.{fraction}");
        if self.takes('e') || self.takes('E') {
            text.push('e');
            if self.takes('-') {
                text.push('-');
            } else {
                self.takes('+');
            }
            text.push_str(&self.digits(10));
        }
        text.parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(Token::Float)
            .ok_or_else(|| self.error("a float that is none, or too large"))
    }

    /// The digits behind `16#`.
    fn based(&mut self, base: &str) -> Result<Token<'a>, TextError> {
        let radix: Option<u32> = base.parse().ok().filter(|radix| (2..=36).contains(radix));
        let Some(radix) = radix else {
            return Err(self.error("a base that is not from 2 to 36"));
        };
        let digits = self.digits(radix);
        match digits.is_empty() {
            true => Err(self.error(format!("no digits behind {radix}#"))),
            false => self.decimal(&digits, radix).map(Token::Integer),
        }
    }

    /// Takes digits, each `_` between two of them left out.
    fn digits(&mut self, radix: u32) -> String {
        let mut digits = String::new();
        loop {
            digits.push_str(self.take_while(|char| char.is_digit(radix)));
            let mut after = self.rest().chars();
            let goes_on = after.next() == Some('_')
                && after.next().is_some_and(|char| char.is_digit(radix))
                && !digits.is_empty();
            if !goes_on {
                return digits;
            }
            self.bump();
        }
    }

    fn decimal(&self, digits: &str, radix: u32) -> Result<String, TextError> {
        let digits = digits.trim_start_matches('0');
        if digits.len() > DIGITS_MAX {
            return Err(self.error(format!("an integer has more than {DIGITS_MAX} digits")));
        }
        Ok(match (digits, radix) {
            ("", _) => "0".to_owned(),
            (digits, 10) => digits.to_owned(),
            (digits, radix) => to_decimal(digits, radix),
        })
    }
}

/// Schoolbook: each digit multiplies all limbs and is added.
fn to_decimal(digits: &str, radix: u32) -> String {
    let mut limbs: Vec<u64> = vec![0];
    for digit in digits.chars().filter_map(|char| char.to_digit(radix)) {
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            // Below 2^30 times 36, and 36.
            let product = limb.saturating_mul(u64::from(radix)).saturating_add(carry);
            *limb = product % LIMB;
            carry = product / LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut text = String::new();
    for (place, limb) in limbs.iter().rev().enumerate() {
        match place {
            0 => text.push_str(&limb.to_string()),
            _ => text.push_str(&format!("{limb:09}")),
        }
    }
    text
}
