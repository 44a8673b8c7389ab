//! Direct debits to a bank: pain.008, versions 02 and 08, of the core scheme.
//!
//! Source: the schemas of ISO 20022, and the EPC's guidelines for SEPA core direct debits from
//! customers (EPC130-08). Amendments of mandates are not written.

use crdt::{Cents, Timestamp};

use super::date::Date;
use super::iban::{CreditorId, EndToEndId, MandateReference, MessageId};
use super::payment_file::{
    BatchBooking, BicName, Checked, Message, Party, Payment, PaymentFile, PaymentFileRefused, check,
};

/// The version of the message. Ask the bank which one it takes; both say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// pain.008.001.02, of 2009.
    V02,
    /// pain.008.001.08, of 2019.
    V08,
}

/// Where a debit stands in the life of its mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sequence {
    /// The first of several (`FRST`).
    First,
    /// One of several (`RCUR`); also the first, since banks no longer ask for `FRST`.
    Recurrent,
    /// The only one (`OOFF`).
    OneOff,
    /// The last of several (`FNAL`).
    Final,
}

/// Debits to one account that the bank collects on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectDebits {
    /// The name of the file. The bank refuses another file of the same name.
    pub message_id: MessageId,
    /// When it was made. An argument, so that the same file can be made again.
    pub created: Timestamp,
    /// The day on which the debtors are debited.
    pub collection: Date,
    /// Who is paid.
    pub creditor: Party,
    /// Who may collect.
    pub creditor_id: CreditorId,
    /// How the bank books them.
    pub booking: BatchBooking,
    /// The debits.
    pub debits: Vec<DirectDebit>,
}

/// One debit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectDebit {
    /// What the debit is called from end to end; once in a file.
    pub end_to_end: EndToEndId,
    /// The amount, from 0.01 to 999,999,999.99 EUR.
    pub amount: Cents,
    /// The mandate.
    pub mandate: MandateReference,
    /// The day on which the debtor signed the mandate.
    pub signed_on: Date,
    /// Where the debit stands in the life of its mandate.
    pub sequence: Sequence,
    /// Who pays.
    pub debtor: Party,
    /// What for; may be empty. It is written in SEPA's characters, at most 140 of them.
    pub remittance: String,
}

/// A debit with its name and its remittance as they are written.
type Prepared<'a> = (&'a DirectDebit, &'a (String, String));

impl DirectDebits {
    /// Makes the file: a block of payments for each sequence type, in the order of [`Sequence`], and
    /// within a block in the order given.
    ///
    /// The bytes depend on the input alone: the same debits give the same file.
    ///
    /// # Errors
    /// [`PaymentFileRefused`].
    pub fn write(&self, version: Version) -> Result<PaymentFile, PaymentFileRefused> {
        let payments: Vec<Payment<'_>> = self.debits.iter().map(DirectDebit::payment).collect();
        let checked = check(self.created, &self.creditor, &payments)?;
        let kind = match version {
            Version::V02 => "pain.008.001.02",
            Version::V08 => "pain.008.001.08",
        };
        let prepared: Vec<Prepared<'_>> = self.debits.iter().zip(&checked.texts).collect();
        let bytes = Message::write(kind, |document| {
            document.element("CstmrDrctDbtInitn", |message| {
                message.header(self.message_id.as_str(), &checked);
                for sequence in Sequence::ALL {
                    let of_sequence = |(debit, _): &Prepared<'_>| debit.sequence == sequence;
                    let debits: Vec<_> = prepared.iter().copied().filter(of_sequence).collect();
                    if !debits.is_empty() {
                        let block = Block { sequence, debits, version, name: &checked.owner_name };
                        message.element("PmtInf", |message| self.write_block(message, &block));
                    }
                }
            });
        });
        let Checked { total, changes, .. } = checked;
        Ok(PaymentFile { bytes, count: payments.len(), total, changes })
    }

    fn write_block(&self, message: &mut Message, block: &Block<'_>) {
        let code = block.sequence.code();
        message.text("PmtInfId", &format!("{}-{code}", self.message_id));
        message.text("PmtMtd", "DD");
        message.text("BtchBookg", self.booking.indicator());
        let total = Cents::checked_sum(block.debits.iter().map(|(debit, _)| debit.amount))
            .expect("a part of the total that was checked");
        message.totals(block.debits.len(), total);
        message.element("PmtTpInf", |kind| {
            kind.text("SvcLvl/Cd", "SEPA");
            kind.text("LclInstrm/Cd", "CORE");
            kind.text("SeqTp", code);
        });
        message.text("ReqdColltnDt", &self.collection.to_string());
        message.text("Cdtr/Nm", block.name);
        message.text("CdtrAcct/Id/IBAN", self.creditor.iban.as_str());
        message.bank("CdtrAgt", self.creditor.bic.as_ref(), block.version.bic_name());
        message.text("ChrgBr", "SLEV");
        message.element("CdtrSchmeId/Id/PrvtId/Othr", |scheme| {
            scheme.text("Id", self.creditor_id.as_str());
            scheme.text("SchmeNm/Prtry", "SEPA");
        });
        for (debit, (name, remittance)) in &block.debits {
            message.element("DrctDbtTxInf", |payment| {
                payment.text("PmtId/EndToEndId", debit.end_to_end.as_str());
                payment.amount("InstdAmt", debit.amount);
                payment.element("DrctDbtTx/MndtRltdInf", |mandate| {
                    mandate.text("MndtId", debit.mandate.as_str());
                    mandate.text("DtOfSgntr", &debit.signed_on.to_string());
                });
                payment.bank("DbtrAgt", debit.debtor.bic.as_ref(), block.version.bic_name());
                payment.text("Dbtr/Nm", name);
                payment.text("DbtrAcct/Id/IBAN", debit.debtor.iban.as_str());
                if !remittance.is_empty() {
                    payment.text("RmtInf/Ustrd", remittance);
                }
            });
        }
    }
}

/// The debits of one sequence type.
struct Block<'a> {
    sequence: Sequence,
    debits: Vec<Prepared<'a>>,
    version: Version,
    /// The creditor's name as it is written.
    name: &'a str,
}

impl DirectDebit {
    fn payment(&self) -> Payment<'_> {
        Payment {
            end_to_end: &self.end_to_end,
            amount: self.amount,
            other: &self.debtor,
            remittance: &self.remittance,
        }
    }
}

impl Sequence {
    /// Every sequence type, in the order of the blocks.
    pub const ALL: [Self; 4] = [Self::First, Self::Recurrent, Self::OneOff, Self::Final];

    /// Returns the code of the messages (`SequenceType1Code`).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::First => "FRST",
            Self::Recurrent => "RCUR",
            Self::OneOff => "OOFF",
            Self::Final => "FNAL",
        }
    }
}

impl Version {
    const fn bic_name(self) -> BicName {
        match self {
            Self::V02 => BicName::Bic,
            Self::V08 => BicName::BicFi,
        }
    }
}
