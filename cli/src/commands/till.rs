//! A vendor's till: pair, sell, send, list.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crdt::{Cents, PaymentId, Timestamp};
use serde_json::json;

use super::Context;
use super::card::code;
use crate::args::till::{Sell, Till};
use crate::client::now;
use crate::failure::Failure;
use crate::output::{Done, facts, table};
use crate::till::offline::Kept;
use crate::till::store::{Ended, Store, Stored};
use crate::till::{self, Sale, TillFailure};

/// How long a till waits for its node before the sale is stored: longer than any wait for a card's caisse.
const ONLINE: Duration = Duration::from_secs(70);

/// How long a till waits for a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// Refusals that another try may not meet: the sale stays stored.
const FOR_NOW: [&str; 4] = ["home_unreachable", "busy", "stopping", "unauthorised"];

/// Does what a vendor asks of a till.
pub(super) async fn till(context: &Context, command: Till) -> Result<Done, Failure> {
    match command {
        Till::Pair { till, door, secret_file } => {
            let secret = std::fs::read_to_string(&secret_file)
                .map_err(|why| Failure::Misused(format!("{}: {why}", secret_file.display())))?;
            pair(&till, door, secret.trim()).await
        }
        Till::Sell(sell) => self::sell(context, sell).await,
        Till::Send { till, late, dry_run } => send(&till, late, dry_run).await,
        Till::List { till } => list(&till),
    }
}

/// Asks the node for what a till keeps.
async fn ask(door: SocketAddr, secret: &str) -> Result<(till::Till, Kept), TillFailure> {
    let asked = async {
        let mut device = till::Till::pair(door, secret).await?;
        let offline = device.offline().await?;
        Ok((device, Kept { door, secret: secret.to_owned(), at: now(), offline }))
    };
    let silent = |_| TillFailure::Unreachable { address: door, why: "no answer".to_owned() };
    tokio::time::timeout(CONNECT, asked).await.unwrap_or_else(|passed| Err(silent(passed)))
}

async fn pair(dir: &Path, door: SocketAddr, secret: &str) -> Result<Done, Failure> {
    let (_, kept) = ask(door, secret).await.map_err(failure)?;
    kept.write(dir)?;
    let offline = &kept.offline;
    let limits = &offline.limits;
    let text = facts(&[
        ("vendor", offline.vendor.name.clone()),
        ("caisses whose cards are known", offline.issuers.len().to_string()),
        ("lists of blocked cards", offline.revoked.len().to_string()),
        ("without a network, a sale at most", limits.sale.to_string()),
        ("all stored sales at most", format!("{} in {}", limits.sum, limits.sales)),
        ("sent within", format!("{} hours", limits.hours)),
    ]);
    Done::new(&json!({ "paired": offline }), text)
}

fn failure(why: TillFailure) -> Failure {
    Failure::Failed(why.to_string())
}

async fn sell(context: &Context, asked: Sell) -> Result<Done, Failure> {
    let kept = Kept::read(&asked.till)?;
    let mut store = Store::open(&asked.till)?;
    let id = context.payment_id(asked.id)?;
    if let Some(known) = store.waiting().iter().find(|sale| sale.id == id) {
        let same = known.card.card() == asked.card.card() && known.amount == asked.amount;
        return if same { stored(known, &kept) } else { Err(conflict()) };
    }
    if store.knows(id) {
        return Err(conflict());
    }
    if asked.dry_run {
        let issuer = kept.check_card(&asked.card)?;
        kept.check_limits(&store, asked.amount, now())?;
        let text = format!("could be stored: a card of {}; nothing was sold\n", issuer.name);
        return Done::new(&json!({ "would_store": { "amount": asked.amount } }), text);
    }
    let typed = code(&asked.code, "the card's code: ")?;
    if !asked.store {
        match online(&kept, id, &asked, &typed).await {
            Ok(done) => return Ok(done),
            Err(TillFailure::Refused { message, .. }) => return Err(Failure::Failed(message)),
            Err(TillFailure::Failed(why)) => return Err(Failure::Failed(why)),
            // Nobody knows whether it was done: stored under the same id, it is not done twice.
            Err(TillFailure::Unreachable { .. } | TillFailure::Unanswered { .. }) => {}
        }
    }
    let issuer = kept.check_card(&asked.card)?;
    let at = now();
    kept.check_limits(&store, asked.amount, at)?;
    let sale = kept.sale(id, &asked.card, issuer, asked.amount, &typed, at)?;
    store.add(sale.clone())?;
    stored(&sale, &kept)
}

fn conflict() -> Failure {
    Failure::Failed("this id was used before for another sale: make a new one".to_owned())
}

async fn online(
    kept: &Kept,
    id: PaymentId,
    asked: &Sell,
    typed: &ledger::command::Code,
) -> Result<Done, TillFailure> {
    let (mut device, _) = ask(kept.door, &kept.secret).await?;
    let home = device.scan(&asked.card).await?;
    let sale = device.sale(id, &asked.card, &home, asked.amount, typed)?;
    let silent = |_| Err(TillFailure::Unanswered { why: "the node is silent".to_owned() });
    let paid = tokio::time::timeout(ONLINE, device.pay(&sale)).await.unwrap_or_else(silent)?;
    let text = super::money::receipt_text(&paid.receipt);
    Done::new(&json!({ "paid": paid }), text).map_err(|why| TillFailure::Failed(why.to_string()))
}

/// Says that a sale is stored, in words that nobody takes for paid.
fn stored(sale: &Stored, kept: &Kept) -> Result<Done, Failure> {
    let issuer = kept.check_card(&sale.card)?;
    let now = now();
    let list = kept.list_hours(issuer, now);
    let list = list.map_or("none is kept".to_owned(), |hours| format!("{hours} hours old"));
    let mut text = String::from("STORED, NOT YET PAID\n");
    text.push_str(&facts(&[
        ("sale", sale.id.to_string()),
        ("price", sale.amount.to_string()),
        ("card of", issuer.name.clone()),
        ("list of its blocked cards", list),
        ("keys and limits", format!("{} hours old", kept.hours(now))),
    ]));
    text.push_str("its code is not checked yet: send it with `caisse till send`\n");
    let hours = kept.list_hours(issuer, now);
    let told = json!({ "id": sale.id, "amount": sale.amount, "revocation_list_hours": hours });
    Done::new(&json!({ "stored": told }), text)
}

/// What is told of one stored sale.
struct Told {
    id: PaymentId,
    amount: Cents,
    state: &'static str,
    why: String,
}

fn told(id: PaymentId, amount: Cents, ended: &Ended) -> Told {
    let (state, why) = match ended {
        Ended::Paid { covered, member_share } => {
            ("paid", format!("{covered} covered, {member_share} by the member"))
        }
        Ended::Refused { message, .. } => ("refused", message.clone()),
    };
    Told { id, amount, state, why }
}

fn waits(sale: &Stored, kept: &Kept, now: Timestamp) -> Told {
    let late = kept.is_late(sale, now);
    let (state, why) = if late {
        ("late", "stored for too long: sent with --late only".to_owned())
    } else {
        ("stored", "not yet paid".to_owned())
    };
    Told { id: sale.id, amount: sale.amount, state, why }
}

async fn send(dir: &Path, late: bool, dry_run: bool) -> Result<Done, Failure> {
    let kept = Kept::read(dir)?;
    let mut store = Store::open(dir)?;
    if dry_run {
        return report(store.waiting().iter().map(|sale| waits(sale, &kept, now())).collect());
    }
    let sales = store.waiting().to_vec();
    if sales.is_empty() {
        return report(Vec::new());
    }
    let (mut device, fresh) = ask(kept.door, &kept.secret).await.map_err(failure)?;
    fresh.write(dir)?;
    let mut tellings = Vec::new();
    for sale in sales {
        if kept.is_late(&sale, now()) && !late {
            tellings.push(waits(&sale, &kept, now()));
            continue;
        }
        match send_one(&mut device, &sale).await? {
            Ok(ended) => {
                store.end(&sale, ended.clone())?;
                tellings.push(told(sale.id, sale.amount, &ended));
            }
            Err(why) => {
                tellings.push(Told { id: sale.id, amount: sale.amount, state: "stored", why });
            }
        }
    }
    report(tellings)
}

/// Sends a sale. Returns what became of it, or why it stays stored.
async fn send_one(
    device: &mut till::Till,
    sale: &Stored,
) -> Result<Result<Ended, String>, Failure> {
    let asked = Sale::stored(sale);
    let silent = |_| Err(TillFailure::Unanswered { why: "the node is silent".to_owned() });
    Ok(match tokio::time::timeout(ONLINE, device.pay(&asked)).await.unwrap_or_else(silent) {
        Ok(paid) => {
            let (covered, member_share) = (paid.receipt.covered, paid.receipt.member_share);
            Ok(Ended::Paid { covered, member_share })
        }
        Err(TillFailure::Refused { kind, message, .. }) if FOR_NOW.contains(&kind.as_str()) => {
            Err(message)
        }
        Err(TillFailure::Refused { kind, message, .. }) => Ok(Ended::Refused { kind, message }),
        Err(why @ (TillFailure::Unreachable { .. } | TillFailure::Unanswered { .. })) => {
            Err(why.to_string())
        }
        Err(TillFailure::Failed(why)) => return Err(Failure::Failed(why)),
    })
}

fn list(dir: &Path) -> Result<Done, Failure> {
    let (kept, store) = (Kept::read(dir)?, Store::open(dir)?);
    let ended = store.ended().iter().map(|(id, amount, ended)| told(*id, *amount, ended));
    let waiting = store.waiting().iter().map(|sale| waits(sale, &kept, now()));
    report(ended.chain(waiting).collect())
}

fn report(tellings: Vec<Told>) -> Result<Done, Failure> {
    let mut rows = table(&["sale", ">price", "state", "why"]);
    for Told { id, amount, state, why } in &tellings {
        rows.add_row([id.to_string(), amount.to_string(), (*state).to_owned(), why.clone()]);
    }
    let sales = tellings.iter().map(|Told { id, amount, state, why }| {
        json!({ "id": id, "amount": amount, "state": state, "why": why })
    });
    let sales: Vec<_> = sales.collect();
    Done::new(&json!({ "sales": sales }), format!("{rows}\n{} sale(s)\n", tellings.len()))
}
