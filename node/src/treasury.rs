//! Between the bank's files and the machine: what was read becomes a command, what was ordered a file.

use crdt::{Date, LineId};
use ledger::answer::{BatchFile, FilePayment, StatementRow, StatementWhat, VendorStatement};
use ledger::command::{Balance, Import, Rejection, Source, StatementLine};
use ledger::limits::STATEMENT_LINES;
use ledger::treasury::AccountNumber;
use ledger::treasury::batch::BatchKind;
use ledger::treasury::details::Details;
use ledger::treasury::line::{LineText, Side};

use crate::exchange::pain001::{self, CreditTransfer, CreditTransfers};
use crate::exchange::pain002::{Status, StatusReason, StatusReport};
use crate::exchange::pain008::{self, DirectDebit, DirectDebits, Sequence};
use crate::exchange::vendor_csv::Row;
use crate::exchange::{
    BankStatement, BatchBooking, Entry, EntryStatus, Iban, Line, NotABic, NotACreditorId, NotADate,
    NotAReference, NotAnIban, Party, PaymentFile, PaymentFileRefused, StatementFile,
};

/// A file of statements as the machine takes it.
#[derive(Debug, Default)]
pub struct Taken {
    /// What is to be imported, in parts that fit a command.
    pub imports: Vec<Import>,
    /// Entries that the bank has not booked: they will come again.
    pub not_booked: u32,
    /// Lines of the file of entries without a day.
    pub without_day: Vec<u32>,
    /// Statements of other accounts, masked.
    pub other_accounts: Vec<String>,
}

/// Takes from a file what is of one account.
#[must_use]
pub fn take(file: &StatementFile, own: Iban) -> Taken {
    let mut taken = Taken::default();
    let source = if file.kind == "csv" { Source::Table } else { Source::Message };
    for statement in &file.statements {
        if statement.account == own {
            take_statement(&mut taken, statement, source);
        } else {
            taken.other_accounts.push(statement.account.masked());
        }
    }
    taken
}

fn take_statement(taken: &mut Taken, statement: &BankStatement, source: Source) {
    let Ok(account) = statement.account.as_str().parse::<AccountNumber>() else { return };
    let mut lines = Vec::new();
    for entry in &statement.entries {
        if entry.status != EntryStatus::Booked {
            taken.not_booked += 1;
            continue;
        }
        let Some(date) = entry.booked_on.or(entry.valued_on).and_then(day) else {
            taken.without_day.push(entry.place.line);
            continue;
        };
        lines.extend(entry.lines.iter().map(|line| said(entry, line, date)));
    }
    let balance = |balance: crate::exchange::Balance| {
        Some(Balance { amount: balance.amount, on: day(balance.on)? })
    };
    let opening = statement.opening.and_then(balance);
    let closing = statement.closing.and_then(balance);
    let (id, whole) = (statement.id.clone(), lines.len() <= STATEMENT_LINES);
    let part = |lines: Vec<StatementLine>| {
        let (statement, account) = (id.clone(), account.clone());
        Import { statement, account, source, opening, closing, lines }
    };
    if whole {
        taken.imports.push(part(lines));
    } else {
        taken.imports.extend(lines.chunks(STATEMENT_LINES).map(|lines| part(lines.to_vec())));
    }
}

fn day(day: crate::exchange::Date) -> Option<Date> {
    let (year, month, day) = day.parts();
    Date::new(year, month, day).ok()
}

fn said(entry: &Entry, line: &Line, date: Date) -> StatementLine {
    let side = match line.side {
        crate::exchange::Side::Credit => Side::In,
        crate::exchange::Side::Debit => Side::Out,
    };
    let returned = line.returned.as_ref();
    let original = returned.and_then(|returned| returned.original_end_to_end.clone());
    let iban = line.counterpart.iban.and_then(|iban| iban.as_str().parse().ok());
    StatementLine {
        id: LineId::new(*line.fingerprint.as_bytes()),
        place: entry.place.line,
        date,
        amount: line.amount,
        side,
        returned: returned.map(|back| back.reason.as_ref().map_or("", |r| r.code()).to_owned()),
        text: LineText {
            name: line.counterpart.name.clone(),
            iban,
            remittance: line.remittance.clone(),
            end_to_end: line.end_to_end.clone().or(original),
            instruction: line.instruction.clone(),
            references: line.creditor_references.clone(),
            description: entry.description.clone(),
        },
    }
}

/// Returns what a bank's report rejects.
#[must_use]
pub fn rejections(report: &StatusReport) -> Vec<Rejection> {
    let reason = |reasons: &[StatusReason]| {
        reasons.iter().find_map(|reason| reason.reason.as_ref()).map(|r| r.code().to_owned())
    };
    let rejected = |status: &Option<Status>| *status == Some(Status::Rejected);
    let whole = |name: &Option<String>, outcome: &crate::exchange::pain002::Outcome| {
        let name = name.clone().filter(|_| rejected(&outcome.status))?;
        Some(Rejection { name, reason: reason(&outcome.reasons) })
    };
    if let Some(all) = whole(&report.original_message, &report.group) {
        return vec![all];
    }
    let mut found = Vec::new();
    for block in &report.blocks {
        // The payments of a rejected block, where the report names them; else all of it.
        let named = block.payments.iter().filter_map(|payment| {
            let own = rejected(&payment.outcome.status);
            let with_block = payment.outcome.status.is_none() && rejected(&block.outcome.status);
            let name = payment.original_end_to_end.clone().filter(|_| own || with_block)?;
            Some(Rejection { name, reason: reason(&payment.outcome.reasons) })
        });
        let before = found.len();
        found.extend(named);
        if found.len() == before {
            found.extend(whole(&block.original_block, &block.outcome));
        }
    }
    found
}

/// Why the file of a batch cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    /// The batch is of the other kind.
    #[error(
        "the batch is of the other kind: `payout file` is for transfers, `collect file` for direct debits"
    )]
    Kind,
    /// An account.
    #[error("{name}: {why}: correct it with `caisse bank details set`, and order again")]
    Iban {
        /// The holder.
        name: String,
        /// What is wrong.
        why: NotAnIban,
    },
    /// A bank's code.
    #[error("{name}: {why}: correct it with `caisse bank details set`, and order again")]
    Bic {
        /// The holder.
        name: String,
        /// What is wrong.
        why: NotABic,
    },
    /// A reference.
    #[error("{name}: {why}")]
    Reference {
        /// What is named so.
        name: String,
        /// What is wrong.
        why: NotAReference,
    },
    /// The caisse's creditor identifier.
    #[error("the caisse's creditor identifier: {0}")]
    Creditor(NotACreditorId),
    /// There is none.
    #[error("the caisse had no creditor identifier when the batch was ordered")]
    NoCreditor,
    /// A member has no mandate.
    #[error("{name} has no mandate")]
    NoMandate {
        /// The member's name.
        name: String,
    },
    /// A day.
    #[error("{0}")]
    Day(#[from] NotADate),
    /// The payments.
    #[error("{0}")]
    Payments(#[from] PaymentFileRefused),
}

fn party(details: &Details) -> Result<Party, FileRefused> {
    let name = details.name.clone();
    let iban = details.iban.as_str().parse();
    let iban = iban.map_err(|why| FileRefused::Iban { name: name.clone(), why })?;
    let bic = details.bic.as_ref().map(|bic| bic.parse()).transpose();
    let bic = bic.map_err(|why| FileRefused::Bic { name: name.clone(), why })?;
    Ok(Party { name, iban, bic })
}

fn reference<T: std::str::FromStr<Err = NotAReference>>(name: &str) -> Result<T, FileRefused> {
    name.parse().map_err(|why| FileRefused::Reference { name: name.to_owned(), why })
}

fn bank_day(date: Date) -> Result<crate::exchange::Date, NotADate> {
    date.to_string().parse()
}

/// Makes the file of a batch of transfers: the same bytes each time.
///
/// # Errors
/// [`FileRefused`].
pub fn transfers(batch: &BatchFile, version: pain001::Version) -> Result<PaymentFile, FileRefused> {
    let BatchKind::Payout = batch.kind else { return Err(FileRefused::Kind) };
    let transfer = |payment: &FilePayment| {
        Ok::<_, FileRefused>(CreditTransfer {
            end_to_end: reference(&payment.end_to_end)?,
            amount: payment.amount,
            creditor: party(&payment.to)?,
            remittance: format!("Remise en banque {}", payment.end_to_end),
        })
    };
    let transfers = CreditTransfers {
        message_id: reference(&batch.name)?,
        created: batch.created,
        execution: bank_day(batch.on)?,
        debtor: party(&batch.own)?,
        // Each alone, so that each is a line that is known again.
        booking: BatchBooking::EachAlone,
        transfers: batch.payments.iter().map(transfer).collect::<Result<_, _>>()?,
    };
    Ok(transfers.write(version)?)
}

/// Makes the file of a batch of direct debits: the same bytes each time.
///
/// # Errors
/// [`FileRefused`].
pub fn debits(batch: &BatchFile, version: pain008::Version) -> Result<PaymentFile, FileRefused> {
    let BatchKind::Debit(month) = batch.kind else { return Err(FileRefused::Kind) };
    let debit = |payment: &FilePayment| {
        let name = payment.to.name.clone();
        let mandate = payment.to.mandate.as_ref().ok_or(FileRefused::NoMandate { name })?;
        Ok::<_, FileRefused>(DirectDebit {
            end_to_end: reference(&payment.end_to_end)?,
            amount: payment.amount,
            mandate: reference(&mandate.reference)?,
            signed_on: bank_day(mandate.signed)?,
            sequence: if payment.first { Sequence::First } else { Sequence::Recurrent },
            debtor: party(&payment.to)?,
            remittance: format!("Cotisation {month}"),
        })
    };
    let creditor_id = batch.own.creditor_id.as_ref().ok_or(FileRefused::NoCreditor)?;
    let debits = DirectDebits {
        message_id: reference(&batch.name)?,
        created: batch.created,
        collection: bank_day(batch.on)?,
        creditor: party(&batch.own)?,
        creditor_id: creditor_id.parse().map_err(FileRefused::Creditor)?,
        booking: BatchBooking::EachAlone,
        debits: batch.payments.iter().map(debit).collect::<Result<_, _>>()?,
    };
    Ok(debits.write(version)?)
}

/// Returns the rows of a vendor's statement as an accountant books them.
#[must_use]
pub fn statement_rows(statement: &VendorStatement) -> Vec<Row> {
    let row = |row: &StatementRow| {
        let (words, document) = words(&row.what);
        Row { entry: Some(row.entry), date: row.date, words, document, amount: row.amount }
    };
    let edge =
        |date, words, amount| Row { entry: None, date, words, document: String::new(), amount };
    let (first, last) = (statement.month.first_day(), statement.month.last_day());
    let opening = edge(first, "Solde initial", statement.opening);
    let closing = edge(last, "Solde final", statement.closing);
    let rows = statement.rows.iter().map(row);
    [opening].into_iter().chain(rows).chain([closing]).collect()
}

fn words(what: &StatementWhat) -> (&'static str, String) {
    match what {
        StatementWhat::Sale { payment, .. } => ("Vente", payment.to_string()),
        StatementWhat::Refund { refund } => ("Remboursement", refund.to_string()),
        StatementWhat::Payout(batch) => ("Remise en banque", batch.to_string()),
        StatementWhat::Returned(batch) => ("Virement revenu", batch.to_string()),
        StatementWhat::Transfer => ("Virement hors remise", String::new()),
        StatementWhat::Correction => ("Correction", String::new()),
    }
}
