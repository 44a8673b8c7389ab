use super::*;

fn file(bytes: &[u8]) -> MemberFile {
    read(bytes).expect("the first line names the columns")
}

fn names(file: &MemberFile) -> Vec<&str> {
    file.lines.iter().filter_map(|(_, line)| Some(line.as_ref().ok()?.name.as_str())).collect()
}

#[test]
fn a_table_is_read_whatever_is_between_its_cells_and_however_its_letters_are_written() {
    let text = "référence;nom;adultes;enfants\nA1;Zoé Pêcher;2;1\n";
    let utf_8 = file(text.as_bytes());
    let marked = file(format!("\u{feff}{text}").as_bytes());
    let latin: Vec<u8> =
        text.chars().map(|c| u8::try_from(u32::from(c)).expect("in Latin-1")).collect();
    let commas = file(text.replace(';', ",").replace('\n', "\r\n").as_bytes());
    let tabs = file(text.replace(';', "\t").as_bytes());
    assert_eq!(names(&utf_8), ["Zoé Pêcher"]);
    for other in [marked, file(&latin), commas, tabs] {
        assert_eq!(other, utf_8);
    }
    let applicant = utf_8.lines[0].1.clone().expect("a sound line");
    assert_eq!(applicant.household, Household { adults: 2, teens: 0, children: 1 });
    assert_eq!((applicant.reference.as_deref(), applicant.phone), (Some("A1"), None));
}

#[test]
fn every_bad_line_is_named_with_its_number_and_column_and_stops_no_other() {
    let text = "reference,name,adults,contribution\n1,Rose,two,5\n\n2,\"Octave,1\n3,,1\n,Nadia\n\
                4,Ismael,1,5,6\n5,\"Lenoir, Jo\",70000\n6,Camille\n";
    let file = file(text.as_bytes());
    let faults: Vec<(u32, String)> = file
        .lines
        .iter()
        .filter_map(|(line, read)| Some((*line, read.as_ref().err()?.to_string())))
        .collect();
    let expected = [
        (2, "column adults: \"two\" is not a number of persons"),
        (4, "a quotation mark is not closed"),
        (5, "column name is empty"),
        (6, "column reference is empty"),
        (7, "there are 5 cells, more than the 4 columns of the first line"),
        (8, "column adults: \"70000\" is not a number of persons"),
    ];
    assert_eq!(faults, expected.map(|(line, why)| (line, why.to_owned())));
    assert_eq!(names(&file), ["Camille"]);
    assert_eq!(file.not_read, ["contribution"]);
}

#[test]
fn a_file_that_is_no_table_of_members_is_refused() {
    for bytes in [&b""[..], b"name\nRose\n", b"reference,name,nom\n", b"\xff\xfea\0", b"\0\0\0\0"] {
        assert!(read(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let applicant = Applicant {
        name: "Pêcher; dit \"Zo\", fils".to_owned(),
        household: Household { adults: 2, teens: 1, children: 3 },
        phone: Some("+33 6 12".to_owned()),
        email: None,
        commune: Some("Lauris".to_owned()),
        reference: Some("A1".to_owned()),
    };
    let id = crdt::MemberId::new([7; 16]);
    let bare = Applicant { reference: None, phone: None, commune: None, ..applicant.clone() };
    for dialect in [Dialect::Plain, Dialect::French] {
        let members = [(id, applicant.clone()), (id, bare.clone())];
        let read = file(write(&members, dialect).as_bytes());
        assert_eq!(read.lines[0].1, Ok(applicant.clone()));
        let named = Applicant { reference: Some(id.to_string()), ..bare.clone() };
        assert_eq!(read.lines[1].1, Ok(named));
    }
}
