//! What people bring in files, and what tills send.

use node::config::Config;
use node::exchange::bank_csv::{self, Columns};
use node::exchange::{camt053, fec, members_csv, pain002};

use crate::{Target, shape, shape_of_text};

/// Every reader of files and of what tills ask for.
pub const TARGETS: [Target; 6] = [
    Target { name: "config", run: config, seeds: config_seeds },
    Target { name: "members_csv", run: members, seeds: member_seeds },
    Target { name: "bank_csv", run: bank, seeds: bank_seeds },
    Target { name: "bank_xml", run: bank_xml, seeds: bank_xml_seeds },
    Target { name: "fec", run: legal, seeds: legal_seeds },
    Target { name: "till", run: till, seeds: till_seeds },
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn config(bytes: &[u8]) -> u64 {
    let text = text(bytes);
    let why = |result: Option<String>| result.map(|why| shape_of_text(&why));
    shape(&(
        why(Config::parse(&text, "caisse.toml").err().map(|e| e.to_string())),
        why(Config::parse_terms(&text, "terms.toml").err().map(|e| e.to_string())),
        why(Config::parse_rules(&text, "rules.toml").err().map(|e| e.to_string())),
    ))
}

fn config_seeds() -> Vec<Vec<u8>> {
    let rules = "version = 2\nfrom = \"2027-01-01\"\nreason = \"why\"\n[allocation]\nmodel = \"per_person\"\namount = \"100\"\n";
    let terms = "coverage_max = \"70 %\"\nper_payment = \"50\"\nper_month = \"80\"\nceiling = \"200\"\nfloor = \"0\"\nrhythm_days = 30\n";
    let default = include_bytes!("../../configs/default.toml").to_vec();
    vec![default, rules.into(), terms.into()]
}

fn members(bytes: &[u8]) -> u64 {
    match members_csv::read(bytes) {
        Ok(file) => shape(&(file.lines.len().min(8), file.not_read.len())),
        Err(why) => shape_of_text(&why.to_string()),
    }
}

fn member_seeds() -> Vec<Vec<u8>> {
    vec![
        b"reference,name,adults,children\nm1,Camille,1,2\nm2,\"Lou, Sam\",2,0\n".to_vec(),
        b"\xef\xbb\xbfreference;name;email\nm1;Zo\xc3\xa9;zoe@example.org\nm2;;\n".to_vec(),
        b"name\treference\nZo\xe9\tm1\n".to_vec(),
    ]
}

fn bank(bytes: &[u8]) -> u64 {
    let account = "FR7630006000011234567890189".parse().expect("an IBAN");
    match bank_csv::read(bytes, account, &Columns::default()) {
        Ok(_) => 1,
        Err(why) => shape_of_text(&why.to_string()),
    }
}

fn bank_seeds() -> Vec<Vec<u8>> {
    vec![
        b"Date;Libelle;Montant\n24/11/2026;VIREMENT;12,50\n25/11/2026;PRLV;-1 000,00\n".to_vec(),
        b"Date,Debit,Credit,Libelle\n2026-11-24,,5.00,x\n".to_vec(),
        include_bytes!("../../node/tests/fixtures/bank/README.md").to_vec(),
    ]
}

fn bank_xml(bytes: &[u8]) -> u64 {
    let why = |result: Option<String>| result.map(|why| shape_of_text(&why));
    let statement = why(camt053::read(bytes).err().map(|e| e.to_string()));
    shape(&(statement, why(pain002::read(bytes).err().map(|e| e.to_string()))))
}

fn bank_xml_seeds() -> Vec<Vec<u8>> {
    let statement = "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-24T10:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><CreDtTm>2026-11-24T10:00:00</CreDtTm><Acct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></Acct><Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal><Ntry><Amt Ccy=\"EUR\">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>E</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>";
    let report = "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03\"><CstmrPmtStsRpt><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-24T10:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.03</OrgnlMsgNmId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>";
    vec![statement.into(), report.into()]
}

fn legal(bytes: &[u8]) -> u64 {
    let report = fec::check("123456782FEC20261231.txt", bytes).expect("memory is read");
    shape_of_text(&format!("{report:?}"))
}

fn legal_seeds() -> Vec<Vec<u8>> {
    let header = fec::FIELDS.join("\t");
    let line =
        "OD\tDivers\t1\t20261124\t512\tBanque\t\t\tP1\t20261124\tx\t12,50\t0,00\t\t\t20261124\t\t";
    let other = "OD\tDivers\t1\t20261124\t706\tRecettes\t\t\tP1\t20261124\tx\t0,00\t12,50\t\t\t20261124\t\t";
    vec![format!("{header}\r\n{line}\r\n{other}\r\n").into(), header.replace('\t', "|").into()]
}

fn till(bytes: &[u8]) -> u64 {
    match node::http::check_till_request(bytes) {
        Ok(which) => shape(&which),
        Err(why) => shape_of_text(&why),
    }
}

fn till_seeds() -> Vec<Vec<u8>> {
    let town = crate::town::town();
    let card = town.cards[0].to_string();
    let id = crdt::PaymentId::new([1; 16]).to_string();
    vec![
        format!("{{\"id\":\"{id}\",\"card\":\"{card}\",\"amount\":\"12.50\",\"code\":{{\"plain\":\"1234\"}}}}").into(),
        format!("{{\"id\":\"{id}\",\"payment\":\"{id}\",\"amount\":\"1\"}}").into(),
        format!("{{\"card\":\"{card}\"}}").into(),
    ]
}
