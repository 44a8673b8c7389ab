//! A scenario, played.

use crdt::lot::LotTerms;
use ledger::account::Account;
use ledger::{Command, Outcome};

use super::names::Cast;
use super::{Euros, NotPlayed, Scenario, Standing, Step};
use crate::chance::Chance;
use crate::plan::Plan;
use crate::story::Survived;
use crate::tills::Word;
use crate::trace::Telling;
use crate::words::shown;
use crate::world::{Asker, Event, Landed, World};

/// Milliseconds between dying and starting again.
const DOWN_MS: i64 = 5_000;

/// Plays a scenario from its text. The lines of its story come back in any case.
pub fn play(text: &str) -> (Result<Survived, NotPlayed>, Vec<String>) {
    let scenario = match Scenario::read(text) {
        Ok(scenario) => scenario,
        Err(why) => return (Err(why), Vec::new()),
    };
    let mut world = World::of_plan(plan(&scenario), Chance::new(1), Telling::Story);
    world.called.houses = scenario.caisses.clone();
    let mut lines: Vec<String> = scenario.story.trim().lines().map(str::to_owned).collect();
    let played = plays(&mut world, &scenario);
    lines.push(String::new());
    lines.extend_from_slice(world.trace.lines());
    (played.map(|()| world.summary()), lines)
}

fn plan(scenario: &Scenario) -> Plan {
    let count = u8::try_from(scenario.caisses.len()).unwrap_or(u8::MAX);
    let mut plan = Plan::calm(count, scenario.members);
    let terms = &mut plan.terms;
    let agreed = &scenario.agreement;
    let or = |agreed: Option<Euros>, usual| agreed.map_or(usual, |agreed| agreed.0);
    terms.per_payment = or(agreed.per_payment, terms.per_payment);
    terms.per_month = or(agreed.per_month, terms.per_month);
    terms.ceiling = or(agreed.ceiling, terms.ceiling);
    terms.floor = or(agreed.floor, terms.floor);
    plan.lots = scenario.lots.as_ref().map(|lots| LotTerms {
        amount: lots.amount.0,
        per_card: lots.per_card.0,
        per_sale: lots.per_sale.0,
        days: lots.days,
    });
    plan
}

fn plays(world: &mut World, scenario: &Scenario) -> Result<(), NotPlayed> {
    world.is_founded()?;
    let now = world.now;
    world.trace.begins(now);
    let mut cast = Cast::of(scenario);
    for (number, step) in (1..).zip(&scenario.steps) {
        let done = does(world, &mut cast, step).map_err(|failed| failed.at(number))?;
        if let Some((expected, found)) = done {
            return Err(NotPlayed::Unexpected { step: number, expected, found });
        }
    }
    world.ends_well()?;
    let now = world.now;
    let whose = if world.hostile.is_some() { "of the honest is" } else { "is" };
    world.trace.tells(now, || {
        format!("All is settled. Every till's word {whose} in the books, on both sides.")
    });
    Ok(())
}

/// Why a step was not done.
enum Failed {
    Impossible(String),
    Broken(crate::broken::Broken),
}

impl Failed {
    fn at(self, step: usize) -> NotPlayed {
        match self {
            Self::Impossible(why) => NotPlayed::Impossible { step, why },
            Self::Broken(broken) => NotPlayed::Broken(broken),
        }
    }
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self::Impossible(why)
    }
}

impl From<crate::broken::Broken> for Failed {
    fn from(broken: crate::broken::Broken) -> Self {
        Self::Broken(broken)
    }
}

/// What was expected, and what is so instead.
type Surprise = Option<(String, String)>;

fn does(world: &mut World, cast: &mut Cast, step: &Step) -> Result<Surprise, Failed> {
    match step {
        Step::Wait { seconds, hours } => {
            let ms = i64::from(*seconds) * 1_000 + i64::from(*hours) * 3_600_000;
            world.night = *hours > 0;
            world.rests(ms)?;
            world.night = false;
        }
        Step::Sell { sale, host, member, price: Euros(price), code } => {
            let (host, shopper) = (cast.caisse(host)?, cast.member(world, member)?);
            let stall = world.tills.stalls.iter().find(|stall| stall.host == host).copied();
            let stall = stall.ok_or_else(|| "the caisse has no vendor".to_owned())?;
            let code = code.as_deref().unwrap_or(World::right_code());
            let number = world.sells(shopper, stall, *price, code);
            cast.sales.insert(sale.clone(), number);
            world.called.sales.insert(number, sale.clone());
            let name = world.called.house(host);
            say(world, format!("At a stall of {name}, {member} buys {sale:?} for {price}."));
        }
        Step::AskAgain { sale } => {
            let number = cast.sale(sale)?;
            say(world, format!("The till asks again for {sale:?}."));
            world.later(0, Event::Till(number));
        }
        Step::Refund { sale, amount } => {
            let number = cast.sale(sale)?;
            let what = amount.map_or("what is left".to_owned(), |amount| amount.0.to_string());
            say(world, format!("The vendor gives {what} of {sale:?} back."));
            world.gives_back(number, amount.map(|amount| amount.0));
        }
        Step::Settle => {
            say(world, "All state what they owe each other, sign a run, and pay.".to_owned());
            world.settles_once(0)?;
        }
        Step::Heal => world.heals()?,
        Step::BlockCard { member } => blocks(world, cast, member)?,
        Step::ExpectSale { .. } | Step::ExpectCredit { .. } | Step::ExpectOwed { .. } => {
            return is_so(world, cast, step);
        }
        _ => breaks(world, cast, step)?,
    }
    Ok(None)
}

fn say(world: &mut World, words: String) {
    let at = world.now;
    world.trace.tells(at, || words);
}

fn blocks(world: &mut World, cast: &Cast, member: &str) -> Result<(), Failed> {
    let shopper = &world.tills.shoppers[cast.member(world, member)?];
    let (home, card) = (shopper.home, shopper.card.card);
    say(world, format!("The card of {member} is blocked."));
    Ok(world.ask(home, Asker::Office, Command::BlockCard { card })?)
}

/// Lets something go wrong, or go right again.
fn breaks(world: &mut World, cast: &Cast, step: &Step) -> Result<(), Failed> {
    match step {
        Step::Cut { between: [one, other] } => {
            let (one, other) = (cast.caisse(one)?, cast.caisse(other)?);
            world.cuts(one, other, i64::MAX / 2);
        }
        Step::Join { between: [one, other] } => {
            say(world, format!("{one} and {other} find each other again."));
            let (one, other) = (cast.caisse(one)?, cast.caisse(other)?);
            world.dials(one, other)?;
        }
        Step::Mute { from, to } => {
            say(world, format!("What {from} says to {to} vanishes from now on."));
            world.post.mute(cast.caisse(from)?, cast.caisse(to)?, true);
        }
        Step::Unmute { from, to } => {
            say(world, format!("{to} hears {from} again."));
            world.post.mute(cast.caisse(from)?, cast.caisse(to)?, false);
        }
        Step::Kill { caisse } => {
            let house = cast.caisse(caisse)?;
            world.dies(house, Landed::ByChance(Chance::new(1)));
            world.later(DOWN_MS, Event::Starts(house));
        }
        Step::SlowDisk { caisse, seconds } => {
            say(world, format!("The disk of {caisse} is slow for {seconds} seconds."));
            let until = world.now + i64::from(*seconds) * 1_000;
            world.houses[cast.caisse(caisse)?].slow_until = until;
        }
        Step::SetClock { caisse, wrong_by_hours } => {
            let house = cast.caisse(caisse)?;
            world.dies(house, Landed::Nothing);
            say(world, format!("The clock of {caisse} is set {wrong_by_hours} hours wrong."));
            world.houses[house].set_clock(i64::from(*wrong_by_hours) * 3_600_000);
        }
        Step::Backup { caisse } => {
            say(world, format!("A copy of the disk of {caisse} is made."));
            let house = &mut world.houses[cast.caisse(caisse)?];
            house.backups.push(house.disk.clone());
        }
        Step::Restore { caisse } => {
            let house = cast.caisse(caisse)?;
            let last = world.houses[house].backups.len().checked_sub(1);
            let last = last.ok_or_else(|| "there is no copy".to_owned())?;
            world.gets_backup(house, last)?;
        }
        Step::TakeOver { caisse } => {
            let house = cast.caisse(caisse)?;
            world.chaos = true;
            world.witness.hostile = Some(world.houses[house].id);
            world.is_taken_over(house);
        }
        _ => {}
    }
    Ok(())
}

/// Whether something is as a step expects it.
fn is_so(world: &World, cast: &Cast, step: &Step) -> Result<Surprise, Failed> {
    let surprise = |expected: String, found: String, right: bool| {
        if right { None } else { Some((expected, found)) }
    };
    match step {
        Step::ExpectSale { sale, is, shows } => {
            let word = world.tills.sales[cast.sale(sale)?].word.as_ref();
            let found = standing(word);
            let text = word.map_or(String::new(), |word| shown(&outcome(word)));
            let right = found == *is && shows.as_ref().is_none_or(|part| text.contains(part));
            let expected =
                format!("the sale {sale:?} to be {is:?} {}", shows.clone().unwrap_or_default());
            Ok(surprise(expected, format!("{found:?}: {text}"), right))
        }
        Step::ExpectCredit { member, is: Euros(is) } => {
            let shopper = &world.tills.shoppers[cast.member(world, member)?];
            let machine = world.houses[shopper.home].machine();
            let found = machine.map(|machine| machine.books().available(shopper.member));
            let expected = format!("{member} to hold {is}");
            let text = found.map_or("unknown: the machine is down".to_owned(), |f| f.to_string());
            Ok(surprise(expected, text, found == Some(*is)))
        }
        Step::ExpectOwed { by, to, is: Euros(is) } => {
            let (debtor, creditor) = (cast.caisse(by)?, world.houses[cast.caisse(to)?].id);
            let machine = world.houses[debtor].machine();
            let account = Account::Partner(creditor);
            let found = machine.map(|machine| machine.books().counters(account).balance());
            let expected = format!("{by} to owe {to} {is}");
            let text = found.map_or("unknown: the machine is down".to_owned(), |f| f.to_string());
            Ok(surprise(expected, text, found == Some(is.signed())))
        }
        _ => Ok(None),
    }
}

fn outcome(word: &Word) -> Outcome {
    match word {
        Word::Paid(receipt) => Ok(ledger::Answer::Paid(receipt.clone())),
        Word::Refused(refused) => Err(refused.clone().into()),
    }
}

fn standing(word: Option<&Word>) -> Standing {
    match word {
        None => Standing::Waiting,
        Some(Word::Refused(_)) => Standing::Refused,
        Some(Word::Paid(receipt)) => match (receipt.offline, receipt.at_hosts_risk) {
            (true, true) => Standing::PaidAtRisk,
            (true, false) => Standing::PaidByLot,
            (false, _) => Standing::Paid,
        },
    }
}
