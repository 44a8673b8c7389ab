//! A machine dies at every point of a small story, and every time all ends well.

use simulations::crashes::{Script, abort_at, points};

/// Plays a story with an abort at each of its points.
fn dies_everywhere(script: Script) {
    let count = points(script).unwrap_or_else(|why| panic!("{script:?} broke {why}"));
    println!("{script:?}: {count} points");
    assert!(count > 8, "{script:?} has {count} points only");
    for point in 1..=count {
        if let Err(why) = abort_at(script, point) {
            panic!("{script:?}, aborted at point {point} of {count}, broke {why}");
        }
    }
}

#[test]
fn a_payment_across_survives_an_abort_at_every_point() {
    dies_everywhere(Script::Payment);
}

#[test]
fn a_refund_survives_an_abort_at_every_point() {
    dies_everywhere(Script::Refund);
}

#[test]
fn a_void_survives_an_abort_at_every_point() {
    dies_everywhere(Script::Void);
}

#[test]
fn a_sale_at_the_hosts_risk_survives_an_abort_at_every_point() {
    dies_everywhere(Script::FloorSale);
}

#[test]
fn a_sale_by_a_lot_survives_an_abort_at_every_point() {
    dies_everywhere(Script::Lot);
}

#[test]
fn a_settlement_run_survives_an_abort_at_every_point() {
    dies_everywhere(Script::Run);
}
