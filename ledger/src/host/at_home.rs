//! Sales with a card of our own: decided here and now.

use crdt::{Cents, Date, MemberId, RequestId};

use crate::account::Account;
use crate::books::{Cause, Phase, Transfer};
use crate::card::{self, CardRefused, Place};
use crate::command::PayIntent;
use crate::funding::{self, Funding};
use crate::lots::{self, Origin};
use crate::payment::{OPEN_SALE, Sale, SaleState, open_key};
use crate::records::Kind;
use crate::refused::{BooksRefused, CardUseRefused, PaymentRefused, minutes};
use crate::rules::Allocation;
use crate::sale::{self, Mode};
use crate::spent;
use crate::state::State;
use crate::turn::Turn;

/// Decides a payment with a card of ours. A refusal of a known card is kept under the payment's id,
/// so that a till that asks again does not use up another attempt.
pub(super) fn pay(
    state: &mut State,
    turn: &mut Turn<'_>,
    request: RequestId,
    intent: &PayIntent,
    mut sale: Sale,
    code: &[u8],
) {
    let member = match card::check(state, turn, intent.card.card(), code) {
        Err(CardRefused::Unknown) => {
            // Not kept: once the card is given to someone, the same sale may be asked for again.
            let blank = state.blanks.contains_key(&intent.card.card());
            let refused =
                if blank { CardUseRefused::Blank.into() } else { PaymentRefused::UnknownCard };
            return turn.reply(request, Err(refused.into()));
        }
        Err(refused) => {
            // Whose card was refused is kept with the refusal, as for any other: for evaluation.
            sale.member = state.cards.get(&intent.card.card()).map(|card| card.member);
            Err(of_card(refused, turn))
        }
        Ok(member) => Ok(member),
    };
    let paid = member.and_then(|member| {
        sale.member = Some(member);
        book(state, turn, intent, &mut sale, member)
    });
    if let Err(refused) = paid {
        sale.state = SaleState::Refused(refused);
    }
    turn.put(Kind::Sale, intent.payment.as_bytes(), &sale);
    if let Some(outcome) = sale.outcome(intent.payment) {
        turn.reply(request, outcome);
    }
}

fn of_card(refused: CardRefused, turn: &Turn<'_>) -> PaymentRefused {
    match refused {
        CardRefused::Unknown => PaymentRefused::UnknownCard,
        CardRefused::Blocked => PaymentRefused::CardBlocked,
        CardRefused::Locked(until) => {
            let left = until.as_ms().saturating_sub(turn.now.as_ms());
            let left = crdt::Duration::from_ms(u32::try_from(left).unwrap_or(u32::MAX));
            PaymentRefused::CardLocked { left_minutes: minutes(left) }
        }
        CardRefused::WrongCode(attempts_left) => PaymentRefused::WrongCode { attempts_left },
    }
}

/// Books a sale: within the caps, within what the member or the pot holds, with its bonus.
fn book(
    state: &mut State,
    turn: &mut Turn<'_>,
    intent: &PayIntent,
    sale: &mut Sale,
    member: MemberId,
) -> Result<(), PaymentRefused> {
    let card = intent.card.card();
    card::may_pay(state, turn, card, member, Place::Vendor(sale.vendor))?;
    let funded = matches!(sale.mode, Mode::Credit | Mode::Reimbursed);
    if funded {
        limit(state, turn, intent, sale, member)?;
    }
    let bonus = bonus(state, turn, sale, member)?;
    let transfers = sale::transfers(sale.mode, member, sale.vendor, sale.covered);
    let cause = Cause::Sale(intent.payment);
    let entered = if transfers.is_empty() {
        Ok(())
    } else {
        state.books.enter(turn, cause, Phase::Posted, transfers)
    };
    entered.map_err(|refused| match (refused, sale.mode) {
        (BooksRefused::Overdrawn { available }, Mode::TierBelow(_)) => {
            PaymentRefused::PotEmpty { available }
        }
        (BooksRefused::Overdrawn { available }, _) => {
            PaymentRefused::InsufficientFunds { available }
        }
        (BooksRefused::Overflow | BooksRefused::NoSuchHold, _) => PaymentRefused::Busy,
    })?;
    if funded {
        spent::count(turn, member, turn.today(), sale.covered);
        let key = open_key(OPEN_SALE, intent.payment.as_bytes());
        card::count(state, turn, card, &key, sale.covered);
    }
    if sale.mode == Mode::Credit {
        if let Some(bonus) = bonus {
            give_bonus(state, turn, intent, sale, bonus)?;
        }
        sale.left = Some(state.books.available(member));
    }
    Ok(())
}

/// Lowers what is covered to what the card's limits, the caps and the credit allow, if the till takes less; under a bonus
/// the credit is always spent as far as it goes, and the rest is the member's own money.
fn limit(
    state: &State,
    turn: &Turn<'_>,
    intent: &PayIntent,
    sale: &mut Sale,
    member: MemberId,
) -> Result<(), PaymentRefused> {
    let rules = state.rules.on(turn.today());
    let earns = matches!(rules.allocation, Allocation::Bonus { .. });
    let Funding { available, room, .. } = funding::of(state, turn, member);
    let partial = intent.purchase.partial;
    let takes = |most: Cents| sale.covered <= most || earns || (partial && !most.is_zero());
    let of_card = card::room(state, turn, intent.card.card()).unwrap_or(Cents::MAX);
    if !takes(of_card) {
        return Err(CardUseRefused::Limit { room: of_card }.into());
    }
    if !takes(room) {
        return Err(PaymentRefused::CapReached { room });
    }
    if !takes(available) {
        return Err(PaymentRefused::InsufficientFunds { available });
    }
    sale.lower_to(room.min(available).min(of_card));
    Ok(())
}

/// A bonus that a purchase earns.
struct Earned {
    member: MemberId,
    origin: Origin,
    issued: Date,
    transfer: Transfer,
}

/// Works out what the member's own money earns, and that the books can take it: a sale is not booked
/// before its bonus is sure.
fn bonus(
    state: &State,
    turn: &Turn<'_>,
    sale: &Sale,
    member: MemberId,
) -> Result<Option<Earned>, PaymentRefused> {
    let today = turn.today();
    let rules = state.rules.on(today);
    if sale.mode != Mode::Credit || !matches!(rules.allocation, Allocation::Bonus { .. }) {
        return Ok(None);
    }
    let issued = state.books.open_day(today);
    let origin = Origin::Bonus(issued.month());
    let earned = lots::issued(turn, member, origin);
    let amount = rules.allocation.bonus_after(sale.member_share, earned);
    if amount.is_zero() {
        return Ok(None);
    }
    let (debit, credit) = (Account::Allocations, Account::Member(member));
    let transfer = Transfer { debit, credit, amount };
    state.books.check(Phase::Posted, &[transfer]).map_err(|_| PaymentRefused::Busy)?;
    Ok(Some(Earned { member, origin, issued, transfer }))
}

/// Credits what the member's own money earned.
fn give_bonus(
    state: &mut State,
    turn: &mut Turn<'_>,
    intent: &PayIntent,
    sale: &mut Sale,
    earned: Earned,
) -> Result<(), PaymentRefused> {
    let Earned { member, origin, issued, transfer } = earned;
    let cause = Cause::Bonus(intent.payment);
    let entered = state.books.enter(turn, cause, Phase::Posted, vec![transfer]);
    entered.map_err(|_| PaymentRefused::Busy)?;
    lots::open(turn, member, origin, transfer.amount, issued);
    sale.bonus = transfer.amount;
    Ok(())
}
