//! What happens to whom and when: drawn from a seed before anything runs, so that the same seed is the same
//! schedule on every machine.

use tests::chance::Chance;

/// How many caisses there are.
pub const CAISSES: usize = 5;

/// Milliseconds between one trouble and the next.
const PAUSE_MS: u64 = 1_500;

/// Milliseconds that a killed node is away, at most.
const AWAY_MS: u64 = 3_000;

/// Milliseconds of an ordinary cut at most: shorter than it takes to notice that a line is dead.
const CUT_MS: u64 = 6_000;

/// Milliseconds of a long one: both ends notice.
const LONG_CUT_MS: u64 = 20_000;

/// Packets in a hundred that a bad line loses at most.
const LOSS_PERCENT: u64 = 25;

/// One thing that is done to a node or its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// SIGKILL.
    Kill(usize),
    /// Its process is started again.
    Start(usize),
    /// One no longer hears another; the other may go on to hear it.
    Deafen { who: usize, to: usize },
    /// It hears it again.
    Mend { who: usize, to: usize },
    /// So many percent of what comes to one is lost.
    Lose { who: usize, percent: u8 },
}

/// When what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub at_ms: u64,
    pub act: Act,
}

/// Draws everything that happens in so many milliseconds, in order.
pub fn plan(seed: u64, whole_ms: u64) -> Vec<Step> {
    let mut chance = Chance::new(seed);
    let mut steps: Vec<Step> = Vec::new();
    let mut away_until = [0; CAISSES];
    let mut now = 0;
    while now < whole_ms {
        now += PAUSE_MS / 4 + chance.below(PAUSE_MS);
        let (who, other) = two(&mut chance);
        let cut = cut_ms(&mut chance);
        match chance.below(10) {
            0..4 => {
                let back = now + 50 + chance.below(AWAY_MS);
                if away_until[who] < now {
                    away_until[who] = back;
                    steps.push(Step { at_ms: now, act: Act::Kill(who) });
                    steps.push(Step { at_ms: back, act: Act::Start(who) });
                }
            }
            4..6 => {
                deafen(&mut steps, who, other, now, cut);
                deafen(&mut steps, other, who, now, cut);
            }
            6..8 => deafen(&mut steps, who, other, now, cut),
            8 => {
                for third in (0..CAISSES).filter(|third| *third != who) {
                    deafen(&mut steps, who, third, now, cut);
                    deafen(&mut steps, third, who, now, cut);
                }
            }
            _ => {
                let percent = u8::try_from(1 + chance.below(LOSS_PERCENT)).expect("a few percent");
                steps.push(Step { at_ms: now, act: Act::Lose { who, percent } });
                steps.push(Step { at_ms: now + cut, act: Act::Lose { who, percent: 0 } });
            }
        }
    }
    steps.sort_by_key(|step| step.at_ms);
    steps.retain(|step| step.at_ms < whole_ms);
    steps
}

/// Draws two caisses.
fn two(chance: &mut Chance) -> (usize, usize) {
    let draw = |chance: &mut Chance, below: usize| {
        usize::try_from(chance.below(below as u64)).expect("it is below a small number")
    };
    let who = draw(chance, CAISSES);
    (who, (who + 1 + draw(chance, CAISSES - 1)) % CAISSES)
}

fn cut_ms(chance: &mut Chance) -> u64 {
    let most = if chance.once_in(6) { LONG_CUT_MS } else { CUT_MS };
    most / 12 + chance.below(most)
}

fn deafen(steps: &mut Vec<Step>, who: usize, to: usize, at_ms: u64, cut_ms: u64) {
    steps.push(Step { at_ms, act: Act::Deafen { who, to } });
    steps.push(Step { at_ms: at_ms + cut_ms, act: Act::Mend { who, to } });
}

#[test]
fn the_same_seed_is_the_same_schedule_and_another_seed_another_one() {
    let minute = plan(7, 60_000);
    assert_eq!(minute, plan(7, 60_000));
    assert_ne!(minute, plan(8, 60_000));
    let kills = minute.iter().filter(|step| matches!(step.act, Act::Kill(_))).count();
    assert!(kills > 5, "{kills} kills in a minute");
    assert!(minute.is_sorted_by_key(|step| step.at_ms));
    // Nobody who is away is killed again.
    let mut away = [false; CAISSES];
    for Step { act, .. } in minute {
        match act {
            Act::Kill(who) => assert!(!std::mem::replace(&mut away[who], true)),
            Act::Start(who) => assert!(std::mem::replace(&mut away[who], false)),
            Act::Deafen { who, to } | Act::Mend { who, to } => assert_ne!(who, to),
            Act::Lose { percent, .. } => assert!(u64::from(percent) <= LOSS_PERCENT),
        }
    }
}
