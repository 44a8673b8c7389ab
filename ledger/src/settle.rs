//! Statements and settlement runs: what we say of them, and what they do to our books.

use std::collections::BTreeSet;

use crdt::clearing::Debt;
use crdt::feed::{Body, FeedId, PublicBody};
use crdt::pair::{Cut, Pair, PairBody, PairLedger};
use crdt::settlement::{PairInRun, Run, RunState, StatementBody, Word};
use crdt::{CaisseId, Cents, PaymentId, RunId, SignedCents};

use crate::account::Account;
use crate::answer::Answer;
use crate::books::{Cause, Phase, Transfer};
use crate::dispute::contest::{self, Contest};
use crate::federation::{self, Federation};
use crate::records::Kind;
use crate::refused::{FederationRefused, SettlementRefused};
use crate::state::State;
use crate::turn::{Outcome, Turn};

fn federation_of(state: &State) -> Result<&Federation, SettlementRefused> {
    Ok(state.federation.as_ref().ok_or(FederationRefused::NotFounded)?)
}

/// Returns where the two feeds of a pair are held now.
pub(crate) fn cut_now(federation: &Federation, pair: Pair) -> Cut {
    let head = |author, reader| federation.replica.head(FeedId::pair(author, reader));
    Cut { low: head(pair.low, pair.high), high: head(pair.high, pair.low) }
}

/// Folds the two feeds of a pair up to a cut. What a certified run settled counts, whatever was contested
/// since.
pub(crate) fn fold(federation: &Federation, turn: &Turn<'_>, pair: Pair, cut: &Cut) -> PairLedger {
    let mut entries = federation::stored(turn, cut.low.feed, 0, cut.low.seq);
    entries.extend(federation::stored(turn, cut.high.feed, 0, cut.high.seq));
    let certified = cuts(federation, pair, |run| run.is_certified());
    PairLedger::fold(pair, &entries).with_settled(&certified)
}

/// Returns the cuts of a pair's statements in some of the runs.
fn cuts(federation: &Federation, pair: Pair, some: impl Fn(&RunState) -> bool) -> Vec<Cut> {
    let runs = federation.view.settlements.runs().filter(|(_, run)| some(run));
    let parts = runs.flat_map(|(_, run)| run.run.pairs);
    parts.filter(|part| part.statement.pair == pair).map(|part| part.statement.cut).collect()
}

/// Returns whether a payment of a member of ours was counted by a run that has settled it, or that can
/// still do so with our signature.
pub(crate) fn is_settled(
    state: &State,
    turn: &Turn<'_>,
    host: CaisseId,
    payment: PaymentId,
) -> bool {
    let Some(federation) = &state.federation else {
        return false;
    };
    let pair = Pair::of(state.me, host);
    let signed = |run: &RunState| matches!(run.words.get(&state.me), Some(Word::Signed(_)));
    let may_settle = |run: &RunState| run.is_certified() || (is_unfinished(run) && signed(run));
    let counts = |cut: &Cut| {
        let ledger = fold(federation, turn, pair, cut);
        ledger.lines().get(&(host, payment)).is_some_and(|line| !line.contested)
    };
    cuts(federation, pair, may_settle).iter().any(counts)
}

/// Returns what a pair owes each other up to a cut.
pub(crate) fn statement(pair: Pair, cut: Cut, ledger: &PairLedger) -> StatementBody {
    let owed_to_low = ledger.owed_to_low().unwrap_or_default();
    let digest = ledger.digest(&cut);
    StatementBody { pair, cut, owed_to_low, digest }
}

/// States what we and a partner owe each other up to now; the partner's node answers with its own.
pub(crate) fn state_with(state: &mut State, turn: &mut Turn<'_>, with: CaisseId) -> Outcome {
    let federation = federation_of(state)?;
    if !federation.is_member(&with) || with == state.me {
        return Err(SettlementRefused::from(FederationRefused::UnknownCaisse).into());
    }
    let pair = Pair::of(state.me, with);
    let cut = cut_now(federation, pair);
    let body = statement(pair, cut.clone(), &fold(federation, turn, pair, &cut));
    let known = federation.view.settlements.of_pair(pair);
    let said = known.into_iter().any(|(s, authors)| *s == body && authors.contains(&state.me));
    if !said {
        let publish = federation::publish(state, turn, PublicBody::Stated(Box::new(body)));
        publish.map_err(SettlementRefused::Federation)?;
    }
    Ok(Answer::Done)
}

/// Returns a pair's part in a new run: its latest agreed statement, if it holds a new debt.
fn pair_in_run(federation: &Federation, pair: Pair) -> Option<PairInRun> {
    let settlements = &federation.view.settlements;
    let agreed = settlements.of_pair(pair).filter(|(_, authors)| authors.len() == 2);
    let latest = agreed.max_by_key(|(s, _)| s.cut.low.seq.saturating_add(s.cut.high.seq));
    let statement = latest?.0.clone();
    let last = settlements.last_certified(pair);
    let settled = last.as_ref().map_or(SignedCents::ZERO, |(_, p)| p.statement.owed_to_low);
    let due_to_low = statement.owed_to_low.checked_sub(settled)?;
    let after = last.map(|(id, _)| id);
    (due_to_low != SignedCents::ZERO).then_some(PairInRun { statement, after, due_to_low })
}

/// Proposes a run over every pair with a new agreed statement that is not in an unfinished run, `without`
/// the pairs of some caisses.
pub(crate) fn propose(
    state: &mut State,
    turn: &mut Turn<'_>,
    without: &BTreeSet<CaisseId>,
) -> Outcome {
    let federation = federation_of(state)?;
    let settlements = &federation.view.settlements;
    let pairs: BTreeSet<Pair> = settlements.statements().keys().map(|s| s.pair).collect();
    let busy: BTreeSet<Pair> = settlements
        .runs()
        .filter(|(_, run)| is_unfinished(state, federation, run))
        .flat_map(|(_, run)| run.run.pairs.into_iter().map(|p| p.statement.pair))
        .collect();
    let left_out = |pair: &Pair| without.contains(&pair.low) || without.contains(&pair.high);
    let free = pairs.into_iter().filter(|pair| !busy.contains(pair) && !left_out(pair));
    let run = Run { pairs: free.filter_map(|pair| pair_in_run(federation, pair)).collect() };
    if run.pairs.is_empty() {
        return Err(SettlementRefused::NothingToSettle.into());
    }
    run.clear().map_err(SettlementRefused::from)?;
    let id = run.id();
    let published = federation::publish(state, turn, PublicBody::RunProposed(run));
    published.map_err(SettlementRefused::Federation)?;
    advance(state, turn);
    Ok(Answer::RunProposed(id))
}

fn is_unfinished(state: &State, federation: &Federation, run: &RunState) -> bool {
    let over = run.is_over_for(&state.me, |other| federation.replica.has_forked(other));
    !run.is_certified() && !over
}

/// Refuses a run, or takes our signature back as long as we have not said that we hold all of them: a run
/// that waits for a silent caisse must not hold up the others for ever.
pub(crate) fn abort(state: &mut State, turn: &mut Turn<'_>, id: RunId, reason: String) -> Outcome {
    let run = federation_of(state)?.view.settlements.run(&id);
    let run = run.ok_or(SettlementRefused::UnknownRun)?;
    if !run.run.participants().contains(&state.me) {
        return Err(SettlementRefused::NotAPart.into());
    }
    if run.cert_seen.contains(&state.me) {
        return Err(SettlementRefused::AlreadyCertified.into());
    }
    if matches!(run.words.get(&state.me), Some(Word::Aborted(_))) {
        return Ok(Answer::Done);
    }
    let reason = reason.chars().take(crate::limits::TEXT_CHARS).collect();
    let published = federation::publish(state, turn, PublicBody::RunAborted { run: id, reason });
    published.map_err(SettlementRefused::Federation)?;
    Ok(Answer::Done)
}

/// Does whatever the statements and runs that are known now ask of us: answers statements, signs runs,
/// says that all signatures are held, and books what all have certified. Nothing is looked at as long as
/// only payments pass.
pub(crate) fn advance(state: &mut State, turn: &mut Turn<'_>) {
    let Some(federation) = state.federation.as_mut().filter(|federation| federation.settling)
    else {
        return;
    };
    federation.settling = false;
    answer_statements(state, turn);
    let Some(federation) = &state.federation else {
        return;
    };
    let runs: Vec<(RunId, RunState)> = federation
        .view
        .settlements
        .runs()
        .filter(|(_, run)| run.run.participants().contains(&state.me))
        .collect();
    for (id, run) in runs {
        if turn.get::<bool>(Kind::Meta, &effect_key(&id)).is_some() {
            continue;
        }
        // Whoever waits no longer stays with it: others may have been freed by that.
        if run.is_certified() && !run.gave_up.contains(&state.me) {
            take_effect(state, turn, id, &run.run);
        } else if let Some(body) = next_word(state, turn, id, &run) {
            // While the fence is closed we say nothing; the next entry or comparison asks again.
            let _ = federation::publish(state, turn, body);
        }
    }
}

/// Publishes our own statement for every cut that a partner stated and that we hold as well.
fn answer_statements(state: &mut State, turn: &mut Turn<'_>) {
    let may_publish = federation::check_may_publish(state).is_ok();
    let Some(federation) = &mut state.federation else {
        return;
    };
    let me = state.me;
    let ours: BTreeSet<Cut> = federation
        .view
        .settlements
        .statements()
        .iter()
        .filter(|(_, authors)| authors.contains(&me))
        .map(|(statement, _)| statement.cut.clone())
        .collect();
    let statements = federation.view.settlements.statements().keys();
    let of_us = statements.filter(|s| s.pair.other(&me).is_some() && !ours.contains(&s.cut));
    let (held, missing): (Vec<_>, Vec<_>) =
        of_us.partition(|s| may_publish && holds(federation, s));
    let cuts: BTreeSet<(Pair, Cut)> = held.into_iter().map(|s| (s.pair, s.cut.clone())).collect();
    // What we cannot answer yet waits for the fence, or for the entries up to its cut.
    federation.settling = !may_publish || !missing.is_empty();
    for (pair, cut) in cuts {
        let Some(federation) = &state.federation else {
            return;
        };
        let body = statement(pair, cut.clone(), &fold(federation, turn, pair, &cut));
        let _ = federation::publish(state, turn, PublicBody::Stated(Box::new(body)));
    }
}

/// Returns whether we hold both feeds of a statement up to its cut, and the same entries.
fn holds(federation: &Federation, statement: &StatementBody) -> bool {
    let StatementBody { pair, cut, .. } = statement;
    let feeds = [FeedId::pair(pair.low, pair.high), FeedId::pair(pair.high, pair.low)];
    [cut.low, cut.high].into_iter().zip(feeds).all(|(head, feed)| {
        let held = federation.replica.hash_at(feed, head.seq);
        head.feed == feed && (head.seq == 0 || held == Some(head.hash))
    })
}

/// Returns what we have to say about a run, if anything.
fn next_word(state: &State, turn: &Turn<'_>, id: RunId, run: &RunState) -> Option<PublicBody> {
    let aborted = run.aborts().next().is_some();
    match run.words.get(&state.me) {
        None if aborted => None,
        None => judge(state, turn, id, run),
        Some(Word::Signed(_)) if somebody_left(state, run) => {
            let reason = "another participant does not go on with the run".to_owned();
            (!run.gave_up.contains(&state.me)).then_some(PublicBody::RunAborted { run: id, reason })
        }
        Some(Word::Signed(ours)) => {
            let all = run.signed_by_all() == Some(*ours);
            let said = run.cert_seen.contains(&state.me);
            (all && !said).then_some(PublicBody::CertSeen { run: id })
        }
        Some(Word::Aborted(_)) => None,
    }
}

/// Returns whether another participant aborted a run, gave it up, or was proved to say two things.
fn somebody_left(state: &State, run: &RunState) -> bool {
    let participants = run.run.participants();
    let mut others = participants.iter().filter(|other| **other != state.me);
    others.any(|other| run.has_left(other) || federation::has_forked(state, *other))
}

/// Signs a run whose debts we find the same, aborts one that cannot be, waits while we lack entries.
fn judge(state: &State, turn: &Turn<'_>, id: RunId, run: &RunState) -> Option<PublicBody> {
    let federation = state.federation.as_ref()?;
    let abort = |reason: &str| Some(PublicBody::RunAborted { run: id, reason: reason.to_owned() });
    let Ok((result, _)) = run.run.clear() else {
        return abort("the run does not compute");
    };
    for part in &run.run.pairs {
        let pair = part.statement.pair;
        let ours = pair.other(&state.me).is_some();
        if ours && is_signed_elsewhere(state, federation, id, pair) {
            return abort("one of the pairs is in another run that is not finished");
        }
        if !federation.view.settlements.is_agreed(&part.statement) {
            return None;
        }
        let last = federation.view.settlements.last_certified(pair);
        if part.after != last.as_ref().map(|(id, _)| *id) {
            return if ours { abort("the run does not follow the last one") } else { None };
        }
        let settled = last.map_or(SignedCents::ZERO, |(_, p)| p.statement.owed_to_low);
        if part.statement.owed_to_low.checked_sub(settled) != Some(part.due_to_low) {
            return abort("a debt of the run is not what was stated");
        }
        if let Some(host) = pair.other(&state.me)
            && counts_contested(federation, turn, host, &part.statement)
        {
            return abort("a payment of the run was contested after its statement");
        }
    }
    Some(PublicBody::RunSigned { run: id, result: result.digest() })
}

/// Returns whether a statement counts a payment that a member of ours contests.
fn counts_contested(
    federation: &Federation,
    turn: &Turn<'_>,
    host: CaisseId,
    statement: &StatementBody,
) -> bool {
    let contested = contest::of_host(turn, host);
    if contested.is_empty() {
        return false;
    }
    let ledger = fold(federation, turn, statement.pair, &statement.cut);
    let counts = |payment: &PaymentId| {
        ledger.lines().get(&(host, *payment)).is_some_and(|line| !line.contested)
    };
    let said = contested.iter().filter(|(_, contest)| **contest == Contest::Excluded);
    said.map(|(payment, _)| payment).any(counts)
}

/// Returns whether we signed another unfinished run with the same pair: an obligation is settled once.
fn is_signed_elsewhere(state: &State, federation: &Federation, id: RunId, pair: Pair) -> bool {
    federation.view.settlements.runs().any(|(other, run)| {
        other != id
            && is_unfinished(state, federation, &run)
            && matches!(run.words.get(&state.me), Some(Word::Signed(_)))
            && run.run.pairs.iter().any(|p| p.statement.pair == pair)
    })
}

fn effect_key(run: &RunId) -> Vec<u8> {
    [b"run ".as_slice(), run.as_bytes()].concat()
}

/// Books what a certified run changed between us and our partners; called once for each run. Our net position stays the
/// same: what one partner owes us less, we owe another less.
fn take_effect(state: &mut State, turn: &mut Turn<'_>, id: RunId, run: &Run) {
    let Ok((_, clearing)) = run.clear() else {
        return;
    };
    let me = state.me;
    let mut less: Vec<Debt> = run.debts().into_iter().filter(|d| involves(d, me)).collect();
    for debt in &mut less {
        let left = clearing.remaining.iter().find(|r| same_ends(r, debt));
        let left = left.map_or(Cents::ZERO, |r| r.amount);
        debt.amount = debt.amount.saturating_sub(left);
    }
    let transfers = matched(me, less);
    if !transfers.is_empty() {
        let entered = state.books.enter(turn, Cause::Run(id), Phase::Posted, transfers);
        debug_assert!(entered.is_ok(), "partners' accounts have no limit but overflow");
    }
    turn.put(Kind::Meta, &effect_key(&id), &true);
    for debt in clearing.remaining.into_iter().filter(|debt| debt.debtor == me) {
        if came_before(state, turn, id, &debt) {
            debt_closed(state, turn, id, debt.creditor, debt.amount);
        }
    }
}

/// Returns whether a creditor said that a transfer came before we knew that its run is certified.
fn came_before(state: &State, turn: &Turn<'_>, id: RunId, debt: &Debt) -> bool {
    let feed = FeedId::pair(debt.creditor, state.me);
    let head = state.federation.as_ref().map_or(0, |f| f.replica.head(feed).seq);
    let said = federation::stored(turn, feed, 0, head);
    said.iter().any(|entry| match entry.body() {
        Body::Pair(PairBody::PayReceived { run, amount }) => *run == id && *amount == debt.amount,
        Body::Pair(_) | Body::Public(_) => false,
    })
}

fn debt_closed(
    state: &mut State,
    turn: &mut Turn<'_>,
    run: RunId,
    creditor: CaisseId,
    amount: Cents,
) {
    let (debit, credit) = (Account::Partner(creditor), Account::Bank);
    book_received(state, turn, run, creditor, Transfer { debit, credit, amount });
}

fn involves(debt: &Debt, me: CaisseId) -> bool {
    debt.debtor == me || debt.creditor == me
}

fn same_ends(one: &Debt, other: &Debt) -> bool {
    one.debtor == other.debtor && one.creditor == other.creditor
}

/// Pairs what others owe us less with what we owe others less, in the order of the debts.
fn matched(me: CaisseId, less: Vec<Debt>) -> Vec<Transfer> {
    let (mut theirs, mut ours): (Vec<Debt>, Vec<Debt>) =
        less.into_iter().filter(|d| !d.amount.is_zero()).partition(|d| d.creditor == me);
    let mut transfers = Vec::new();
    while let (Some(theirs_last), Some(ours_last)) = (theirs.last_mut(), ours.last_mut()) {
        let amount = theirs_last.amount.min(ours_last.amount);
        let debit = Account::Partner(ours_last.creditor);
        let credit = Account::Partner(theirs_last.debtor);
        transfers.push(Transfer { debit, credit, amount });
        theirs_last.amount = theirs_last.amount.saturating_sub(amount);
        ours_last.amount = ours_last.amount.saturating_sub(amount);
        theirs.retain(|d| !d.amount.is_zero());
        ours.retain(|d| !d.amount.is_zero());
    }
    transfers
}

/// Returns what the payer's bank is told, at most 35 letters (ISO 20022): the same however often the
/// bank file is made.
pub(crate) fn end_to_end_id(run: RunId, debt: &Debt) -> String {
    let both = crdt::wire::encode(&(run, debt.debtor, debt.creditor));
    let digest = crdt::digest::Domain::Run.hash(&both).to_string();
    format!("CAISSE{}", digest[..24].to_ascii_uppercase())
}

/// Where a bank transfer of a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TransferState {
    /// The payer said that it left.
    pub sent: bool,
    /// The payee said that it came.
    pub received: bool,
}

/// Returns the key of the state of a transfer between us and a partner.
#[must_use]
pub fn transfer_key(run: &RunId, partner: &CaisseId) -> Vec<u8> {
    [b"paid ".as_slice(), run.as_bytes(), partner.as_bytes()].concat()
}

/// Returns the transfer of a certified run between a debtor and a creditor.
fn transfer_of(
    state: &State,
    id: RunId,
    debtor: CaisseId,
    creditor: CaisseId,
) -> Result<Cents, SettlementRefused> {
    let run = federation_of(state)?.view.settlements.run(&id);
    let run = run.ok_or(SettlementRefused::UnknownRun)?;
    if !run.is_certified() {
        return Err(SettlementRefused::NotCertified);
    }
    let (_, clearing) = run.run.clear()?;
    let mut transfers = clearing.remaining.into_iter();
    let found = transfers.find(|d| d.debtor == debtor && d.creditor == creditor);
    found.map(|debt| debt.amount).ok_or(SettlementRefused::NoSuchTransfer)
}

/// Says that our transfer left. That discharges nothing.
pub(crate) fn sent(state: &mut State, turn: &mut Turn<'_>, run: RunId, to: CaisseId) -> Outcome {
    let amount = transfer_of(state, run, state.me, to)?;
    federation::check_may_speak_to(state, to)?;
    let key = transfer_key(&run, &to);
    let mut transfer: TransferState = turn.get(Kind::Meta, &key).unwrap_or_default();
    if !transfer.sent {
        federation::say(state, turn, to, PairBody::PaySent { run, amount });
        transfer.sent = true;
        turn.put(Kind::Meta, &key, &transfer);
    }
    Ok(Answer::Done)
}

/// Says that a transfer came: only the creditor's word closes a debt.
pub(crate) fn received(
    state: &mut State,
    turn: &mut Turn<'_>,
    run: RunId,
    from: CaisseId,
) -> Outcome {
    let amount = transfer_of(state, run, from, state.me)?;
    federation::check_may_speak_to(state, from)?;
    let known: TransferState = turn.get(Kind::Meta, &transfer_key(&run, &from)).unwrap_or_default();
    if !known.received {
        federation::say(state, turn, from, PairBody::PayReceived { run, amount });
        let (debit, credit) = (Account::Bank, Account::Partner(from));
        book_received(state, turn, run, from, Transfer { debit, credit, amount });
    }
    Ok(Answer::Done)
}

fn book_received(
    state: &mut State,
    turn: &mut Turn<'_>,
    run: RunId,
    partner: CaisseId,
    transfer: Transfer,
) {
    let key = transfer_key(&run, &partner);
    let known: TransferState = turn.get(Kind::Meta, &key).unwrap_or_default();
    if known.received {
        return;
    }
    let cause = Cause::Paid(run, partner);
    let entered = state.books.enter(turn, cause, Phase::Posted, vec![transfer]);
    debug_assert!(entered.is_ok(), "neither account has a limit but overflow");
    turn.put(Kind::Meta, &key, &TransferState { received: true, ..known });
}

/// Takes in what a partner says of bank transfers.
pub(crate) fn hears(state: &mut State, turn: &mut Turn<'_>, partner: CaisseId, body: &PairBody) {
    match body {
        PairBody::PaySent { run, .. } => {
            let key = transfer_key(run, &partner);
            let known: TransferState = turn.get(Kind::Meta, &key).unwrap_or_default();
            turn.put(Kind::Meta, &key, &TransferState { sent: true, ..known });
        }
        PairBody::PayReceived { run, amount } => {
            // The creditor's word closes a debt that a certified run left, at its amount, and nothing else:
            // our bank did not move because someone says so. Heard before the run is certified, it counts
            // as soon as it is.
            if transfer_of(state, *run, state.me, partner) == Ok(*amount) {
                debt_closed(state, turn, *run, partner, *amount);
            }
        }
        PairBody::Granted { .. }
        | PairBody::Denied { .. }
        | PairBody::Captured { .. }
        | PairBody::Voided { .. }
        | PairBody::FloorCaptured { .. }
        | PairBody::Obliged { .. }
        | PairBody::FloorDeclined { .. }
        | PairBody::Refunded { .. }
        | PairBody::LotGranted { .. }
        | PairBody::LotCloseAsked { .. }
        | PairBody::OfflineCaptured { .. }
        | PairBody::LotClosed { .. }
        | PairBody::Contested { .. }
        | PairBody::ContestEnded { .. } => {}
    }
}

/// Learns again what we had said of bank transfers before a restore.
pub(crate) fn relearns(state: &mut State, turn: &mut Turn<'_>, partner: CaisseId, body: &PairBody) {
    match body {
        PairBody::PaySent { .. } => hears(state, turn, partner, body),
        PairBody::PayReceived { run, amount } => {
            let (debit, credit) = (Account::Bank, Account::Partner(partner));
            let transfer = Transfer { debit, credit, amount: *amount };
            book_received(state, turn, *run, partner, transfer);
        }
        PairBody::Granted { .. }
        | PairBody::Denied { .. }
        | PairBody::Captured { .. }
        | PairBody::Voided { .. }
        | PairBody::FloorCaptured { .. }
        | PairBody::Obliged { .. }
        | PairBody::FloorDeclined { .. }
        | PairBody::Refunded { .. }
        | PairBody::LotGranted { .. }
        | PairBody::LotCloseAsked { .. }
        | PairBody::OfflineCaptured { .. }
        | PairBody::LotClosed { .. }
        | PairBody::Contested { .. }
        | PairBody::ContestEnded { .. } => {}
    }
}
