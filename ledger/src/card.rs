//! Cards and their codes.
//!
//! A code has four digits, so no slow hash protects it once the store is stolen; what protects it is
//! a key that lies in another file than the store, and the lock after a few wrong codes.

mod change;
mod give;
mod limits;
mod lists;
mod restriction;

use crdt::card::{CardCertificate, CardText};
use crdt::pair::DenyReason;
use crdt::{CardId, MemberId, Timestamp, VendorId};
use serde::{Deserialize, Serialize};

pub use give::{Holder, ManyCards, holder_key, notice_key};
pub use limits::{CardUse, Limited};
pub use restriction::Restriction;
pub(crate) use {
    give::put, limits::count, limits::may_pay, limits::room, limits::uncount, lists::answer,
};

use crate::answer::CardInfo;
use crate::command::{CardCommand, WhyReplaced};
use crate::records::Kind;
use crate::refused::CardCommandRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Whose it is.
    pub member: MemberId,
    /// The keyed hash of the code.
    pub code: [u8; 32],
    /// Whether it is blocked for good.
    pub blocked: bool,
    /// Wrong codes in a row.
    pub wrong_codes: u32,
    /// Until when it is locked, by our clock.
    pub locked_until: Option<Timestamp>,
    /// When it was handed out.
    pub issued: Timestamp,
    /// What it may spend, if not all of the member's credit.
    pub limited: Option<Limited>,
    /// The card that took its place, and why.
    pub replaced: Option<(CardId, WhyReplaced)>,
}

/// Why a card does not pay, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardRefused {
    /// Not one of ours.
    Unknown,
    /// Blocked for good.
    Blocked,
    /// Locked until then.
    Locked(Timestamp),
    /// The code is wrong; so many attempts are left.
    WrongCode(u32),
}

impl Card {
    /// Makes a card with the keyed hash of its code, handed out at a time.
    #[must_use]
    pub const fn new(member: MemberId, code: [u8; 32], issued: Timestamp) -> Self {
        Self {
            member,
            code,
            blocked: false,
            wrong_codes: 0,
            locked_until: None,
            issued,
            limited: None,
            replaced: None,
        }
    }
}

/// Checks a card and its code. A wrong code is counted, and the count is part of this turn's writes;
/// a right one clears the count.
pub(crate) fn check(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: CardId,
    code: &[u8],
) -> Result<MemberId, CardRefused> {
    use subtle::ConstantTimeEq as _;

    let tag = state.secrets.code_tag(&id, code);
    let gone = is_of_gone_member(state, turn, &id);
    let payments = state.settings.payments;
    let card = state.cards.get_mut(&id).ok_or(CardRefused::Unknown)?;
    if card.blocked || gone {
        return Err(CardRefused::Blocked);
    }
    if let Some(until) = card.locked_until
        && turn.now < until
    {
        return Err(CardRefused::Locked(until));
    }
    if bool::from(card.code.ct_eq(&tag)) {
        if card.wrong_codes > 0 || card.locked_until.is_some() {
            (card.wrong_codes, card.locked_until) = (0, None);
            turn.put(Kind::Card, id.as_bytes(), card);
        }
        return Ok(card.member);
    }
    card.wrong_codes += 1;
    let left = payments.code_attempts.saturating_sub(card.wrong_codes);
    if left == 0 {
        (card.wrong_codes, card.locked_until) = (0, Some(turn.now.after(payments.code_lock)));
    }
    turn.put(Kind::Card, id.as_bytes(), card);
    Err(CardRefused::WrongCode(left))
}

/// Checks a card and its code for a sale that was made without us: a lock does not matter, for whoever
/// made the sale learns nothing of the code, and a wrong code is counted as anywhere.
pub(crate) fn check_offline(
    state: &mut State,
    turn: &mut Turn<'_>,
    id: CardId,
    code: &[u8],
) -> Result<MemberId, DenyReason> {
    use subtle::ConstantTimeEq as _;

    let tag = state.secrets.code_tag(&id, code);
    let card = state.cards.get(&id).ok_or(DenyReason::UnknownCard)?;
    let frozen = state.restrictions.get(&card.member).is_some_and(|r| r.frozen.is_some());
    if card.blocked || frozen || is_of_gone_member(state, turn, &id) {
        return Err(DenyReason::CardBlocked);
    }
    if bool::from(card.code.ct_eq(&tag)) {
        return Ok(card.member);
    }
    // Counts it, unless the card is locked already.
    let _ = check(state, turn, id, code);
    Err(DenyReason::WrongCode)
}

/// Returns whether a card of ours pays at a host that cannot ask us: not one that is blocked, frozen, for
/// use at home only, or with limits, which no host can count.
pub(crate) fn pays_offline(state: &State, turn: &Turn<'_>, id: &CardId) -> bool {
    let Some(card) = state.cards.get(id) else {
        return false;
    };
    let restriction = state.restrictions.get(&card.member);
    let restricted = restriction.is_some_and(|r| r.frozen.is_some() || r.only_at_home);
    !card.blocked && !restricted && card.limited.is_none() && !is_of_gone_member(state, turn, id)
}

/// Returns whether the member of a card has left, and the time to spend what is left is over.
fn is_of_gone_member(state: &State, turn: &Turn<'_>, id: &CardId) -> bool {
    let member = state.cards.get(id).and_then(|card| state.members.get(&card.member));
    member.is_some_and(|member| member.is_gone(turn.today()))
}

/// Where a card is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At a vendor of ours.
    Vendor(VendorId),
    /// At a vendor of another caisse.
    Elsewhere,
}

/// Carries out a command about cards.
pub(crate) fn carry_out(state: &mut State, turn: &mut Turn<'_>, command: CardCommand) -> Outcome {
    match command {
        CardCommand::MakeBlanks { count } => give::make_blanks(state, turn, count),
        CardCommand::Give { member, code, blank, holder } => {
            give::give(state, turn, member, &code, blank, holder)
        }
        CardCommand::Replace { card, why, code, blank } => {
            give::replace(state, turn, card, why, &code, blank)
        }
        CardCommand::ChangeCode { card, code } => change::code(state, turn, card, &code),
        CardCommand::Unlock { card, reason } => change::unlock(state, turn, card, reason),
        CardCommand::Limit { card, limits } => change::limit(state, turn, card, limits),
        CardCommand::Restrict { member, change } => {
            restriction::restrict(state, turn, member, change)
        }
    }
}

/// Returns a card of a member.
fn known(state: &State, id: CardId) -> Result<&Card, CardCommandRefused> {
    if state.blanks.contains_key(&id) {
        return Err(CardCommandRefused::Blank);
    }
    state.cards.get(&id).ok_or(CardCommandRefused::UnknownCard)
}

fn check_text(text: &str) -> Result<(), CardCommandRefused> {
    let fits = !text.trim().is_empty() && text.chars().count() <= crate::limits::TEXT_CHARS;
    if fits { Ok(()) } else { Err(CardCommandRefused::Text) }
}

/// Returns the key among [`Kind::Note`] of why something was done to a card: `card`, its id, the time.
/// A note of the books has the eight bytes of a place.
fn note_key(card: CardId, at: Timestamp) -> Vec<u8> {
    [b"card".as_slice(), card.as_bytes(), &at.as_ms().to_be_bytes()].concat()
}

/// Counts the cards that a member got within the last twelve months.
fn in_year(state: &State, turn: &Turn<'_>, member: MemberId) -> u32 {
    let since = turn.today().plus_days(-365);
    let recent = state.cards_of(member).filter(|(_, card)| turn.day_of(card.issued) > since);
    u32::try_from(recent.count()).unwrap_or(u32::MAX)
}

fn qr(state: &State, card: CardId) -> String {
    let certificate = CardCertificate::sign(card, state.me, &state.secrets.node);
    CardText::Certificate(Box::new(certificate)).to_string()
}

/// Returns what is told of a card: everything but its code.
pub(crate) fn card_info(state: &State, turn: &Turn<'_>, id: CardId) -> Option<CardInfo> {
    let card = state.cards.get(&id)?;
    let spent = |limited: &Limited| limits::spent(turn, limited, turn.today().month());
    Some(CardInfo {
        card: id,
        number: CardText::Number(id).to_string(),
        qr: qr(state, id),
        member: card.member,
        blocked: card.blocked,
        locked_until: card.locked_until.filter(|until| turn.now < *until),
        issued: card.issued,
        spent_this_month: card.limited.as_ref().map(spent).unwrap_or_default(),
        limited: card.limited.clone(),
        cards_in_year: in_year(state, turn, card.member),
    })
}
