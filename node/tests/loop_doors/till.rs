//! The till's door: what it refuses, that a refusal moves nothing, and that a receipt is signed.

use crate::house::{House, SECRET, UNAPPROVED};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use crdt::Cents;
use crdt::card::{CardCertificate, CardText};
use crdt::key::{Purpose, SecretKey, Signature};
use crdt::revocation::RevocationList;
use http_body_util::BodyExt as _;
use ledger::Command;
use ledger::answer::Receipt;
use node::http::{TILL_BODY_BYTES, till_routes};
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn send(door: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = door.clone().oneshot(request).await.expect("a door always answers");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
}

fn post(path: &str, secret: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    let request = match secret {
        Some(secret) => request.header("authorization", format!("Bearer {secret}")),
        None => request,
    };
    request.body(body.into()).expect("a request")
}

fn sale(house: &House, payment: &str, amount: &str, code: &str) -> Value {
    let id = payment.repeat(16);
    json!({ "id": id, "card": house.number, "amount": amount, "code": { "plain": code } })
}

/// Asks for a payment that must be refused, and checks that no account moved.
async fn refused(house: &House, secret: &str, sale: &Value) -> (StatusCode, String) {
    let before = house.accounts().await;
    let door = till_routes(house.doors.clone());
    let asked = post("/v1/payments", Some(secret), sale.to_string());
    let (status, answer) = send(&door, asked).await;
    assert!(status.is_client_error(), "{status} for {sale}: {answer}");
    assert_eq!(house.accounts().await, before, "accounts moved for {sale}");
    let message = answer["refused"]["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "no message in {answer}");
    (status, answer["refused"]["kind"].as_str().unwrap_or_default().to_owned())
}

async fn paid(house: &House, sale: &Value) -> Value {
    let door = till_routes(house.doors.clone());
    let asked = post("/v1/payments", Some(SECRET), sale.to_string());
    let (status, answer) = send(&door, asked).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_is_paid_with_its_shares_and_the_receipt_bears_the_signature_of_the_node() {
    let house = House::open().await;
    let answer = paid(&house, &sale(&house, "01", "12.50", "4071")).await;
    let read = "as the door wrote it";
    let receipt: Receipt = serde_json::from_value(answer["receipt"].clone()).expect(read);
    let signature: Signature = serde_json::from_value(answer["signature"].clone()).expect(read);
    assert_eq!(receipt.covered, Cents::from_u32(875));
    assert_eq!(receipt.member_share, Cents::from_u32(375));
    let bytes = crdt::wire::encode(&receipt);
    let key = house.doors.node.public();
    assert_eq!(key.verify(Purpose::Receipt, &bytes, &signature), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_sale_again_gets_the_same_receipt_and_other_content_is_a_conflict() {
    let house = House::open().await;
    let first = paid(&house, &sale(&house, "01", "12.50", "4071")).await;
    let before = house.accounts().await;
    assert_eq!(paid(&house, &sale(&house, "01", "12.50", "4071")).await, first);
    assert_eq!(house.accounts().await, before, "the sale was charged twice");
    let other = sale(&house, "01", "12.51", "4071");
    let expected = (StatusCode::CONFLICT, "conflict".to_owned());
    assert_eq!(refused(&house, SECRET, &other).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_amount_that_is_none_is_refused() {
    let house = House::open().await;
    for (amount, kind) in [
        ("0", "amount_zero"),
        ("0.00", "amount_zero"),
        ("-1.00", "malformed"),
        ("10000.01", "amount_too_large"),
        ("99999999999999999999999", "malformed"),
        ("twelve", "malformed"),
        ("12.505", "malformed"),
        ("", "malformed"),
        ("NaN", "malformed"),
        ("1e3", "malformed"),
    ] {
        let (_, found) = refused(&house, SECRET, &sale(&house, "02", amount, "4071")).await;
        assert_eq!(found, kind, "{amount:?}");
    }
    let number = json!({ "id": "02".repeat(16), "card": house.number, "amount": 12.5, "code": { "plain": "4071" } });
    assert_eq!(refused(&house, SECRET, &number).await.1, "malformed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_nobody_issued_and_a_text_that_is_no_card_are_refused() {
    let house = House::open().await;
    let id = crdt::CaisseId::new([1; 32]);
    let foreign = crdt::card::CardText::Number(crdt::card::card_id(&id, [9; 6])).to_string();
    for (card, kind) in [(foreign.as_str(), "unknown_card"), ("0000", "malformed")] {
        let mut asked = sale(&house, "03", "1.00", "4071");
        asked["card"] = json!(card);
        assert_eq!(refused(&house, SECRET, &asked).await.1, kind, "{card}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanned_card_pays_every_time_and_one_with_a_false_signature_never_does() {
    let house = House::open().await;
    let scanned = |payment: &str, qr: &str| {
        let mut asked = sale(&house, payment, "1.00", "4071");
        asked["card"] = json!(qr);
        asked
    };
    let forged =
        CardCertificate::sign(house.card, us(&house).await, &SecretKey::from_seed(&[9; 32]));
    let forged = CardText::Certificate(Box::new(forged)).to_string();
    for (good, bad) in [("60", "61"), ("62", "63")] {
        paid(&house, &scanned(good, &house.qr)).await;
        assert_eq!(refused(&house, SECRET, &scanned(bad, &forged)).await.1, "forged_card");
    }
    // Scanned or typed, it is the same sale.
    let typed = sale(&house, "60", "1.00", "4071");
    assert_eq!(paid(&house, &typed).await, paid(&house, &scanned("60", &house.qr)).await);
    let mut nothing = scanned("64", &forged);
    nothing["amount"] = json!("0.00");
    assert_eq!(refused(&house, SECRET, &nothing).await.1, "amount_zero", "the order of refusals");
}

async fn us(house: &House) -> crdt::CaisseId {
    match house.doors.machine.query(ledger::Query::Contact).await.expect("the machine works") {
        Ok(ledger::Answer::Contact(contact)) => contact.id,
        other => panic!("no contact: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fourth_wrong_code_locks_the_card_and_then_the_right_code_does_not_help() {
    let house = House::open().await;
    for payment in ["10", "11", "12", "13"] {
        let (_, kind) = refused(&house, SECRET, &sale(&house, payment, "1.00", "0000")).await;
        assert!(["wrong_code", "card_locked"].contains(&kind.as_str()), "{kind}");
    }
    let right = sale(&house, "14", "1.00", "4071");
    assert_eq!(refused(&house, SECRET, &right).await.1, "card_locked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_repeats_one_wrong_sale_does_not_use_up_another_attempt() {
    let house = House::open().await;
    for _ in 0..6 {
        let again = sale(&house, "10", "1.00", "0000");
        assert_eq!(refused(&house, SECRET, &again).await.1, "wrong_code");
    }
    paid(&house, &sale(&house, "11", "1.00", "4071")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_card_too_little_credit_and_a_vendor_without_approval_are_refused() {
    let house = House::open().await;
    let large = sale(&house, "20", "200.00", "4071");
    assert_eq!(refused(&house, SECRET, &large).await.1, "insufficient_funds");
    let unapproved = sale(&house, "21", "1.00", "4071");
    assert_eq!(refused(&house, UNAPPROVED, &unapproved).await.1, "vendor_not_approved");
    house.done(Command::BlockCard { card: house.card }).await;
    let blocked = sale(&house, "22", "1.00", "4071");
    assert_eq!(refused(&house, SECRET, &blocked).await.1, "card_blocked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_without_its_secret_or_with_the_secret_of_no_vendor_is_not_heard() {
    let house = House::open().await;
    let before = house.accounts().await;
    let door = till_routes(house.doors.clone());
    let body = sale(&house, "30", "1.00", "4071").to_string();
    for path in ["/v1/payments", "/v1/refunds", "/v1/card-home"] {
        for secret in [None, Some(""), Some("another secret")] {
            let (status, answer) = send(&door, post(path, secret, body.clone())).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} with {secret:?}");
            assert!(!answer.to_string().contains("another secret"), "{answer}");
        }
    }
    let asked = Request::get("/v1/vendor").body(Body::empty()).expect("a request");
    assert_eq!(send(&door, asked).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(house.accounts().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_sale_are_refused_by_naming_what_is_wrong_and_never_the_code() {
    let house = House::open().await;
    let before = house.accounts().await;
    let door = till_routes(house.doors.clone());
    let mut unknown_key = sale(&house, "40", "1.00", "4071");
    unknown_key["vendor"] = json!("00".repeat(16));
    let mut no_amount = sale(&house, "40", "1.00", "4071");
    no_amount.as_object_mut().expect("an object").remove("amount");
    let long_code = sale(&house, "40", "1.00", "987654321");
    for (body, named) in [
        ("{".to_owned(), ""),
        ("\u{0}\u{1}".to_owned(), ""),
        ("[]".to_owned(), ""),
        (unknown_key.to_string(), "vendor"),
        (no_amount.to_string(), "amount"),
        (long_code.to_string(), "code"),
    ] {
        let (status, answer) = send(&door, post("/v1/payments", Some(SECRET), body)).await;
        assert!(status.is_client_error(), "{status}");
        let message = answer["refused"]["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(named), "{named:?} is not named in {message:?}");
        assert!(!message.contains("987654321"), "the code is shown: {message:?}");
    }
    let (status, _) =
        send(&door, post("/v1/payments", Some(SECRET), vec![b' '; TILL_BODY_BYTES + 1])).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(house.accounts().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_gives_back_once_and_never_for_the_sale_of_another_vendor() {
    let house = House::open().await;
    paid(&house, &sale(&house, "50", "10.00", "4071")).await;
    let door = till_routes(house.doors.clone());
    let back = json!({ "id": "51".repeat(16), "payment": "50".repeat(16), "amount": "2.00" });
    let asked = |secret| post("/v1/refunds", Some(secret), back.to_string());
    let before = house.accounts().await;
    let (status, answer) = send(&door, asked(UNAPPROVED)).await;
    assert!(status.is_client_error(), "{answer}");
    assert_eq!(house.accounts().await, before);
    let (status, first) = send(&door, asked(SECRET)).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let after = house.accounts().await;
    assert_ne!(after, before);
    assert_eq!(send(&door, asked(SECRET)).await, (StatusCode::OK, first));
    assert_eq!(house.accounts().await, after, "the refund was made twice");
    let mut other = back.clone();
    other["amount"] = json!("3.00");
    let (status, _) = send(&door, post("/v1/refunds", Some(SECRET), other.to_string())).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(house.accounts().await, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_is_ready_while_the_machine_works_and_not_after() {
    let house = House::open().await;
    let door = till_routes(house.doors.clone());
    let get = |path: &str| Request::get(path).body(Body::empty()).expect("a request");
    assert_eq!(send(&door, get("/livez")).await.0, StatusCode::OK);
    assert_eq!(send(&door, get("/readyz")).await.0, StatusCode::OK);
    let (_, figures) = send(&door, get("/metrics")).await;
    for figure in ["caisse_journal_entries", "caisse_guarantee_margin_cents -"] {
        assert!(figures.as_str().is_some_and(|text| text.contains(figure)), "{figures}");
    }
    house.stop().await.0.expect("a clean end");
    assert_eq!(send(&door, get("/livez")).await.0, StatusCode::OK);
    assert_eq!(send(&door, get("/readyz")).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_gets_the_list_of_blocked_cards_signed_by_the_node_and_a_stranger_does_not() {
    let house = House::open().await;
    let door = till_routes(house.doors.clone());
    let get = |secret: &str| {
        let request = Request::get("/v1/revoked-cards");
        let request = request.header("authorization", format!("Bearer {secret}"));
        request.body(Body::empty()).expect("a request")
    };
    assert_eq!(send(&door, get("a guess")).await.0, StatusCode::UNAUTHORIZED);
    let card: CardText = house.number.parse().expect("a number");
    house.done(Command::BlockCard { card: card.card() }).await;
    let (status, list) = send(&door, get(SECRET)).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    let list: RevocationList = serde_json::from_value(list).expect("as the door wrote it");
    assert_eq!(list.cards, [card]);
    assert_eq!(list.verify(&house.doors.node.public()), Ok(()));
}
