use super::*;
use proptest::prelude::*;

fn logits(seed: u64, n: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| (rng.next_u64() >> 40) as f32 / (1 << 21) as f32 - 4.0).collect()
}

fn sampled(params: SamplingParams, logits: &[f32], n: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(params, &[]).expect("valid parameters");
    (0..n).map(|_| sampler.sample(&mut logits.to_vec())).collect()
}

/// The plain definition of the filters: sort everything, softmax everything, cut.
fn allowed(logits: &[f32], p: &SamplingParams) -> Vec<u32> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    if p.top_k > 0 {
        order.truncate(p.top_k as usize);
    }
    let max = logits[order[0]];
    let weight = |i: usize| f64::from((logits[i] - max) / p.temperature).exp();
    let total: f64 = order.iter().map(|&i| weight(i)).sum();
    let mut sum = 0.0;
    let cut = order.iter().position(|&i| {
        sum += weight(i) / total;
        sum >= f64::from(p.top_p) + 1e-5
    });
    order.truncate(cut.map_or(order.len(), |i| i + 1));
    order.retain(|&i| weight(i) >= f64::from(p.min_p) * 0.999_999);
    order.into_iter().map(|i| i as u32).collect()
}

#[test]
fn greedy_takes_the_largest_and_the_lowest_among_equals() {
    assert_eq!(sampled(SamplingParams::greedy(), &[0.0, 3.0, -1.0, 3.0], 2), [1, 1]);
}

#[test]
fn nan_and_infinity_never_panic() {
    for temperature in [0.0, 1.0] {
        let params = SamplingParams { temperature, top_p: 0.5, ..SamplingParams::greedy() };
        assert_eq!(sampled(params, &[f32::NAN, 1.0, f32::NEG_INFINITY], 1), [1]);
        assert_eq!(sampled(params, &[0.0, f32::INFINITY], 1), [1]);
        assert_eq!(sampled(params, &[f32::NAN, f32::NAN], 1), [0]);
        assert_eq!(sampled(params, &[f32::NEG_INFINITY; 2], 1), [0]);
    }
}

#[test]
fn same_seed_same_tokens_other_seed_other_tokens() {
    let logits = logits(1, 500);
    let with = |seed| sampled(SamplingParams { temperature: 1.0, seed, ..SamplingParams::greedy() }, &logits, 50);
    assert_eq!(with(7), with(7));
    assert_ne!(with(7), with(8));
}

#[test]
fn draws_follow_the_softmax() {
    let logits = [0.0f32, 1.0, 2.0];
    let tokens = sampled(SamplingParams { temperature: 1.0, ..SamplingParams::greedy() }, &logits, 20_000);
    let total: f32 = logits.iter().map(|x| x.exp()).sum();
    for (token, logit) in logits.iter().enumerate() {
        let share = tokens.iter().filter(|t| **t == token as u32).count() as f32 / 20_000.0;
        assert!((share - logit.exp() / total).abs() < 0.015, "token {token}: {share}");
    }
}

#[test]
fn repetition_penalty_counts_the_prompt_and_the_others_do_not() {
    let logits = [2.0f32, 1.5, -1.0];
    let prompt = [0u32];
    let first = |params| Sampler::new(params, &prompt).expect("valid").sample(&mut logits.to_vec());
    assert_eq!(first(SamplingParams { repetition_penalty: 2.0, ..SamplingParams::greedy() }), 1);
    assert_eq!(first(SamplingParams { presence_penalty: 1.0, frequency_penalty: 1.0, ..SamplingParams::greedy() }), 0);
}

#[test]
fn frequency_penalty_grows_and_presence_penalty_does_not() {
    let logits = [2.0f32, 1.0, 0.0];
    let frequency = SamplingParams { frequency_penalty: 0.6, ..SamplingParams::greedy() };
    assert_eq!(sampled(frequency, &logits, 4), [0, 0, 1, 0]);
    let presence = SamplingParams { presence_penalty: 0.6, ..SamplingParams::greedy() };
    assert_eq!(sampled(presence, &logits, 4), [0, 0, 0, 0]);
}

#[test]
fn a_parameter_out_of_range_is_named() {
    let error = SamplingParams { top_p: 0.0, ..SamplingParams::greedy() }.check().expect_err("0 keeps nothing");
    assert_eq!(error.to_string(), "top_p = 0 is not above 0 and at most 1");
    assert!(SamplingParams { temperature: f32::NAN, ..SamplingParams::greedy() }.check().is_err());
    assert!(SamplingParams { presence_penalty: f32::INFINITY, ..SamplingParams::greedy() }.check().is_err());
}

proptest! {
    #[test]
    fn only_tokens_within_the_filters_are_drawn(
        seed: u64, n in 1usize..3000, top_k in 0u32..40, top_p in 0.05f32..=1.0, min_p in 0.0f32..0.5, temperature in 0.2f32..2.0,
    ) {
        let logits = logits(seed, n);
        let params = SamplingParams { temperature, top_k, top_p, min_p, seed, ..SamplingParams::greedy() };
        let allowed = allowed(&logits, &params);
        for token in sampled(params, &logits, 5) {
            prop_assert!(allowed.contains(&token));
        }
    }

    #[test]
    fn a_choice_among_some_is_that_among_all_with_a_mask(
        seed: u64, n in 1usize..2000, one_in in 1u64..50, top_k in 0u32..40, top_p in 0.05f32..=1.0, min_p in 0.0f32..0.5,
        temperature in prop_oneof![Just(0.0f32), 0.2f32..2.0], repetition_penalty in 0.5f32..2.0, presence_penalty in -1.0f32..1.0,
    ) {
        let params = SamplingParams {
            temperature, top_k, top_p, min_p, seed, repetition_penalty, presence_penalty, ..SamplingParams::greedy()
        };
        let prompt: Vec<u32> = (0..n as u32).step_by(3).collect();
        let [mut all, mut some] = [(); 2].map(|()| Sampler::new(params, &prompt).expect("valid parameters"));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for step in 0..10 {
            let logits = logits(seed ^ step, n);
            let mut legal: Vec<u32> = (0..n as u32).filter(|_| rng.next_u64() % one_in == 0).collect();
            if legal.is_empty() {
                legal.push(n as u32 - 1);
            }
            let mut masked = vec![f32::NEG_INFINITY; n];
            legal.iter().for_each(|&token| masked[token as usize] = logits[token as usize]);
            let mut compact: Vec<f32> = legal.iter().map(|&token| logits[token as usize]).collect();
            prop_assert_eq!(all.sample(&mut masked), some.sample_among(&legal, &mut compact));
        }
    }
}
