//! The register: who belongs to the federation follows from proposals and approvals alone.

use std::collections::BTreeSet;

use crdt::contact::{Contact, caisse_id, certify};
use crdt::key::SecretKey;
use crdt::register::{BadCharter, Change, Charter, Proposal, ProposalId, Register};
use crdt::seal::SealingSecret;

fn contact(number: u8) -> Contact {
    let identity = SecretKey::from_seed(&[number; 32]);
    let node = SecretKey::from_seed(&[number + 100; 32]).public();
    let sealing = SealingSecret::from_seed(&[number; 32]).public();
    Contact {
        id: caisse_id(&identity.public()),
        name: format!("caisse {number}"),
        territory: Vec::new(),
        identity: identity.public(),
        certificate: certify(&identity, &node, &sealing),
        node,
        sealing,
        addresses: Vec::new(),
    }
}

fn charter(founders: u8) -> Charter {
    let mut founders: Vec<Contact> = (1..=founders).map(contact).collect();
    founders.sort_by_key(|founder| founder.id);
    Charter { name: "test".to_owned(), founders, threshold_percent: 66 }
}

fn founded(founders: u8) -> Register {
    let charter = charter(founders);
    let mut register = Register::new(charter.clone());
    for founder in &charter.founders {
        register.sign(founder.id, &charter);
    }
    register
}

fn propose(register: &mut Register, by: u8, base: &[ProposalId], change: Change) -> ProposalId {
    let proposal = Proposal { base: base.iter().copied().collect(), change };
    register.propose(contact(by).id, &proposal);
    proposal.id()
}

fn members(register: &Register) -> BTreeSet<String> {
    register.members().into_values().map(|contact| contact.name.clone()).collect()
}

fn names(numbers: &[u8]) -> BTreeSet<String> {
    numbers.iter().map(|number| format!("caisse {number}")).collect()
}

#[test]
fn a_federation_has_no_members_before_every_founder_signed_the_same_charter() {
    let charter = charter(3);
    let mut register = Register::new(charter.clone());
    for founder in &charter.founders[..2] {
        register.sign(founder.id, &charter);
    }
    assert!(members(&register).is_empty());
    let other = Charter { name: "another".to_owned(), ..charter.clone() };
    register.sign(charter.founders[2].id, &other);
    assert!(members(&register).is_empty(), "a signature under another charter does not count");
    register.sign(charter.founders[2].id, &charter);
    assert_eq!(members(&register), names(&[1, 2, 3]));
}

#[test]
fn a_newcomer_is_in_once_the_threshold_of_the_electorate_has_approved() {
    let mut register = founded(3);
    let admit = Change::Admit(Box::new(contact(4)));
    let id = propose(&mut register, 1, &[], admit);
    assert_eq!(members(&register), names(&[1, 2, 3]), "one of three is below 66 percent");
    register.approve(contact(4).id, id);
    assert_eq!(members(&register), names(&[1, 2, 3]), "the newcomer has no vote");
    register.approve(contact(2).id, id);
    assert_eq!(members(&register), names(&[1, 2, 3, 4]));
}

#[test]
fn a_removal_wins_over_a_concurrent_admission_and_readmission_must_build_on_it() {
    let mut register = founded(3);
    let admit = Change::Admit(Box::new(contact(4)));
    let admitted = propose(&mut register, 1, &[], admit.clone());
    register.approve(contact(2).id, admitted);
    let removed = propose(&mut register, 2, &[admitted], Change::Remove(contact(4).id));
    register.approve(contact(3).id, removed);
    assert_eq!(members(&register), names(&[1, 2, 3, 4]), "the newcomer counts in the electorate");
    register.approve(contact(1).id, removed);
    assert_eq!(members(&register), names(&[1, 2, 3]));

    let mut moved = contact(4);
    moved.addresses.push("/ip4/192.0.2.1/tcp/1".to_owned());
    let concurrent = propose(&mut register, 3, &[], Change::Admit(Box::new(moved.clone())));
    register.approve(contact(1).id, concurrent);
    assert_eq!(members(&register), names(&[1, 2, 3]), "it does not build on the removal");

    let again = propose(&mut register, 3, &[removed], Change::Admit(Box::new(moved)));
    register.approve(contact(1).id, again);
    assert_eq!(members(&register), names(&[1, 2, 3, 4]));
}

#[test]
fn the_members_do_not_depend_on_the_order_in_which_proposals_and_approvals_came() {
    let admit = Proposal { base: BTreeSet::new(), change: Change::Admit(Box::new(contact(4))) };
    let base = BTreeSet::from([admit.id()]);
    let remove = Proposal { base, change: Change::Remove(contact(1).id) };
    type Step<'a> = Box<dyn Fn(&mut Register) + 'a>;
    let steps: Vec<Step<'_>> = vec![
        Box::new(|r| r.propose(contact(1).id, &admit)),
        Box::new(|r| r.approve(contact(2).id, admit.id())),
        Box::new(|r| r.propose(contact(2).id, &remove)),
        Box::new(|r| r.approve(contact(3).id, remove.id())),
        Box::new(|r| r.approve(contact(4).id, remove.id())),
    ];
    for shift in 0..steps.len() {
        for backwards in [false, true] {
            let mut register = founded(3);
            let mut order: Vec<usize> =
                (0..steps.len()).map(|i| (i + shift) % steps.len()).collect();
            if backwards {
                order.reverse();
            }
            order.into_iter().for_each(|step| steps[step](&mut register));
            assert_eq!(members(&register), names(&[2, 3, 4]), "shift {shift} {backwards}");
        }
    }
}

#[test]
fn a_charter_that_does_not_hold_is_refused_for_the_first_reason_that_applies() {
    let good = charter(3);
    assert_eq!(good.check(), Ok(()));
    let with = |change: fn(&mut Charter)| {
        let mut charter = good.clone();
        change(&mut charter);
        charter.check()
    };
    assert_eq!(with(|c| c.founders.truncate(1)), Err(BadCharter::Founders));
    assert_eq!(with(|c| c.founders.reverse()), Err(BadCharter::NotSorted));
    assert_eq!(with(|c| c.threshold_percent = 50), Err(BadCharter::Threshold));
    assert_eq!(with(|c| c.name.clear()), Err(BadCharter::Name));
    assert!(matches!(
        with(|c| c.founders[0].node = contact(7).node),
        Err(BadCharter::Founder { .. })
    ));
    assert_ne!(good.network(), charter(2).network());
}
