//! What is shown against what is written, in which `…` stands for anything.

const ANYTHING: &str = "…";

/// Returns whether lines are as written.
pub fn lines(written: &[String], shown: &[&str]) -> bool {
    matches(written, shown, |written| written == ANYTHING, |written, shown| line(written, shown))
}

fn line(written: &str, shown: &str) -> bool {
    let written: Vec<char> = written.chars().collect();
    let shown: Vec<char> = shown.chars().collect();
    matches(&written, &shown, |written| written.to_string() == ANYTHING, |one, other| one == other)
}

/// Matches a pattern whose wildcards stand for any number of items: on a mismatch the last wildcard takes
/// one item more.
fn matches<P, T>(
    pattern: &[P],
    items: &[T],
    is_wild: impl Fn(&P) -> bool,
    is_same: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut wild: Option<(usize, usize)> = None;
    while item < items.len() {
        if pattern.get(at).is_some_and(&is_wild) {
            wild = Some((at, item));
            at += 1;
        } else if pattern.get(at).is_some_and(|written| is_same(written, &items[item])) {
            (at, item) = (at + 1, item + 1);
        } else if let Some((wild_at, taken)) = wild {
            (at, item) = (wild_at + 1, taken + 1);
            wild = Some((wild_at, taken + 1));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(is_wild)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_stands_for_text_in_a_line_and_for_lines_alone() {
        let is = |written: &[&str], shown: &[&str]| {
            let written: Vec<String> = written.iter().map(|line| (*line).to_owned()).collect();
            lines(&written, shown)
        };
        assert!(is(&["id  …", "paid … of …"], &["id  abc", "paid 1.00 of 2.00"]));
        assert!(is(&["…"], &[]) && is(&["…"], &["a", "b"]) && is(&[], &[]));
        assert!(is(&["a", "…", "b", "…"], &["a", "b", "x", "b"]));
        assert!(!is(&["a", "…", "b"], &["a", "b", "c"]));
        assert!(!is(&[], &["a"]) && !is(&["a"], &[]) && !is(&["a…c"], &["abd"]));
    }
}
