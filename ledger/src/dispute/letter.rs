//! What the member is told of a dispute, in French.

use crdt::DisputeId;

use super::{Dispute, DisputeState, Redress, Said, known, note_key, refused};
use crate::answer::{Answer, DisputesAnswer};
use crate::french::{day, euros, greeting};

use crate::note;
use crate::refused::AnswerRefused;
use crate::state::State;
use crate::turn::{Outcome, Turn};

/// Writes the letter to the member about a dispute as it stands.
pub(crate) fn letter(state: &State, turn: &Turn<'_>, id: DisputeId) -> Outcome {
    let dispute = known(turn, id).ok_or_else(|| refused(AnswerRefused::UnknownDispute))?;
    let said = |said| note::about(turn, dispute.member, &note_key(id, said));
    let name = &state.settings.contact.name;
    let mut text = format!(
        "{name}\nLe {}\n\n{}\n\nVotre réclamation du {} (n° {}) porte sur {} du paiement n° {}.\n",
        day(turn.today()),
        greeting(turn, dispute.member),
        day(dispute.opened),
        short(&id.to_string()),
        euros(dispute.amount),
        short(&dispute.payment.to_string()),
    );
    if let Some(reason) = said(Said::ByMember) {
        text.push_str(&format!("Vous nous avez dit : « {reason} »\n"));
    }
    text.push('\n');
    text.push_str(&answer(&dispute));
    if let Some(answer) = said(Said::ByCaisse) {
        text.push_str(&format!("Notre explication : « {answer} »\n"));
    }
    text.push_str(&format!("\nPour toute question, venez nous voir ou écrivez-nous.\n\n{name}\n"));
    Ok(Answer::Disputes(DisputesAnswer::Letters(vec![text])))
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn answer(dispute: &Dispute) -> String {
    match dispute.state {
        DisputeState::Open => {
            let mut text = format!(
                "Nous l'avons bien reçue et nous vous répondrons au plus tard le {}.\n",
                day(dispute.answer_by())
            );
            if dispute.vendor.is_some() {
                text.push_str(&format!(
                    "Jusqu'au {}, ce montant n'est pas versé au point de vente. Votre solde ne change pas \
                     d'ici à notre réponse.\n",
                    day(dispute.frozen_until().plus_days(-1))
                ));
            } else {
                text.push_str(
                    "Le point de vente dépend d'une autre caisse, avec laquelle nous l'examinons. Votre \
                     solde ne change pas d'ici à notre réponse.\n",
                );
            }
            text
        }
        DisputeState::Accepted { on, amount, by } => {
            let how = match by {
                Redress::Refund => "par un remboursement du point de vente",
                Redress::OwnLoss => "à la charge de la caisse",
                Redress::Host => "par un remboursement de l'autre caisse",
            };
            format!(
                "Nous l'avons acceptée le {} : {} vous sont rendus sur votre carte, {how}.\n",
                day(on),
                euros(amount)
            )
        }
        DisputeState::Rejected { on } => format!(
            "Après examen, nous n'avons pas pu l'accepter (décision du {}). Votre solde ne change pas.\n\
             Si vous n'êtes pas d'accord, parlons-en.\n",
            day(on)
        ),
        DisputeState::Withdrawn { on } => {
            format!("Vous l'avez retirée le {}. Rien d'autre n'est à faire.\n", day(on))
        }
    }
}
