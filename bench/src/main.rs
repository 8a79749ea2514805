//! Side-by-side benchmarks of the gateway against nginx and HAProxy.
//!
//! It is not a test: nothing here asserts a figure.
fn main() {}
