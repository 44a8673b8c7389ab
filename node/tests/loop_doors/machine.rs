//! The one task that owns the machine: batches, one commit each, and every answer to its own asker.

use std::time::Duration;

use crate::house::{House, Waiting, open, receipt};
use crdt::RequestId;
use ledger::rules::Household;
use ledger::{Answer, Command, Query};
use tokio::sync::watch;

/// A wait that ends well long before this, or hangs.
const PATIENCE: Duration = Duration::from_secs(20);

fn member(name: &str) -> Command {
    let household = Household { adults: 1, teens: 0, children: 0 };
    Command::AddMember { name: name.to_owned(), household }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_sales_that_wait_together_share_few_commits_and_are_all_there_after_a_restart() {
    let house = House::open().await;
    let before = house.commits();
    let sales: Vec<_> = (0..64).map(|place| house.sale(place, 100)).collect();
    let asked = sales.iter().map(|sale| house.command(Command::Pay(sale.clone())));
    let receipts: Vec<_> =
        futures::future::join_all(asked).await.into_iter().map(receipt).collect();
    let commits = house.commits() - before;
    assert!(commits <= 16, "64 sales took {commits} commits");

    let (ended, dir) = house.stop().await;
    assert_eq!(ended, Ok(()));
    let Waiting { machine, handle, said: _said, .. } = open(dir.path());
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(machine.run(stopped));
    for receipt in receipts {
        let found = handle.query(Query::Payment(receipt.payment)).await.expect("the machine works");
        let Ok(Answer::Payment(info)) = found else { panic!("a sale is lost: {found:?}") };
        assert_eq!((info.amount, info.covered), (Some(receipt.amount), receipt.covered));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sales_of_one_batch_cannot_spend_together_what_the_member_does_not_hold() {
    let house = House::open().await;
    // Each takes 35 of the 100 euros that the member holds.
    let asked = (0..8).map(|place| house.command(Command::Pay(house.sale(place, 5_000))));
    let outcomes = futures::future::join_all(asked).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_command_twice_in_one_batch_is_done_once_and_answered_twice() {
    let house = House::open().await;
    let request = RequestId::new([9; 16]);
    let (first, second) = tokio::join!(
        house.doors.machine.command(request, member("Camille")),
        house.doors.machine.command(request, member("Camille")),
    );
    assert!(matches!(first, Ok(Ok(Answer::MemberAdded(_)))), "{first:?}");
    assert_eq!(first, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_machine_says_so_to_whoever_asks() {
    let house = House::open().await;
    let handle = house.doors.machine.clone();
    let (ended, _dir) = house.stop().await;
    assert_eq!(ended, Ok(()));
    let asked = tokio::time::timeout(PATIENCE, handle.query(Query::Status)).await;
    assert_eq!(asked.expect("it does not hang"), Err(node::machine::Stopped));
}
