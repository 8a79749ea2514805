//! Files of Erlang terms: any bytes end in terms, or in an error with a line of theirs.

use erlterm::{TEXT_TERMS_MAX, Term, parse_bytes};

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    match parse_bytes(bytes) {
        Ok(terms) => {
            assert!(terms.iter().map(size).sum::<usize>() <= TEXT_TERMS_MAX);
            for term in &terms {
                assert!(!term.to_string().is_empty());
            }
            // A float that is none would differ from itself.
            assert_eq!(parse_bytes(bytes), Ok(terms));
        }
        Err(error) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&(error.line as usize)), "{error}");
        }
    }
}

fn size(term: &Term) -> usize {
    match term {
        Term::List(items) | Term::Tuple(items) => 1 + items.iter().map(size).sum::<usize>(),
        Term::Map(pairs) => {
            1 + pairs
                .iter()
                .map(|(key, value)| size(key) + size(value))
                .sum::<usize>()
        }
        Term::Atom(_) | Term::Integer(_) | Term::Float(_) | Term::Binary(_) | Term::Opaque(_) => 1,
    }
}
