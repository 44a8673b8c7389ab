//! An entry of the books as an accountant writes it: a journal, account numbers, a document, lines of
//! debits and credits.

use crdt::{Cents, Date, SignedCents};
use serde::{Deserialize, Serialize};

use super::chart::{Chart, ChartLine, Heading};
use crate::account::Account;
use crate::books::{Cause, JournalEntry, Phase, Transfer};

/// A journal of the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Journal {
    /// Balances carried over from the year before.
    Opening,
    /// What touches the bank.
    Bank,
    /// What touches the cash box.
    Cash,
    /// Purchases of members, and refunds.
    Purchases,
    /// Credit issued or expired.
    Aid,
    /// Grants confirmed.
    Grants,
    /// Everything else.
    Other,
}

impl Journal {
    /// Returns the code (JournalCode).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Opening => "AN",
            Self::Bank => "BQ",
            Self::Cash => "CA",
            Self::Purchases => "AC",
            Self::Aid => "AI",
            Self::Grants => "SU",
            Self::Other => "OD",
        }
    }

    /// Returns the label (JournalLib).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Opening => "À nouveaux",
            Self::Bank => "Banque",
            Self::Cash => "Caisse",
            Self::Purchases => "Achats des adhérents",
            Self::Aid => "Aides octroyées",
            Self::Grants => "Subventions",
            Self::Other => "Opérations diverses",
        }
    }

    fn of(entry: &JournalEntry) -> Self {
        let touches = |is: fn(&Account) -> bool| {
            entry.transfers.iter().any(|transfer| is(&transfer.debit) || is(&transfer.credit))
        };
        let through_bank = |account: &Account| {
            matches!(account, Account::Bank | Account::Ordered(_) | Account::Collecting(_))
        };
        if touches(through_bank) {
            return Self::Bank;
        }
        if touches(|account| matches!(account, Account::Cash)) {
            return Self::Cash;
        }
        match entry.cause {
            Cause::Sale(_) | Cause::Charge(..) | Cause::Refund(_) | Cause::Claim(_) => {
                Self::Purchases
            }
            Cause::Allocation(..)
            | Cause::Bonus(_)
            | Cause::Expiry(..)
            | Cause::RollOver(..)
            | Cause::Recovery(..)
            | Cause::Pot(_)
            | Cause::Dispute(_)
            | Cause::Correction(_) => Self::Aid,
            Cause::Grant(_) => Self::Grants,
            Cause::Contribution(_)
            | Cause::Run(_)
            | Cause::Paid(..)
            | Cause::Line(_)
            | Cause::Assigned(_)
            | Cause::Batch(_)
            | Cause::Returned(..)
            | Cause::Cash(_)
            | Cause::Reversal(_) => Self::Other,
        }
    }
}

/// A line of an entry: one of the two amounts is zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalLine {
    /// The number and label of the account.
    pub account: ChartLine,
    /// Whose account it is, by a letter and an id: no name.
    pub auxiliary: Option<String>,
    /// What is debited.
    pub debit: Cents,
    /// What is credited.
    pub credit: Cents,
}

/// An entry of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalEntry {
    /// The journal.
    pub journal: Journal,
    /// The day to which it belongs.
    pub date: Date,
    /// The day on which it was made for good.
    pub valid: Date,
    /// The document behind it.
    pub piece: String,
    /// What it is, in French; no personal data.
    pub label: String,
    /// The lines; debits and credits sum to the same.
    pub lines: Vec<LegalLine>,
}

/// Returns whose account it is, by a letter and an id.
#[must_use]
pub fn auxiliary(account: &Account) -> Option<String> {
    match account {
        Account::Member(id) | Account::Claim(id) | Account::Advance(id) => Some(format!("M{id}")),
        Account::Vendor(id) => Some(format!("V{id}")),
        Account::Partner(id) => Some(format!("C{id}")),
        Account::Grant(id) => Some(format!("S{id}")),
        Account::Ordered(id) | Account::Collecting(id) => Some(format!("B{id}")),
        Account::Bank
        | Account::Contributions
        | Account::Allocations
        | Account::Risk
        | Account::Suspense
        | Account::Cash
        | Account::Unassigned
        | Account::Grants
        | Account::Expired
        | Account::Pot
        | Account::Reimbursed
        | Account::Corrections
        | Account::OfflineLosses => None,
    }
}

/// Returns an entry of the books as an accountant writes it; `None` if it moves nothing for good, such as
/// a hold.
#[must_use]
pub fn entry(chart: &Chart, entry: &JournalEntry, valid: Date) -> Option<LegalEntry> {
    if !matches!(entry.phase, Phase::Posted | Phase::HoldPosted) {
        return None;
    }
    let line = |account: &Account, debit, credit| {
        let (line, auxiliary) = (chart.of(account).clone(), auxiliary(account));
        LegalLine { account: line, auxiliary, debit, credit }
    };
    let moved = entry.transfers.iter().filter(|transfer| !transfer.amount.is_zero());
    let lines: Vec<LegalLine> = moved
        .flat_map(|Transfer { debit, credit, amount }| {
            [line(debit, *amount, Cents::ZERO), line(credit, Cents::ZERO, *amount)]
        })
        .collect();
    let (piece, what) = described(&entry.cause);
    let label = format!("{what} (écriture {})", entry.index);
    let journal = Journal::of(entry);
    (!lines.is_empty()).then_some(LegalEntry {
        journal,
        date: entry.date,
        valid,
        piece,
        label,
        lines,
    })
}

/// Returns the document behind an entry, and what it is in French.
#[must_use]
pub fn described(cause: &Cause) -> (String, String) {
    let (piece, what) = match cause {
        Cause::Contribution(request) => (request.to_string(), "Cotisation"),
        Cause::Allocation(month, _) => {
            return (format!("ALLOCATION-{month}"), format!("Allocation {month}"));
        }
        Cause::Sale(payment) => (payment.to_string(), "Achat chez un point de vente"),
        Cause::Charge(_, payment) => (payment.to_string(), "Achat auprès d'une autre caisse"),
        Cause::Refund(refund) => (refund.to_string(), "Annulation d'achat"),
        Cause::Dispute(dispute) => {
            (dispute.to_string(), "Réclamation prise en charge par la caisse")
        }
        Cause::Correction(request) => (request.to_string(), "Correction du crédit d'un adhérent"),
        Cause::Run(run) => (run.to_string(), "Compensation entre caisses"),
        Cause::Paid(run, _) => (run.to_string(), "Règlement entre caisses"),
        Cause::Bonus(payment) => (payment.to_string(), "Bonification"),
        Cause::Expiry(_, date) => (format!("EXPIRATION-{date}"), "Crédit expiré"),
        Cause::RollOver(month, _) => {
            (format!("REPORT-{month}"), "Crédit au-delà du report autorisé")
        }
        Cause::Recovery(month, _) => {
            return (
                format!("RETENUE-{month}"),
                format!("Retenue sur l'allocation {month} : avance hors connexion"),
            );
        }
        Cause::Grant(grant) => (grant.to_string(), "Subvention"),
        Cause::Line(line) => (line.to_string(), "Ligne de banque"),
        Cause::Assigned(line) => (line.to_string(), "Affectation d'une ligne de banque"),
        Cause::Batch(batch) => (batch.to_string(), "Ordre de virement ou de prélèvement"),
        Cause::Returned(_, line) => (line.to_string(), "Rejet bancaire"),
        Cause::Claim(claim) => (claim.to_string(), "Remboursement d'un achat"),
        Cause::Pot(request) => (request.to_string(), "Dotation du fonds d'équilibre"),
        Cause::Cash(request) => (request.to_string(), "Mouvement de caisse"),
        Cause::Reversal(entry) => {
            return (
                format!("ECRITURE-{entry}"),
                format!("Contre-passation de l'écriture {entry}"),
            );
        }
    };
    (piece, what.to_owned())
}

/// Returns the opening entry of a year from the balances of all accounts at the end of the year before
/// (credits less debits): what is owed and owned is carried over account by account, charges and products
/// become one balance. `None` if there is nothing to carry over.
#[must_use]
pub fn opening(
    chart: &Chart,
    year: i16,
    balances: impl IntoIterator<Item = (Account, SignedCents)>,
) -> Option<LegalEntry> {
    let date = Date::new(year, 1, 1).ok()?;
    let mut result = 0_i128;
    let mut lines = Vec::new();
    for (account, balance) in balances {
        let line = chart.of(&account);
        if line.is_of_result() {
            result += i128::from(balance.get());
        } else {
            lines.extend(one_sided(line, auxiliary(&account), balance));
        }
    }
    let carried = SignedCents::new(i64::try_from(result).unwrap_or(i64::MAX));
    let heading = if result < 0 { Heading::CarriedDeficit } else { Heading::CarriedSurplus };
    lines.extend(one_sided(chart.line(heading), None, carried));
    lines.sort_by(|one, other| {
        (&one.account.number, &one.auxiliary).cmp(&(&other.account.number, &other.auxiliary))
    });
    (!lines.is_empty()).then(|| LegalEntry {
        journal: Journal::Opening,
        date,
        valid: date,
        piece: format!("AN-{year}"),
        label: format!("À nouveaux {year}"),
        lines,
    })
}

fn one_sided(
    line: &ChartLine,
    auxiliary: Option<String>,
    balance: SignedCents,
) -> Option<LegalLine> {
    let (debit, credit) = (balance.negated().positive_part(), balance.positive_part());
    let account = line.clone();
    (balance != SignedCents::ZERO).then_some(LegalLine { account, auxiliary, debit, credit })
}
