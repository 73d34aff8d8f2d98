use super::SamplingParams;

/// A token that may be drawn, by the place of its logit, with its weight relative to the likeliest one's 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub place: u32,
    pub weight: f32,
}

/// The candidates of one draw; the buffer is kept between draws.
#[derive(Debug, Default)]
pub(super) struct Candidates(Vec<Candidate>);

/// How many candidates are ordered at first when only a probability mass bounds them. Few answers need more; where one does,
/// the number grows fourfold until the mass is reached, so that a draw never sorts the whole vocabulary without need.
const FIRST_SORTED: usize = 256;

impl Candidates {
    /// The tokens that pass the filters of `params`, likeliest first.
    pub fn keep(&mut self, logits: &[f32], params: &SamplingParams) -> &[Candidate] {
        let max = logits.iter().copied().filter(|x| !x.is_nan()).fold(f32::NEG_INFINITY, f32::max);
        let all = logits.iter().enumerate().map(|(place, &logit)| Candidate {
            place: place as u32,
            // Infinite logits: inf - inf would be NaN, the likeliest weighs 1 by definition.
            weight: if logit == max { 1.0 } else { ((logit - max) / params.temperature).exp() },
        });
        self.0.clear();
        self.0.extend(all.filter(|c| c.weight > 0.0));

        if params.top_k > 0 {
            self.sort_first(params.top_k as usize);
            self.0.truncate(params.top_k as usize);
        }
        self.top_p(params.top_p);
        if params.min_p > 0.0 {
            self.0.retain(|c| c.weight >= params.min_p);
        }
        &self.0
    }

    /// Brings the `n` likeliest to the front, in order.
    fn sort_first(&mut self, n: usize) {
        let order = |a: &Candidate, b: &Candidate| b.weight.total_cmp(&a.weight).then(a.place.cmp(&b.place));
        if n < self.0.len() {
            self.0.select_nth_unstable_by(n, order);
            self.0[..n].sort_unstable_by(order);
        } else {
            self.0.sort_unstable_by(order);
        }
    }

    fn top_p(&mut self, top_p: f32) {
        if top_p >= 1.0 {
            return;
        }
        // In f64, as the draw's own sum.
        let mass = f64::from(top_p) * self.0.iter().map(|c| f64::from(c.weight)).sum::<f64>();
        let mut sorted = FIRST_SORTED;
        loop {
            self.sort_first(sorted);
            let mut sum = 0.0;
            let reached = self.0.iter().take(sorted).position(|c| {
                sum += f64::from(c.weight);
                sum >= mass
            });
            match reached {
                Some(last) => return self.0.truncate(last + 1),
                None if sorted >= self.0.len() => return,
                None => sorted *= 4,
            }
        }
    }
}
