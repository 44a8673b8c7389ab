//! The catalogue: whatever changes an author publishes, every reader finds the same, and finds what a
//! reader finds that tries each change on a copy and reads the whole document again.

#[path = "catalogue/author.rs"]
mod author;
#[path = "catalogue/slow.rs"]
mod slow;

use automerge::legacy::{Key, ObjectId, OpId, OpType};
use automerge::{ActorId, Change, ExpandedChange, ObjType};
use crdt::catalogue::{
    Applied, Catalogue, CatalogueChange, Product, Quarantine, Sheet, Subject, VendorCard, actor,
};
use crdt::key::SecretKey;
use crdt::{CaisseId, Cents, VendorId, limits};
use proptest::prelude::*;

use author::Author;
use slow::SlowReader;

const AUTHOR: CaisseId = CaisseId::new([1; 32]);

fn vendor() -> VendorId {
    VendorId::new([2; 16])
}

fn published(change: Vec<u8>) -> CatalogueChange {
    CatalogueChange { subject: Subject::Vendor(vendor()), change }
}

fn product(number: usize, cents: u32) -> Product {
    Product {
        code: format!("P{number:04}"),
        name: format!("Carotte {number}"),
        ciqual: None,
        coverage: None,
        price: Some(Cents::from_u32(cents)),
        climate_g_co2e_per_kg: None,
    }
}

fn sheet(start: u8) -> Sheet {
    Sheet::open(&actor(&SecretKey::from_seed(&[1; 32]).public(), 0, &[start; 32]), [])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_reader_finds_what_one_finds_that_reads_everything_again(seed in any::<u64>()) {
        let (mut quick, mut slow) = (Catalogue::default(), SlowReader::default());
        for (place, change) in Author::new(seed).feed(40).into_iter().enumerate() {
            let applied = quick.apply(AUTHOR, &published(change.clone()));
            prop_assert_eq!(applied, slow.apply(&change), "change {}", place);
            let view = quick.sheet(AUTHOR, vendor()).cloned().unwrap_or_default();
            prop_assert_eq!(&view, slow.view(), "after change {}", place);
        }
    }

    #[test]
    fn every_reader_finds_what_the_writer_finds(edits in proptest::collection::vec(any::<u16>(), 1..60)) {
        let (mut sheet, mut reader) = (sheet(1), Catalogue::default());
        for edit in edits {
            let number = usize::from(edit % 7);
            let change = match edit / 7 % 4 {
                0 => sheet.remove_product(&product(number, 0).code),
                1 => {
                    let name = format!("vendor {number}");
                    sheet.set_vendor(&VendorCard { name, kind: "farm".into(), ..Default::default() })
                }
                _ => {
                    let some: Vec<Product> =
                        (0..number).map(|n| product(n, u32::from(edit) % 3)).collect();
                    sheet.put_products(&some).map(|put| put.map(|(bytes, _)| bytes))
                }
            };
            if let Some(change) = change.expect("it fits") {
                prop_assert_eq!(reader.apply(AUTHOR, &published(change)), Applied::Changed);
                prop_assert_eq!(reader.sheet(AUTHOR, vendor()), Some(sheet.view()));
            }
        }
    }
}

/// The first change of a sheet with three products.
fn first() -> Vec<u8> {
    let some: Vec<Product> = (0..3).map(|number| product(number, 100)).collect();
    sheet(1).put_products(&some).expect("it fits").expect("it is new").0
}

/// A change that follows the first one and is altered.
fn altered(alter: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut sheet = sheet(1);
    let some: Vec<Product> = (0..3).map(|number| product(number, 100)).collect();
    sheet.put_products(&some).expect("it fits");
    let (next, _) = sheet.put_products(&[product(1, 200)]).expect("it fits").expect("it is new");
    let mut change = Change::from_bytes(next).expect("it is a change").decode();
    alter(&mut change);
    Change::from(change).raw_bytes().to_vec()
}

#[test]
fn a_change_on_which_automerge_panics_is_put_aside_and_the_sheet_goes_on() {
    let stranger = ActorId::from(&[9; 16][..]);
    let nowhere = || ObjectId::Id(OpId::new(999, &stranger));
    let hostile = [
        // An object that nobody made, of an actor that nobody is.
        altered(|change| change.operations[0].obj = nowhere()),
        // What is not an object, but a name.
        altered(|change| {
            change.operations[0].obj = ObjectId::Id(OpId::new(3, &change.actor_id));
        }),
        // Numbers of operations beyond what automerge counts.
        altered(|change| {
            change.start_op = u64::from(u32::MAX).try_into().expect("it is not zero");
            let again = change.operations[0].clone();
            change.operations.push(again);
        }),
        // What is overwritten is of an actor that nobody is.
        altered(|change| {
            change.operations[0].pred = vec![OpId::new(1, &stranger)].into();
        }),
    ];
    for change in hostile {
        let mut reader = Catalogue::default();
        assert_eq!(reader.apply(AUTHOR, &published(first())), Applied::Changed);
        let before = reader.digest();
        let applied = reader.apply(AUTHOR, &published(change));
        assert_eq!(applied, Applied::Quarantined(Quarantine::Inapplicable));
        assert_eq!(reader.digest(), before, "nothing has changed");
        assert_eq!(reader.apply(AUTHOR, &published(altered(|_| {}))), Applied::Changed);
        let sheet = reader.sheet(AUTHOR, vendor()).expect("it is there");
        assert_eq!(sheet.products["P0001"].price, Some(Cents::from_u32(200)));
    }
}

#[test]
fn a_change_that_overwrites_what_is_elsewhere_is_read_by_all_alike() {
    // The second product is made anew, and that is said to replace: a name, the first product, itself.
    for replaced in [3, 2, 5] {
        let change = altered(|change| {
            let id = |number| OpId::new(number, &change.actor_id);
            let (products, replaced) = (ObjectId::Id(id(1)), vec![id(replaced)].into());
            let op = &mut change.operations[0];
            (op.obj, op.pred, op.action) = (products, replaced, OpType::Make(ObjType::Map));
            op.key = Key::Map("P0001".into());
        });
        let (mut quick, mut slow) = (Catalogue::default(), SlowReader::default());
        for change in [first(), change] {
            assert_eq!(quick.apply(AUTHOR, &published(change.clone())), slow.apply(&change));
            assert_eq!(quick.sheet(AUTHOR, vendor()), Some(slow.view()), "replaced {replaced}");
        }
    }
}

#[test]
fn a_sheet_takes_as_many_products_as_it_may_hold_and_not_one_more() {
    let (mut sheet, mut reader) = (sheet(1), Catalogue::default());
    let all: Vec<Product> = (0..limits::PRODUCTS_PER_SHEET).map(|n| product(n, 1)).collect();
    for part in all.chunks(250) {
        let (change, _) = sheet.put_products(part).expect("it fits").expect("it is new");
        assert_eq!(reader.apply(AUTHOR, &published(change)), Applied::Changed);
    }
    let one_more = product(limits::PRODUCTS_PER_SHEET, 1);
    assert!(sheet.put_products(std::slice::from_ref(&one_more)).is_err());
    // A hostile author does not ask its own sheet.
    let full = reader.digest();
    let beyond = author::beyond(&reader_changes(&all), &one_more.code);
    let too_many = Applied::Quarantined(Quarantine::TooManyProducts);
    assert_eq!(reader.apply(AUTHOR, &published(beyond)), too_many);
    assert_eq!(reader.digest(), full);
    let removed = sheet.remove_product("P0000").expect("it is small").expect("it was there");
    assert_eq!(reader.apply(AUTHOR, &published(removed)), Applied::Changed);
    let (put, _) = sheet.put_products(&[one_more]).expect("it fits").expect("it is new");
    assert_eq!(reader.apply(AUTHOR, &published(put)), Applied::Changed);
    assert_eq!(reader.sheet(AUTHOR, vendor()), Some(sheet.view()));
}

/// Makes the changes of a sheet of these products, as above.
fn reader_changes(all: &[Product]) -> Vec<Vec<u8>> {
    let mut sheet = sheet(1);
    let parts = all.chunks(250);
    parts.map(|part| sheet.put_products(part).expect("it fits").expect("it is new").0).collect()
}

#[test]
fn a_change_that_is_too_large_was_never_made() {
    let mut sheet = sheet(1);
    let long = |number| Product { name: random_text(number), ..product(number, 1) };
    let many: Vec<Product> = (0..2_000).map(long).collect();
    assert!(sheet.put_products(&many).is_err());
    assert!(sheet.view().products.is_empty());
    let (change, count) = sheet.put_products(&many[..10]).expect("it fits").expect("it is new");
    let mut reader = Catalogue::default();
    assert_eq!((reader.apply(AUTHOR, &published(change)), count), (Applied::Changed, 10));
}

fn random_text(number: usize) -> String {
    let hex = |part: usize| blake3::hash(&[number, part].map(usize::to_le_bytes).concat()).to_hex();
    [hex(0), hex(1), hex(2)].concat()
}
