//! What is known of other caisses.

use crdt::CaisseId;
use crdt::RunId;
use crdt::card::CardText;
use crdt::clearing::Debt;
use crdt::feed::FeedId;
use crdt::pair::Pair;
use crdt::settlement::RunState;

use crate::answer::{
    AgreementInfo, Answer, CardHome, FederationInfo, PeerInfo, ProductInfo, ProposalInfo, RunInfo,
    StatementInfo, TransferInfo,
};
use crate::federation::ceiling;
use crate::host::home_of;
use crate::records::Kind;
use crate::refused::{FederationRefused, PaymentRefused, SettlementRefused};
use crate::settle::{self, TransferState, transfer_key};
use crate::shelf;
use crate::state::State;
use crate::turn::{Outcome, Turn};

pub(super) fn register(state: &State, turn: &Turn<'_>) -> Outcome {
    let federation = state.federation.as_ref().ok_or(FederationRefused::NotFounded)?;
    let register = &federation.view.register;
    let effective = register.effective();
    let proposals = register.proposals().map(|(id, proposal, approvals)| ProposalInfo {
        id: *id,
        change: proposal.change.clone(),
        approvals: approvals.iter().copied().collect(),
        effective: effective.contains(id),
    });
    let agreements = federation.partners(&state.me).into_iter().filter_map(|partner| {
        let agreements = &federation.view.agreements;
        let ours = agreements.offered(&state.me, &partner.id).cloned();
        let theirs = agreements.offered(&partner.id, &state.me).cloned();
        let in_force = ours.is_some() && ours == theirs;
        let any = ours.is_some() || theirs.is_some();
        any.then(|| AgreementInfo {
            with: partner.id,
            ours,
            theirs,
            in_force,
            ceiling: ceiling::with(state, partner.id),
            visitors_near: ceiling::visitors_near(state, turn, partner.id),
            eligible: agreements.stated(&partner.id).cloned(),
        })
    });
    Ok(Answer::Federation(Box::new(FederationInfo {
        network: federation.view.network(),
        charter: register.charter().clone(),
        signed: register.signed().iter().copied().collect(),
        founded: register.is_founded(),
        members: register.members().into_values().cloned().collect(),
        proposals: proposals.collect(),
        agreements: agreements.collect(),
    })))
}

pub(super) fn card_home(state: &State, turn: &Turn<'_>, card: &CardText) -> Outcome {
    let home = home_of(state, card)?;
    let seal_to = if home == state.me {
        None
    } else {
        let federation = state.federation.as_ref();
        let federation = federation.ok_or(PaymentRefused::UnknownCard)?;
        let contacts = federation.view.register.contacts();
        let contact = contacts.get(&home).ok_or(PaymentRefused::UnknownCard)?;
        Some(federation.replica.epochs().renewed(contact).sealing)
    };
    let degraded = crate::offline::degraded(state, turn, home);
    Ok(Answer::CardHome(CardHome { card: card.card(), home, seal_to, degraded }))
}

pub(super) fn peers(state: &State) -> Vec<PeerInfo> {
    let Some(federation) = &state.federation else {
        return Vec::new();
    };
    let seq = |feed| federation.replica.head(feed).seq;
    let partners = federation.partners(&state.me).into_iter();
    partners
        .map(|partner| PeerInfo {
            connected: federation.is_connected(&partner.id),
            heard: federation.is_heard(&partner.id),
            public_entries: seq(FeedId::public(partner.id)),
            pair_entries: seq(FeedId::pair(partner.id, state.me)),
            our_pair_entries: seq(FeedId::pair(state.me, partner.id)),
            id: partner.id,
            name: partner.name,
        })
        .collect()
}

/// Returns the name of a caisse, or its id if it is not known.
fn name_of(state: &State, caisse: &CaisseId) -> String {
    if *caisse == state.me {
        return state.settings.contact.name.clone();
    }
    let contacts = state.federation.as_ref().map(|f| f.view.register.contacts());
    let name = contacts.and_then(|known| known.get(caisse).map(|contact| contact.name.clone()));
    name.unwrap_or_else(|| caisse.to_string())
}

pub(super) fn catalogue(state: &State, text: &str, limit: u32) -> Vec<ProductInfo> {
    let found = shelf::search(state, text, limit as usize);
    let names: std::collections::BTreeMap<CaisseId, String> =
        found.iter().map(|hit| (hit.caisse, name_of(state, &hit.caisse))).collect();
    let named = found.into_iter().map(|hit| {
        let caisse_name = names.get(&hit.caisse).cloned().unwrap_or_default();
        ProductInfo { caisse_name, ..hit }
    });
    named.collect()
}

pub(super) fn statement(state: &State, turn: &Turn<'_>, with: CaisseId) -> Outcome {
    let federation = state.federation.as_ref().ok_or(FederationRefused::NotFounded)?;
    if !federation.is_member(&with) || with == state.me {
        return Err(SettlementRefused::from(FederationRefused::UnknownCaisse).into());
    }
    let pair = Pair::of(state.me, with);
    let cut = settle::cut_now(federation, pair);
    let ledger = settle::fold(federation, turn, pair, &cut);
    let now = settle::statement(pair, cut, &ledger);
    let published = || federation.view.settlements.of_pair(pair);
    let agreed = published().filter(|(_, authors)| authors.len() == 2);
    let latest = agreed.max_by_key(|(s, _)| s.cut.low.seq.saturating_add(s.cut.high.seq));
    // Two different statements for one cut: the two sides do not find the same.
    let differs =
        published().any(|(one, _)| published().any(|(s, _)| s.cut == one.cut && s != one));
    let low = pair.low == state.me;
    let owed_to_us = if low { now.owed_to_low } else { now.owed_to_low.negated() };
    let lines = ledger.lines().iter().map(|((_, payment), line)| (*payment, line.clone()));
    Ok(Answer::Statement(Box::new(StatementInfo {
        with,
        owed_to_us,
        lines: lines.collect(),
        anomalies: ledger.anomalies().to_vec(),
        agreed: latest.map(|(statement, _)| statement.clone()),
        differs,
        now,
    })))
}

pub(super) fn runs(state: &State, turn: &Turn<'_>) -> Vec<RunInfo> {
    let Some(federation) = &state.federation else {
        return Vec::new();
    };
    let runs = federation.view.settlements.runs();
    runs.map(|(id, run)| run_info(state, turn, id, &run)).collect()
}

fn run_info(state: &State, turn: &Turn<'_>, id: RunId, run: &RunState) -> RunInfo {
    let clearing = run.run.clear().ok().map(|(_, clearing)| clearing);
    let transfers = clearing.map(|clearing| clearing.remaining).unwrap_or_default();
    let participants: Vec<CaisseId> = run.run.participants().into_iter().collect();
    let aborted: Vec<_> = run.aborts().map(|(who, why)| (*who, why.to_owned())).collect();
    let signed = run.words.keys().filter(|who| !aborted.iter().any(|(a, _)| a == *who));
    RunInfo {
        id,
        signed: signed.copied().collect(),
        cert_seen: run.cert_seen.iter().copied().collect(),
        certified: run.is_certified(),
        gross: run.run.debts(),
        transfers: transfers.into_iter().map(|debt| transfer_info(state, turn, id, debt)).collect(),
        participants,
        aborted,
    }
}

fn transfer_info(state: &State, turn: &Turn<'_>, run: RunId, debt: Debt) -> TransferInfo {
    let partner = if debt.debtor == state.me { debt.creditor } else { debt.debtor };
    let ours = debt.debtor == state.me || debt.creditor == state.me;
    let key = transfer_key(&run, &partner);
    let known: TransferState = if ours {
        turn.get(Kind::Meta, &key).unwrap_or_default()
    } else {
        TransferState::default()
    };
    TransferInfo {
        end_to_end_id: settle::end_to_end_id(run, &debt),
        sent: known.sent,
        received: known.received,
        debt,
    }
}
