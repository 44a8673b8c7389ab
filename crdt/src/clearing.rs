//! Stage 1 of settlement: cycles of debts cancel, and nobody gets a new creditor.
//!
//! What each caisse owes less what it is owed stays the same; no debt between two caisses grows. Among
//! all ways to do that, the sum of what remains is the least: a minimum-cost flow from the net debtors
//! to the net creditors through the debts that exist, each unit of each debt costing one. (Ahuja,
//! Magnanti, Orlin, *Network Flows*, 1993, chapter 9: successive shortest paths.)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CaisseId, Cents, limits};

/// What one caisse owes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Debt {
    /// Who owes.
    pub debtor: CaisseId,
    /// Who is owed.
    pub creditor: CaisseId,
    /// How much.
    pub amount: Cents,
}

/// What remains when cycles are cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clearing {
    /// The debts that remain, sorted by debtor and creditor.
    pub remaining: Vec<Debt>,
    /// The sum of all debts before.
    pub gross: Cents,
    /// The sum of what was cancelled.
    pub cancelled: Cents,
}

/// Why debts cannot be cleared, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDebts {
    /// More caisses than [`limits::CAISSES`].
    #[error("more than {} caisses", limits::CAISSES)]
    TooMany,
    /// A debt of nothing, or of a caisse to itself.
    #[error("a debt of nothing, or of a caisse to itself")]
    NotADebt,
    /// Two debts between the same two caisses.
    #[error("two debts between the same two caisses")]
    TwicePair,
    /// The sum fits no amount of money.
    #[error("the sum of the debts fits no amount of money")]
    Overflow,
}

/// Cancels cycles of debts. The order of the debts does not matter; among results of equal sum the one
/// found first with caisses taken in the order of their ids is chosen, the same on every machine.
///
/// # Errors
/// The first of [`BadDebts`] that applies.
pub fn clear(debts: &[Debt]) -> Result<Clearing, BadDebts> {
    let mut sorted = debts.to_vec();
    sorted.sort_unstable();
    let nodes = check(&sorted)?;
    let gross = Cents::checked_sum(sorted.iter().map(|debt| debt.amount));
    let gross = gross.ok_or(BadDebts::Overflow)?;
    let mut graph = Graph::new(&nodes, &sorted);
    graph.fill();
    let remaining: Vec<Debt> = sorted
        .iter()
        .enumerate()
        .map(|(which, debt)| Debt { amount: graph.flow(which), ..*debt })
        .filter(|debt| !debt.amount.is_zero())
        .collect();
    let left = Cents::checked_sum(remaining.iter().map(|debt| debt.amount));
    let cancelled = gross.saturating_sub(left.ok_or(BadDebts::Overflow)?);
    Ok(Clearing { remaining, gross, cancelled })
}

/// Checks the debts and numbers the caisses in the order of their ids.
fn check(sorted: &[Debt]) -> Result<BTreeMap<CaisseId, usize>, BadDebts> {
    let mut nodes = BTreeMap::new();
    let mut pairs = std::collections::BTreeSet::new();
    for debt in sorted {
        nodes.insert(debt.debtor, 0);
        nodes.insert(debt.creditor, 0);
        if nodes.len() > limits::CAISSES {
            return Err(BadDebts::TooMany);
        }
        if debt.amount.is_zero() || debt.debtor == debt.creditor {
            return Err(BadDebts::NotADebt);
        }
        let ends = (debt.debtor.min(debt.creditor), debt.debtor.max(debt.creditor));
        if !pairs.insert(ends) {
            return Err(BadDebts::TwicePair);
        }
    }
    nodes.values_mut().enumerate().for_each(|(number, node)| *node = number);
    Ok(nodes)
}

/// An arc and, at the next odd place, its reverse.
struct Arc {
    to: usize,
    capacity: u64,
    cost: i64,
}

/// A flow network: the caisses, then a source and a sink.
struct Graph {
    arcs: Vec<Arc>,
    out: Vec<Vec<usize>>,
    source: usize,
    sink: usize,
}

impl Graph {
    fn new(nodes: &BTreeMap<CaisseId, usize>, debts: &[Debt]) -> Self {
        let (source, sink) = (nodes.len(), nodes.len() + 1);
        let mut graph =
            Self { arcs: Vec::new(), out: vec![Vec::new(); nodes.len() + 2], source, sink };
        let mut net = vec![0_i128; nodes.len()];
        for debt in debts {
            let (from, to) = (nodes[&debt.debtor], nodes[&debt.creditor]);
            graph.arc(from, to, debt.amount.get(), 1);
            net[from] += i128::from(debt.amount.get());
            net[to] -= i128::from(debt.amount.get());
        }
        for (node, net) in net.into_iter().enumerate() {
            // The sum of all debts fits an amount of money, so every net position does.
            let amount = u64::try_from(net.unsigned_abs()).unwrap_or(u64::MAX);
            match net.signum() {
                1 => graph.arc(source, node, amount, 0),
                -1 => graph.arc(node, sink, amount, 0),
                _ => {}
            }
        }
        graph
    }

    fn arc(&mut self, from: usize, to: usize, capacity: u64, cost: i64) {
        self.out[from].push(self.arcs.len());
        self.arcs.push(Arc { to, capacity, cost });
        self.out[to].push(self.arcs.len());
        self.arcs.push(Arc { to: from, capacity: 0, cost: -cost });
    }

    /// Sends as much as possible from the source to the sink, each time on a cheapest path.
    fn fill(&mut self) {
        while let Some(path) = self.cheapest_path() {
            let width = path.iter().map(|arc| self.arcs[*arc].capacity).min().unwrap_or(0);
            for arc in path {
                self.arcs[arc].capacity -= width;
                self.arcs[arc ^ 1].capacity += width;
            }
        }
    }

    /// Bellman and Ford's algorithm with a queue: residual arcs cost less than nothing.
    fn cheapest_path(&self) -> Option<Vec<usize>> {
        let mut cost = vec![i64::MAX; self.out.len()];
        let mut by: Vec<Option<usize>> = vec![None; self.out.len()];
        let mut queued = vec![false; self.out.len()];
        let mut queue = std::collections::VecDeque::from([self.source]);
        cost[self.source] = 0;
        while let Some(node) = queue.pop_front() {
            queued[node] = false;
            for arc in &self.out[node] {
                let &Arc { to, capacity, cost: step } = &self.arcs[*arc];
                if capacity > 0 && cost[node] + step < cost[to] {
                    cost[to] = cost[node] + step;
                    by[to] = Some(*arc);
                    if !std::mem::replace(&mut queued[to], true) {
                        queue.push_back(to);
                    }
                }
            }
        }
        let mut path = Vec::new();
        let mut node = self.sink;
        while node != self.source {
            let arc = by[node]?;
            path.push(arc);
            node = self.arcs[arc ^ 1].to;
        }
        Some(path)
    }

    /// Returns what flows through a debt: what remains of it.
    fn flow(&self, debt: usize) -> Cents {
        Cents::new(self.arcs[2 * debt + 1].capacity).unwrap_or(Cents::MAX)
    }
}
