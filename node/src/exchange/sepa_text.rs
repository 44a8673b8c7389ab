//! Texts in the characters that every bank of SEPA takes.

/// Returns whether every bank takes a character (EPC132-08, section 1.3: the basic Latin set).
pub(super) const fn is_sepa(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' | ' ')
}
