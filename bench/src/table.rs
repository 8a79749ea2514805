//! Medians with their spread.

/// What several rounds gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Adds a round's figure.
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// Returns the ratio to another sample, round by round: what disturbed a round disturbed both.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(ours, theirs)| ours / theirs)
                .collect(),
        )
    }

    /// Returns the median, 0 of nothing.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => 0.0,
            count if count % 2 == 1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    /// Shows `median (min–max)`.
    pub(crate) fn show(&self, digits: usize) -> String {
        let sorted = self.sorted();
        let (first, last) = (
            sorted.first().unwrap_or(&0.0),
            sorted.last().unwrap_or(&0.0),
        );
        format!(
            "{:.digits$} ({first:.digits$}–{last:.digits$})",
            self.median()
        )
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}
