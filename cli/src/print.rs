//! A card to print, as SVG: in French, for it goes to the member.
//!
//! The card has the size of a bank card. No name stands on it: whoever finds it learns nothing.

use qrcode::{EcLevel, QrCode};

use crate::failure::Failure;

/// Tenths of a millimetre of a card (ISO/IEC 7810 ID-1: 85.60 mm x 53.98 mm).
const WIDTH: usize = 856;
const HEIGHT: usize = 540;

/// Tenths of a millimetre of the side of the QR code with its margin: half the card, so that a module
/// is wide enough for a cheap telephone.
const QR_SIDE: usize = 400;

/// Modules of margin around a QR code that the standard asks for (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// Characters of the caisse's name that fit on one line.
const NAME_CHARS: usize = 40;

/// What stands on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Face<'a> {
    /// The name of the caisse.
    pub caisse: &'a str,
    /// The card's number, in groups.
    pub number: &'a str,
    /// What the QR code says.
    pub qr: &'a str,
}

/// Draws a card.
///
/// # Errors
/// [`Failure::Failed`] if the text does not fit a QR code.
pub fn card(face: &Face<'_>) -> Result<String, Failure> {
    let caisse = escaped(&shortened(face.caisse));
    let Drawing { side, path } = draw(&modules(face.qr)?);
    let number: Vec<&str> = face.number.split('-').collect();
    // Two lines of two groups: large enough to be read aloud and typed.
    let (first, second) = number.split_at(number.len().div_ceil(2));
    let (first, second) = (escaped(&first.join(" ")), escaped(&second.join(" ")));
    let scale = QR_SIDE as f64 / side as f64;
    Ok(format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="85.6mm" height="54mm" viewBox="0 0 {WIDTH} {HEIGHT}" lang="fr">
  <title>Carte d'alimentation {number}</title>
  <rect width="{WIDTH}" height="{HEIGHT}" rx="30" fill="#fff" stroke="#000" stroke-width="2"/>
  <g font-family="sans-serif" fill="#000">
    <text x="30" y="58" font-size="32" font-weight="bold">{caisse}</text>
    <text x="30" y="110" font-size="30">Carte d'alimentation</text>
    <text x="30" y="220" font-size="26">Numéro</text>
    <text x="30" y="270" font-size="42" font-family="monospace">{first}</text>
    <text x="30" y="325" font-size="42" font-family="monospace">{second}</text>
    <text x="30" y="430" font-size="22">Votre code à quatre chiffres</text>
    <text x="30" y="460" font-size="22">reste secret. Carte perdue ?</text>
    <text x="30" y="490" font-size="22">Prévenez votre caisse.</text>
  </g>
  <g transform="translate(446 120) scale({scale:.4})" shape-rendering="crispEdges">
    <rect width="{side}" height="{side}" fill="#fff"/>
    <path fill="#000" d="{path}"/>
  </g>
</svg>
"##,
        number = escaped(face.number),
    ))
}

/// The dark and light modules of a QR code, row by row, without margin.
struct Modules {
    width: usize,
    dark: Vec<bool>,
}

/// A QR code as one path, with its margin.
struct Drawing {
    side: usize,
    path: String,
}

fn modules(text: &str) -> Result<Modules, Failure> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.map_err(|why| Failure::Failed(format!("the QR code cannot be made: {why}")))?;
    let width = code.width();
    let dark = code.into_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect();
    Ok(Modules { width, dark })
}

/// Draws each run of dark modules of a row as one rectangle.
fn draw(modules: &Modules) -> Drawing {
    let mut path = String::new();
    for (y, row) in modules.dark.chunks(modules.width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, other| one == other) {
            if run.first() == Some(&true) {
                let (left, top, width) = (x + QUIET_ZONE, y + QUIET_ZONE, run.len());
                path.push_str(&format!("M{left} {top}h{width}v1h-{width}z"));
            }
            x += run.len();
        }
    }
    Drawing { side: modules.width + 2 * QUIET_ZONE, path }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARS - 1).chain(['…']).collect()
}

/// Writes a text so that it stays text inside XML; control characters, which XML forbids, are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars().filter(|c| !c.is_control()) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt::CaisseId;
    use crdt::card::{CardCertificate, CardText, card_id};
    use crdt::key::SecretKey;

    fn face() -> (String, String) {
        let home = CaisseId::new([7; 32]);
        let id = card_id(&home, [1, 2, 3, 4, 5, 6]);
        let certificate = CardCertificate::sign(id, home, &SecretKey::from_seed(&[1; 32]));
        let qr = CardText::Certificate(Box::new(certificate)).to_string();
        (CardText::Number(id).to_string(), qr)
    }

    /// Reads the drawn rectangles back into modules.
    fn drawn(svg: &str) -> Vec<(usize, usize)> {
        let (_, after) = svg.split_once(r##"fill="#000" d=""##).expect("there is a path");
        let (path, _) = after.split_once('"').expect("the path ends");
        let mut dark = Vec::new();
        for run in path.split('z').filter(|run| !run.is_empty()) {
            let (place, rest) = run[1..].split_once('h').expect("a rectangle");
            let (x, y) = place.split_once(' ').expect("two numbers");
            let number = |text: &str| text.parse::<usize>().expect("a number");
            let width = number(rest.split('v').next().expect("a width"));
            dark.extend((0..width).map(|step| (number(x) + step, number(y))));
        }
        dark
    }

    #[test]
    fn a_printed_card_shows_its_number_and_a_qr_code_of_its_certificate() {
        let (number, qr) = face();
        let svg =
            card(&Face { caisse: "Caisse & amis", number: &number, qr: &qr }).expect("it fits");
        assert!(svg.contains("Caisse &amp; amis"));
        assert!(svg.contains("Carte d'alimentation"));
        assert!(svg.contains(&number[..9].replace('-', " ")), "{svg}");
        assert!(svg.contains(&number[10..].replace('-', " ")), "{svg}");
        let code = QrCode::with_error_correction_level(&qr, EcLevel::M).expect("it fits");
        let expected: Vec<(usize, usize)> = (0..code.width())
            .flat_map(|y| (0..code.width()).map(move |x| (x, y)))
            .filter(|(x, y)| code[(*x, *y)] == qrcode::Color::Dark)
            .map(|(x, y)| (x + QUIET_ZONE, y + QUIET_ZONE))
            .collect();
        assert_eq!(drawn(&svg), expected);
    }

    #[test]
    fn a_long_or_hostile_name_stays_text_on_one_line() {
        let (number, qr) = face();
        let name = format!("</text><script>\u{7}{}", "x".repeat(100));
        let svg = card(&Face { caisse: &name, number: &number, qr: &qr }).expect("it fits");
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;"));
        assert!(!svg.contains("<script>") && !svg.contains('\u{7}') && svg.contains('…'));
    }
}
