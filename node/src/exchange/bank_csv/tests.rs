//! Tables as banks export them, and what people do to them in a spreadsheet.

use super::*;
use crate::exchange::date::Date;
use crate::exchange::statement::Side;

fn account() -> Iban {
    "FR1420041010050500013M02606".parse().expect("an IBAN")
}

fn read_all(bytes: &[u8]) -> Result<StatementFile, Problem> {
    read(bytes, account(), &Columns::default())
}

fn entries(bytes: &[u8]) -> Vec<Entry> {
    let file = read_all(bytes).expect("a table");
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    file.statements.into_iter().flat_map(|statement| statement.entries).collect()
}

#[test]
fn a_table_with_debit_and_credit_is_read_with_what_stands_before_the_header() {
    let table = "Numéro de compte : 00013M026;\nSolde au 25/11/2026;1 234,56\n\n\
        Date;Date de valeur;Libellé;Détail;Débit;Crédit;\n\
        24/11/2026;25/11/2026;VIR SEPA;\"Cotisation; novembre\";;25,00;\n\
        24/11/2026;24/11/2026;FRAIS;;-1,20;0,00;\n;;;;;;\n";
    for text in [table.to_owned(), format!("\u{feff}{table}"), table.replace('\n', "\r\n")] {
        let entries = entries(text.as_bytes());
        let shown: Vec<_> = entries
            .iter()
            .map(|e| (e.place.line, e.amount.get(), e.side, e.lines[0].remittance.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (5, 2_500, Side::Credit, "VIR SEPA Cotisation; novembre"),
                (6, 120, Side::Debit, "FRAIS")
            ]
        );
        assert_eq!(entries[0].valued_on, Date::new(2026, 11, 25).ok());
    }
}

#[test]
fn a_table_in_windows_1252_with_commas_and_a_sign_is_read() {
    let table = b"\"Date d'op\xe9ration\",\"Libell\xe9\",\"Montant\",\"Devise\"\n\
        2026-11-24,\"Adh\xe9sion \x80\",\"-1 234,50\",EUR\n";
    let entries = entries(table);
    assert_eq!((entries[0].amount.get(), entries[0].side), (123_450, Side::Debit));
    assert_eq!(entries[0].lines[0].remittance, "Adhésion €");
}

#[test]
fn one_bad_line_never_stops_the_rest_and_each_says_its_line_and_column() {
    let table = "Date;Libellé;Montant;Devise;IBAN contrepartie\n\
        24/11/2026;bon;10,00;;\n\
        31/02/2026;pas de jour;10,00;;\n\
        24/11/26;court;10,00;;\n\
        24/11/2026;montant;dix;;\n\
        24/11/2026;milliers;1.234;;\n\
        24/11/2026;dollars;10,00;USD;\n\
        24/11/2026;sans montant;;;\n\
        24/11/2026;trop;peu\n\
        24/11/2026;et;1,00;;;encore\n\
        ;sans date;1,00;;\n\
        24/11/2026;mauvais IBAN;1,00;;FR1520041010050500013M02606\n";
    let file = read_all(table.as_bytes()).expect("a table");
    let kept: Vec<_> = file.statements[0].entries.iter().map(|entry| entry.place.line).collect();
    assert_eq!(kept, [2, 12]);
    let said: Vec<_> = file
        .problems
        .kept()
        .iter()
        .map(|problem| (problem.place.line, problem.place.column, problem.path.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (3, 1, "Date"),
            (4, 1, "Date"),
            (5, 3, "Montant"),
            (6, 3, "Montant"),
            (7, 4, "Devise"),
            (8, 3, "Montant"),
            (9, 4, "Devise"),
            (10, 6, ""),
            (11, 1, "Date"),
            (12, 5, "IBAN contrepartie"),
        ]
    );
    let shown = file.problems.kept()[3].in_file("relevé.csv");
    assert_eq!(
        shown,
        "relevé.csv:6:3: `Montant`: an amount that can be read in two ways: \"1.234\"; \
         this entry was left out, the others were read\n  \
         what to do: export the table with two decimals in every amount"
    );
}

#[test]
fn a_table_without_a_header_or_with_a_column_twice_is_refused() {
    let why = |text: &str| read_all(text.as_bytes()).expect_err(text);
    assert_eq!(why("").fault, Fault::NoHeader);
    assert_eq!(why("24/11/2026;1,00\n").fault, Fault::NoHeader);
    assert_eq!(why("Date;Débit\n").fault, Fault::NoHeader);
    let twice = why("x\nDate;Montant;Montant\n");
    assert_eq!((twice.fault, twice.place.line), (Fault::ColumnTwice, 2));
    assert!(matches!(read_all(b"\xff\xfeD\0"), Err(Problem { fault: Fault::Encoding(_), .. })));
}

#[test]
fn columns_can_be_named_by_the_caller() {
    let columns: Columns =
        toml::from_str("booked_on = [\"Jour\"]\namount = [\"Somme\"]\nlabels = [\"Motif\"]")
            .expect("columns");
    let file = read("Jour,Somme,Motif\n2026-11-24,3.5,x\n".as_bytes(), account(), &columns);
    assert_eq!(file.expect("a table").statements[0].entries[0].amount.get(), 350);
}

#[test]
fn equal_lines_have_their_own_fingerprints_and_the_same_ones_when_read_again() {
    let line = "24/11/2026;pain;1,00\n";
    let header = "Date;Libellé;Montant\n";
    let prints = |text: &str| -> Vec<_> {
        entries(text.as_bytes()).iter().map(|entry| entry.lines[0].fingerprint).collect()
    };
    let two = prints(&format!("{header}{line}{line}"));
    assert_ne!(two[0], two[1]);
    let longer = prints(&format!("{header}25/11/2026;pain;1,00\n{line}{line}{line}"));
    assert_eq!(longer[1..3], two[..]);
    assert!(!two.contains(&longer[0]) && !two.contains(&longer[3]));
}
