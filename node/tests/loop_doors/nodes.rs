//! Whole nodes: their socket, their start and stop, and a sale across two of them over loopback.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crdt::card::CardText;
use crdt::contact::Contact;
use crdt::lot::LotTerms;
use crdt::register::Charter;
use crdt::{BasisPoints, Cents, PaymentId, RequestId, VendorId};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use ledger::answer::{CardHome, FederationInfo, OfflineAnswer, PaymentStatus};
use ledger::command::{OfflineCommand, OfflineQuery, Purchase, Purse};
use ledger::guarantee::Force;
use ledger::rules::Household;
use ledger::{Answer, Command, Outcome, Query};
use node::config::Config;
use node::http::{SOCKET, till_digest};
use node::run::{RunError, run_until};
use node::setup;
use node::store::StoreError;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::house::{CODE, CONFIG, SECRET};

/// A wait for an event ends long before this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often something is asked again that no event tells.
const AGAIN: Duration = Duration::from_millis(20);

/// A node that runs as the binary would run it.
struct Node {
    dir: tempfile::TempDir,
    http: SocketAddr,
    stop: watch::Sender<bool>,
    running: JoinHandle<Result<(), RunError>>,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

impl Node {
    async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (http, peers) = (free_port(), free_port());
        let address = format!("/ip4/127.0.0.1/tcp/{peers}");
        let config = CONFIG
            .replace("127.0.0.1:0", &format!("127.0.0.1:{http}"))
            .replace("/ip4/127.0.0.1/tcp/0", &address)
            + &format!("addresses = [\"{address}\"]\n");
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), config).expect("it is written");
        setup::init(dir.path(), file.path()).expect("a new caisse");
        Self::run(dir).await
    }

    async fn run(dir: tempfile::TempDir) -> Self {
        let http = Config::read(&dir.path().join("caisse.toml")).expect("it was read before").http;
        let (stop, stopped) = watch::channel(false);
        let path = dir.path().to_owned();
        let running = tokio::spawn(async move { run_until(&path, stopped).await });
        let node = Self { dir, http, stop, running };
        let begun = Instant::now();
        while UnixStream::connect(node.socket()).await.is_err() {
            assert!(begun.elapsed() < PATIENCE && !node.running.is_finished(), "it does not start");
            tokio::time::sleep(AGAIN).await;
        }
        node
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join(SOCKET)
    }

    async fn operator(&self, path: &str, body: &Value) -> Outcome {
        let socket = UnixStream::connect(self.socket()).await.expect("the operator's door is open");
        let (status, answer) = exchange(socket, post(path, body, None)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        serde_json::from_value(answer).expect("an outcome")
    }

    async fn done(&self, request: u8, command: &Command) -> Answer {
        let body = json!({ "request": RequestId::new([request; 16]), "command": command });
        self.operator("/v1/command", &body).await.expect("it is not refused")
    }

    async fn ask(&self, question: &Query) -> Answer {
        let question = serde_json::to_value(question).expect("a question is JSON");
        self.operator("/v1/query", &question).await.expect("it is not refused")
    }

    async fn till(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let socket = TcpStream::connect(self.http).await.expect("the till's door is open");
        exchange(socket, post(path, body, Some(SECRET))).await
    }

    async fn contact(&self) -> Contact {
        match self.ask(&Query::Contact).await {
            Answer::Contact(contact) => *contact,
            other => panic!("no contact: {other:?}"),
        }
    }

    /// Waits until the register is as wished.
    async fn until(&self, what: &str, wished: impl Fn(&FederationInfo) -> bool) {
        let begun = Instant::now();
        loop {
            match self.ask(&Query::Federation).await {
                Answer::Federation(info) if wished(&info) => return,
                other => assert!(begun.elapsed() < PATIENCE, "not {what}: {other:?}"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn stop(self) -> (Result<(), RunError>, tempfile::TempDir) {
        self.stop.send_replace(true);
        let ended = tokio::time::timeout(PATIENCE, self.running).await;
        (ended.expect("it stops").expect("it does not panic"), self.dir)
    }
}

fn post(path: &str, body: &Value, secret: Option<&str>) -> Request<Full<Bytes>> {
    let request = Request::post(path).header("host", "caisse").header("connection", "close");
    let request = request.header("content-type", "application/json");
    let request = match secret {
        Some(secret) => request.header("authorization", format!("Bearer {secret}")),
        None => request,
    };
    request.body(Full::from(body.to_string())).expect("a request")
}

async fn exchange(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> (StatusCode, Value) {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.expect("it is HTTP");
    tokio::spawn(connection);
    let response = sender.send_request(request).await.expect("an answer");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
}

/// Founds a federation of two, agrees, and gives one a vendor, the other a member with credit.
async fn befriend(host: &Node, home: &Node) -> (VendorId, String) {
    let mut founders = vec![host.contact().await, home.contact().await];
    founders.sort_by_key(|founder| founder.id);
    let charter = Charter { name: "Essai".to_owned(), founders, threshold_percent: 67 };
    for node in [host, home] {
        node.done(1, &Command::Found(Box::new(charter.clone()))).await;
    }
    for node in [host, home] {
        node.until("founded", |info| info.founded && info.members.len() == 2).await;
    }
    let terms = Config::parse_terms("", "terms").expect("the defaults");
    for (node, other) in [(host, home), (home, host)] {
        let with = other.contact().await.id;
        node.done(2, &Command::Agree { with, terms: terms.clone() }).await;
    }
    for node in [host, home] {
        node.until("in force", |info| info.agreements.iter().any(|a| a.in_force)).await;
    }
    (open_shop(host).await, issue_card(home).await)
}

async fn open_shop(node: &Node) -> VendorId {
    let add = Command::AddVendor {
        name: "Les Jardins".to_owned(),
        commune: "34172".to_owned(),
        kind: "market stall".to_owned(),
        till: Some(till_digest(SECRET)),
    };
    let Answer::VendorAdded(vendor) = node.done(3, &add).await else { panic!("no vendor") };
    let coverage = BasisPoints::new(7_000).expect("a rate");
    let reason = "near and in season".to_owned();
    node.done(4, &Command::ApproveVendor { vendor, coverage, reason }).await;
    vendor
}

async fn issue_card(node: &Node) -> String {
    let household = Household { adults: 1, teens: 0, children: 0 };
    let add = Command::AddMember { name: "Camille".to_owned(), household };
    let Answer::MemberAdded(member) = node.done(5, &add).await else { panic!("no member") };
    let code = CODE.parse().expect("four digits");
    let Answer::CardIssued(card) = node.done(6, &Command::IssueCard { member, code }).await else {
        panic!("no card");
    };
    node.done(
        7,
        &Command::Allocate {
            month: "2026-11".parse().expect("a month"),
            force: Some(Force::because("test")),
        },
    )
    .await;
    card.number
}

/// Makes the request of a till that sells for so many cents to a visitor.
async fn visit(host: &Node, vendor: VendorId, card: &str, payment: PaymentId, cents: u32) -> Value {
    let card: CardText = card.parse().expect("the printed number");
    let (_, answer) = host.till("/v1/card-home", &json!({ "card": card })).await;
    let Ok(Answer::CardHome(CardHome { seal_to: Some(key), .. })) = serde_json::from_value(answer)
    else {
        panic!("no key to seal the code to");
    };
    let amount = Cents::from_u32(cents);
    let request = Purchase::from(amount).request(payment, card.card(), vendor);
    let sealed = key.seal(CODE.as_bytes(), &payment, &request, [7; 32]).expect("it seals");
    json!({ "id": payment, "card": card, "amount": amount.to_string(), "code": { "sealed": sealed } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_pays_in_another_territory_and_the_home_caisse_books_it_once() {
    let (host, home) = (Node::start().await, Node::start().await);
    let (vendor, card) = befriend(&host, &home).await;
    let payment = PaymentId::new([9; 16]);
    let sale = visit(&host, vendor, &card, payment, 1_000).await;
    let (status, receipt) = host.till("/v1/payments", &sale).await;
    assert_eq!(status, StatusCode::OK, "{receipt}");
    assert_eq!(receipt["receipt"]["covered"], json!(700));
    assert_eq!(host.till("/v1/payments", &sale).await, (status, receipt));

    let begun = Instant::now();
    loop {
        let Answer::Members(members) = home.ask(&Query::Members).await else {
            panic!("no members")
        };
        let Answer::Payment(info) = home.ask(&Query::Payment(payment)).await else {
            panic!("lost")
        };
        assert_eq!(members[0].balance, Cents::from_u32(9_300), "held or paid, it is gone once");
        if info.status == PaymentStatus::Obliged {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the hold does not end: {info:?}");
        tokio::time::sleep(AGAIN).await;
    }
    for node in [host, home] {
        node.stop().await.0.expect("a clean end");
    }
}

/// The home caisse gives the host a lot of 20 euros out of the contributions that it holds.
async fn give_a_lot(host: &Node, home: &Node) {
    let Answer::Members(members) = home.ask(&Query::Members).await else { panic!("no members") };
    let contribution = Command::AddContribution {
        member: members[0].id,
        month: "2026-11".parse().expect("a month"),
        amount: Cents::from_u32(2_000),
        into: Purse::Bank,
    };
    home.done(20, &contribution).await;
    let [amount, per_card, per_sale] = [2_000, 1_500, 1_000].map(Cents::from_u32);
    home.done(21, &Command::Offline(OfflineCommand::SetReserve { amount })).await;
    let policy = Some(LotTerms { amount, per_card, per_sale, days: 20 });
    let with = host.contact().await.id;
    home.done(22, &Command::Offline(OfflineCommand::SetPolicy { with, policy })).await;
    until(host, "a lot is held", &Query::Offline(OfflineQuery::Lots), |answer| {
        matches!(answer, Answer::Offline(OfflineAnswer::Lots(lots)) if lots.held.len() == 1)
    })
    .await;
}

/// Asks again until the answer is as wished.
async fn until(node: &Node, what: &str, question: &Query, wished: impl Fn(&Answer) -> bool) {
    let begun = Instant::now();
    loop {
        let answer = node.ask(question).await;
        if wished(&answer) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "not yet: {what}: {answer:?}");
        tokio::time::sleep(AGAIN).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_sells_to_a_scanned_card_by_a_lot_while_its_caisse_is_down_and_shows_it() {
    let (host, home) = (Node::start().await, Node::start().await);
    let (vendor, number) = befriend(&host, &home).await;
    give_a_lot(&host, &home).await;
    let card = number.parse::<CardText>().expect("the printed number").card();
    let Answer::Card(info) = home.ask(&Query::Card(card)).await else { panic!("no card") };
    let (ended, dir) = home.stop().await;
    ended.expect("a clean end");
    until(
        &host,
        "the home caisse is missed",
        &Query::Status,
        |answer| matches!(answer, Answer::Status(status) if status.connected == 0),
    )
    .await;

    let (_, answer) = host.till("/v1/card-home", &json!({ "card": info.qr })).await;
    assert_eq!(answer["card_home"]["degraded"]["left"], json!(2_000), "the till knows before");
    let payment = PaymentId::new([9; 16]);
    let typed = visit(&host, vendor, &number, payment, 1_000).await;
    let (status, refused) = host.till("/v1/payments", &typed).await;
    assert_eq!(status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(refused["refused"]["kind"], "typed", "{refused}");
    let scanned = visit(&host, vendor, &info.qr, payment, 1_000).await;
    let (status, receipt) = host.till("/v1/payments", &scanned).await;
    assert_eq!(status, StatusCode::OK, "{receipt}");
    assert_eq!(
        (&receipt["receipt"]["offline"], &receipt["receipt"]["covered"]),
        (&json!(true), &json!(700))
    );

    let home = Node::run(dir).await;
    until(&host, "accepted", &Query::Payment(payment), |answer| {
        matches!(answer, Answer::Payment(info) if info.status == PaymentStatus::ByLotAccepted)
    })
    .await;
    let (_, answer) = host.till("/v1/card-home", &json!({ "card": info.qr })).await;
    assert_eq!(answer["card_home"]["degraded"], Value::Null, "it ended at the first contact");
    assert_eq!(host.till("/v1/payments", &scanned).await, (status, receipt));
    for node in [host, home] {
        node.stop().await.0.expect("a clean end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operators_socket_is_for_its_owner_only_and_a_stale_one_is_replaced() {
    let node = Node::start().await;
    let socket = node.socket();
    let mode = std::fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (ended, dir) = node.stop().await;
    ended.expect("a clean end");
    // A process that was killed leaves its socket; the next start takes its place.
    let _ = std::fs::remove_file(&socket);
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a stale socket"));
    let node = Node::run(dir).await;
    node.ask(&Query::Status).await;
    node.stop().await.0.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_node_on_the_same_directory_is_refused_and_the_first_goes_on() {
    let node = Node::start().await;
    let (_stop, stopped) = watch::channel(false);
    let second = run_until(node.dir.path(), stopped).await;
    assert!(matches!(second, Err(RunError::Store(StoreError::InUse { .. }))), "{second:?}");
    node.ask(&Query::Status).await;
    node.stop().await.0.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_command_is_refused_at_the_operators_door_by_naming_the_field() {
    let node = Node::start().await;
    for (body, named) in [
        (json!({ "command": "expire" }), "request"),
        (json!({ "request": "12", "command": "expire" }), "request"),
        (json!({ "request": "00".repeat(16), "command": "make_money" }), "make_money"),
    ] {
        let socket = UnixStream::connect(node.socket()).await.expect("the door is open");
        let (status, answer) = exchange(socket, post("/v1/command", &body, None)).await;
        assert!(status.is_client_error(), "{status}");
        assert!(answer.to_string().contains(named), "{named} is not named in {answer}");
    }
    node.stop().await.0.expect("a clean end");
}
