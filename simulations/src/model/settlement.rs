//! A settlement run of three participants (section "Statements and settlement" of `docs/protocol.md`).
//!
//! A participant's public feed is a log. Everyone reads everyone's in order, at any time. Deciding and storing is one
//! step, so dying between two steps loses nothing, and dying in a step is not to have taken it. The last participant
//! may be an equivocator: its feed then has a branch for each reader, with whatever it likes, until a reader is shown
//! the proof. From the fork on its words count for nothing.

use super::{Named, Protocol};

/// The participants.
pub const PARTICIPANTS: usize = 3;
/// Who equivocates, if anyone does.
const EQUIVOCATOR: usize = 2;

/// An entry of a public feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// It signed the result.
    Signed,
    /// It will not sign, takes its signature back, or gives up waiting.
    Aborted,
    /// It holds every signature.
    CertSeen,
}

/// What an honest participant did in its books, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The run took effect.
    Effect,
    /// Its pairs may be settled by another run.
    Freed,
}

/// When a participant that has said `CertSeen` may settle its pairs by another run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// Once every other participant has aborted, `CertSeen` or not.
    #[default]
    ByAll,
    /// At anyone's abort: what an equivocator can abuse.
    ByAnyone,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settlement {
    /// Whether the last participant says different things to the others.
    pub equivocator: bool,
    /// Effects follow every signature, without the gate `CertSeen`: a wrong version.
    pub without_gate: bool,
    /// When waiting ends.
    pub release: Release,
}

/// The world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The public feed of each; not used of the equivocator.
    pub feeds: [Vec<Word>; PARTICIPANTS],
    /// How much of each feed a reader holds.
    pub held: [[usize; PARTICIPANTS]; PARTICIPANTS],
    /// What the equivocator told each reader.
    pub lies: [Vec<Word>; PARTICIPANTS],
    /// From which place on a reader knows that the equivocator forked.
    pub proof: [Option<usize>; PARTICIPANTS],
    /// What each did.
    pub acts: [Option<Act>; PARTICIPANTS],
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A participant writes a word into its feed.
    Says(usize, Word),
    /// A reader takes in the next entry of an author.
    Reads(usize, usize),
    /// A reader takes in an entry that the equivocator made for it.
    HearsLie(usize, Word),
    /// A reader is shown the proof that the equivocator forked.
    Proof(usize),
    /// A participant acts.
    Acts(usize, Act),
}

/// What a reader knows of one participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    signed: bool,
    aborted: bool,
    cert_seen: bool,
}

impl Known {
    /// The first word counts. A signature is taken back only before `CertSeen`; after it an abort says that its author
    /// waits no longer.
    fn fold(words: &[Word]) -> Self {
        words.iter().fold(Self::default(), |known, word| match word {
            Word::Signed if !known.aborted => Self { signed: true, ..known },
            Word::CertSeen if known.signed && !known.aborted => Self { cert_seen: true, ..known },
            Word::Aborted => Self { aborted: true, ..known },
            Word::Signed | Word::CertSeen => known,
        })
    }

    /// Returns whether the signature stands.
    const fn stands(self) -> bool {
        self.signed && (self.cert_seen || !self.aborted)
    }
}

impl Settlement {
    fn honest(&self) -> usize {
        if self.equivocator { EQUIVOCATOR } else { PARTICIPANTS }
    }

    fn lies(&self, author: usize) -> bool {
        self.equivocator && author == EQUIVOCATOR
    }

    fn knows(&self, state: &State, reader: usize) -> [Known; PARTICIPANTS] {
        [0, 1, 2].map(|author| {
            if !self.lies(author) {
                return Known::fold(&state.feeds[author][..state.held[reader][author]]);
            }
            let heard = &state.lies[reader];
            let counts = state.proof[reader].map_or(heard.len(), |place| heard.len().min(place));
            Known::fold(&heard[..counts])
        })
    }

    /// Returns whom a reader does not expect to act on the run any more.
    fn left(&self, state: &State, me: usize) -> [bool; PARTICIPANTS] {
        let known = self.knows(state, me);
        [0, 1, 2].map(|author| match self.release {
            Release::ByAnyone => known[author].aborted && !known[author].stands(),
            Release::ByAll => {
                known[author].aborted || self.lies(author) && state.proof[me].is_some()
            }
        })
    }

    /// Returns the words that an honest participant may write now.
    fn words(&self, state: &State, me: usize) -> Vec<Word> {
        let known = self.knows(state, me);
        let left = self.left(state, me).contains(&true);
        let mine = known[me];
        let mut words = Vec::new();
        if !mine.signed && !mine.aborted && !left && state.acts[me].is_none() {
            words.push(Word::Signed);
        }
        // Its operator refuses or takes the signature back; or its node follows another's abort.
        let follows = self.release == Release::ByAll && left && state.acts[me].is_none();
        if !mine.aborted && (!mine.cert_seen || follows) {
            words.push(Word::Aborted);
        }
        let all = known.iter().all(|known| known.stands());
        let mut waits = all && !mine.cert_seen;
        waits &= self.release == Release::ByAnyone || !left;
        if waits {
            words.push(Word::CertSeen);
        }
        words
    }

    /// Returns what an honest participant does in its books now, if anything.
    fn act(&self, state: &State, me: usize) -> Option<Act> {
        let (known, left) = (self.knows(state, me), self.left(state, me));
        let mine = known[me];
        let certified = known.iter().all(|known| known.stands() && known.cert_seen);
        let signed = self.without_gate && known.iter().all(|known| known.stands());
        // Whoever waits no longer stays with it: others may have been freed by that.
        if (certified || signed) && !mine.aborted {
            return Some(Act::Effect);
        }
        let freed = match self.release {
            Release::ByAnyone => left.contains(&true),
            Release::ByAll if mine.cert_seen => !left.contains(&false),
            Release::ByAll => mine.aborted || !mine.signed && left.contains(&true),
        };
        freed.then_some(Act::Freed)
    }

    fn reads(&self, state: &State, reader: usize) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        for author in (0..PARTICIPANTS).filter(|author| !self.lies(*author)) {
            let held = state.held[reader][author];
            if held < state.feeds[author].len() {
                let mut next = state.clone();
                next.held[reader][author] = held.saturating_add(1);
                steps.push((Step::Reads(reader, author), next));
            }
        }
        if !self.equivocator {
            return steps;
        }
        for word in [Word::Signed, Word::Aborted, Word::CertSeen] {
            let mut next = state.clone();
            next.lies[reader].push(word);
            // A word that says nothing new is not worth a lie.
            let news = Known::fold(&next.lies[reader]) != Known::fold(&state.lies[reader]);
            if news {
                steps.push((Step::HearsLie(reader, word), next));
            }
        }
        let mut both = state.lies[0].iter().zip(&state.lies[1]);
        if let (Some(place), None) = (both.position(|(a, b)| a != b), state.proof[reader]) {
            let mut next = state.clone();
            next.proof[reader] = Some(place);
            steps.push((Step::Proof(reader), next));
        }
        steps
    }

    /// Returns the state in which everything was read, and everyone did what its node does by itself.
    fn healed(&self, state: &State) -> State {
        let mut now = state.clone();
        loop {
            let before = now.clone();
            for me in 0..PARTICIPANTS {
                while let Some((_, next)) = self.reads(&now, me).into_iter().next() {
                    now = next;
                }
                let follows = self.left(&now, me).contains(&true);
                let mut words = self.words(&now, me).into_iter();
                if let Some(word) = words.find(|word| follows || *word != Word::Aborted) {
                    say(&mut now, me, word);
                }
                now.acts[me] = now.acts[me].or_else(|| self.act(&now, me));
            }
            if now == before {
                return now;
            }
        }
    }
}

fn say(state: &mut State, author: usize, word: Word) {
    state.feeds[author].push(word);
    state.held[author][author] = state.feeds[author].len();
}

fn agree(model: &Settlement, state: &State) -> bool {
    let acts = &state.acts[..model.honest()];
    !(acts.contains(&Some(Act::Effect)) && acts.contains(&Some(Act::Freed)))
}

fn ends(model: &Settlement, state: &State) -> bool {
    if model.equivocator {
        return true;
    }
    let acts = model.healed(state).acts;
    acts[0].is_some() && acts.iter().all(|act| *act == acts[0])
}

impl Protocol for Settlement {
    type State = State;
    type Step = Step;

    const LAWS: &'static [Named<Self>] = &[
        ("I11: what a run settled for one is not settled again by another", agree),
        ("healed, a run took effect for all or for none", ends),
    ];
    const HAPPENS: &'static [Named<Self>] = &[
        ("a run takes effect", |_, s| s.acts[0] == Some(Act::Effect)),
        ("a run is aborted", |_, s| s.acts[0] == Some(Act::Freed)),
    ];

    fn starts(&self) -> Vec<State> {
        vec![State {
            feeds: Default::default(),
            held: Default::default(),
            lies: Default::default(),
            proof: [None; PARTICIPANTS],
            acts: [None; PARTICIPANTS],
        }]
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        for me in 0..self.honest() {
            for word in self.words(state, me) {
                let mut next = state.clone();
                say(&mut next, me, word);
                steps.push((Step::Says(me, word), next));
            }
            if let (None, Some(act)) = (state.acts[me], self.act(state, me)) {
                let mut next = state.clone();
                next.acts[me] = Some(act);
                steps.push((Step::Acts(me, act), next));
            }
            steps.extend(self.reads(state, me));
        }
        steps
    }
}
