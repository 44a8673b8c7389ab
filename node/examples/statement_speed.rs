//! How fast a large statement is read: `cargo run --release -p node --example statement_speed`.
//!
//! 200,000 entries of one transaction each, some 130 MB of camt.053 version 08, made in memory.

use std::fmt::Write;
use std::time::Instant;

use node::exchange::camt053;

const ENTRIES: u32 = 200_000;

fn statement() -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Id>S</Id>\
         <Acct><Id><IBAN>FR5499999000010000000012345</IBAN></Id></Acct>\n",
    );
    for number in 0..ENTRIES {
        // Writing into a string cannot fail.
        let _ = write!(
            xml,
            "      <Ntry>\n        <Amt Ccy=\"EUR\">{}.{:02}</Amt>\n        <CdtDbtInd>CRDT</CdtDbtInd>\n        \
             <Sts><Cd>BOOK</Cd></Sts>\n        <BookgDt><Dt>2026-11-23</Dt></BookgDt>\n        \
             <ValDt><Dt>2026-11-23</Dt></ValDt>\n        <AcctSvcrRef>B26327-{number}</AcctSvcrRef>\n        \
             <NtryDtls>\n          <TxDtls>\n            \
             <Refs><EndToEndId>COT-2026-11-{number}</EndToEndId><MndtId>RUM-{number}</MndtId></Refs>\n            \
             <RltdPties><Dbtr><Pty><Nm>Membre imaginaire {number}</Nm></Pty></Dbtr><DbtrAcct><Id>\
             <IBAN>FR3399999000020000000054321</IBAN></Id></DbtrAcct></RltdPties>\n            \
             <RmtInf><Ustrd>Cotisation novembre</Ustrd></RmtInf>\n          </TxDtls>\n        </NtryDtls>\n      </Ntry>\n",
            number % 300,
            number % 100
        );
    }
    xml + "</Stmt></BkToCstmrStmt></Document>\n"
}

fn main() {
    let xml = statement();
    let start = Instant::now();
    let file = camt053::read(xml.as_bytes()).expect("the statement is well-formed");
    let took_ms = start.elapsed().as_millis();
    let entries: usize = file.statements.iter().map(|statement| statement.entries.len()).sum();
    let problems = file.problems.count();
    println!("{} bytes, {entries} entries, {problems} problems: {took_ms} ms", xml.len());
}
