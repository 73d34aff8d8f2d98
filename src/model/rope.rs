use std::f32::consts::TAU;

use super::Config;

/// How positions past the trained context are squeezed into it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    /// Positions as they are.
    None,
    /// Every position divided by `factor`.
    Linear {
        /// Ratio of the new context to the trained one.
        factor: f32,
    },
    /// YaRN (Peng et al. 2023, arXiv:2309.00071): fast dimensions keep their frequency, slow ones are divided by
    /// `factor`, those between are mixed, and attention is sharpened a little.
    Yarn {
        /// Ratio of the new context to the trained one.
        factor: f32,
        /// The trained context, in tokens.
        original_context: usize,
        /// Turns within the trained context above which a dimension keeps its frequency.
        beta_fast: f32,
        /// Turns below which a dimension is divided by `factor`.
        beta_slow: f32,
        /// Share of the mixing that is applied; 1 in every published model.
        ext_factor: f32,
        /// Further factor on the length of the rotated vectors; 1 in every published model.
        attn_factor: f32,
    },
}

/// The rotary embedding of one model: the frequency of each pair of dimensions.
#[derive(Clone, Debug)]
pub struct Rope {
    /// `[head_dim / 2]` radians per position.
    inv_freq: Vec<f32>,
    /// Factor on sine and cosine.
    magnitude: f32,
}

impl Rope {
    /// Frequencies for `config`, as Hugging Face transformers computes them.
    pub fn new(config: &Config) -> Rope {
        let dim = config.head_dim as f32;
        let base = config.rope_theta;
        let plain = (0..config.head_dim / 2).map(|i| 1.0 / base.powf(2.0 * i as f32 / dim));
        match config.rope_scaling {
            RopeScaling::None => Rope { inv_freq: plain.collect(), magnitude: 1.0 },
            RopeScaling::Linear { factor } => Rope { inv_freq: plain.map(|f| f / factor).collect(), magnitude: 1.0 },
            RopeScaling::Yarn { factor, original_context, beta_fast, beta_slow, ext_factor, attn_factor } => {
                // The dimension that makes `turns` full turns over the trained context (paper, section 3.2).
                let dim_of = |turns: f32| dim * (original_context as f32 / (turns * TAU)).ln() / (2.0 * base.ln());
                let low = dim_of(beta_fast).floor().max(0.0);
                let high = dim_of(beta_slow).ceil().min(dim - 1.0);
                let width = (high - low).max(0.001);
                let mix = |(i, f): (usize, f32)| {
                    let keep = (1.0 - ((i as f32 - low) / width).clamp(0.0, 1.0)) * ext_factor;
                    f / factor * (1.0 - keep) + f * keep
                };
                let sharpen = if ext_factor == 0.0 { 1.0 } else { 1.0 + 0.1 * factor.ln() };
                Rope { inv_freq: plain.enumerate().map(mix).collect(), magnitude: attn_factor * sharpen }
            }
        }
    }

    /// Writes cosine and sine, `[head_dim / 2]` each, for position `pos`.
    pub fn at(&self, pos: usize, cos: &mut [f32], sin: &mut [f32]) {
        for ((f, c), s) in self.inv_freq.iter().zip(cos).zip(sin) {
            let (sine, cosine) = (pos as f32 * f).sin_cos();
            *c = cosine * self.magnitude;
            *s = sine * self.magnitude;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Arch;

    fn config(rope_scaling: RopeScaling) -> Config {
        Config {
            arch: Arch::Qwen2,
            name: String::new(),
            vocab: 1,
            hidden: 128,
            layers: 1,
            heads: 1,
            kv_heads: 1,
            head_dim: 128,
            ffn: 32,
            context_length: 131_072,
            norm_eps: 1e-6,
            rope_theta: 1e6,
            rope_scaling,
        }
    }

    #[test]
    fn linear_scaling_divides_the_position() {
        let plain = Rope::new(&config(RopeScaling::None));
        let scaled = Rope::new(&config(RopeScaling::Linear { factor: 4.0 }));
        let [mut c1, mut s1, mut c2, mut s2] = [[0.0; 64]; 4];
        plain.at(10, &mut c1, &mut s1);
        scaled.at(40, &mut c2, &mut s2);
        for (a, b) in c1.iter().chain(&s1).zip(c2.iter().chain(&s2)) {
            assert!((a - b).abs() < 1e-5);
        }
    }

    // Qwen2.5's published long-context setting (factor 4 over 32,768): by the paper's formula the dimensions below
    // floor(23.596) keep their frequency, those from ceil(39.65) on are divided by 4.
    #[test]
    fn yarn_keeps_fast_dimensions_and_divides_slow_ones() {
        let plain = Rope::new(&config(RopeScaling::None));
        let yarn = Rope::new(&config(RopeScaling::Yarn {
            factor: 4.0,
            original_context: 32_768,
            beta_fast: 32.0,
            beta_slow: 1.0,
            ext_factor: 1.0,
            attn_factor: 1.0,
        }));
        assert!((yarn.magnitude - 1.138_629_4).abs() < 1e-6);
        for i in 0..64 {
            let ratio = yarn.inv_freq[i] / plain.inv_freq[i];
            match i {
                0..=23 => assert!((ratio - 1.0).abs() < 1e-6, "{i}: {ratio}"),
                40.. => assert!((ratio - 0.25).abs() < 1e-6, "{i}: {ratio}"),
                _ => assert!(ratio < 1.0 && ratio > 0.25, "{i}: {ratio}"),
            }
        }
    }
}
