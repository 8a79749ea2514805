#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::response_head::check(bytes));
