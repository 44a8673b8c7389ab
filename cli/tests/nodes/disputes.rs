//! Disputes, agreed contributions, reminders and corrections, typed.

use serde_json::json;

use crate::{Caisse, pay};

#[test]
fn a_member_contests_a_sale_and_is_answered_reminded_and_corrected() {
    let mut caisse = Caisse::open("Caisse d'essai");
    let card = caisse.enrol("Rose Pervanchoux");
    caisse.stall("Le Potager");
    let code = caisse.file("code", "4071\n");
    let sale = |amount: &str| {
        let receipt = caisse.done(&pay(&card, "le potager", amount, &code));
        receipt["paid"]["payment"].as_str().expect("an id").to_owned()
    };
    let (first, second) = (sale("20.00"), sale("10.00"));

    let keys = ["ab".repeat(16), "cd".repeat(16)];
    let by = ["--by", "rose pervanchoux", "--reason", "Je n'étais pas là"];
    let open = [&["dispute", "open", &first[..8]], &by[..]].concat();
    assert!(caisse.refused(&[&open[..], &["--amount", "14.01"]].concat()).contains("only 14.00"));
    let again = [&open[..], &["--request", &keys[0]]].concat();
    let opened = caisse.done(&again)["dispute"].clone();
    assert_eq!(caisse.done(&again)["dispute"], opened, "asked again, it is one dispute");
    assert_eq!((&opened["amount"], &opened["frozen"]), (&json!(1_400), &json!(true)));
    assert!(caisse.refused(&open).contains("contested already"));
    let id = opened["id"].as_str().expect("an id").to_owned();

    let due = caisse.ask(&["dispute", "list", "--due"]);
    assert_eq!(due.code, Some(0));
    assert!(due.out.contains("1 to answer, 0 of them overdue"), "{due:?}");
    let shown = caisse.done(&["dispute", "show", &id[..8]]);
    assert_eq!(shown["shown"]["reason"], "Je n'étais pas là");
    let notice = caisse.ask(&["dispute", "notice", &id]);
    assert!(notice.out.contains("Bonjour Rose Pervanchoux,"), "{notice:?}");

    let answer = ["dispute", "answer", &id[..8]];
    for misused in [&["--accept", "--reject"][..], &["--reject", "--own-loss"], &[]] {
        assert_eq!(caisse.ask(&[&answer[..], misused].concat()).code, Some(2), "{misused:?}");
    }
    assert!(caisse.refused(&[&answer[..], &["--reject"]].concat()).contains("--reason"));
    let accept = [&answer[..], &["--accept", "--amount", "4"]].concat();
    let foreseen = caisse.done(&[&accept[..], &["--dry-run"]].concat());
    assert_eq!(foreseen["foreseen"]["vendor_owed"], 1_700);
    assert_eq!(
        caisse.done(&["member", "show", "rose pervanchoux"])["member"]["info"]["balance"],
        12_900
    );
    caisse.done(&accept);
    assert_eq!(
        caisse.done(&["member", "show", "rose pervanchoux"])["member"]["info"]["balance"],
        13_300
    );
    assert!(caisse.refused(&accept).contains("member correct"));
    let other = caisse.done(&[&["dispute", "open", &second], &by[..]].concat());
    let other = other["dispute"]["id"].as_str().expect("an id");
    caisse.done(&["dispute", "withdraw", other]);

    let correct = ["member", "correct", "rose pervanchoux", "--reason", "Saisi deux fois"];
    let debit = |amount| [&correct[..], &["--debit", amount]].concat();
    assert!(caisse.refused(&debit("133.01")).contains("only 133.00"));
    let foreseen = caisse.done(&[&debit("33")[..], &["--dry-run"]].concat());
    assert_eq!(foreseen["corrected"]["holds"], 10_000);
    let once = [&debit("33")[..], &["--request", &keys[1]]].concat();
    assert_eq!(caisse.done(&once)["corrected"]["holds"], 10_000);
    assert_eq!(
        caisse.done(&once)["corrected"]["holds"],
        10_000,
        "asked again, it is one correction"
    );

    let agree = ["contribution", "agree", "--member", "rose pervanchoux", "--amount"];
    assert!(caisse.refused(&[&agree[..], &["0.50"]].concat()).contains("at least 1.00"));
    caisse.done(&[&agree[..], &["20"]].concat());
    let agreed = caisse.ask(&["contribution", "agreed"]);
    assert!(agreed.out.contains("20.00"), "{agreed:?}");
    let month =
        agreed.out.split_whitespace().find(|word| word.starts_with("20") && word.len() == 7);
    let month = month.expect("the month from which on");
    let preview = caisse.done(&["dunning", "preview", "--month", month]);
    assert_eq!(preview["reminded"]["preview"], true);
    let given = caisse.done(&["dunning", "run", "--month", month]);
    assert_eq!(given["reminded"]["month"], month);
    caisse.done(&["dunning", "list"]);
    assert_eq!(caisse.ask(&["dunning", "letters", "--month", month]).code, Some(0));
    assert_eq!(caisse.ask(&["dunning", "run", "--month", "2026-13"]).code, Some(2));

    assert_eq!(caisse.done(&["verify"])["verified"]["differences"], json!([]));
    caisse.stop();
    assert_eq!(caisse.done(&["verify"])["verified"]["differences"], json!([]));
}
