//! Texts in the characters that every bank of SEPA takes, and texts from a bank made safe to show.

/// Returns whether every bank takes a character (EPC132-08, section 1.3: the basic Latin set).
pub(super) const fn is_sepa(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' | ' ')
}

/// Returns a text in those characters, each run of spaces being one, none at the ends.
///
/// Letters lose their accents and other signs become their nearest, as EPC217-08 recommends
/// (*Best practices, SEPA requirements for an extended character set*); what has no nearest becomes a
/// full stop.
pub(super) fn to_sepa(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if is_sepa(character) {
            written.push(character);
        } else {
            written.push_str(nearest(character));
        }
    }
    let words: Vec<&str> = written.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Returns a text without accents, in small letters, all other signs being spaces: for comparing.
pub(super) fn folded(text: &str) -> String {
    let plain = to_sepa(text).to_ascii_lowercase();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

const fn nearest(character: char) -> &'static str {
    match character {
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' | 'ª' => "a",
        'À' | 'Â' | 'Ä' | 'Á' | 'Ã' | 'Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'ç' | 'ć' | 'č' => "c",
        'Ç' | 'Ć' | 'Č' => "C",
        'đ' | 'ď' => "d",
        'Đ' | 'Ď' => "D",
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'É' | 'È' | 'Ê' | 'Ë' | 'Ē' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ğ' => "g",
        'Ğ' => "G",
        'î' | 'ï' | 'í' | 'ì' | 'ī' | 'ı' => "i",
        'Î' | 'Ï' | 'Í' | 'Ì' | 'Ī' | 'İ' => "I",
        'ł' => "l",
        'Ł' => "L",
        'ñ' | 'ń' | 'ň' => "n",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ô' | 'ö' | 'ó' | 'ò' | 'õ' | 'ø' | 'ō' | 'ő' | 'º' => "o",
        'Ô' | 'Ö' | 'Ó' | 'Ò' | 'Õ' | 'Ø' | 'Ō' | 'Ő' => "O",
        'ř' => "r",
        'Ř' => "R",
        'ß' => "ss",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'Ś' | 'Š' | 'Ş' | 'Ș' => "S",
        'ť' | 'ţ' | 'ț' => "t",
        'Ť' | 'Ţ' | 'Ț' => "T",
        'û' | 'ù' | 'ü' | 'ú' | 'ū' | 'ů' | 'ű' => "u",
        'Û' | 'Ù' | 'Ü' | 'Ú' | 'Ū' | 'Ů' | 'Ű' => "U",
        'ÿ' | 'ý' => "y",
        'Ÿ' | 'Ý' => "Y",
        'ź' | 'ż' | 'ž' => "z",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        '&' => "+",
        '_' | '–' | '—' | '‑' | '−' | '~' => "-",
        ';' => ",",
        '[' | '{' => "(",
        ']' | '}' => ")",
        '|' | '\\' => "/",
        '’' | '‘' | '`' | '´' | '"' | '“' | '”' | '«' | '»' => "'",
        '€' => "EUR",
        '\t' | '\n' | '\r' | '\u{a0}' | '\u{202f}' | '\u{2009}' => " ",
        // Marks that follow their letter (decomposed Unicode), and characters without a width.
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => "",
        _ => ".",
    }
}

/// Returns a text of a bank with single spaces, and without characters that steer a terminal or turn
/// the direction of writing.
pub(super) fn cleaned(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let words = text.split(|c: char| c.is_whitespace() || steers(c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_texts_lose_their_accents_and_keep_their_sense() {
        assert_eq!(
            to_sepa("Épicerie de l’Œuf à Châlons, çà & là"),
            "Epicerie de l'OEuf a Chalons, ca + la"
        );
        assert_eq!(to_sepa("Noël\u{a0}: 12 €\n\n(ferme_du_Puy)"), "Noel : 12 EUR (ferme-du-Puy)");
        assert_eq!(to_sepa("e\u{301}te\u{301} 麦"), "ete .");
        assert_eq!(to_sepa("  \t "), "");
        assert_eq!(folded("Date d'Opération"), "date d operation");
    }

    #[test]
    fn a_text_of_a_bank_cannot_steer_a_terminal() {
        assert_eq!(cleaned(" VIR\u{1b}[31m \n RECU \u{202e}x\u{0}"), "VIR [31m RECU x");
    }
}
