//! The waiting list.

use ledger::answer::{PeopleAnswer, WaitingInfo};
use ledger::command::{Applicant, PeopleCommand, PeopleQuery};
use ledger::rules::Household;

use super::Context;
use super::member::household;
use super::people::{ask, look};
use crate::args::waiting::Waiting;
use crate::failure::Failure;
use crate::output::{Done, or_dash, short, table};
use crate::resolve::{self, unexpected};

/// Adds, lists, admits or removes who waits.
pub(super) async fn waiting(context: &Context, command: Waiting) -> Result<Done, Failure> {
    match command {
        Waiting::Add { name, adults, teens, children, phone, email, commune } => {
            let household = Household { adults, teens, children };
            let reference = None;
            let applicant = Applicant { name, household, phone, email, commune, reference };
            let answer = ask(context, PeopleCommand::Wait(Box::new(applicant))).await?;
            let PeopleAnswer::Waits(id) = &answer else { return Err(unexpected()) };
            Done::new(&answer, format!("{id} waits"))
        }
        Waiting::List => {
            let answer = look(context, PeopleQuery::Waiting).await?;
            let PeopleAnswer::Waiting(list) = &answer else { return Err(unexpected()) };
            Done::new(&answer, table_of(list))
        }
        Waiting::Admit { person } => {
            let id = resolve::waiting(context, &person).await?;
            let answer = ask(context, PeopleCommand::Admit(id)).await?;
            Done::new(&answer, format!("member {id}"))
        }
        Waiting::Remove { person } => {
            let id = resolve::waiting(context, &person).await?;
            let answer = ask(context, PeopleCommand::StopWaiting(id)).await?;
            Done::new(&answer, format!("{id} waits no more and is forgotten"))
        }
    }
}

fn table_of(list: &[WaitingInfo]) -> String {
    let mut rows = table(&["id", "name", "adults + teens + children", "since (UTC)"]);
    for WaitingInfo { id, name, household: who, since } in list {
        rows.add_row([short(id), or_dash(name.as_ref()), household(who), since.to_string()]);
    }
    format!("{rows}\n{} wait\n", list.len())
}
