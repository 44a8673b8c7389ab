//! Every reachable state of the models of the protocol keeps its laws, and every wrong version is found out.

use simulations::model::Protocol;
use simulations::model::lot::LotModel;
use simulations::model::payment::{Liar, Mutant, Payment};
use simulations::model::settlement::{Release, Settlement};

#[path = "../examples/model/check.rs"]
mod check;

fn keeps_its_laws<P>(name: &str, protocol: P)
where
    P: Protocol + Send + Sync,
    P::State: Send + Sync,
    P::Step: Send + Sync,
{
    let found = check::visit(protocol);
    println!("{name}: {} states, depth {}", found.states, found.depth);
    assert!(found.broken.is_empty(), "{name}: {:#?}", found.broken);
    assert!(found.missing.is_empty(), "{name}: {:?} never happens", found.missing);
}

/// Returns the laws that a wrong version breaks first.
fn is_found_out<P>(name: &str, protocol: P) -> Vec<&'static str>
where
    P: Protocol + Send + Sync,
    P::State: Send + Sync,
    P::Step: Send + Sync,
{
    let found = check::visit(protocol);
    for (law, way) in &found.broken {
        println!("{name}: after {} states, {law}, by {}", found.states, way.join(", "));
    }
    assert!(!found.broken.is_empty(), "{name} lived through {} states", found.states);
    found.broken.into_iter().map(|(law, _)| law).collect()
}

fn two_sales() -> Payment {
    Payment { sales: 2, ceiling: 2, refunds: 0, floor: Some(false), ..Payment::default() }
}

fn begins(laws: &[&str], beginnings: &[&str]) -> bool {
    laws.iter().all(|law| beginnings.iter().any(|beginning| law.starts_with(beginning)))
}

#[test]
fn a_payment_keeps_its_laws_whatever_is_lost_repeated_late_or_dies() {
    keeps_its_laws("one sale", Payment::default());
}

#[test]
fn two_sales_share_a_ceiling_that_holds_one() {
    keeps_its_laws("two sales", two_sales());
}

#[test]
fn whoever_lies_about_a_payment_gains_nothing_that_was_not_granted() {
    let small = Payment { refunds: 1, ..Payment::default() };
    keeps_its_laws("a host that lies", Payment { liar: Liar::Host, ..small });
    keeps_its_laws("a home caisse that lies", Payment { liar: Liar::Home, ..small });
}

#[test]
fn every_wrong_version_of_a_payment_is_found_out() {
    let wrong = |mutant| Payment { mutant: Some(mutant), ..Payment::default() };
    let floor = |mutant| Payment { floor: Some(true), ..wrong(mutant) };
    assert!(begins(&is_found_out("M1", wrong(Mutant::M1)), &["I4"]));
    assert!(begins(&is_found_out("M2", wrong(Mutant::M2)), &["I3", "each side decides", "I4"]));
    assert!(begins(&is_found_out("M3", wrong(Mutant::M3)), &["nothing is granted", "I4"]));
    assert!(begins(&is_found_out("M4", wrong(Mutant::M4)), &["I4", "a till is never told"]));
    assert!(begins(
        &is_found_out("M5", floor(Mutant::M5)),
        &["I3", "I4", "each side decides", "a till is never told"]
    ));
    assert!(begins(
        &is_found_out("M7", Payment { mutant: Some(Mutant::M7), ..two_sales() }),
        &["I2"]
    ));
}

#[test]
fn a_run_takes_effect_for_all_honest_participants_or_for_none() {
    keeps_its_laws("three that may die", Settlement::default());
    let equivocator = Settlement { equivocator: true, ..Settlement::default() };
    keeps_its_laws("one equivocates", equivocator);
}

#[test]
fn without_the_last_gate_or_with_an_early_release_an_equivocator_divides_the_honest() {
    let equivocator = Settlement { equivocator: true, ..Settlement::default() };
    let gate = Settlement { without_gate: true, ..equivocator };
    assert!(begins(&is_found_out("no gate", gate), &["I11"]));
    let early = Settlement { release: Release::ByAnyone, ..equivocator };
    assert!(begins(&is_found_out("freed by any abort", early), &["I11"]));
}

#[test]
fn a_lot_is_never_exceeded_and_never_taken_back_by_a_clock() {
    keeps_its_laws("lot", LotModel::default());
    keeps_its_laws("a host that lies", LotModel { liar: true, ..LotModel::default() });
    let wrong = LotModel { takes_back: true, ..LotModel::default() };
    assert!(begins(&is_found_out("M8", wrong), &["I4"]));
}
