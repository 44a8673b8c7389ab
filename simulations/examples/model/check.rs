//! Every reachable state of a small protocol, visited by stateright.

use simulations::model::Protocol;
use stateright::{Checker, HasDiscoveries, Model, Property};

/// A protocol as stateright wants it.
pub struct Checked<P>(pub P);

/// What was found.
pub struct Found {
    /// Different states that were visited.
    pub states: usize,
    /// The longest of the shortest ways to a state.
    pub depth: usize,
    /// Laws that do not hold, each with the shortest way to a state that breaks it.
    pub broken: Vec<(&'static str, Vec<String>)>,
    /// What should be able to happen and does not.
    pub missing: Vec<&'static str>,
}

/// Laws and happenings that a protocol has at most: stateright takes plain functions, so each has a place.
const MOST: usize = 9;

fn law<P: Protocol, const AT: usize>(model: &Checked<P>, state: &P::State) -> bool {
    P::LAWS[AT].1(&model.0, state)
}

fn happening<P: Protocol, const AT: usize>(model: &Checked<P>, state: &P::State) -> bool {
    P::HAPPENS[AT].1(&model.0, state)
}

impl<P: Protocol> Model for Checked<P> {
    type State = P::State;
    type Action = (P::Step, P::State);

    fn init_states(&self) -> Vec<P::State> {
        self.0.starts()
    }

    fn actions(&self, state: &P::State, actions: &mut Vec<Self::Action>) {
        actions.extend(self.0.steps(state));
    }

    fn next_state(&self, _: &P::State, (_, next): Self::Action) -> Option<P::State> {
        Some(next)
    }

    fn format_action(&self, (step, _): &Self::Action) -> String {
        format!("{step:?}")
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let laws: [fn(&Self, &P::State) -> bool; MOST] = [
            law::<P, 0>,
            law::<P, 1>,
            law::<P, 2>,
            law::<P, 3>,
            law::<P, 4>,
            law::<P, 5>,
            law::<P, 6>,
            law::<P, 7>,
            law::<P, 8>,
        ];
        let happenings: [fn(&Self, &P::State) -> bool; 4] =
            [happening::<P, 0>, happening::<P, 1>, happening::<P, 2>, happening::<P, 3>];
        assert!(P::LAWS.len() <= laws.len() && P::HAPPENS.len() <= happenings.len());
        let laws = P::LAWS.iter().zip(laws).map(|(named, f)| Property::always(named.0, f));
        let happens = P::HAPPENS.iter().zip(happenings);
        laws.chain(happens.map(|(named, f)| Property::sometimes(named.0, f))).collect()
    }
}

/// Visits every state, or as many as it takes to find a broken law.
pub fn visit<P>(protocol: P) -> Found
where
    P: Protocol + Send + Sync,
    P::State: Send + Sync,
    P::Step: Send + Sync,
{
    let checker = Checked(protocol).checker().finish_when(HasDiscoveries::AnyFailures).threads(2);
    let checker = checker.spawn_bfs().join();
    let found = checker.discoveries();
    let way = |name| {
        let path = found.get(name)?.clone();
        let steps = path.into_actions().into_iter().map(|(step, _)| format!("{step:?}"));
        Some((name, steps.collect::<Vec<_>>()))
    };
    let missing = P::HAPPENS.iter().map(|named| named.0).filter(|name| !found.contains_key(name));
    Found {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        broken: P::LAWS.iter().filter_map(|named| way(named.0)).collect(),
        missing: missing.collect(),
    }
}
