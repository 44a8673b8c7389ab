//! What two caisses say to each other alone, and the ledger that follows from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Domain;
use crate::feed::{Head, Verified};
use crate::lot::LotTerms;
use crate::message::Bought;
use crate::seal::Sealed;
use crate::{
    CaisseId, CardId, Cents, Digest, LotId, Month, PaymentId, Pseudonym, RunId, SignedCents,
    VendorId, wire,
};

/// What a caisse says to one partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairBody {
    /// The home caisse holds the money of a payment for the host.
    Granted {
        /// The payment.
        payment: PaymentId,
        /// The member, for this pair and month only.
        member: Pseudonym,
        /// The month of the pseudonym.
        month: Month,
        /// What is held.
        covered: Cents,
    },
    /// The home caisse will not pay.
    Denied {
        /// The payment.
        payment: PaymentId,
        /// Why.
        reason: DenyReason,
    },
    /// The host made the sale with the home caisse's grant.
    Captured {
        /// The payment.
        payment: PaymentId,
        /// The vendor, as the host names it.
        vendor: VendorId,
        /// What the home caisse owes for it.
        covered: Cents,
        /// The hash of the till's request, which the home caisse knows from the question: a host that
        /// was restored answers its till by it.
        request: Digest,
    },
    /// The host did not make the sale, and never will under this id.
    Voided {
        /// The payment.
        payment: PaymentId,
    },
    /// The host made the sale without an answer, at its own risk; the home caisse may accept it.
    FloorCaptured {
        /// The payment.
        payment: PaymentId,
        /// The vendor, as the host names it.
        vendor: VendorId,
        /// The card that was shown.
        card: CardId,
        /// What the home caisse would owe.
        covered: Cents,
        /// What is bought; the hash of the till's request follows from it.
        bought: Bought,
        /// The member's code, sealed to the home caisse.
        code: Sealed,
    },
    /// The home caisse owes the host for a captured payment.
    Obliged {
        /// The payment.
        payment: PaymentId,
        /// What it owes.
        covered: Cents,
    },
    /// The home caisse does not accept a sale at the host's risk.
    FloorDeclined {
        /// The payment.
        payment: PaymentId,
        /// Why.
        reason: DenyReason,
    },
    /// The host gives back a part of a captured payment, to the member that it came from.
    Refunded {
        /// The refund.
        refund: PaymentId,
        /// The payment.
        payment: PaymentId,
        /// What the home caisse owes less.
        amount: Cents,
    },
    /// The payer of a settlement says that the bank transfer left; discharges nothing.
    PaySent {
        /// The settlement run.
        run: RunId,
        /// The transfer.
        amount: Cents,
    },
    /// The payee of a settlement says that the bank transfer came; this discharges the debt.
    PayReceived {
        /// The settlement run.
        run: RunId,
        /// The transfer.
        amount: Cents,
    },
    /// The home caisse lets the host sell to its members without asking, up to a lot.
    LotGranted {
        /// The lot.
        lot: LotId,
        /// What it allows.
        terms: LotTerms,
    },
    /// The home caisse asks for a lot back. Only the host's [`PairBody::LotClosed`] gives it back.
    LotCloseAsked {
        /// The lot.
        lot: LotId,
    },
    /// The host made the sale by a lot, without an answer; the home caisse owes it up to the lot.
    OfflineCaptured {
        /// The payment.
        payment: PaymentId,
        /// The lot.
        lot: LotId,
        /// The vendor, as the host names it.
        vendor: VendorId,
        /// The card that was scanned.
        card: CardId,
        /// What the home caisse owes.
        covered: Cents,
        /// What is bought; the hash of the till's request follows from it.
        bought: Bought,
        /// The member's code, sealed to the home caisse.
        code: Sealed,
    },
    /// The host will not sell by a lot any more.
    LotClosed {
        /// The lot.
        lot: LotId,
        /// What it sold by it, all its sales included.
        spent: Cents,
    },
    /// The home caisse's member contests a payment that is owed: until it ends, no statement counts it.
    Contested {
        /// The payment.
        payment: PaymentId,
    },
    /// A contested payment counts again.
    ContestEnded {
        /// The payment.
        payment: PaymentId,
    },
}

/// Why a home caisse does not pay, in order of precedence. No amounts: what a member has is not for
/// the host.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum DenyReason {
    /// The host had voided the payment before.
    #[error("the sale was already void")]
    Voided,
    /// No agreement is in force.
    #[error("the two caisses have no agreement in force")]
    NoAgreement,
    /// The card is not one of the home caisse.
    #[error("the card is not known")]
    UnknownCard,
    /// The card is blocked.
    #[error("the card is blocked")]
    CardBlocked,
    /// Too many wrong codes.
    #[error("the card is locked after too many wrong codes")]
    CardLocked,
    /// The code is wrong.
    #[error("the code is wrong")]
    WrongCode,
    /// More than the agreement allows for one payment or one month.
    #[error("more than the agreement allows for a visitor")]
    VisitorLimit,
    /// The member does not have enough.
    #[error("the member does not have enough")]
    InsufficientFunds,
    /// More than the member's own caisse allows at a time.
    #[error("more than the member's caisse allows at a time")]
    SpendingCap,
    /// The home caisse would owe more than the agreement allows.
    #[error("the ceiling between the two caisses is reached")]
    Ceiling,
    /// Another request was made before under the same payment id.
    #[error("the payment id was used for another request")]
    Conflict,
    /// A claim on a lot that is not known, is closed, or does not allow so much.
    #[error("the claim is beyond what the lot allows")]
    Lot,
    /// Not eligible by the rules of the home caisse, or at a lower rate only. Decided right after the card's code.
    #[error("the card's caisse does not cover this, or less of it, by its own rules")]
    NotEligible,
}

/// One payment between two caisses, as their pair feeds tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The caisse of the vendor.
    pub host: CaisseId,
    /// What the home caisse owes for it.
    pub obliged: Cents,
    /// What the host gave back.
    pub refunded: Cents,
    /// Whether the home caisse's member contests it: then it is owed, but not settled for now.
    pub contested: bool,
}

/// The two ends of a pair, in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The caisse with the smaller id.
    pub low: CaisseId,
    /// The caisse with the larger id.
    pub high: CaisseId,
}

impl Pair {
    /// Makes the pair of two caisses, in whatever order they are named.
    #[must_use]
    pub fn of(one: CaisseId, other: CaisseId) -> Self {
        if one <= other { Self { low: one, high: other } } else { Self { low: other, high: one } }
    }

    /// Returns the other end, or `None` if `caisse` is not of this pair.
    #[must_use]
    pub fn other(&self, caisse: &CaisseId) -> Option<CaisseId> {
        if *caisse == self.low {
            Some(self.high)
        } else if *caisse == self.high {
            Some(self.low)
        } else {
            None
        }
    }
}

/// Where two pair feeds are cut: their last entries that count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cut {
    /// The head of what `low` says to `high`.
    pub low: Head,
    /// The head of what `high` says to `low`.
    pub high: Head,
}

/// Something in the pair feeds that cannot be: named so that two treasurers can talk about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// The entry.
    pub at: Head,
    /// What is wrong with it.
    pub what: AnomalyKind,
}

/// What is wrong with an entry of a pair feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyKind {
    /// A payment is owed twice; the first counts.
    ObligedTwice,
    /// More is given back than was owed; it does not count.
    RefundAboveCaptured,
    /// The sums do not fit an amount of money; it does not count.
    Overflow,
    /// A payment is contested that is not owed; it does not count.
    ContestedNothing,
}

/// What two caisses owe each other, as a function of their two pair feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairLedger {
    pair: Pair,
    lines: BTreeMap<(CaisseId, PaymentId), Line>,
    /// What the home caisse said of each payment and where, to tell what counted at an earlier cut.
    past: BTreeMap<(CaisseId, PaymentId), Past>,
    anomalies: Vec<Anomaly>,
}

/// The places of a home caisse's feed that speak of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Past {
    obliged: u64,
    /// From which places on it was contested, or no longer.
    contested: Vec<(u64, bool)>,
}

impl Past {
    /// Returns whether a statement up to a place of the home caisse's feed counted the payment.
    fn counted_at(&self, place: u64) -> bool {
        let mut before = self.contested.iter().rev().filter(|(from, _)| *from <= place);
        self.obliged <= place && before.next().is_none_or(|(_, contested)| !contested)
    }
}

impl PairLedger {
    /// Folds the entries of the two feeds up to a cut. Each feed's entries must be in order; how the
    /// two are interleaved does not matter: debts are read first, then what was given back.
    pub fn fold<'a>(pair: Pair, entries: impl IntoIterator<Item = &'a Verified>) -> Self {
        let mut ledger =
            Self { pair, lines: BTreeMap::new(), past: BTreeMap::new(), anomalies: Vec::new() };
        let mut refunds = Vec::new();
        for entry in entries {
            let author = entry.header().feed.author;
            let crate::feed::Body::Pair(body) = entry.body() else {
                continue;
            };
            let Some(other) = pair.other(&author) else {
                continue;
            };
            match body {
                PairBody::Obliged { payment, covered } => {
                    ledger.oblige(entry, other, *payment, *covered);
                }
                PairBody::Contested { payment } => ledger.contest(entry, other, *payment, true),
                PairBody::ContestEnded { payment } => {
                    ledger.contest(entry, other, *payment, false);
                }
                PairBody::Refunded { payment, amount, .. } => {
                    refunds.push((entry, author, *payment, *amount));
                }
                PairBody::Granted { .. }
                | PairBody::Denied { .. }
                | PairBody::Captured { .. }
                | PairBody::Voided { .. }
                | PairBody::FloorCaptured { .. }
                | PairBody::FloorDeclined { .. }
                | PairBody::PaySent { .. }
                | PairBody::PayReceived { .. }
                | PairBody::LotGranted { .. }
                | PairBody::LotCloseAsked { .. }
                | PairBody::OfflineCaptured { .. }
                | PairBody::LotClosed { .. } => {}
            }
        }
        for (entry, host, payment, amount) in refunds {
            ledger.refund(entry, host, payment, amount);
        }
        ledger
    }

    fn oblige(&mut self, entry: &Verified, host: CaisseId, payment: PaymentId, covered: Cents) {
        let line = Line { host, obliged: covered, refunded: Cents::ZERO, contested: false };
        let past = Past { obliged: entry.header().seq, contested: Vec::new() };
        self.past.entry((host, payment)).or_insert(past);
        match self.lines.entry((host, payment)) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(line);
            }
            std::collections::btree_map::Entry::Occupied(_) => {
                self.anomaly(entry, AnomalyKind::ObligedTwice);
            }
        }
    }

    /// A contest and the debt that it is about are of one author, so their order is that of the feed.
    fn contest(&mut self, entry: &Verified, host: CaisseId, payment: PaymentId, contested: bool) {
        let of = (host, payment);
        match (self.lines.get_mut(&of), self.past.get_mut(&of)) {
            (Some(line), Some(past)) => {
                line.contested = contested;
                past.contested.push((entry.header().seq, contested));
            }
            _ => self.anomaly(entry, AnomalyKind::ContestedNothing),
        }
    }

    /// Counts what a settled statement counted, whatever was contested since: a debt that was paid cannot be
    /// contested away. A home caisse that keeps to the protocol does not try.
    #[must_use]
    pub fn with_settled(mut self, cuts: &[Cut]) -> Self {
        for ((host, payment), line) in self.lines.iter_mut().filter(|(_, line)| line.contested) {
            let past = self.past.get(&(*host, *payment));
            // The home caisse is the other one.
            let home = |cut: &Cut| if *host == self.pair.low { cut.high.seq } else { cut.low.seq };
            line.contested = !cuts.iter().any(|cut| past.is_some_and(|p| p.counted_at(home(cut))));
        }
        self
    }

    /// A refund that came before the obligation it takes back counts as soon as the obligation does;
    /// until then it is left out of the sums on both sides alike.
    fn refund(&mut self, entry: &Verified, host: CaisseId, payment: PaymentId, amount: Cents) {
        let Some(line) = self.lines.get_mut(&(host, payment)) else {
            return;
        };
        match line.refunded.checked_add(amount) {
            Some(sum) if sum <= line.obliged => line.refunded = sum,
            _ => self.anomaly(entry, AnomalyKind::RefundAboveCaptured),
        }
    }

    fn anomaly(&mut self, entry: &Verified, what: AnomalyKind) {
        self.anomalies.push(Anomaly { at: entry.head(), what });
    }

    /// Returns the payments, by host and payment id.
    #[must_use]
    pub const fn lines(&self) -> &BTreeMap<(CaisseId, PaymentId), Line> {
        &self.lines
    }

    /// Returns what cannot be in these feeds.
    #[must_use]
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// Returns what `high` owes `low` in all, settlements and what is contested not counted; `None` on
    /// overflow.
    #[must_use]
    pub fn owed_to_low(&self) -> Option<SignedCents> {
        let mut counted = self.lines.values().filter(|line| !line.contested);
        counted.try_fold(SignedCents::ZERO, |sum, line| {
            let amount = line.obliged.checked_sub(line.refunded)?.signed();
            let amount = if line.host == self.pair.low { amount } else { amount.negated() };
            sum.checked_add(amount)
        })
    }

    /// Returns the hash of the cut and of every line.
    #[must_use]
    pub fn digest(&self, cut: &Cut) -> Digest {
        let lines: Vec<_> = self.lines.iter().collect();
        Domain::Statement.hash(&wire::encode(&(self.pair, cut, lines)))
    }
}
