//! What can be done with the caisses that stay open.

use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;

use super::fixtures::Place;
use super::model::euros;
use super::play::Play;
use super::process::program;
use crate::output::facts;

/// How to speak to a caisse that stays open. The code is that of an invented member: that it can be read
/// here is what makes it a demo.
#[derive(Clone, Serialize)]
pub struct OpenFact {
    caisse: &'static str,
    status: String,
    http: SocketAddr,
    vendor: String,
    secret_file: String,
    card: String,
    code: String,
    credit_cents: i64,
}

/// Returns how to speak to each caisse.
#[must_use]
pub fn ways(play: &Play) -> Vec<OpenFact> {
    let program = program().map_or_else(|_| "caisse".to_owned(), |path| path.display().to_string());
    Place::ALL.map(|place| way(play, place, &program)).into()
}

fn way(play: &Play, place: Place, program: &str) -> OpenFact {
    let (house, members) = (play.house(place), &play.members[place.index()]);
    let credit = |number: &usize| play.model.member(place, *number);
    let richest = (0..members.len()).max_by_key(credit).unwrap_or(0);
    let code = play.plan.code(place, richest).digits();
    OpenFact {
        caisse: place.name(),
        status: format!("{program} -C {} status", quoted(house.dir())),
        http: house.http,
        vendor: play.fixtures.of(place).vendors[0].name.clone(),
        secret_file: play.stalls[place.index()][0].file.display().to_string(),
        card: members[richest].number.to_string(),
        code: String::from_utf8_lossy(code).into_owned(),
        credit_cents: credit(&richest),
    }
}

/// Returns a path as it is typed in a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Tells how to speak to each caisse.
pub fn tell(play: &Play, ways: &[OpenFact]) {
    play.teller.say("\nThe three caisses stay open until Ctrl-C (or SIGTERM). To speak to them:");
    for way in ways {
        play.teller.say(format!("\n  {}", way.caisse));
        play.teller.detail(facts(&[
            ("its operator types", way.status.clone()),
            ("its tills speak to", format!("http://{}", way.http)),
            ("with the secret in", way.secret_file.clone()),
            ("which is the till of", way.vendor.clone()),
            ("a member's card", format!("{}, code {}", way.card, way.code)),
            ("which holds", euros(way.credit_cents)),
        ]));
    }
    if let Some(way) = ways.first() {
        play.teller.say(format!("\nFor example:\n    {}", sale(way)));
    }
}

/// Returns a sale as it can be typed.
fn sale(way: &OpenFact) -> String {
    format!(
        "curl -s http://{}/v1/payments -H \"Authorization: Bearer $(cat {})\" \\\n      \
         -H 'Content-Type: application/json' \\\n      \
         -d '{{\"id\": \"{}\", \"card\": \"{}\", \"amount\": \"2.50\", \"code\": {{\"plain\": \"{}\"}}}}'",
        way.http,
        quoted(Path::new(&way.secret_file)),
        "5a".repeat(16),
        way.card,
        way.code
    )
}
