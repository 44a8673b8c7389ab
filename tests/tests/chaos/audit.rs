//! After healing: every till's word against the books of both sides, and both sides against each other.

use std::collections::BTreeMap;

use crdt::{PaymentId, SignedCents};
use ledger::account::Account;
use ledger::answer::{LotsInfo, OfflineAnswer, PaymentInfo, PaymentStatus, StatementInfo};
use ledger::command::OfflineQuery;
use ledger::{Answer, Query};
use tests::operator::Operator;
use tests::trouble::Trouble;

use crate::operators::GivenBack;
use crate::schedule::CAISSES;
use crate::tills::{Word, ask_again};
use crate::town::{CREDIT, Town};

/// Sales that are asked for once more: their tills must hear the same, byte by byte.
const ASKED_AGAIN: usize = 300;

/// What cannot be: a sentence for each, at most so many are shown.
pub const SHOWN: usize = 20;

/// Everything that was said to people, and what is wrong with it.
pub struct Audit<'a> {
    town: &'a Town,
    operators: Vec<Operator>,
    words: &'a [Word],
    refunded: BTreeMap<PaymentId, u64>,
    wrong: Vec<String>,
}

impl<'a> Audit<'a> {
    pub fn of(town: &'a Town, words: &'a [Word], given: &[GivenBack]) -> Self {
        let mut refunded = BTreeMap::new();
        for GivenBack { payment, amount } in given {
            *refunded.entry(*payment).or_default() += amount;
        }
        Self { town, operators: town.operators(), words, refunded, wrong: Vec::new() }
    }

    /// Compares everything; returns what is wrong, one sentence each.
    pub async fn compare(mut self) -> Result<Vec<String>, Trouble> {
        for word in self.words {
            self.word(word).await?;
        }
        for (place, word) in self.words.iter().filter(|word| is_paid(word)).enumerate() {
            let told =
                if place < ASKED_AGAIN { Some(ask_again(self.town, word).await?) } else { None };
            self.must(told.is_none_or(|told| told == word.told), || {
                format!("asked again, a till hears another word about {}", word.sale.id)
            });
        }
        for one in 0..CAISSES {
            self.members(one).await?;
            for other in one + 1..CAISSES {
                self.statements(one, other).await?;
            }
        }
        self.lots().await?;
        self.health().await?;
        Ok(self.wrong)
    }

    fn must(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }

    /// A till was told PAID exactly when both books say so, for the same money.
    async fn word(&mut self, word: &Word) -> Result<(), Trouble> {
        let id = word.sale.id;
        let host = self.operators[word.host].payment(id).await?;
        let home = match word.is_across() {
            true => self.operators[word.home].payment(id).await?,
            false => None,
        };
        let what = || {
            let (receipt, refused) = (word.told.receipt(), word.told.refused());
            format!("{id}: told {receipt:?} {refused:?}, host {host:?}, home {home:?}")
        };
        let Some(signed) = word.told.receipt() else {
            let moved = host.iter().chain(&home).any(|info| !is_nothing(info.status));
            self.must(!moved, || format!("refused, and money moved or is held: {}", what()));
            return Ok(());
        };
        let expected = match (word.is_across(), signed.receipt.offline) {
            (false, _) => PaymentStatus::Paid,
            (true, false) => PaymentStatus::Captured,
            (true, true) => PaymentStatus::ByLotAccepted,
        };
        let refunded = self.refunded.get(&id).copied().unwrap_or(0);
        let covered = word.covered();
        let agrees = |info: &Option<PaymentInfo>, status| {
            info.as_ref().is_some_and(|info| {
                let found = (info.status, info.covered.get(), info.refunded.get());
                found == (status, covered, refunded)
            })
        };
        let both =
            agrees(&host, expected) && (!word.is_across() || agrees(&home, PaymentStatus::Obliged));
        self.must(both && signed.receipt.covered.get() == covered, || {
            format!("paid, and the books say otherwise ({refunded} given back): {}", what())
        });
        Ok(())
    }

    /// Members paid what tills were told, got back what operators were told, and vendors got as much.
    async fn members(&mut self, caisse: usize) -> Result<(), Trouble> {
        let accounts: BTreeMap<_, _> =
            self.operators[caisse].accounts().await?.into_iter().collect();
        let moved = |account| {
            let counters: ledger::account::Counters =
                accounts.get(&account).copied().unwrap_or_default();
            (counters.debits.get(), counters.credits.get())
        };
        let sums = |is: &dyn Fn(&Word) -> bool| {
            let paid = self.words.iter().filter(|word| is_paid(word) && is(word));
            paid.fold((0, 0), |(sold, back), word| {
                let refunded = self.refunded.get(&word.sale.id).copied().unwrap_or(0);
                (sold + word.covered(), back + refunded)
            })
        };
        let mut wrong = Vec::new();
        for (number, shopper) in self.town.shoppers[caisse].iter().enumerate() {
            let (sold, back) = sums(&|word| (word.home, word.member) == (caisse, number));
            let expected = (sold, u64::from(CREDIT) * 100 + back);
            let found = moved(Account::Member(shopper.member));
            if found != expected {
                wrong.push(format!("member {number} of {caisse}: {found:?}, not {expected:?}"));
            }
        }
        for (number, stall) in self.town.stalls[caisse].iter().enumerate() {
            let (sold, back) = sums(&|word| (word.host, word.stall) == (caisse, number));
            let found = moved(Account::Vendor(stall.vendor));
            if found != (back, sold) {
                wrong
                    .push(format!("stall {number} of {caisse}: {found:?}, not {:?}", (back, sold)));
            }
        }
        self.wrong.extend(wrong);
        Ok(())
    }

    /// Both sides of a pair find the same statement, and it tells exactly the sales that tills tell.
    async fn statements(&mut self, one: usize, other: usize) -> Result<(), Trouble> {
        let ids = &self.town.ids;
        let ours = statement(&self.operators[one], ids[other]).await?;
        let theirs = statement(&self.operators[other], ids[one]).await?;
        let pair = format!("caisses {one} and {other}");
        self.must(ours.now == theirs.now && ours.lines == theirs.lines, || {
            format!("{pair}: the statements differ: {:?} {:?}", ours.now, theirs.now)
        });
        self.must(ours.owed_to_us == theirs.owed_to_us.negated(), || format!("{pair}: who owes"));
        let anomalies = ours.anomalies.len() + theirs.anomalies.len();
        let quiet = anomalies == 0 && !ours.differs && !theirs.differs;
        self.must(quiet, || {
            format!("{pair}: anomalies: {:?} {:?}", ours.anomalies, theirs.anomalies)
        });

        let of_pair = |word: &&Word| {
            is_paid(word) && [(one, other), (other, one)].contains(&(word.host, word.home))
        };
        let mut told = BTreeMap::new();
        let mut owed = 0;
        for word in self.words.iter().filter(of_pair) {
            let refunded = self.refunded.get(&word.sale.id).copied().unwrap_or(0);
            told.insert(word.sale.id, (word.covered(), refunded));
            let amount = i64::try_from(word.covered() - refunded).unwrap_or(i64::MAX);
            owed += if word.host == one { amount } else { -amount };
        }
        let lines = ours.lines.iter().filter(|(_, line)| !line.obliged.is_zero());
        let lines: BTreeMap<_, _> =
            lines.map(|(id, line)| (*id, (line.obliged.get(), line.refunded.get()))).collect();
        let differ = told.iter().filter(|(id, word)| lines.get(id) != Some(word)).count();
        self.must(lines == told, || {
            format!("{pair}: {} lines, {} words, {differ} differ", lines.len(), told.len())
        });
        self.must(ours.owed_to_us == SignedCents::new(owed), || {
            format!("{pair}: {} owed by the statement, {owed} by the tills", ours.owed_to_us.get())
        });
        Ok(())
    }

    /// What hosts sold by lots is what tills were told meanwhile, and what home caisses accepted.
    async fn lots(&mut self) -> Result<(), Trouble> {
        let mut of_all = Vec::new();
        for operator in &self.operators {
            of_all.push(lots(operator).await?);
        }
        for host in 0..CAISSES {
            for home in (0..CAISSES).filter(|home| *home != host) {
                let ids = &self.town.ids;
                let held = of_all[host].held.iter().filter(|lot| lot.with == ids[home]);
                let spent: u64 = held.map(|lot| lot.state.spent.get()).sum();
                let given = of_all[home].given.iter().filter(|lot| lot.with == ids[host]);
                let claimed: u64 = given.map(|lot| lot.state.claimed.get()).sum();
                let by_lot = self.words.iter().filter(|word| {
                    let pair = (word.host, word.home) == (host, home);
                    pair && word.told.receipt().is_some_and(|signed| signed.receipt.offline)
                });
                let told: u64 = by_lot.map(Word::covered).sum();
                self.must((spent, claimed) == (told, told), || {
                    format!(
                        "lots of {home} at {host}: {spent} spent, {claimed} claimed, {told} told"
                    )
                });
            }
        }
        Ok(())
    }

    /// Nobody forked, nothing is held, every node verifies, and none had an error to log.
    async fn health(&mut self) -> Result<(), Trouble> {
        for (number, operator) in self.operators.clone().iter().enumerate() {
            let status = operator.status().await?;
            self.must(status.forked.is_empty(), || {
                format!("caisse {number} saw forks: {status:?}")
            });
            self.must(status.held.is_zero(), || format!("caisse {number} holds {}", status.held));
            let report = operator.verify().await?;
            let clean = report.is_clean();
            self.must(clean, || format!("caisse {number}: verify: {:?}", report.differences));
            let errors = self.town.nodes[number].errors();
            self.must(errors.is_empty(), || format!("caisse {number} logged {errors:?}"));
        }
        Ok(())
    }
}

fn is_paid(word: &Word) -> bool {
    word.told.receipt().is_some()
}

/// Whether a payment in this state moved nothing and holds nothing.
const fn is_nothing(status: PaymentStatus) -> bool {
    use PaymentStatus::{Denied, Refused, Tombstone, Voided};
    matches!(status, Denied | Refused | Tombstone | Voided)
}

pub async fn statement(
    operator: &Operator,
    with: crdt::CaisseId,
) -> Result<StatementInfo, Trouble> {
    match operator.ask(&Query::Statement { with }).await? {
        Answer::Statement(info) => Ok(*info),
        other => Err(Trouble::answer("statement", other)),
    }
}

async fn lots(operator: &Operator) -> Result<LotsInfo, Trouble> {
    match operator.ask(&Query::Offline(OfflineQuery::Lots)).await? {
        Answer::Offline(OfflineAnswer::Lots(info)) => Ok(*info),
        other => Err(Trouble::answer("lots", other)),
    }
}
