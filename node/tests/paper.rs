//! Paper as others see it: pages are drawn by poppler, and QR codes read back by zbar.

use std::path::Path;
use std::process::Command;

use crdt::card::{CardCertificate, CardText, card_id};
use crdt::key::SecretKey;
use crdt::{CaisseId, Cents, Date, SignedCents};
use node::exchange::pdf::{
    Align, CardFace, CardSheet, Column, Document, DocumentRefused, SHEET_CARDS, SheetRefused,
    card_sheet, document, euros,
};
use node::exchange::vendor_csv::Row;
use node::exchange::vendor_pdf::{self, Head};

fn today() -> Date {
    Date::new(2026, 11, 25).expect("a day")
}

fn sheet(cards: u8) -> CardSheet {
    let home = CaisseId::new([7; 32]);
    let node = SecretKey::from_seed(&[1; 32]);
    let face = |n: u8| {
        let id = card_id(&home, [n, 2, 3, 4, 5, 6]);
        let certificate = CardCertificate::sign(id, home, &node);
        let qr = CardText::Certificate(Box::new(certificate)).to_string();
        let name = (n % 2 == 1).then(|| "Aïcha Œuvrard-Lefèvre".to_owned());
        CardFace { number: CardText::Number(id).to_string(), qr, name }
    };
    CardSheet {
        caisse: "Caisse alimentaire de l’Hérault".to_owned(),
        contact: Some("04 67 00 00 00".to_owned()),
        day: today(),
        cards: (0..cards).map(face).collect(),
    }
}

fn run(program: &str, args: &[&str], dir: &Path) -> String {
    let output = Command::new(program).args(args).current_dir(dir).output();
    let output = output.unwrap_or_else(|why| panic!("{program}: {why}; .ci/tools installs it"));
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Draws each page and reads its QR codes.
fn codes(pdf: &[u8], pages: usize) -> Vec<Vec<String>> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("file.pdf"), pdf).expect("our own directory");
    run("pdftoppm", &["-r", "200", "-gray", "file.pdf", "page"], dir.path());
    let mut drawn: Vec<_> = std::fs::read_dir(dir.path())
        .expect("our own directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.starts_with("page"))
        .collect();
    drawn.sort();
    assert_eq!(drawn.len(), pages, "{drawn:?}");
    let read = |page: &String| {
        let text =
            run("zbarimg", &["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", page], dir.path());
        text.lines().map(str::to_owned).collect()
    };
    drawn.iter().map(read).collect()
}

fn text(pdf: &[u8]) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("file.pdf"), pdf).expect("our own directory");
    run("pdftotext", &["-layout", "file.pdf", "-"], dir.path()).replace(['\u{a0}', '’'], " ")
}

#[test]
fn every_card_of_a_sheet_is_read_back_by_an_independent_decoder_ten_to_a_page() {
    let sheet = sheet(13);
    let pdf = card_sheet(&sheet).expect("cards");
    let pages = codes(&pdf, 2);
    for (read, printed) in pages.iter().zip(sheet.cards.chunks(10)) {
        let mut expected: Vec<_> = printed.iter().map(|face| face.qr.clone()).collect();
        let mut read = read.clone();
        expected.sort();
        read.sort();
        assert_eq!(read, expected);
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 3]);
}

#[test]
fn a_sheet_says_what_a_member_needs_in_french_and_a_name_only_where_it_is_given() {
    let mut sheet = sheet(2);
    let said = text(&card_sheet(&sheet).expect("cards"));
    assert_eq!(said.matches("Caisse alimentaire de l Hérault").count(), 2, "{said}");
    assert_eq!(said.matches("Carte d alimentation").count(), 2, "{said}");
    assert_eq!(said.matches("Aïcha Œuvrard-Lefèvre").count(), 1, "{said}");
    for face in &sheet.cards {
        let (first, second) = face.number.split_at(9);
        assert!(said.contains(first.replace('-', " ").trim()), "{said}");
        assert!(said.contains(second.replace('-', " ").trim()), "{said}");
    }
    sheet.cards.truncate(1);
    sheet.caisse = "Une caisse au nom si long qu’il ne tient pas sur une ligne de carte".to_owned();
    assert!(text(&card_sheet(&sheet).expect("cards")).contains('…'));
}

#[test]
fn the_same_cards_are_the_same_bytes_and_what_cannot_be_printed_is_refused() {
    assert_eq!(card_sheet(&sheet(3)), card_sheet(&sheet(3)));
    let refused = |sheet: &CardSheet| card_sheet(sheet).expect_err("refused");
    assert_eq!(refused(&sheet(0)), SheetRefused::Empty);
    let mut many = sheet(1);
    many.cards = vec![many.cards[0].clone(); SHEET_CARDS + 1];
    assert_eq!(refused(&many), SheetRefused::TooMany { cards: SHEET_CARDS + 1 });
    let mut long = sheet(2);
    long.cards[1].qr = "x".repeat(5_000);
    assert_eq!(refused(&long), SheetRefused::TooLong { place: 2 });
}

fn statement(rows: u64) -> Document {
    let amount = |cents| euros(Cents::new(cents).expect("an amount"));
    let row = |n: u64| {
        let what = if n.is_multiple_of(7) {
            "vente à un membre d’une autre caisse, avec une longue explication"
        } else {
            "vente"
        };
        vec![
            format!("{:02}/11/2026", n % 28 + 1),
            format!("V-{n:05}"),
            what.to_owned(),
            amount(n * 123_456),
        ]
    };
    Document {
        title: "Relevé du point de vente".to_owned(),
        head: vec![
            "Ferme de l’Œillet, 34172 Montpellier".to_owned(),
            "Période : novembre 2026".to_owned(),
        ],
        columns: vec![
            Column::new("Date", Align::Left, 3),
            Column::new("Pièce", Align::Left, 3),
            Column::new("Objet", Align::Left, 6),
            Column::new("Montant", Align::Right, 4),
        ],
        rows: (1..=rows).map(row).collect(),
        totals: vec![vec![
            String::new(),
            String::new(),
            "Total".to_owned(),
            amount(rows * (rows + 1) / 2 * 123_456),
        ]],
        notes: vec!["Virement sous trente jours.".to_owned()],
        foot: "Caisse alimentaire de l’Hérault".to_owned(),
        day: today(),
    }
}

#[test]
fn a_table_goes_on_over_pages_with_its_titles_and_loses_no_row() {
    let statement = statement(120);
    let pdf = document(&statement).expect("a table");
    let said = text(&pdf);
    let pages: Vec<&str> = said.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    assert!(pages.len() > 2, "{}", pages.len());
    for (place, page) in pages.iter().enumerate() {
        assert!(page.contains("Montant"), "page {place} has no titles: {page}");
        assert!(page.contains(&format!("Page {} sur {}", place + 1, pages.len())), "{page}");
    }
    for n in 1..=120 {
        assert_eq!(said.matches(&format!("V-{n:05}")).count(), 1);
    }
    assert!(said.contains("8 962 905,60 €"), "{said}");
    assert_eq!(said.matches("Total").count(), 1);
    assert_eq!(document(&statement).expect("a table"), pdf);
}

#[test]
fn a_table_that_does_not_fit_its_columns_is_refused() {
    let mut short = statement(2);
    short.rows[1].pop();
    let refused = DocumentRefused::Cells { row: 2, cells: 3, columns: 4 };
    assert_eq!(document(&short), Err(refused));
    short.columns.clear();
    assert_eq!(document(&short), Err(DocumentRefused::Columns));
    let mut hostile = statement(1);
    hostile.rows[0] =
        vec!["x".repeat(100_000), "\u{7}) Tj (".to_owned(), "麦".repeat(40), String::new()];
    let said = text(&document(&hostile).expect("a table"));
    assert!(said.contains(") Tj ("), "{said}");
}

#[test]
fn a_vendor_gets_a_statement_on_paper_with_every_line_and_what_is_owed() {
    let row = |words, cents: i64| Row {
        entry: Some(1),
        date: today(),
        words,
        document: "0123456789abcdef".to_owned(),
        amount: SignedCents::new(cents),
    };
    let head = Head {
        caisse: "Caisse alimentaire de l’Hérault".to_owned(),
        vendor: "Ferme du Pré".to_owned(),
        until: Date::new(2026, 11, 30).expect("a day"),
    };
    let rows = [
        row("Solde", 0),
        row("Vente", 123_456),
        row("Virement", -2_000),
        row("Solde final", 121_456),
    ];
    let pdf = vendor_pdf::write(&head, &rows).expect("it fits");
    assert_eq!(vendor_pdf::write(&head, &rows).as_ref(), Ok(&pdf), "the same bytes");
    let text = text(&pdf);
    for words in [
        "Relevé de Ferme du Pré",
        "30/11/2026",
        "1\u{202f}234,56",
        "20,00",
        "1\u{202f}214,56",
        "0123456789ab",
    ] {
        let plain = |text: &str| text.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(plain(&text).contains(&plain(words)), "{words}: {text}");
    }
}
