//! A vendor's statement.

use ledger::answer::{StatementWhat, TreasuryAnswer, VendorStatement};
use ledger::command::TreasuryQuery;
use ledger::{Answer, Query};
use node::exchange::vendor_csv::{self, ByteOrderMark};
use node::exchange::vendor_pdf;
use node::treasury::statement_rows;

use super::ask;
use crate::args::treasury::{StatementFormat, VendorStatement as Asked};
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Done, short, table};
use crate::resolve::{self, unexpected};

/// Shows what a vendor earned and was paid in a month.
pub(in crate::commands) async fn vendor_statement(
    context: &Context,
    asked: Asked,
) -> Result<Done, Failure> {
    let vendor = resolve::vendor(context, &asked.vendor).await?;
    let question = TreasuryQuery::VendorStatement { vendor, month: asked.month };
    let answer = ask(context, question).await?;
    let TreasuryAnswer::VendorStatement(statement) = &answer else { return Err(unexpected()) };
    let bytes = match asked.format {
        StatementFormat::Text => text(statement).into_bytes(),
        StatementFormat::Csv => {
            let mark = if asked.bom { ByteOrderMark::With } else { ByteOrderMark::Without };
            vendor_csv::write(&statement_rows(statement), mark)
        }
        StatementFormat::Pdf => pdf(context, statement).await?,
    };
    let Some(path) = &asked.out else {
        let text = String::from_utf8(bytes).map_err(|why| Failure::Failed(why.to_string()))?;
        return Done::new(&answer, text);
    };
    std::fs::write(path, bytes)
        .map_err(|why| Failure::Failed(format!("{}: {why}", path.display())))?;
    Done::new(&answer, format!("the statement of {} is in {}", statement.name, path.display()))
}

async fn pdf(context: &Context, statement: &VendorStatement) -> Result<Vec<u8>, Failure> {
    let Answer::Contact(caisse) = context.query(&Query::Contact).await? else {
        return Err(unexpected());
    };
    let (vendor, until) = (statement.name.clone(), statement.month.last_day());
    let head = vendor_pdf::Head { caisse: caisse.name, vendor, until };
    let written = vendor_pdf::write(&head, &statement_rows(statement));
    written.map_err(|why| Failure::Failed(why.to_string()))
}

fn text(statement: &VendorStatement) -> String {
    let mut rows = table(&["date", ">entry", "what", ">price", ">amount"]);
    for row in &statement.rows {
        let (what, price) = match &row.what {
            StatementWhat::Sale { payment, price } => {
                let price = price.map_or_else(String::new, |price| price.to_string());
                (format!("sale {}", short(payment)), price)
            }
            StatementWhat::Refund { refund } => {
                (format!("refund {}", short(refund)), String::new())
            }
            StatementWhat::Payout(batch) => (format!("paid in {}", short(batch)), String::new()),
            StatementWhat::Returned(batch) => {
                (format!("came back from {}", short(batch)), String::new())
            }
            StatementWhat::Transfer => ("transfer".to_owned(), String::new()),
            StatementWhat::Correction => ("correction".to_owned(), String::new()),
        };
        let (date, entry) = (row.date.to_string(), row.entry.to_string());
        rows.add_row([date, entry, what, price, row.amount.to_string()]);
    }
    let VendorStatement { name, month, opening, closing, .. } = statement;
    format!("{name}, {month}\nowed before: {opening}\n{rows}\nowed at the end: {closing}\n")
}
