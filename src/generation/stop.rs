/// Finds stop strings in streamed text, also where they cross the borders of what is pushed.
#[derive(Debug, Default)]
pub(super) struct StopMatcher {
    stops: Vec<String>,
    /// Text held back because it may be the beginning of a stop string.
    held: String,
}

impl StopMatcher {
    pub fn new(stops: &[String]) -> StopMatcher {
        StopMatcher { stops: stops.iter().filter(|s| !s.is_empty()).cloned().collect(), held: String::new() }
    }

    /// Takes `text`, appends to `out` what is certainly before any stop string, and says whether one was found.
    pub fn push(&mut self, text: &str, out: &mut String) -> bool {
        self.held += text;
        if let Some(at) = self.stops.iter().filter_map(|stop| self.held.find(stop)).min() {
            out.push_str(&self.held[..at]);
            self.held.clear();
            return true;
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        out.extend(self.held.drain(..self.held.len() - keep));
        false
    }

    /// What was held back, once no more text comes.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Length of the longest end of `text` that is a beginning of `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    let starts = stop.char_indices().map(|(i, _)| i).filter(|&n| n > 0 && n <= text.len());
    starts.filter(|&n| text.ends_with(&stop[..n])).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut matcher = StopMatcher::new(&stops.iter().map(|s| s.to_string()).collect::<Vec<_>>());
        let mut out = String::new();
        for piece in pieces {
            if matcher.push(piece, &mut out) {
                return (out, true);
            }
        }
        (out + &matcher.finish(), false)
    }

    #[test]
    fn a_stop_across_borders_is_found_and_cut() {
        assert_eq!(run(&["END"], &["abcE", "N", "Dxyz"]), ("abc".into(), true));
        assert_eq!(run(&["é!"], &["caf", "é", "!", "?"]), ("caf".into(), true));
    }

    #[test]
    fn a_false_start_is_released() {
        assert_eq!(run(&["END"], &["abcE", "N", "C"]), ("abcENC".into(), false));
        assert_eq!(run(&["aab"], &["aa", "aa", "c"]), ("aaaac".into(), false));
        assert_eq!(run(&["aab"], &["aa", "ab"]), ("a".into(), true));
    }

    #[test]
    fn the_earliest_of_several_wins_and_an_empty_one_is_ignored() {
        assert_eq!(run(&["", "yz", "x"], &["wxyz"]), ("w".into(), true));
        assert_eq!(run(&[""], &["w"]), ("w".into(), false));
    }

    proptest! {
        #[test]
        fn equals_a_search_in_the_whole_text(text in "[ab]{0,30}", stops in prop::collection::vec("[ab]{1,4}", 0..3), cut in 1usize..6) {
            let chars: Vec<String> = text.as_bytes().chunks(cut).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            // Character by character, the stop that ends first is seen first; so it is in the whole text.
            let end = (0..=text.len()).find(|&n| stops.iter().any(|s| text[..n].ends_with(s)));
            let (out, stopped) = run(&stops, &chars.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(stopped, end.is_some());
            if !stopped { prop_assert_eq!(out, text); } else { prop_assert!(stops.iter().any(|s| text[out.len()..].starts_with(s))); }
        }
    }
}
