//! Whatever the line does: every byte of every answer once and in order, every end once, nothing done twice.

use proptest::collection::vec;
use proptest::prelude::*;
use qwark_wire::Reason;
use qwark_wire::client::{Question, Sentence, Settings};

use crate::line::{Line, Told, settings};
use crate::runtime::Runtime;

/// What happens to one frame.
#[derive(Clone, Debug)]
enum Fate {
    Passes,
    Drops,
    /// A byte of it is changed.
    Flips(u8, u8),
    Doubles,
    /// Other bytes come before it.
    Follows(Vec<u8>),
    /// It is cut off.
    Ends(u8),
}

fn fate(harm: u32) -> impl Strategy<Value = Fate> {
    prop_oneof![
        100 - 5 * harm => Just(Fate::Passes),
        harm => Just(Fate::Drops),
        harm => (any::<u8>(), 1..=u8::MAX).prop_map(|(at, bits)| Fate::Flips(at, bits)),
        harm => Just(Fate::Doubles),
        harm => vec(any::<u8>(), 1..20).prop_map(Fate::Follows),
        harm => any::<u8>().prop_map(Fate::Ends),
    ]
}

fn befall(fate: &Fate, mut frame: Vec<u8>) -> Vec<u8> {
    match fate {
        Fate::Passes => frame,
        Fate::Drops => Vec::new(),
        Fate::Flips(at, bits) => {
            let at = usize::from(*at) % frame.len();
            frame[at] ^= bits;
            frame
        }
        Fate::Doubles => frame.repeat(2),
        Fate::Follows(noise) => [&noise[..], &frame].concat(),
        Fate::Ends(at) => {
            frame.truncate(usize::from(*at) % frame.len());
            frame
        }
    }
}

/// What befalls the line as a whole.
#[derive(Clone, Debug)]
enum Accident {
    /// The cable is pulled and plugged in again.
    Cut,
    /// The runtime starts anew.
    Restart,
}

fn accident() -> impl Strategy<Value = (u64, Accident)> {
    (1..3000_u64, prop_oneof![Just(Accident::Cut), Just(Accident::Restart)])
}

/// What is asked, and what happens meanwhile.
#[derive(Clone, Debug)]
struct Case {
    fates: Vec<Fate>,
    accidents: Vec<(u64, Accident)>,
    prompts: Vec<String>,
    /// Sentences, to be answered by commands.
    sentences: Vec<String>,
    window: u32,
    baud: u32,
    small: bool,
}

prop_compose! {
    fn case()(
        fates in (1..8_u32).prop_flat_map(|harm| vec(fate(harm), 0..600)), accidents in vec(accident(), 0..4),
        prompts in vec("\\PC{1,600}", 0..3), sentences in vec("([a-z]{1,40} ){1,30}", 1..3), window in prop_oneof![Just(30_u32), Just(256), Just(4096)],
        baud in prop_oneof![Just(0_u32), Just(9600), Just(115_200)], small: bool,
    ) -> Case {
        Case { fates, accidents, prompts, sentences, window, baud, small }
    }
}

/// Plays `case` on `line`, whose runtimes `restart` makes, to its end.
fn play(case: &Case, mut line: Line<'_>, restart: impl Fn(u64) -> Runtime) -> Result<(), TestCaseError> {
    let mut fates = case.fates.clone().into_iter();
    line.small = case.small;
    line.harm = Box::new(move |frame| fates.next().map_or(frame.clone(), |fate| befall(&fate, frame)));
    let ask = |line: &mut Line<'_>, prompt: &String| {
        let question = Question { window: case.window, ..Question::new(prompt.clone()) };
        line.client.ask(question, 0).expect("there is room")
    };
    let ids: Vec<u32> = case.prompts.iter().map(|prompt| ask(&mut line, prompt)).collect();
    let command = |line: &mut Line<'_>, sentence: &String| {
        let sentence = Sentence { window: case.window, ..Sentence::new(7, sentence.clone()) };
        line.client.command(sentence, 0).expect("there is room")
    };
    let commanded: Vec<u32> = case.sentences.iter().map(|sentence| command(&mut line, sentence)).collect();
    for (ms, accident) in &case.accidents {
        line.run(*ms);
        line.cut();
        match accident {
            Accident::Cut => line.client.connect(line.now),
            Accident::Restart => line.runtime = restart(line.runtime.boot_id + 1),
        }
    }
    for &id in ids.iter().chain(&commanded) {
        line.until(|told| matches!(told, Told::Done(of, _) if *of == id));
    }
    // Longer than every timer.
    line.run(20_000);
    for (id, prompt) in ids.iter().zip(&case.prompts) {
        prop_assert_eq!(&line.answer(*id), prompt);
    }
    for (id, sentence) in commanded.iter().zip(&case.sentences) {
        let words: Vec<&[u8]> = sentence.as_bytes().split_inclusive(|byte| *byte == b' ').collect();
        prop_assert_eq!(line.commands(*id), words);
    }
    for id in ids.iter().chain(&commanded) {
        let ends = line.told.iter().filter_map(|told| match told {
            Told::Done(of, done) if of == id => Some(done.reason),
            _ => None,
        });
        prop_assert_eq!(ends.collect::<Vec<_>>(), [Reason::Stop]);
    }
    let failed = line.told.iter().find(|told| matches!(told, Told::Unanswered(_) | Told::Error(_, _, true)));
    prop_assert_eq!(failed, None);
    let mut once = line.runtime.keys.clone();
    once.sort_unstable();
    once.dedup();
    prop_assert_eq!(once.len(), line.runtime.keys.len(), "a runtime does the same once");
    prop_assert!(line.runtime.asked.values().all(|asked| asked.ended), "the runtime knows that it has been heard");
    prop_assert_eq!(line.client.open_requests(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn answers_survive(case in case()) {
        play(&case, Line::new(&Settings { baud: case.baud, ..settings() }), Runtime::new)?;
    }

    #[cfg(feature = "seal")]
    #[test]
    fn answers_survive_under_seals(case in case()) {
        let key = Some(qwark_wire::Key([5; qwark_wire::KEY]));
        let mut line = Line::new(&Settings { baud: case.baud, key, ..settings() });
        line.runtime.key = key;
        play(&case, line, |boot_id| {
            let mut runtime = Runtime::new(boot_id);
            runtime.key = key;
            runtime
        })?;
    }
}
