//! Amounts and days as members read them, in French.

use crdt::{Cents, Date, MemberId, Month};

use crate::member::Person;
use crate::records::Kind;
use crate::turn::Turn;

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// Writes an amount, such as `1 234,50 €`, with spaces that do not break.
#[must_use]
pub fn euros(amount: Cents) -> String {
    let text = amount.to_string();
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let groups: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    format!("{},{cents}\u{a0}€", groups.join("\u{202f}"))
}

/// Writes a month, such as `août 2026`.
#[must_use]
pub fn month(month: Month) -> String {
    format!("{} {}", name_of(month), month.year())
}

/// Writes a day, such as `1er août 2026`.
#[must_use]
pub fn day(date: Date) -> String {
    let number = if date.day() == 1 { "1er".to_owned() } else { date.day().to_string() };
    format!("{number} {}", month(date.month()))
}

/// Writes a month after `de`: `d'août 2026`, `de mai 2026`.
#[must_use]
pub fn of_month(of: Month) -> String {
    let text = month(of);
    if text.starts_with(['a', 'o']) { format!("d'{text}") } else { format!("de {text}") }
}

/// Greets a member, by name unless it was erased.
pub(crate) fn greeting(turn: &Turn<'_>, member: MemberId) -> String {
    let person: Option<Person> = turn.get(Kind::Person, member.as_bytes());
    person.map_or_else(|| "Bonjour,".to_owned(), |person| format!("Bonjour {},", person.name))
}

fn name_of(month: Month) -> &'static str {
    let text = month.to_string();
    let number = text.get(5..7).and_then(|number| number.parse::<usize>().ok());
    number.and_then(|number| MONTHS.get(number.checked_sub(1)?)).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_days_are_written_as_in_france() {
        assert_eq!(euros(Cents::from_u32(5)), "0,05\u{a0}€");
        assert_eq!(euros(Cents::from_u32(123_456_789)), "1\u{202f}234\u{202f}567,89\u{a0}€");
        let date = |text: &str| text.parse::<Date>().expect("a day");
        assert_eq!(day(date("2026-08-01")), "1er août 2026");
        assert_eq!(day(date("2026-12-24")), "24 décembre 2026");
        assert_eq!(of_month(date("2026-08-01").month()), "d'août 2026");
        assert_eq!(of_month(date("2026-05-01").month()), "de mai 2026");
    }
}
