//! Credit transfers to a bank: pain.001, versions 03 and 09.
//!
//! Source: the schemas of ISO 20022, and the EPC's guidelines for SEPA credit transfers from customers
//! (EPC132-08).

use crdt::{Cents, Timestamp};

use super::date::Date;
use super::iban::{EndToEndId, MessageId};
use super::payment_file::{
    BatchBooking, BicName, Checked, Message, Party, Payment, PaymentFile, PaymentFileRefused, check,
};

/// The version of the message. Ask the bank which one it takes; both say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// pain.001.001.03, of 2009.
    V03,
    /// pain.001.001.09, of 2019.
    V09,
}

/// Transfers from one account that the bank carries out on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditTransfers {
    /// The name of the file. The bank refuses another file of the same name.
    pub message_id: MessageId,
    /// When it was made. An argument, so that the same file can be made again.
    pub created: Timestamp,
    /// The day on which the bank should pay.
    pub execution: Date,
    /// Who pays.
    pub debtor: Party,
    /// How the bank books them.
    pub booking: BatchBooking,
    /// The transfers.
    pub transfers: Vec<CreditTransfer>,
}

/// One transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditTransfer {
    /// What the transfer is called from end to end; once in a file.
    pub end_to_end: EndToEndId,
    /// The amount, from 0.01 to 999,999,999.99 EUR.
    pub amount: Cents,
    /// Who is paid.
    pub creditor: Party,
    /// What for; may be empty. It is written in SEPA's characters, at most 140 of them.
    pub remittance: String,
}

impl CreditTransfers {
    /// Makes the file: one block of payments, charges shared as SEPA wants it (`SLEV`).
    ///
    /// The bytes depend on the input alone: the same transfers give the same file.
    ///
    /// # Errors
    /// [`PaymentFileRefused`].
    pub fn write(&self, version: Version) -> Result<PaymentFile, PaymentFileRefused> {
        let payments: Vec<Payment<'_>> =
            self.transfers.iter().map(CreditTransfer::payment).collect();
        let checked = check(self.created, &self.debtor, &payments)?;
        let kind = match version {
            Version::V03 => "pain.001.001.03",
            Version::V09 => "pain.001.001.09",
        };
        let bytes = Message::write(kind, |document| {
            document.element("CstmrCdtTrfInitn", |message| {
                message.header(self.message_id.as_str(), &checked);
                message.element("PmtInf", |block| self.write_block(block, version, &checked));
            });
        });
        let Checked { total, changes, .. } = checked;
        Ok(PaymentFile { bytes, count: payments.len(), total, changes })
    }

    fn write_block(&self, block: &mut Message, version: Version, checked: &Checked) {
        block.text("PmtInfId", self.message_id.as_str());
        block.text("PmtMtd", "TRF");
        block.text("BtchBookg", self.booking.indicator());
        block.totals(self.transfers.len(), checked.total);
        block.text("PmtTpInf/SvcLvl/Cd", "SEPA");
        let execution = match version {
            Version::V03 => "ReqdExctnDt",
            Version::V09 => "ReqdExctnDt/Dt",
        };
        block.text(execution, &self.execution.to_string());
        block.text("Dbtr/Nm", &checked.owner_name);
        block.text("DbtrAcct/Id/IBAN", self.debtor.iban.as_str());
        block.bank("DbtrAgt", self.debtor.bic.as_ref(), version.bic_name());
        block.text("ChrgBr", "SLEV");
        for (transfer, (name, remittance)) in self.transfers.iter().zip(&checked.texts) {
            block.element("CdtTrfTxInf", |payment| {
                payment.text("PmtId/EndToEndId", transfer.end_to_end.as_str());
                payment.element("Amt", |amount| amount.amount("InstdAmt", transfer.amount));
                if let Some(bic) = &transfer.creditor.bic {
                    payment.bank("CdtrAgt", Some(bic), version.bic_name());
                }
                payment.text("Cdtr/Nm", name);
                payment.text("CdtrAcct/Id/IBAN", transfer.creditor.iban.as_str());
                if !remittance.is_empty() {
                    payment.text("RmtInf/Ustrd", remittance);
                }
            });
        }
    }
}

impl CreditTransfer {
    fn payment(&self) -> Payment<'_> {
        Payment {
            end_to_end: &self.end_to_end,
            amount: self.amount,
            other: &self.creditor,
            remittance: &self.remittance,
        }
    }
}

impl Version {
    const fn bic_name(self) -> BicName {
        match self {
            Self::V03 => BicName::Bic,
            Self::V09 => BicName::BicFi,
        }
    }
}
