//! Any inputs in any order: a caisse among others, and a partner with good keys and bad intentions.

use std::collections::BTreeMap;

use crdt::feed::{Body, Draft, Envelope, FeedId, Head, PublicBody, Verified};
use crdt::message::{AuthRequest, Message, Reply};
use crdt::pair::PairBody;
use crdt::{CaisseId, Cents, Digest, PaymentId, RequestId, Timestamp, wire};
use ledger::command::{PayIntent, PaymentCode, Purchase};
use ledger::records::MemoryRecords;
use ledger::{Caisse, Command, Effect, Input, Query};

use crate::bytes::{Bytes, chunk};
use crate::town::{CODE, NOW_MS, contact, heads, secrets, settings, terms, town};
use crate::{Target, shape, shape_of_text};

/// Inputs of one run, at most.
const STEPS: usize = 64;
/// What one input may make the machine say and store, in bytes: some messages, and the answer to one question.
const EFFECT_BYTES: usize = 8 * 1024 * 1024;

/// The machine under any inputs.
pub const TARGET: Target = Target { name: "machine", run, seeds };

/// What can be chosen; the numbers are the bytes.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is told where it is done")]
#[repr(u8)]
pub enum Choice {
    Hello,
    Command,
    Query,
    Message,
    Pair,
    Public,
    Fork,
    Pay,
    PayElsewhere,
    Refund,
    AuthRequest,
    Asked,
    Connected,
    Disconnected,
    Wait,
    Restart,
}

const CHOICES: [Choice; 16] = [
    Choice::Hello,
    Choice::Command,
    Choice::Query,
    Choice::Message,
    Choice::Pair,
    Choice::Public,
    Choice::Fork,
    Choice::Pay,
    Choice::PayElsewhere,
    Choice::Refund,
    Choice::AuthRequest,
    Choice::Asked,
    Choice::Connected,
    Choice::Disconnected,
    Choice::Wait,
    Choice::Restart,
];

struct Attacked {
    caisse: Caisse,
    disk: MemoryRecords,
    now_ms: i64,
    starts: u8,
    /// Where the partner's feeds end, as the partner tells them.
    ends: BTreeMap<FeedId, Head>,
    seen: Vec<u64>,
}

fn run(bytes: &[u8]) -> u64 {
    let mut bytes = Bytes(bytes);
    let mut attacked = Attacked::new();
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        attacked.step(&mut bytes);
    }
    attacked.ends_well();
    shape(&attacked.seen)
}

fn payment(byte: u8) -> PaymentId {
    PaymentId::new([byte; 16])
}

fn amount(bytes: &mut Bytes<'_>) -> Cents {
    Cents::from_u32(u32::from(bytes.short()))
}

impl Attacked {
    fn new() -> Self {
        let disk = town().disks[0].clone();
        let (caisse, effects) = Caisse::open(settings(0), secrets(0, 1), &disk);
        let ends = heads(&disk);
        let mut attacked = Self { caisse, disk, now_ms: NOW_MS, starts: 1, ends, seen: Vec::new() };
        attacked.perform(effects);
        attacked
    }

    fn partner() -> CaisseId {
        town().ids[1]
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let choice = CHOICES[usize::from(bytes.byte()) % CHOICES.len()];
        let from = Self::partner();
        let received = |message| Some(Input::Received { from, message });
        let input = match choice {
            Choice::Hello => {
                self.input(Input::Connected(from));
                let heads = self.ends.values().copied().collect();
                received(Message::Have { heads, reply: Reply::Given })
            }
            Choice::Command => {
                let request = RequestId::new([bytes.byte(); 16]);
                bytes.value().map(|command| Input::Command { request, command })
            }
            Choice::Query => {
                if let Some(question) = bytes.value::<Query>() {
                    self.query(&question);
                }
                None
            }
            Choice::Message => self.message(bytes.chunk()),
            Choice::Pair => {
                let body = bytes.value::<PairBody>().map(Body::Pair);
                body.and_then(|body| self.says(body, 0)).and_then(received)
            }
            Choice::Public => {
                let body = bytes.value::<PublicBody>().map(Body::Public);
                body.and_then(|body| self.says(body, 0)).and_then(received)
            }
            Choice::Fork => {
                let back = bytes.byte();
                let body = bytes.value::<Body>();
                body.and_then(|body| self.says(body, u64::from(back))).and_then(received)
            }
            Choice::Pay => Some(self.pay(bytes, 0)),
            Choice::PayElsewhere => Some(self.pay(bytes, 1)),
            Choice::Refund => {
                let (id, payment) = (payment(bytes.byte()), payment(bytes.byte()));
                let amount = Some(amount(bytes)).filter(|amount| !amount.is_zero());
                let request = RequestId::new([bytes.byte(); 16]);
                Some(Input::Command { request, command: Command::Refund { id, payment, amount } })
            }
            Choice::AuthRequest => received(Message::AuthRequest(auth_request(bytes))),
            Choice::Asked => received(Message::Query { payment: payment(bytes.byte()) }),
            Choice::Connected => Some(Input::Connected(from)),
            Choice::Disconnected => Some(Input::Disconnected(from)),
            Choice::Wait => {
                self.now_ms = self.now_ms.saturating_add(i64::from(bytes.short()) * 1_000);
                Some(Input::Woke)
            }
            Choice::Restart => {
                self.restart();
                None
            }
        };
        if let Some(input) = input {
            self.input(input);
        }
    }

    /// A message as it comes from the wire.
    fn message(&self, bytes: &[u8]) -> Option<Input> {
        let message: Message<Envelope> = wire::decode(bytes).ok()?;
        if !message.within_limits() {
            return None;
        }
        let (message, _) = message.verify(self.caisse.keyring()?);
        Some(Input::Received { from: Self::partner(), message })
    }

    /// An entry that the partner really signed, at the end of its feed or some places before.
    fn says(&mut self, body: Body, back: u64) -> Option<Message<Verified>> {
        let [me, partner] = town().ids;
        let feed = match body {
            Body::Public(_) => FeedId::public(partner),
            Body::Pair(_) => FeedId::pair(partner, me),
        };
        let end = self.ends.get(&feed).copied().unwrap_or_else(|| Head::empty(feed));
        let after = if back == 0 {
            end
        } else {
            let seq = end.seq.saturating_sub(back);
            let before = crate::town::stored(&self.disk, feed, seq.saturating_sub(1));
            let before = before.into_iter().next().filter(|_| seq > 0);
            let held = before.and_then(|entry| entry.verify(self.caisse.keyring()?).ok());
            held.map_or_else(|| Head::empty(feed), |entry| entry.head())
        };
        let claimed = Timestamp::from_ms(self.now_ms);
        let draft = Draft { network: town().network, after, body, claimed, seen: Vec::new() };
        let keys = secrets(1, 0);
        let entry = draft.sign(&keys.node, &keys.salts.0);
        // What its own node would refuse to send is refused at the door.
        let entry = entry.envelope().clone().verify(self.caisse.keyring()?).ok()?;
        if back == 0 {
            self.ends.insert(feed, entry.head());
        }
        Some(Message::Entries(vec![entry]))
    }

    /// A sale at our vendor with the card of one of the two caisses; the code is right if a byte says so.
    fn pay(&self, bytes: &mut Bytes<'_>, whose: usize) -> Input {
        let (payment, amount) = (payment(bytes.byte()), amount(bytes));
        let code = if bytes.byte() < 200 { CODE } else { "9999" };
        let (card, vendor) = (town().cards[whose].clone(), town().vendors[0]);
        let purchase = Purchase::from(amount);
        let code = if whose == 0 {
            PaymentCode::Plain(code.parse().expect("four digits"))
        } else {
            let request = purchase.request(payment, card.card(), vendor);
            PaymentCode::Sealed(sealed(1, code, payment, request))
        };
        let intent = PayIntent { payment, card, vendor, purchase, code, scanned: true };
        Input::Command {
            request: RequestId::new([bytes.byte(); 16]),
            command: Command::Pay(intent),
        }
    }

    fn query(&self, question: &Query) {
        let answer = self.caisse.query(Timestamp::from_ms(self.now_ms), question, &self.disk);
        let bytes = serde_json::to_vec(&answer).map_or(0, |json| json.len());
        assert!(bytes <= EFFECT_BYTES, "an answer of {bytes} bytes");
    }

    fn input(&mut self, input: Input) {
        let now = Timestamp::from_ms(self.now_ms);
        let effects = self.caisse.handle(now, input, &self.disk);
        let bytes = effects_size(&effects);
        assert!(bytes <= EFFECT_BYTES, "one input makes {bytes} bytes");
        self.perform(effects);
        assert!(self.caisse.books().is_balanced(), "I1");
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.seen.push(match effect {
                Effect::Persist(writes) => {
                    self.disk.apply(writes);
                    0
                }
                Effect::Send { message, .. } => shape_of_text(&word(&message)),
                Effect::SendRange { .. } => 1,
                Effect::Announce(_) => 2,
                Effect::Reply { outcome: Ok(_), .. } => 3,
                Effect::Reply { outcome: Err(why), .. } => shape_of_text(&why.to_string()),
                Effect::Partners(_) => 4,
            });
        }
        self.seen.dedup();
        self.seen.truncate(12);
    }

    fn restart(&mut self) {
        self.starts = self.starts.wrapping_add(1);
        let (caisse, effects) = Caisse::open(settings(0), secrets(0, self.starts), &self.disk);
        assert!(caisse.books() == self.caisse.books(), "other books after a restart");
        self.caisse = caisse;
        self.perform(effects);
    }

    /// The store gives the same caisse again, and everything agrees with everything.
    fn ends_well(&mut self) {
        self.restart();
        let verified =
            self.caisse.query(Timestamp::from_ms(self.now_ms), &Query::Verify, &self.disk);
        let Ok(ledger::Answer::Verified(report)) = verified else {
            panic!("verify answers: {verified:?}")
        };
        assert!(report.is_clean(), "{:?}", report.differences);
    }
}

fn effects_size(effects: &[Effect]) -> usize {
    effects.iter().map(|effect| wire::encode(effect).len()).sum()
}

fn word(message: &Message<Verified>) -> String {
    match message {
        Message::Entries(entries) => {
            entries.iter().map(|entry| format!("{:?}", entry.body())).collect()
        }
        other => format!("{other:?}").chars().take(8).collect(),
    }
}

fn sealed(to: usize, code: &str, payment: PaymentId, request: Digest) -> crdt::seal::Sealed {
    let sealed = contact(to).sealing.seal(code.as_bytes(), &payment, &request, [7; 32]);
    sealed.expect("a code seals")
}

/// What a host asks for our member.
fn auth_request(bytes: &mut Bytes<'_>) -> AuthRequest {
    let (payment, covered) = (payment(bytes.byte()), amount(bytes));
    let code = if bytes.byte() < 200 { CODE } else { "9999" };
    let (card, vendor) = (town().cards[0].card(), town().vendors[1]);
    let bought = Purchase::from(covered).bought("market".to_owned());
    let code = sealed(0, code, payment, bought.request(payment, card, vendor));
    AuthRequest { payment, card, vendor, covered, bought, code }
}

const fn number(choice: Choice) -> u8 {
    choice as u8
}

/// A few days in the life of the two, and every kind of word that the partner can say.
fn seeds() -> Vec<Vec<u8>> {
    let town = town();
    let covered = Cents::from_u32(700);
    let hello = vec![number(Choice::Hello)];
    let asks = [number(Choice::AuthRequest), 7, 0xbc, 0x02, 0];
    let sells = [number(Choice::PayElsewhere), 8, 0xe8, 0x03, 0, 8];
    let said = |choice, bytes: Vec<u8>| [vec![number(choice)], chunk(&bytes)].concat();
    let pair = |body: PairBody| said(Choice::Pair, wire::encode(&body));
    let public = |body: PublicBody| said(Choice::Public, wire::encode(&body));
    let [seven, eight] = [7, 8].map(payment);
    let request = Digest::new([3; 32]);
    let vendor = town.vendors[1];
    let member = crdt::Pseudonym::new([5; crdt::Pseudonym::LEN]);
    let month = crate::town::month();
    let captured = PairBody::Captured { payment: seven, vendor, covered, request };
    let granted = PairBody::Granted { payment: eight, member, month, covered };
    let refunded = PairBody::Refunded { refund: payment(9), payment: seven, amount: covered };
    let wait = [number(Choice::Wait), 20, 0];
    let restart = [number(Choice::Restart)];
    let command = |command: &Command| {
        [vec![number(Choice::Command), 1], chunk(&wire::encode(command))].concat()
    };
    let ask = |question: &Query| said(Choice::Query, wire::encode(question));
    let run = crdt::RunId::new([4; crdt::RunId::LEN]);
    let words = [
        PublicBody::TermsOffered(crdt::agreement::TermsOffer { with: town.ids[0], terms: terms() }),
        PublicBody::RunSigned { run, result: request },
        PublicBody::RunAborted { run, reason: "no".to_owned() },
        PublicBody::CertSeen { run },
    ];
    let body = Body::Pair(PairBody::Voided { payment: seven });
    let fork = [vec![number(Choice::Fork), 1], chunk(&wire::encode(&body))].concat();
    let have = Message::<Envelope>::Have { heads: Vec::new(), reply: Reply::Wanted };
    let day = [hello.as_slice(), &asks, &pair(captured.clone()), &pair(refunded), &wait, &restart];
    vec![
        day.concat(),
        [hello.as_slice(), &sells, &pair(granted), &wait, &restart].concat(),
        [hello.as_slice(), &sells, &wait, &asks, &pair(PairBody::Voided { payment: seven })]
            .concat(),
        [hello.as_slice(), &asks, &pair(captured), &fork, &asks].concat(),
        [hello.clone(), words.map(public).concat()].concat(),
        [hello, command(&Command::State { with: town.ids[1] }), ask(&Query::Status)].concat(),
        [number(Choice::Pay), 1, 0xe8, 3, 0, 1, number(Choice::Refund), 2, 1, 0, 1, 3].to_vec(),
        said(Choice::Message, wire::encode(&have)),
        [command(&Command::Expire), ask(&Query::Verify), ask(&Query::Accounts)].concat(),
    ]
}
