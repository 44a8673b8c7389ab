//! What always holds of a payment, and what must be able to happen.

use crate::model::Named;

use super::{COVERED, Charge, HomeWord, Host, HostWord, IDS, Liar, MADE_UP, Payment, Sale, State};

pub(super) const LAWS: &[Named<Payment>] = &[
    ("I2: what is held and owed stays within the balance and the ceiling", within_limits),
    ("I3: a sale is charged at most once, at its amount", charged_once),
    ("nothing is granted after its void was heard", no_grant_after_void),
    ("I7: refunds never exceed what was captured, and revive no void", refunds_fit),
    ("a till is never told two things", one_word_for_tills),
    ("each side decides a payment once", decided_once),
    ("the home caisse owes only what it granted or accepted", owes_what_it_said),
    ("PAID only with a grant, or within the floor", paid_with_a_reason),
    ("I4, I5: healed, nothing is held, PAID is booked, and both agree", heals),
];

pub(super) const HAPPENS: &[Named<Payment>] = &[
    ("a sale is paid", |_, s| s.said.told[0].paid && s.home.disk.owed[0] == COVERED),
    ("a sale is void", |_, s| s.said.told[0].not),
    ("a hold is released", |_, s| s.home.disk.charges[0] == Charge::Released),
    ("a void leaves a tombstone", |_, s| s.home.disk.charges[0] == Charge::TombstoneTold),
];

/// Returns what is owed for a sale, under a made up id included.
fn owed_for(state: &State, id: usize) -> u8 {
    let home = &state.home.disk;
    let made_up = if id == 0 { home.owed[MADE_UP] } else { 0 };
    home.owed[id].saturating_add(made_up)
}

fn within_limits(model: &Payment, state: &State) -> bool {
    model.liar == Liar::Home || state.home.disk.used() <= model.balance.min(model.ceiling)
}

fn charged_once(model: &Payment, state: &State) -> bool {
    let at_most = |id| owed_for(state, id) <= COVERED && state.home.disk.held[id] <= COVERED;
    model.liar == Liar::Home || (0..model.sales).all(at_most)
}

fn no_grant_after_void(model: &Payment, state: &State) -> bool {
    let home = &state.home.disk;
    let heard = &state.host.disk.feed[..home.read];
    let held_after_all =
        |id| home.charges[id] == Charge::Held && heard.contains(&HostWord::Voided(id));
    model.liar == Liar::Home || !(0..IDS).any(held_after_all)
}

fn refunds_fit(_: &Payment, state: &State) -> bool {
    let (host, home) = (&state.host.disk, &state.home.disk);
    (0..IDS).all(|id| {
        home.refunded[id] <= home.owed[id]
            && host.refunded[id] <= COVERED
            && (host.refunded[id] == 0 || host.sales[id].and_then(Sale::word) == Some(true))
    })
}

fn one_word_for_tills(_: &Payment, state: &State) -> bool {
    state.said.told.iter().all(|told| !(told.paid && told.not))
}

fn decided_once(model: &Payment, state: &State) -> bool {
    let of_host = |id| {
        let decisions = [HostWord::Captured(id), HostWord::Voided(id), HostWord::FloorCaptured(id)];
        state.host.disk.feed.iter().filter(|word| decisions.contains(word)).count()
    };
    let of_home = |id| {
        let decisions = [HomeWord::Granted(id), HomeWord::Denied(id)];
        state.home.disk.feed.iter().filter(|word| decisions.contains(word)).count()
    };
    let (host, home) = (model.liar == Liar::Host, model.liar == Liar::Home);
    (0..IDS).all(|id| (host || of_host(id) <= 1) && (home || of_home(id) <= 1))
}

fn owes_what_it_said(model: &Payment, state: &State) -> bool {
    let home = &state.home.disk;
    let heard = &state.host.disk.feed[..home.read];
    let explained = |id| {
        let captured =
            home.feed.contains(&HomeWord::Granted(id)) && heard.contains(&HostWord::Captured(id));
        home.owed[id] == 0 || captured || heard.contains(&HostWord::FloorCaptured(id))
    };
    model.liar == Liar::Home || (0..IDS).all(explained)
}

fn paid_with_a_reason(model: &Payment, state: &State) -> bool {
    let host = &state.host.disk;
    let heard = &state.home.disk.feed[..host.read];
    let explained = |id| match host.sales[id] {
        Some(Sale::Captured) => heard.contains(&HomeWord::Granted(id)),
        Some(Sale::AtRisk | Sale::AtRiskAccepted | Sale::AtRiskLost) => state.floor,
        Some(Sale::Asked | Sale::Voided | Sale::Refused) | None => !state.said.told[id].paid,
    };
    // A wrong version is to be caught by what goes wrong with money.
    model.mutant.is_some() || (0..IDS).all(explained)
}

fn heals(model: &Payment, state: &State) -> bool {
    // A state within a turn can die into one between two turns, which is looked at as well. What a liar holds
    // back or contradicts need not heal: there the other laws count.
    if model.liar != Liar::Nobody || state.host.turn.is_some() || state.home.turn.is_some() {
        return true;
    }
    let Some(now) = model.healed(state) else {
        return false;
    };
    let (host, home) = (&now.host.disk, &now.home.disk);
    let lost = |id: usize| host.sales[id] == Some(Sale::AtRiskLost);
    let booked = |id| owed_for(&now, id) > 0 || lost(id) || id == 0 && lost(MADE_UP);
    let told = (0..model.sales).all(|id| now.said.told[id].paid == booked(id));
    let waiting = (0..IDS).any(|id| host.is_asked(id) || home.held[id] > 0);
    told && !waiting && owed_to(host) == home.used()
}

/// Returns what the host says it is owed, in units.
fn owed_to(host: &Host) -> u8 {
    let of = |id: usize| match host.sales[id] {
        Some(Sale::Captured | Sale::AtRiskAccepted) => COVERED.saturating_sub(host.refunded[id]),
        Some(Sale::Asked | Sale::Voided | Sale::Refused | Sale::AtRisk | Sale::AtRiskLost)
        | None => 0,
    };
    (0..IDS).map(of).fold(0, u8::saturating_add)
}
