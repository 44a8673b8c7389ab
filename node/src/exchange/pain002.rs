//! What a bank did with a file of payments: pain.002, versions 03 and 10.
//!
//! Source: the schema of ISO 20022 for version 03. Version 10 names everything that is read here in
//! the same way.

use std::io::Read;

use crdt::Cents;
use serde::Serialize;

use super::field;
use super::limits::{LINES, REFERENCE_CHARS, REMITTANCE_CHARS};
use super::problem::{Fault, Place, Problem, Problems};
use super::reason::Reason;
use super::xml::{Element, Tree, Xml};

const MESSAGES: [&str; 2] = ["pain.002.001.03", "pain.002.001.10"];
const EXPECTED: &str = "a payment status report: pain.002, version 001.03 or 001.10";

/// What a bank did with a file of payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusReport {
    /// Which message it is: `pain.002.001.03`.
    pub kind: &'static str,
    /// The name that the bank gave the report.
    pub id: String,
    /// The name of the file of payments.
    pub original_message: Option<String>,
    /// Which message that file was: `pain.001.001.03`.
    pub original_kind: Option<String>,
    /// What became of the file as a whole.
    pub group: Outcome,
    /// What became of its blocks, in the order of the report.
    pub blocks: Vec<BlockReport>,
    /// What is wrong with the report, in its order.
    pub problems: Problems,
}

/// What became of a file, of a block of payments or of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What the bank says; nothing if it speaks of the parts only.
    pub status: Option<Status>,
    /// Why.
    pub reasons: Vec<StatusReason>,
}

/// Why a bank did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusReason {
    /// The code.
    pub reason: Option<Reason>,
    /// More words about it; empty if none.
    pub words: String,
}

/// What became of one block of payments (`PmtInf`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BlockReport {
    /// The name of the block in the file of payments.
    pub original_block: Option<String>,
    /// What became of the block.
    pub outcome: Outcome,
    /// What became of its payments; banks often name the rejected ones only.
    pub payments: Vec<PaymentReport>,
}

/// What became of one payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaymentReport {
    /// Where it stands in the report.
    #[serde(skip)]
    pub place: Place,
    /// The payment's end-to-end id.
    pub original_end_to_end: Option<String>,
    /// The payment's instruction id.
    pub original_instruction: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Its amount, if the bank repeats it.
    pub amount: Option<Cents>,
    /// Its mandate, if the bank repeats it.
    pub mandate: Option<String>,
}

/// Makes the enum of statuses.
macro_rules! statuses {
    ($($variant:ident $code:literal $english:literal;)*) => {
        /// How far a payment, a block or a file is (`TransactionIndividualStatus3Code`, and the external
        /// code lists since version 10).
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(into = "String")]
        pub enum Status {
            $(#[doc = concat!("`", $code, "`: ", $english, ".")] $variant,)*
            /// A code that is not known here: the lists are open.
            Other(String),
        }

        impl Status {
            /// Returns the code.
            #[must_use]
            pub fn code(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }
        }

        impl From<&str> for Status {
            fn from(code: &str) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

statuses! {
    Received "RCVD" "the bank has it";
    Pending "PDNG" "checks are going on";
    TechnicallyAccepted "ACTC" "the form is right";
    Accepted "ACCP" "the checks of the customer were passed";
    AcceptedWithChange "ACWC" "the bank changed something, such as the date";
    InSettlement "ACSP" "all checks were passed, it is being settled";
    Settled "ACSC" "it is settled on the debtor's account";
    Credited "ACCC" "it is on the creditor's account";
    PartlyAccepted "PART" "some of the parts were accepted, others rejected";
    Rejected "RJCT" "it will not be carried out";
    Cancelled "CANC" "it was cancelled";
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.code().to_owned()
    }
}

/// Reads a report. One bad payment never stops the others.
///
/// # Errors
/// [`Problem`] if it is no such message, not well-formed to its end, or larger than a limit. Then
/// nothing of it may be used.
pub fn read(input: impl Read) -> Result<StatusReport, Problem> {
    let mut xml = Xml::open(input)?;
    let found = field::kind(&xml);
    let known = MESSAGES.into_iter().find(|kind| *kind == found && xml.name() == "Document");
    let Some(kind) = known else {
        return Err(field::wrong_message(&xml, EXPECTED));
    };
    let report = StatusReport { kind, ..StatusReport::default() };
    let mut reading = Reading { report, tree: Tree::default(), payments: 0 };
    let mut has_message = false;
    while xml.next_child()? {
        if xml.name() == "CstmrPmtStsRpt" {
            has_message = true;
            reading.message(&mut xml)?;
        } else {
            xml.skip()?;
        }
    }
    if !has_message {
        return Err(xml.refuse(Fault::Missing("CstmrPmtStsRpt")));
    }
    xml.finish()?;
    Ok(reading.report)
}

struct Reading {
    report: StatusReport,
    /// Reused for every element that is read whole.
    tree: Tree,
    payments: usize,
}

impl Reading {
    fn message<R: Read>(&mut self, xml: &mut Xml<R>) -> Result<(), Problem> {
        while xml.next_child()? {
            match xml.name() {
                "GrpHdr" => {
                    xml.read_tree(&mut self.tree)?;
                    let problems = &mut self.report.problems;
                    let id = field::text(self.tree.root(), "MsgId", REFERENCE_CHARS, problems);
                    self.report.id = id.unwrap_or_default();
                }
                "OrgnlGrpInfAndSts" => {
                    xml.read_tree(&mut self.tree)?;
                    self.group();
                }
                "OrgnlPmtInfAndSts" => {
                    let block = self.block(xml)?;
                    self.report.blocks.push(block);
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn group(&mut self) {
        let (root, report) = (self.tree.root(), &mut self.report);
        let mut text = |name| field::text(root, name, REFERENCE_CHARS, &mut report.problems);
        report.original_message = text("OrgnlMsgId");
        report.original_kind = text("OrgnlMsgNmId");
        report.group.status = text("GrpSts").map(|code| Status::from(code.as_str()));
        report.group.reasons = reasons(root, &mut report.problems);
    }

    fn block<R: Read>(&mut self, xml: &mut Xml<R>) -> Result<BlockReport, Problem> {
        let mut block = BlockReport::default();
        while xml.next_child()? {
            if !["OrgnlPmtInfId", "PmtInfSts", "StsRsnInf", "TxInfAndSts"].contains(&xml.name()) {
                xml.skip()?;
                continue;
            }
            xml.read_tree(&mut self.tree)?;
            let (root, problems) = (self.tree.root(), &mut self.report.problems);
            match root.name() {
                "OrgnlPmtInfId" => {
                    block.original_block = field::own_text(root, REFERENCE_CHARS, problems);
                }
                "PmtInfSts" => {
                    let code = field::own_text(root, REFERENCE_CHARS, problems);
                    block.outcome.status = code.map(|code| Status::from(code.as_str()));
                }
                "StsRsnInf" => block.outcome.reasons.push(status_reason(root, problems)),
                _ => {
                    self.payments += 1;
                    if self.payments > LINES {
                        let most = LINES as u64;
                        return Err(xml.refuse(Fault::Limit { what: "payments", most }));
                    }
                    let read = match self.tree.overflow() {
                        Some(fault) => Err(field::problem(root, fault.clone())),
                        None => payment(root, problems),
                    };
                    match read {
                        Ok(payment) => block.payments.push(payment),
                        Err(problem) => problems.push(problem),
                    }
                }
            }
        }
        Ok(block)
    }
}

fn payment(root: Element<'_>, problems: &mut Problems) -> Result<PaymentReport, Problem> {
    let mut text = |path| field::text(root, path, REFERENCE_CHARS, problems);
    let provided = |id: &String| id != "NOTPROVIDED";
    let original_end_to_end = text("OrgnlEndToEndId").filter(provided);
    let original_instruction = text("OrgnlInstrId").filter(provided);
    let status = text("TxSts").map(|code| Status::from(code.as_str()));
    let mandate = text("OrgnlTxRef/MndtRltdInf/MndtId");
    if original_end_to_end.is_none() && original_instruction.is_none() {
        return Err(field::problem(root, Fault::Missing("OrgnlEndToEndId")));
    }
    let amount = root.at("OrgnlTxRef/Amt/InstdAmt").map(field::amount);
    Ok(PaymentReport {
        place: root.place(),
        original_end_to_end,
        original_instruction,
        outcome: Outcome { status, reasons: reasons(root, problems) },
        amount: amount.and_then(|amount| field::or_left_out(amount, problems)),
        mandate,
    })
}

fn reasons(parent: Element<'_>, problems: &mut Problems) -> Vec<StatusReason> {
    parent.all("StsRsnInf").map(|information| status_reason(information, problems)).collect()
}

fn status_reason(information: Element<'_>, problems: &mut Problems) -> StatusReason {
    let mut words = String::new();
    for part in information.all("AddtlInf") {
        let left = REMITTANCE_CHARS.saturating_sub(words.chars().count());
        let Some(text) = field::own_text(part, left, problems) else { continue };
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&text);
    }
    StatusReason { reason: field::reason(information, problems), words }
}
