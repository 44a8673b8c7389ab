//! Single fields of a message, and what can be wrong with each.

use std::io::Read;

use crdt::Cents;

use super::date::Date;
use super::iban::Iban;
use super::limits::REFERENCE_CHARS;
use super::problem::{Consequence, Fault, Problem, Problems, excerpt};
use super::reason::Reason;
use super::sepa_text::cleaned;
use super::statement::Side;
use super::xml::{Element, Xml};

/// What the namespaces of all messages begin with.
pub(super) const ISO_20022: &str = "urn:iso:std:iso:20022:tech:xsd:";

/// Makes the problem that leaves out the entry in which the element is.
pub(super) fn problem(element: Element<'_>, fault: Fault) -> Problem {
    let consequence = Consequence::EntryLeftOut;
    Problem { place: element.place(), path: element.path(), fault, consequence }
}

/// Returns which message a file is, by the end of its root element's namespace.
pub(super) fn kind<R: Read>(xml: &Xml<R>) -> &str {
    xml.namespace().strip_prefix(ISO_20022).unwrap_or_default()
}

/// Makes the problem that refuses a file whose root element is of another message.
pub(super) fn wrong_message<R: Read>(xml: &Xml<R>, expected: &'static str) -> Problem {
    let found = excerpt(xml.namespace().trim_start_matches(ISO_20022)).replace('"', "");
    xml.refuse(Fault::WrongMessage { found, expected })
}

/// Returns the child of that name.
pub(super) fn required<'t>(
    parent: Element<'t>,
    name: &'static str,
) -> Result<Element<'t>, Problem> {
    parent.all(name).next().ok_or_else(|| problem(parent, Fault::Missing(name)))
}

/// Returns a field, or nothing after saying what is wrong with it.
pub(super) fn or_left_out<T>(field: Result<T, Problem>, problems: &mut Problems) -> Option<T> {
    let left_out = |problem| Problem { consequence: Consequence::FieldLeftOut, ..problem };
    field.map_err(|problem| problems.push(left_out(problem))).ok()
}

/// Reads the text at a path; nothing if it is absent, empty, or longer than `most` characters.
pub(super) fn text(
    parent: Element<'_>,
    path: &str,
    most: usize,
    problems: &mut Problems,
) -> Option<String> {
    own_text(parent.at(path)?, most, problems)
}

/// Reads the text of an element like [`text`].
pub(super) fn own_text(
    element: Element<'_>,
    most: usize,
    problems: &mut Problems,
) -> Option<String> {
    let text = cleaned(element.text());
    if text.chars().count() > most {
        return or_left_out(Err(problem(element, Fault::TooLong(most))), problems);
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        let consequence = Consequence::TextDamaged;
        problems.push(Problem { consequence, ..problem(element, Fault::Characters) });
    }
    Some(text).filter(|text| !text.is_empty())
}

/// Reads an amount in euros with its currency, which is not negative.
pub(super) fn amount(element: Element<'_>) -> Result<Cents, Problem> {
    match element.currency() {
        Some("EUR") => {}
        Some(other) => return Err(problem(element, Fault::Currency(excerpt(other)))),
        None => return Err(problem(element, Fault::Missing("the currency"))),
    }
    cents(element.text()).map_err(|fault| problem(element, fault))
}

/// Reads an XML decimal as cents; zeros after the second decimal are allowed.
fn cents(text: &str) -> Result<Cents, Fault> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (euros, decimals) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if !digits(euros) || !digits(decimals) || euros.len() + decimals.len() == 0 {
        return Err(Fault::NotAnAmount(excerpt(text)));
    }
    if text.starts_with('-') {
        return Err(Fault::NegativeAmount(excerpt(text)));
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > 2 {
        return Err(Fault::PartOfCent(excerpt(text)));
    }
    let plain = format!("{}.{decimals:0<2}", if euros.is_empty() { "0" } else { euros });
    plain.parse().map_err(|_| Fault::HugeAmount(excerpt(text)))
}

/// Reads the direction beside an amount.
pub(super) fn side(parent: Element<'_>) -> Result<Side, Problem> {
    let indicator = required(parent, "CdtDbtInd")?;
    match indicator.text() {
        "CRDT" => Ok(Side::Credit),
        "DBIT" => Ok(Side::Debit),
        other => Err(not_one_of(indicator, other, "CRDT, DBIT")),
    }
}

/// Reads a day: the element's own text, or a date or a date and time inside of it.
pub(super) fn date(element: Element<'_>) -> Result<Date, Problem> {
    let element = element.at("Dt").or_else(|| element.at("DtTm")).unwrap_or(element);
    Date::from_xml(element.text())
        .map_err(|why| problem(element, Fault::Date(excerpt(element.text()), why)))
}

/// Reads the IBAN at a path.
pub(super) fn iban(parent: Element<'_>, path: &str) -> Result<Option<Iban>, Problem> {
    let Some(element) = parent.at(path) else { return Ok(None) };
    element.text().parse().map(Some).map_err(|why| problem(element, Fault::Iban(why)))
}

/// Reads a reason (`Rsn`): a code, or a bank's own word in its place.
pub(super) fn reason(parent: Element<'_>, problems: &mut Problems) -> Option<Reason> {
    let code = text(parent, "Rsn/Cd", REFERENCE_CHARS, problems)
        .or_else(|| text(parent, "Rsn/Prtry", REFERENCE_CHARS, problems))?;
    Some(Reason::from(code))
}

/// Makes the problem that a word is not known in its place.
pub(super) fn not_one_of(element: Element<'_>, found: &str, known: &'static str) -> Problem {
    problem(element, Fault::NotOneOf { found: excerpt(found), known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_decimal_of_whole_cents() {
        let read = |text: &str| cents(text).map(Cents::get);
        for (text, amount) in
            [("8.85", 885), ("8.850", 885), ("+8.5", 850), ("8.", 800), (".5", 50)]
        {
            assert_eq!(read(text), Ok(amount), "{text}");
        }
        assert_eq!(read("92233720368547758.07"), Ok(i64::MAX as u64));
        assert!(matches!(read("92233720368547758.08"), Err(Fault::HugeAmount(_))));
        assert!(matches!(read(&"9".repeat(99)), Err(Fault::HugeAmount(_))));
        assert!(matches!(read("8.855"), Err(Fault::PartOfCent(_))));
        assert!(matches!(read("-8.85"), Err(Fault::NegativeAmount(_))));
        for text in ["", ".", "NaN", "INF", "1e3", "1,50", "1 000", "0x10", "--1", "1.2.3", "٣"] {
            assert!(matches!(read(text), Err(Fault::NotAnAmount(_))), "{text}");
        }
    }
}
