//! The files that the bank writes and reads: camt.053 in two versions, a table, and orders in pain messages.

use crdt::Date;

use super::bank::{Movement, OWN, Ordered, Statement};

/// How a statement is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    V2,
    V8,
    Csv,
}

impl Form {
    /// Returns the name of the message, if it has a schema.
    pub fn message(self) -> Option<&'static str> {
        match self {
            Self::V2 => Some("camt.053.001.02"),
            Self::V8 => Some("camt.053.001.08"),
            Self::Csv => None,
        }
    }
}

fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

fn side(cents: i64) -> &'static str {
    if cents < 0 { "DBIT" } else { "CRDT" }
}

fn balance(code: &str, cents: i64, day: Date) -> String {
    let (amount, side) = (euros(cents), side(cents));
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt>\
         <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )
}

fn entry(form: Form, number: u32, place: usize, movement: &Movement) -> String {
    let Movement { day, cents, name, iban, words, end_to_end, returned, .. } = movement;
    let status = if form == Form::V2 { "BOOK" } else { "<Cd>BOOK</Cd>" };
    let party = match form {
        Form::V2 => format!("<Nm>{name}</Nm>"),
        Form::V8 | Form::Csv => format!("<Pty><Nm>{name}</Nm></Pty>"),
    };
    // What comes back names the parties of the first payment.
    let other = if (*cents < 0) == returned.is_none() { "Cdtr" } else { "Dbtr" };
    let account = iban.as_ref().map_or_else(String::new, |iban| {
        format!("<{other}Acct><Id><IBAN>{iban}</IBAN></Id></{other}Acct>")
    });
    let refs = end_to_end
        .as_ref()
        .map_or_else(String::new, |name| format!("<Refs><EndToEndId>{name}</EndToEndId></Refs>"));
    let back = returned
        .map_or_else(String::new, |code| format!("<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>"));
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><RvslInd>{}</RvslInd>\
         <Sts>{status}</Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>\
         <AcctSvcrRef>B{number:03}-{place:05}</AcctSvcrRef>\
         <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\
         <NtryDtls><TxDtls>{refs}<RltdPties><{other}>{party}</{other}>{account}</RltdPties>\
         <RmtInf><Ustrd>{words}</Ustrd></RmtInf>{back}</TxDtls></NtryDtls></Ntry>\n",
        euros(*cents),
        side(*cents),
        returned.is_some(),
    )
}

/// Writes a statement.
pub fn write(form: Form, statement: &Statement) -> Vec<u8> {
    if form == Form::Csv {
        return table(statement);
    }
    let Statement { number, opening, closing, from, upto, movements } = statement;
    let message = form.message().expect("it is a message");
    let entries = movements.iter().enumerate();
    let entries: String = entries.map(|(at, moved)| entry(form, *number, at, moved)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{message}\"><BkToCstmrStmt>\
         <GrpHdr><MsgId>RELEVE-{number}</MsgId><CreDtTm>{upto}T22:00:00+01:00</CreDtTm></GrpHdr>\
         <Stmt><Id>RELEVE-{number}-1</Id><CreDtTm>{upto}T22:00:00+01:00</CreDtTm>\
         <Acct><Id><IBAN>{OWN}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n{}{}{entries}\
         </Stmt></BkToCstmrStmt></Document>\n",
        balance("OPBD", *opening, *from),
        balance("CLBD", *closing, *upto),
    )
    .into_bytes()
}

/// Writes a statement as a table, in Latin-1 as some banks still do.
fn table(statement: &Statement) -> Vec<u8> {
    let number = statement.number;
    let mut text = "Date;Libellé;Référence;Référence de bout en bout;Montant\n".to_owned();
    for (place, moved) in statement.movements.iter().enumerate() {
        let Movement { day, cents, words, end_to_end, .. } = moved;
        let parts = day.to_string();
        let parts: Vec<&str> = parts.rsplit('-').collect();
        let (sign, amount) = (if *cents < 0 { "-" } else { "" }, euros(*cents).replace('.', ","));
        let name = end_to_end.as_deref().unwrap_or_default();
        let day = parts.join("/");
        text.push_str(&format!("{day};{words};T{number:03}-{place:05};{name};{sign}{amount}\n"));
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("it is in Latin-1")).collect()
}

/// Returns the texts of all elements of a name, which do not nest.
pub fn texts<'t>(xml: &'t str, element: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some((_, behind)) = rest.split_once(open.as_str()) {
        rest = behind;
        // A longer name may begin with this one.
        if behind.starts_with(['>', ' '])
            && let Some((_, behind)) = behind.split_once('>')
            && let Some((text, behind)) = behind.split_once(close.as_str())
        {
            found.push(text);
            rest = behind;
        }
    }
    found
}

/// Reads a file of transfers or debits as a bank does.
pub fn orders(file: &[u8]) -> Vec<Ordered> {
    let xml = std::str::from_utf8(file).expect("UTF-8");
    let blocks = texts(xml, "PmtInf").into_iter();
    blocks.flat_map(block).collect()
}

fn block(xml: &str) -> Vec<Ordered> {
    let (one, whose, day) = if xml.contains("<DrctDbtTxInf>") {
        ("DrctDbtTxInf", "DbtrAcct", "ReqdColltnDt")
    } else {
        ("CdtTrfTxInf", "CdtrAcct", "ReqdExctnDt")
    };
    let day = texts(xml, day)[0].replace("<Dt>", "").replace("</Dt>", "");
    let day: Date = day.trim().parse().expect("a day");
    let payments = texts(xml, one).into_iter();
    let read = |payment: &str| Ordered {
        end_to_end: texts(payment, "EndToEndId")[0].to_owned(),
        cents: texts(payment, "InstdAmt")[0].replace('.', "").parse().expect("an amount"),
        iban: texts(texts(payment, whose)[0], "IBAN")[0].to_owned(),
        day,
    };
    payments.map(read).collect()
}

/// Writes the bank's report that it rejects one payment.
pub fn rejection(message: &str, end_to_end: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03\"><CstmrPmtStsRpt>\
         <GrpHdr><MsgId>STATUS-1</MsgId><CreDtTm>2026-05-06T09:00:00</CreDtTm></GrpHdr>\
         <OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>\
         <OrgnlMsgNmId>pain.008.001.02</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>\
         <OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>\
         <TxInfAndSts><OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId><TxSts>RJCT</TxSts>\
         <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>\
         </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n"
    )
    .into_bytes()
}
