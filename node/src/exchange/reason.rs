//! Why a bank rejected or returned a payment.

use serde::{Deserialize, Serialize};

/// Makes the enum of reason codes with what they mean.
macro_rules! reasons {
    ($($variant:ident $code:literal $french:literal $english:literal;)*) => {
        /// Why a payment was rejected or returned: a code of four characters of the external code
        /// lists of ISO 20022 (`ExternalReturnReason1Code`, `ExternalStatusReason1Code`), as the EPC's
        /// guidance on reason codes (EPC173-14) uses them.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum Reason {
            $(#[doc = concat!("`", $code, "`: ", $english, ".")] $variant,)*
            /// A code that is not known here: the lists are open, and grow twice a year.
            Other(String),
        }

        impl Reason {
            /// Every reason that is known here.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the code.
            #[must_use]
            pub fn code(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }

            /// Explains it in French.
            #[must_use]
            pub const fn french(&self) -> &'static str {
                match self {
                    $(Self::$variant => $french,)*
                    Self::Other(_) => "motif inconnu de ce logiciel : demandez à la banque",
                }
            }

            /// Explains it in English.
            #[must_use]
            pub const fn english(&self) -> &'static str {
                match self {
                    $(Self::$variant => $english,)*
                    Self::Other(_) => "not known to this software: ask the bank",
                }
            }
        }

        impl From<&str> for Reason {
            fn from(code: &str) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

reasons! {
    IncorrectAccount "AC01" "numéro de compte incorrect" "the account number is wrong";
    DebtorAccountWrong "AC02" "numéro de compte du débiteur incorrect" "the debtor's account number is wrong";
    CreditorAccountWrong "AC03" "numéro de compte du créancier incorrect" "the creditor's account number is wrong";
    ClosedAccount "AC04" "compte clôturé" "the account is closed";
    BlockedAccount "AC06" "compte bloqué" "the account is blocked";
    ConsumerNeeded "AC13" "le compte débité n'est pas celui d'un consommateur" "the debtor's account is not a consumer's";
    ForbiddenOnAccount "AG01" "opération interdite sur ce type de compte" "this kind of account takes no such payment";
    WrongOperation "AG02" "code opération ou type de séquence incorrect" "the operation code or the sequence type is wrong";
    NotAllowedAmount "AM02" "montant supérieur à la limite autorisée" "the amount is above the limit";
    InsufficientFunds "AM04" "provision insuffisante" "not enough money in the account";
    Duplicate "AM05" "opération en double" "the payment is there twice";
    WrongAmount "AM09" "montant différent de celui convenu" "the amount is not the agreed one";
    InvalidControlSum "AM10" "total de contrôle incorrect" "the control sum is wrong";
    InconsistentName "BE01" "le nom ne correspond pas au compte" "the name does not fit the account";
    MissingAddress "BE04" "adresse du créancier absente ou incorrecte" "the creditor's address is missing or wrong";
    UnknownCreditor "BE05" "identifiant du créancier incorrect" "the creditor identifier is wrong";
    CreditorBankUnreachable "CNOR" "banque du créancier non joignable en SEPA" "the creditor's bank is not in the scheme";
    AtCustomersRequest "CUST" "à la demande du client" "the customer asked for it";
    DebtorBankUnreachable "DNOR" "banque du débiteur non joignable en SEPA" "the debtor's bank is not in the scheme";
    WrongDate "DT01" "date incorrecte" "the date is wrong";
    DuplicateSent "DUPL" "paiement envoyé deux fois" "the payment was sent twice";
    WrongFormat "FF01" "format du fichier incorrect" "the format of the file is wrong";
    WrongLocalInstrument "FF05" "type de prélèvement incorrect" "the kind of direct debit is wrong";
    AfterRecall "FOCR" "retour à la suite d'un rappel" "sent back after a recall";
    Fraud "FRAD" "origine frauduleuse" "a fraud is suspected";
    LegalDecision "LEGL" "décision légale" "a legal decision";
    NoMandate "MD01" "pas de mandat valide, ou débit non autorisé" "no valid mandate, or an unauthorised debit";
    MandateIncomplete "MD02" "données du mandat absentes ou incorrectes" "data of the mandate are missing or wrong";
    RefundRequested "MD06" "contesté par le débiteur : remboursement demandé" "the debtor contests it and asks for a refund";
    DebtorDeceased "MD07" "titulaire du compte décédé" "the holder of the account has died";
    RefusedByDebtor "MS02" "refusé par le débiteur, motif non précisé" "refused by the debtor, without a reason";
    ReasonNotGiven "MS03" "motif non précisé par la banque" "the bank gives no reason";
    NoAnswer "NOAS" "pas de réponse du bénéficiaire" "the beneficiary did not answer";
    WrongBank "RC01" "BIC incorrect" "the BIC is wrong";
    MissingDebtorAccount "RR01" "compte du débiteur absent" "the debtor's account is missing";
    MissingDebtorName "RR02" "nom ou adresse du débiteur absents" "the debtor's name or address is missing";
    MissingCreditorName "RR03" "nom ou adresse du créancier absents" "the creditor's name or address is missing";
    Regulatory "RR04" "raison réglementaire" "a regulatory reason";
    DebtorBankService "SL01" "service particulier de la banque du débiteur" "a service of the debtor's bank";
    NotOnWhiteList "SL11" "créancier absent de la liste blanche du débiteur" "the creditor is not on the debtor's white list";
    OnBlackList "SL12" "créancier sur la liste noire du débiteur" "the creditor is on the debtor's black list";
    TooManyDebits "SL13" "nombre maximal de prélèvements dépassé" "more direct debits than the debtor allows";
    DebitTooLarge "SL14" "montant maximal de prélèvement dépassé" "a larger direct debit than the debtor allows";
    NotServed "SVNR" "service non rendu" "the service was not rendered";
    TechnicalProblem "TECH" "problème technique" "a technical problem";
    TooLate "TM01" "reçu après l'heure limite" "received after the cut-off time";
    NotDue "UPAY" "paiement indu" "the payment was not due";
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.code())
    }
}

impl From<String> for Reason {
    fn from(code: String) -> Self {
        Self::from(code.as_str())
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.code().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_reason_has_its_own_code_and_words_and_reads_back() {
        let mut codes = std::collections::BTreeSet::new();
        for reason in Reason::KNOWN {
            assert_eq!(reason.code().len(), 4, "{reason}");
            assert!(codes.insert(reason.code()), "{reason} is there twice");
            assert!(!reason.french().is_empty() && !reason.english().is_empty());
            assert_eq!(&Reason::from(reason.code()), reason);
        }
        for code in [
            "AC01", "AC04", "AC06", "AG01", "AM04", "MD01", "MD06", "MD07", "MS02", "MS03", "RC01",
            "SL01", "BE05",
        ] {
            assert!(codes.contains(code), "{code}");
        }
        assert_eq!(Reason::from("ZZ99"), Reason::Other("ZZ99".to_owned()));
        assert_eq!(Reason::from("ZZ99").code(), "ZZ99");
    }
}
