//! One entry of a statement (`Ntry`) and the transactions in it (`TxDtls`).

use crdt::Cents;

use crate::exchange::field::{self, problem};
use crate::exchange::iban::Iban;
use crate::exchange::limits::{NAME_CHARS, REFERENCE_CHARS, REFERENCES_PER_LINE, REMITTANCE_CHARS};
use crate::exchange::problem::{Fault, Problem, Problems, SignedSum};
use crate::exchange::statement::{Counterpart, Entry, EntryStatus, Line, Return, Side};
use crate::exchange::xml::Element;

/// What a bank writes where there is no end-to-end id.
const NOT_PROVIDED: &str = "NOTPROVIDED";

/// Reads an entry of an account.
pub(super) fn read(
    root: Element<'_>,
    account: Iban,
    problems: &mut Problems,
) -> Result<Entry, Problem> {
    let mut entry = Entry {
        place: root.place(),
        amount: field::amount(field::required(root, "Amt")?)?,
        side: field::side(root)?,
        status: status(root)?,
        reversal: reversal(root)?,
        booked_on: root.at("BookgDt").map(field::date).transpose()?,
        valued_on: root.at("ValDt").map(field::date).transpose()?,
        bank_reference: field::text(root, "AcctSvcrRef", REFERENCE_CHARS, problems),
        description: field::text(root, "AddtlNtryInf", REMITTANCE_CHARS, problems),
        lines: Vec::new(),
    };
    let details: Vec<Element<'_>> =
        root.all("NtryDtls").flat_map(|details| details.all("TxDtls")).collect();
    let alone = details.len() == 1;
    for transaction in details {
        let (amount, side) = amount_of(transaction, &entry, alone)?;
        let line = line(transaction, amount, side, problems);
        let counterpart = counterpart(transaction, &entry, account, problems);
        let bank_reference =
            line.bank_reference.filter(|own| entry.bank_reference.as_ref() != Some(own));
        entry.lines.push(Line { counterpart, bank_reference, ..line });
    }
    if entry.lines.is_empty() {
        // A batch that was booked as one sum is named by its block of payments.
        let instruction = field::text(root, "NtryDtls/Btch/PmtInfId", REFERENCE_CHARS, problems);
        entry.lines.push(Line { instruction, ..Line::bare(entry.amount, entry.side) });
    }
    let sum = entry.sum_of_lines();
    if sum != Some(entry.amount.signed()) {
        let fault = Fault::Sum { details: SignedSum(sum), entry: entry.amount };
        return Err(problem(root, fault));
    }
    Ok(entry)
}

fn status(root: Element<'_>) -> Result<EntryStatus, Problem> {
    let status = field::required(root, "Sts")?;
    // Version 02 has the code itself, version 08 an element with it.
    let code = status.children().next().unwrap_or(status);
    match code.text() {
        "BOOK" => Ok(EntryStatus::Booked),
        // `FUTR` of version 08: it will be booked on a later day.
        "PDNG" | "FUTR" => Ok(EntryStatus::Pending),
        "INFO" => Ok(EntryStatus::Information),
        other => Err(field::not_one_of(code, other, "BOOK, PDNG, FUTR, INFO")),
    }
}

fn reversal(root: Element<'_>) -> Result<bool, Problem> {
    let Some(indicator) = root.at("RvslInd") else { return Ok(false) };
    match indicator.text() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(field::not_one_of(indicator, other, "true, false")),
    }
}

/// Returns the amount of a transaction: its own, else that of the transaction in the account's
/// currency, else the entry's if it is alone.
fn amount_of(
    transaction: Element<'_>,
    entry: &Entry,
    alone: bool,
) -> Result<(Cents, Side), Problem> {
    let side = match transaction.at("CdtDbtInd") {
        Some(_) => field::side(transaction)?,
        None => entry.side,
    };
    match transaction.at("Amt").or_else(|| transaction.at("AmtDtls/TxAmt/Amt")) {
        Some(amount) => Ok((field::amount(amount)?, side)),
        None if alone => Ok((entry.amount, entry.side)),
        None => {
            Err(problem(transaction, Fault::Missing("the amount of one of several transactions")))
        }
    }
}

fn line(transaction: Element<'_>, amount: Cents, side: Side, problems: &mut Problems) -> Line {
    let mut reference = |path| field::text(transaction, path, REFERENCE_CHARS, problems);
    let end_to_end = reference("Refs/EndToEndId").filter(|id| id != NOT_PROVIDED);
    let mandate = reference("Refs/MndtId").filter(|id| id != NOT_PROVIDED);
    let instruction = reference("Refs/InstrId").filter(|id| id != NOT_PROVIDED);
    let bank_reference = reference("Refs/AcctSvcrRef");
    let returned = transaction.at("RtrInf").map(|info| Return {
        reason: field::reason(info, problems),
        words: field::text(info, "AddtlInf", REMITTANCE_CHARS, problems),
        original_end_to_end: end_to_end.clone(),
    });
    Line {
        end_to_end,
        mandate,
        instruction,
        bank_reference,
        remittance: remittance(transaction, problems),
        creditor_references: creditor_references(transaction, problems),
        returned,
        ..Line::bare(amount, side)
    }
}

/// Joins the parts of what the payer wrote; parts that would make it too long are left out and said.
fn remittance(transaction: Element<'_>, problems: &mut Problems) -> String {
    let mut joined = String::new();
    let Some(information) = transaction.at("RmtInf") else { return joined };
    let mut characters = 0;
    for part in information.all("Ustrd") {
        let left = REMITTANCE_CHARS.saturating_sub(characters);
        let Some(text) = field::own_text(part, left, problems) else { continue };
        characters += text.chars().count() + 1;
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&text);
    }
    joined
}

fn creditor_references(transaction: Element<'_>, problems: &mut Problems) -> Vec<String> {
    let Some(information) = transaction.at("RmtInf") else { return Vec::new() };
    let structured = information.all("Strd").take(REFERENCES_PER_LINE);
    structured
        .filter_map(|part| field::text(part, "CdtrRefInf/Ref", REFERENCE_CHARS, problems))
        .collect()
}

/// The elements of one party: itself, its account, and on whose behalf it acts.
const DEBTOR: [&str; 3] = ["Dbtr", "DbtrAcct/Id/IBAN", "UltmtDbtr"];
const CREDITOR: [&str; 3] = ["Cdtr", "CdtrAcct/Id/IBAN", "UltmtCdtr"];

/// Finds the other side: the party whose account is not this one; where that does not tell, the
/// debtor of what comes in and the creditor of what goes out, and for a reversal the other way round.
fn counterpart(
    transaction: Element<'_>,
    entry: &Entry,
    account: Iban,
    problems: &mut Problems,
) -> Counterpart {
    let Some(parties) = transaction.at("RltdPties") else { return Counterpart::default() };
    let mut party = |[itself, iban, behind]: [&str; 3]| Counterpart {
        name: name(parties, itself, problems).or_else(|| name(parties, behind, problems)),
        iban: field::or_left_out(field::iban(parties, iban), problems).flatten(),
    };
    let (debtor, creditor) = (party(DEBTOR), party(CREDITOR));
    let is_us = |party: &Counterpart| party.iban == Some(account);
    let is_known = |party: &Counterpart| party.name.is_some() || party.iban.is_some();
    let (likely, other) = match (entry.side, entry.reversal) {
        (Side::Credit, false) | (Side::Debit, true) => (debtor, creditor),
        (Side::Debit, false) | (Side::Credit, true) => (creditor, debtor),
    };
    if is_known(&likely) && !is_us(&likely) {
        likely
    } else if is_us(&other) {
        Counterpart::default()
    } else {
        other
    }
}

/// Reads the name of a party: its own in version 02, a person's or a bank's in version 08.
fn name(parties: Element<'_>, party: &str, problems: &mut Problems) -> Option<String> {
    let party = parties.at(party)?;
    let paths = ["Nm", "Pty/Nm", "Agt/FinInstnId/Nm"];
    paths.into_iter().find_map(|path| field::text(party, path, NAME_CHARS, problems))
}
