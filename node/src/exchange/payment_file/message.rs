//! The bytes of a message for the bank.

use crdt::Cents;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::Checked;
use crate::exchange::field::ISO_20022;
use crate::exchange::iban::Bic;

/// A message that is being written, two spaces for each level.
pub(in crate::exchange) struct Message {
    writer: Writer<Vec<u8>>,
}

/// Which names the two ages of the messages have for the same thing.
#[derive(Clone, Copy)]
pub(in crate::exchange) enum BicName {
    /// `BIC`, of 2009.
    Bic,
    /// `BICFI`, of 2019.
    BicFi,
}

impl Message {
    /// Writes a message whose namespace ends like this.
    pub fn write(kind: &str, inside: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut message = Self { writer: Writer::new_with_indent(Vec::new(), b' ', 2) };
        message.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let namespace = format!("{}{kind}", ISO_20022);
        let root = BytesStart::new("Document").with_attributes([("xmlns", namespace.as_str())]);
        message.event(Event::Start(root));
        inside(&mut message);
        message.event(Event::End(BytesEnd::new("Document")));
        let mut bytes = message.writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    fn event(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("a vector takes every byte");
    }

    /// Writes elements in each other, the names parted by `/`, and something inside of the last.
    pub fn element(&mut self, path: &str, inside: impl FnOnce(&mut Self)) {
        for name in path.split('/') {
            self.event(Event::Start(BytesStart::new(name)));
        }
        inside(self);
        for name in path.rsplit('/') {
            self.event(Event::End(BytesEnd::new(name)));
        }
    }

    /// Writes elements in each other, and a text inside of the last.
    pub fn text(&mut self, path: &str, text: &str) {
        self.element(path, |message| message.event(Event::Text(BytesText::new(text))));
    }

    /// Writes an amount of euros.
    pub fn amount(&mut self, name: &str, amount: Cents) {
        let start = BytesStart::new(name).with_attributes([("Ccy", "EUR")]);
        self.event(Event::Start(start));
        self.event(Event::Text(BytesText::new(&amount.to_string())));
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// Writes how many payments follow and their sum.
    pub fn totals(&mut self, count: usize, total: Cents) {
        self.text("NbOfTxs", &count.to_string());
        self.text("CtrlSum", &total.to_string());
    }

    /// Writes the header of a group of payments.
    pub fn header(&mut self, id: &str, checked: &Checked) {
        self.element("GrpHdr", |header| {
            header.text("MsgId", id);
            header.text("CreDtTm", &checked.created);
            header.totals(checked.texts.len(), checked.total);
            header.text("InitgPty/Nm", &checked.owner_name);
        });
    }

    /// Writes a bank by its code, or that none was given.
    pub fn bank(&mut self, name: &str, bic: Option<&Bic>, bic_name: BicName) {
        self.element(&format!("{name}/FinInstnId"), |bank| match (bic, bic_name) {
            (Some(bic), BicName::Bic) => bank.text("BIC", bic.as_str()),
            (Some(bic), BicName::BicFi) => bank.text("BICFI", bic.as_str()),
            (None, _) => bank.text("Othr/Id", "NOTPROVIDED"),
        });
    }
}
