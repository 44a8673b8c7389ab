//! A stolen node key: somebody says two things in the name of a caisse. The two others find it out by
//! themselves, prove it, and give it no more credit; anyone can check the proof.

use crdt::contact::Contact;
use crdt::feed::{Body, Draft, Envelope, FeedId, Head, PublicBody, Verified};
use crdt::message::Message;
use crdt::{Digest, NetworkId, wire};
use ledger::answer::KeysAnswer;
use ledger::command::KeysQuery;
use ledger::federation::feed_key;
use ledger::records::{Kind, Records as _};
use ledger::{Answer, Query};
use node::keys::Keys;
use node::network::{self, FromNetwork, Peer, ToNetwork};
use node::store::Store;

use super::fixtures::Place;
use super::market::sell;
use super::outage::others;
use super::plan::{Purchase, VICTIM};
use super::play::Play;
use super::waits::until;
use crate::client::now;
use crate::failure::Failure;
use crate::resolve::unexpected;

/// What a thief has who copied a caisse's directory.
struct Loot {
    keys: Keys,
    head: Head,
}

/// Two entries for one place, one for each of the others.
pub async fn contradict(play: &mut Play) -> Result<(), Failure> {
    play.house(VICTIM).ask_to_end();
    let code = play.house_mut(VICTIM).ended().await;
    play.checks.equal(
        "told to end (SIGTERM), a node ends in order",
        VICTIM.name(),
        &code,
        &Some(0),
    );
    let loot = steal(play)?;
    let federation = play.house(Place::ALL[0]).federation().await?.charter.network();
    let told = lie(play, &loot, federation).await?;
    play.teller.detail(format!(
        "Somebody has copied {0}'s directory and speaks with its node key while its node is off: two entries\n\
         for one place of its feed, one to each of the others ({told} in all).",
        VICTIM.name()
    ));
    for place in others() {
        until("the contradiction is found", async || {
            let proofs = proofs(play, place).await?;
            Ok(proofs.iter().any(|author| *author == play.contact(VICTIM).id).then_some(()))
        })
        .await?;
        play.checks.holds("each of the others finds it and holds the proof", true, String::new);
    }
    turned_away(play).await?;
    check_proof(play).await
}

/// Reads what a copy of the victim's directory gives away.
fn steal(play: &Play) -> Result<Loot, Failure> {
    let dir = play.house(VICTIM).dir();
    let failed = |why: &dyn std::fmt::Display| Failure::Failed(format!("{}: {why}", dir.display()));
    let keys = Keys::load(dir).map_err(|why| failed(&why))?;
    let store = Store::open(dir).map_err(|why| failed(&why))?;
    let feed = FeedId::public(play.contact(VICTIM).id);
    let (from, to) = (feed_key(feed, 0, 0), feed_key(feed, u32::MAX, u64::MAX));
    let rows = store.range(Kind::Feed, &from, &to, usize::MAX);
    let last = rows.last().and_then(|(_, bytes)| Verified::from_store(bytes));
    let head = last.ok_or_else(|| failed(&"it never said anything"))?.head();
    Ok(Loot { keys, head })
}

/// Says one thing to one partner and another to the other. Returns to how many.
async fn lie(play: &Play, loot: &Loot, federation: NetworkId) -> Result<usize, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::Failed(format!("the thief: {why}"));
    let listen = vec![play.house(VICTIM).node.clone()];
    let settings = network::Settings::new(loot.keys.node.clone(), Some(federation), listen);
    let (network, mut heard) = network::start(settings).map_err(|why| failed(&why))?;
    let partners: Vec<&Contact> = others().map(|place| play.contact(place)).collect();
    let peers = partners.iter().map(|contact| Peer {
        id: contact.id,
        node: contact.node,
        addresses: contact.addresses.clone(),
    });
    network.send(ToNetwork::Allow(peers.collect())).await.map_err(|why| failed(&why))?;
    let mut told = 0;
    while told < partners.len() {
        let event = heard.recv().await.ok_or_else(|| failed(&"the network ended"))?;
        if let FromNetwork::Connected(to) = event {
            let bytes = wire::encode(&one_of_two(loot, federation, told as u64));
            network.send(ToNetwork::Send { to, bytes }).await.map_err(|why| failed(&why))?;
            told += 1;
        }
    }
    // Until both have it: what is sent on a connection arrives before its end is noticed.
    for place in others() {
        until("the lie has arrived", async || {
            let peers = play.house(place).peers().await?;
            let seen = peers.iter().find(|peer| peer.id == loot.head.feed.author);
            Ok(seen.filter(|peer| peer.public_entries > loot.head.seq).map(|_| ()))
        })
        .await?;
    }
    network.stop().await;
    Ok(told)
}

/// An entry for the place after the last one; each number makes another.
fn one_of_two(loot: &Loot, network: NetworkId, number: u64) -> Message<Envelope> {
    let hash = Digest::new([0; 32]);
    let draft = Draft {
        network,
        after: loot.head,
        body: Body::Public(PublicBody::BooksHead { entries: number, hash }),
        claimed: now(),
        seen: Vec::new(),
    };
    let entry = draft.sign(&loot.keys.node, loot.keys.salts.as_bytes());
    Message::Entries(vec![entry]).into_wire()
}

/// Returns who a caisse can prove to have contradicted itself.
async fn proofs(play: &Play, place: Place) -> Result<Vec<crdt::CaisseId>, Failure> {
    let answer = play.house(place).query(&Query::Keys(KeysQuery::Proofs)).await?;
    let Answer::Keys(answer) = answer else { return Err(unexpected()) };
    let KeysAnswer::Proofs(list) = *answer else { return Err(unexpected()) };
    Ok(list.into_iter().map(|proof| proof.author).collect())
}

/// A member of the victim tries to pay elsewhere.
async fn turned_away(play: &mut Play) -> Result<(), Failure> {
    let visits = |purchase: &&Purchase| purchase.home == VICTIM && purchase.is_across();
    let purchase = play.plan.purchases.iter().find(visits).cloned();
    let purchase = purchase.ok_or_else(|| Failure::Failed("nobody travels".to_owned()))?;
    for sold in sell(play, &[purchase]).await? {
        let claim = "no new credit: its cards are refused elsewhere";
        play.checks.equal(claim, VICTIM.name(), &sold.kind(), &Some("home_frozen"));
        let words = sold.ended.err().map(|why| why.to_string()).unwrap_or_default();
        play.teller.detail(format!("A card of {} elsewhere: \"{words}\"", VICTIM.name()));
    }
    Ok(())
}

/// Writes the proof into a file and checks it as a stranger would; then once more with one digit changed.
async fn check_proof(play: &mut Play) -> Result<(), Failure> {
    let (first, victim) = (Place::ALL[0], play.contact(VICTIM).id.to_string());
    let file = play.dir().join("proof.json");
    let path = file.display().to_string();
    play.house(first).types_here(&["proof", "export", &victim, &path]).await?;
    let checked = play.house(first).types(&["proof", "check", &path]).await;
    play.checks.holds("anyone can check the proof from its file alone", checked.is_ok(), || {
        checked.as_ref().err().map(ToString::to_string).unwrap_or_default()
    });
    let failed = |why: std::io::Error| Failure::Failed(format!("{path}: {why}"));
    let text = std::fs::read_to_string(&file).map_err(failed)?;
    std::fs::write(&file, with_another_digit(&text)).map_err(failed)?;
    let wrong = play.house(first).types(&["proof", "check", &path]).await;
    play.checks.holds("a changed proof proves nothing", wrong.is_err(), || "it held".to_owned());
    std::fs::write(&file, text).map_err(failed)?;
    play.teller.detail(
        "`caisse proof check` needs no node and no trust: two entries, two signatures, one place. What was\n\
         owed stays owed. Its people rotate the key (`caisse key rotate`), and each partner decides whether to\n\
         forgive (`caisse proof forgive`).",
    );
    Ok(())
}

/// Changes the first digit of the first signature.
fn with_another_digit(text: &str) -> String {
    const BEFORE: &str = "\"signature\": \"";
    let (before, after) = text.split_once(BEFORE).unwrap_or((text, ""));
    let other = if after.starts_with('0') { "1" } else { "0" };
    format!("{before}{BEFORE}{other}{}", after.get(1..).unwrap_or_default())
}
