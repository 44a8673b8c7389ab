//! Bank statements as XML: camt.053 (end of day) and camt.054 (as it happens), versions 02 and 08.
//!
//! Source: the schemas of ISO 20022, and the French banks' guide to them (CFONB, *Guide d'utilisation
//! du camt.053*). The two versions differ, as far as they are read here, in where a party's name and
//! an entry's status stand.

mod entry;

use std::io::Read;

use crdt::SignedCents;

use super::date::Date;
use super::field;
use super::iban::Iban;
use super::limits::{LINES, REFERENCE_CHARS, STATEMENTS};
use super::problem::{Consequence, Fault, Problem, Problems};
use super::statement::{Balance, BankStatement, Fingerprints, Period, StatementFile};
use super::xml::{Element, Tree, Xml};

/// The messages that are read: the end of the namespace, the message's element, a statement's element.
const MESSAGES: [[&str; 3]; 4] = [
    ["camt.053.001.02", "BkToCstmrStmt", "Stmt"],
    ["camt.053.001.08", "BkToCstmrStmt", "Stmt"],
    ["camt.054.001.02", "BkToCstmrDbtCdtNtfctn", "Ntfctn"],
    ["camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn"],
];

const EXPECTED: &str = "a statement: camt.053 or camt.054, version 001.02 or 001.08";

/// Reads a file of statements.
///
/// Amounts are in euros; what is booked in another currency is left out and said. One bad entry never
/// stops the others. The file is read once, from front to back, and no more than one entry of it is
/// held as text; memory is bounded by [`limits`](super::limits).
///
/// # Errors
/// [`Problem`] if it is no such message, not well-formed to its end, or larger than a limit. Then
/// nothing of it may be used.
pub fn read(input: impl Read) -> Result<StatementFile, Problem> {
    let mut xml = Xml::open(input)?;
    let found = field::kind(&xml);
    let known = MESSAGES.iter().find(|[kind, ..]| *kind == found && xml.name() == "Document");
    let Some([kind, message, statement]) = known else {
        return Err(field::wrong_message(&xml, EXPECTED));
    };
    let mut reading = Reading::default();
    let mut has_message = false;
    while xml.next_child()? {
        if xml.name() != *message {
            xml.skip()?;
            continue;
        }
        has_message = true;
        reading.message(&mut xml, statement)?;
    }
    if !has_message || reading.statements_seen == 0 {
        return Err(xml.refuse(Fault::Missing("a statement")));
    }
    xml.finish()?;
    let Reading { id, statements, problems, .. } = reading;
    Ok(StatementFile { kind, id, statements, problems })
}

/// A file that is being read.
#[derive(Default)]
struct Reading {
    id: String,
    statements: Vec<BankStatement>,
    statements_seen: usize,
    lines: usize,
    problems: Problems,
    fingerprints: Fingerprints,
    /// Reused for every element that is read whole.
    tree: Tree,
}

/// A statement that is being read.
#[derive(Default)]
struct Draft {
    id: Option<String>,
    account: Option<Iban>,
    period: Option<Period>,
    opening: Option<Balance>,
    /// The closing balance of the day before, which is the opening one where that is not given.
    previous: Option<Balance>,
    closing: Option<Balance>,
    entries: Vec<super::statement::Entry>,
    /// Whether it is known to be unusable, and said so.
    left_out: bool,
}

impl Reading {
    fn message<R: Read>(&mut self, xml: &mut Xml<R>, statement: &str) -> Result<(), Problem> {
        while xml.next_child()? {
            if xml.name() == "GrpHdr" {
                xml.read_tree(&mut self.tree)?;
                let id =
                    field::text(self.tree.root(), "MsgId", REFERENCE_CHARS, &mut self.problems);
                self.id = id.unwrap_or_default();
            } else if xml.name() == statement {
                self.statements_seen += 1;
                if self.statements_seen > STATEMENTS {
                    let most = STATEMENTS as u64;
                    return Err(xml.refuse(Fault::Limit { what: "statements", most }));
                }
                self.statement(xml)?;
            } else {
                xml.skip()?;
            }
        }
        Ok(())
    }

    fn statement<R: Read>(&mut self, xml: &mut Xml<R>) -> Result<(), Problem> {
        let mut draft = Draft::default();
        let consequence = Consequence::StatementLeftOut;
        let fault = Fault::Missing("an account with an IBAN");
        let no_account = Problem { consequence, ..xml.refuse(fault) };
        while xml.next_child()? {
            match xml.name() {
                "Ntry" if draft.left_out => xml.skip()?,
                "Ntry" => self.entry(xml, &mut draft, &no_account)?,
                "Id" | "FrToDt" | "Acct" | "Bal" => {
                    xml.read_tree(&mut self.tree)?;
                    draft.take(self.tree.root(), &mut self.problems);
                }
                _ => xml.skip()?,
            }
        }
        if draft.left_out {
            return Ok(());
        }
        let Some(account) = draft.account else {
            self.problems.push(no_account);
            return Ok(());
        };
        self.statements.push(BankStatement {
            id: draft.id.unwrap_or_default(),
            account,
            period: draft.period,
            opening: draft.opening.or(draft.previous),
            closing: draft.closing,
            entries: draft.entries,
        });
        Ok(())
    }

    fn entry<R: Read>(
        &mut self,
        xml: &mut Xml<R>,
        draft: &mut Draft,
        no_account: &Problem,
    ) -> Result<(), Problem> {
        let Some(account) = draft.account else {
            // The schema has the account before the entries: without one they belong to nobody.
            self.problems.push(no_account.clone());
            draft.left_out = true;
            return xml.skip();
        };
        xml.read_tree(&mut self.tree)?;
        let root = self.tree.root();
        let read = match self.tree.overflow() {
            Some(fault) => Err(field::problem(root, fault.clone())),
            None => entry::read(root, account, &mut self.problems),
        };
        match read {
            Ok(mut entry) => {
                self.lines += entry.lines.len();
                if self.lines > LINES {
                    return Err(xml.refuse(Fault::Limit { what: "lines", most: LINES as u64 }));
                }
                self.fingerprints.mark(account, &mut entry);
                draft.entries.push(entry);
            }
            Err(problem) => self.problems.push(problem),
        }
        Ok(())
    }
}

impl Draft {
    /// Takes over one of the elements that stand before the entries; the first of a kind counts.
    fn take(&mut self, element: Element<'_>, problems: &mut Problems) {
        match element.name() {
            "Id" if self.id.is_none() => {
                self.id = field::own_text(element, REFERENCE_CHARS, problems);
            }
            "FrToDt" => self.period = field::or_left_out(period(element), problems),
            "Acct" if self.account.is_none() && !self.left_out => match account(element) {
                Ok(account) => self.account = Some(account),
                Err(problem) => {
                    self.left_out = true;
                    problems.push(problem);
                }
            },
            "Bal" => {
                let code = element.at("Tp/CdOrPrtry/Cd").map_or("", Element::text);
                let place = match code {
                    "OPBD" => &mut self.opening,
                    "PRCD" => &mut self.previous,
                    "CLBD" => &mut self.closing,
                    _ => return,
                };
                *place = field::or_left_out(balance(element), problems);
            }
            _ => {}
        }
    }
}

fn account(element: Element<'_>) -> Result<Iban, Problem> {
    let left_out = |problem| Problem { consequence: Consequence::StatementLeftOut, ..problem };
    let Some(iban) = element.at("Id/IBAN") else {
        let fault = Fault::Missing("an account with an IBAN");
        return Err(left_out(field::problem(element, fault)));
    };
    iban.text().parse().map_err(|why| left_out(field::problem(iban, Fault::Iban(why))))
}

fn period(element: Element<'_>) -> Result<Period, Problem> {
    let day = |name: &'static str| -> Result<Date, Problem> {
        let found = element.all(name).next();
        field::date(found.ok_or_else(|| field::problem(element, Fault::Missing(name)))?)
    };
    Ok(Period { from: day("FrDtTm")?, to: day("ToDtTm")? })
}

fn balance(element: Element<'_>) -> Result<Balance, Problem> {
    let amount = field::amount(field::required(element, "Amt")?)?;
    let amount: SignedCents = field::side(element)?.signed(amount);
    Ok(Balance { amount, on: field::date(field::required(element, "Dt")?)? })
}
