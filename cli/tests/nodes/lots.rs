//! A sale while the member's caisse is down: two nodes that run, one of them killed.

use serde_json::Value;

use crate::{Caisse, path, pay, start};

/// Founds a federation of two with the terms of the default configuration.
fn federate(host: &Caisse, home: &Caisse) {
    let contacts = [host, home].map(|caisse| {
        let contact = caisse.home.path().join("contact.json");
        caisse.done(&["federation", "contact", "--out", path(&contact)]);
        path(&contact).to_owned()
    });
    for caisse in [host, home] {
        caisse.done(&["federation", "found", &contacts[0], &contacts[1]]);
    }
    let in_force = |info: &Value| info["federation"]["agreements"][0]["in_force"] == true;
    for (caisse, other) in [(host, "Cadenet"), (home, "Montpellier")] {
        caisse.done(&["status", "--wait"]);
        caisse.done(&["federation", "agree", other]);
    }
    for caisse in [host, home] {
        caisse.until("in force", &["federation", "members"], in_force);
    }
}

fn policy<'a>(with: &'a str, amount: &'a str) -> Vec<&'a str> {
    let policy = ["lot", "policy", "--with", with, "--amount", amount];
    [&policy[..], &["--per-card", "15", "--per-sale", "10", "--days", "20"]].concat()
}

fn of_status(status: &'static str) -> impl Fn(&Value) -> bool {
    move |info| info["payment"]["status"] == status
}

#[test]
fn a_sale_goes_on_by_a_lot_while_the_cards_caisse_is_down_and_is_claimed_when_it_is_back() {
    let (host, mut home) = (Caisse::open("Montpellier"), Caisse::open("Cadenet"));
    federate(&host, &home);
    let number = home.enrol("Nadia Cressonnet");
    host.stall("Le Potager");
    let code = host.file("code", "4071\n");
    let listed = home.done(&["card", "list"])["cards"]["list"][0].clone();
    let card = listed["info"]["qr"].as_str().expect("a QR code").to_owned();

    // The books hold 20 euros; a reserve is money that is there, and a lot is within it.
    assert!(home.refused(&["lot", "reserve", "20.01"]).contains("hold 20.00"));
    assert!(home.refused(&policy("Montpellier", "20")).contains("caisse lot reserve"));
    let preview = home.done(&["lot", "reserve", "20", "--dry-run"]);
    assert_eq!(preview["offline"]["decided"]["preview"], true);
    assert_eq!(home.done(&["lot", "list"])["offline"]["lots"]["reserve"], 0);
    home.done(&["lot", "reserve", "20"]);
    let dry = home.ask(&[&policy("Montpellier", "20")[..], &["--dry-run"]].concat());
    assert!(
        dry.out.contains("would give a lot of 20.00") && dry.out.contains("nothing has changed")
    );
    let given = home.done(&policy("Montpellier", "20"));
    assert_eq!(given["offline"]["decided"]["grants"]["amount"], 2_000);
    let held = |info: &Value| info["offline"]["lots"]["held"][0]["left"] == 2_000;
    host.until("a lot is held", &["lot", "list"], held);

    home.stop();
    let alone = |info: &Value| info["status"]["connected"] == 0;
    host.until("the home caisse is missed", &["status"], alone);
    assert!(host.ask(&["status"]).out.contains("WITHOUT A PARTNER"));
    let id = "ab".repeat(16);
    let sale = [&pay(&card, "Le Potager", "10.00", &code)[..], &["--id", &id]].concat();
    let paid = host.done(&sale);
    assert_eq!((&paid["paid"]["offline"], &paid["paid"]["covered"]), (&true.into(), &700.into()));
    assert_eq!(paid["paid"]["at_hosts_risk"], false);
    assert!(host.ask(&sale).out.contains("WITHOUT the card's caisse"));
    let typed = host.refused(&pay(&number, "Le Potager", "1", &code));
    assert!(typed.contains("scan the card"), "{typed}");
    let above = host.refused(&pay(&card, "Le Potager", "20", &code));
    assert!(above.contains("up to 10.00"), "{above}");
    let early = host.refused(&["refund", &id, "--dry-run"]);
    assert!(early.contains("has not accepted this sale yet"), "{early}");
    host.until("by a lot", &["payment", "show", &id], of_status("by_lot"));

    home.node = start(&home.dir());
    host.until("claimed", &["payment", "show", &id], of_status("by_lot_accepted"));
    home.until("owed", &["payment", "show", &id], of_status("obliged"));
    assert_eq!(host.done(&sale), paid, "the till hears the same");
    let claimed = |info: &Value| info["offline"]["lots"]["given"][0]["claimed"] == 700;
    let lots = home.until("counted", &["lot", "list"], claimed);
    let lot = lots["offline"]["lots"]["given"][0]["lot"].as_str().expect("a lot").to_owned();
    let shown = home.ask(&["lot", "list"]).out;
    assert!(shown.contains("Montpellier gets lots of 20.00"), "{shown}");
    assert!(home.ask(&["lot", "close", &lot[..8], "--dry-run"]).out.contains("13.00 is left"));
    home.done(&["lot", "policy", "--with", "Montpellier", "--none"]);
    let closed = |info: &Value| info["offline"]["lots"]["given"][0]["closed"] == 700;
    home.until("given back", &["lot", "list"], closed);
    assert!(home.refused(&["lot", "close", &lot]).contains("no open lot"));
    assert_eq!(home.done(&["lot", "losses"])["offline"]["losses"]["lost"], 0);
    assert_eq!(host.done(&["refund", &id])["refunded"]["amount"], 700);
    for caisse in [&host, &home] {
        assert_eq!(caisse.done(&["verify"])["verified"]["differences"], serde_json::json!([]));
    }
}
