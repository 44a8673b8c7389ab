//! An author of random changes: two devices that write one document and meet now and then, some changes
//! that no honest device makes, and bytes that are no change at all.

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::transaction::Transactable;
use automerge::{
    ActorId, AutoCommit, Change, ExpandedChange, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value,
};

/// Numbers that look random (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

/// What an author has.
pub struct Author {
    chance: Chance,
    /// After one hostile change little fits that follows it, so every second author is honest.
    is_hostile: bool,
    devices: [AutoCommit; 2],
    /// Honest changes that were made so far, in the order in which the node admits them.
    made: Vec<Change>,
}

impl Author {
    /// Makes an author; the same seed makes the same one.
    pub fn new(seed: u64) -> Self {
        let device = |actor: u8| AutoCommit::new().with_actor(ActorId::from(&[actor; 16][..]));
        let devices = [device(1), device(2)];
        Self { chance: Chance(seed), is_hostile: seed % 2 == 1, devices, made: Vec::new() }
    }

    /// Makes a feed of about so many changes.
    pub fn feed(mut self, length: usize) -> Vec<Vec<u8>> {
        let mut feed = Vec::new();
        while feed.len() < length {
            match self.chance.below(40) {
                0 if self.is_hostile && !self.made.is_empty() => feed.push(self.hostile()),
                1 if !feed.is_empty() => {
                    let mut again = self.chance.one_of(&feed);
                    if self.chance.below(2) == 0 {
                        let place = self.chance.below(again.len());
                        again[place] ^= 1 << self.chance.below(8);
                    }
                    feed.push(again);
                }
                _ => feed.extend(self.honest()),
            }
        }
        feed
    }

    fn meet(&mut self) {
        let [one, other] = &mut self.devices;
        one.merge(other).expect("honest changes merge");
        other.merge(one).expect("honest changes merge");
    }

    /// One device makes some edits and commits.
    fn honest(&mut self) -> Option<Vec<u8>> {
        let which = usize::from(self.chance.below(4) == 0);
        if self.chance.below(2) == 0 {
            self.meet();
        }
        for _ in 0..=self.chance.below(3) {
            edit(&mut self.chance, &mut self.devices[which]);
        }
        self.devices[which].commit()?;
        let change = self.devices[which].get_last_local_change()?;
        self.made.push(change.clone());
        Some(change.raw_bytes().to_vec())
    }

    /// A change that follows what one device has, altered in a way that no honest device does.
    fn hostile(&mut self) -> Vec<u8> {
        let which = self.chance.below(2);
        let mut device = self.devices[which].clone();
        edit(&mut self.chance, &mut device);
        let change = device.commit().and_then(|_| device.get_last_local_change());
        let mut change = change.unwrap_or_else(|| self.chance.one_of(&self.made)).decode();
        for _ in 0..=self.chance.below(2) {
            self.alter(&mut change);
        }
        Change::from(change).raw_bytes().to_vec()
    }

    fn alter(&mut self, change: &mut ExpandedChange) {
        let id = self.any_id();
        let place = self.chance.below(change.operations.len().max(1));
        let heads = self.devices[0].get_heads();
        let choice = self.chance.below(12);
        if choice >= 4 && change.operations.is_empty() {
            return;
        }
        match choice {
            0 => change.seq += self.chance.next() % 2,
            1 => {
                let start = self.chance.one_of(&[1, 2, 7, 300, u64::from(u32::MAX)]);
                change.start_op = start.try_into().expect("it is not zero");
            }
            2 => change.deps = heads,
            3 => change.actor_id = ActorId::from(&[3; 16][..]),
            4 | 5 => change.operations[place].pred = vec![id].into(),
            6 => change.operations[place].pred = Vec::new().into(),
            7 => change.operations[place].obj = ObjectId::Id(id),
            8 => change.operations[place].key = Key::Seq(ElementId::Id(id)),
            9 => {
                let again = change.operations[place].clone();
                change.operations.push(again);
            }
            10 => change.operations[place].action = OpType::Increment(1),
            _ => change.operations[place].action = OpType::Make(ObjType::Map),
        }
    }

    /// The id of an operation that was made, or not.
    fn any_id(&mut self) -> OpId {
        let actor =
            ActorId::from(&[u8::try_from(1 + self.chance.below(3)).expect("small"); 16][..]);
        let most = self.made.iter().map(Change::max_op).max().unwrap_or(1) + 2;
        OpId::new(1 + self.chance.next() % most, &actor)
    }
}

/// Edits a document as a sheet is edited, or as something else.
fn edit(chance: &mut Chance, doc: &mut AutoCommit) {
    let choice = chance.below(60);
    let products = part(doc, chance, "products");
    let codes = ["a", "b", "c", "d", "e", ""];
    let code = chance.one_of(&codes);
    let field = chance.one_of(&["name", "ciqual", "price", "coverage", "climate", "other"]);
    match choice {
        0 => {
            let vendor = part(doc, chance, "vendor");
            let field = chance.one_of(&["name", "commune", "kind", "siret", "coverage"]);
            put(chance, doc, &vendor, field);
        }
        10..16 => drop(doc.delete(&products, code)),
        16..20 => drop(doc.put_object(&products, code, ObjType::Map)),
        3 => put(chance, doc, &products, code),
        4 => {
            let kind = chance.one_of(&[ObjType::List, ObjType::Text]);
            drop(doc.put_object(&products, code, kind));
        }
        5 => {
            let name = chance.one_of(&["products", "vendor"]);
            match chance.below(3) {
                0 => drop(doc.put_object(ROOT, name, ObjType::Map)),
                1 => drop(doc.delete(ROOT, name)),
                _ => drop(doc.put(ROOT, name, 1)),
            }
        }
        6 => {
            if let Some(list) = child(doc, &products, code, ObjType::List) {
                drop(doc.insert(&list, 0, 1));
            }
        }
        20..24 => {
            if let Some(map) = child(doc, &products, code, ObjType::Map) {
                drop(doc.delete(&map, field));
            }
        }
        8 => {
            if let Some(map) = child(doc, &products, code, ObjType::Map) {
                drop(doc.put_object(&map, field, ObjType::Map));
            }
        }
        9 => {
            if let Some(map) = child(doc, &products, code, ObjType::Map) {
                drop(doc.increment(&map, field, 1));
            }
        }
        _ => {
            let map = child(doc, &products, code, ObjType::Map);
            let map = map.or_else(|| doc.put_object(&products, code, ObjType::Map).ok());
            if let Some(map) = map {
                put(chance, doc, &map, "name");
                put(chance, doc, &map, field);
            }
        }
    }
}

/// Returns a part of the document, made now if it is not there; now and then one that lost a conflict.
fn part(doc: &mut AutoCommit, chance: &mut Chance, name: &str) -> ObjId {
    let all = doc.get_all(ROOT, name).unwrap_or_default();
    let maps = all.into_iter().filter(|(value, _)| *value == Value::Object(ObjType::Map));
    let maps: Vec<ObjId> = maps.map(|(_, id)| id).collect();
    if maps.is_empty() {
        return doc.put_object(ROOT, name, ObjType::Map).expect("the root holds maps");
    }
    let any = chance.one_of(&maps);
    if chance.below(16) == 0 { any } else { maps[maps.len() - 1].clone() }
}

fn child(doc: &AutoCommit, map: &ObjId, key: &str, kind: ObjType) -> Option<ObjId> {
    match doc.get(map, key).ok()?? {
        (Value::Object(found), id) if found == kind => Some(id),
        _ => None,
    }
}

fn put(chance: &mut Chance, doc: &mut AutoCommit, map: &ObjId, key: &str) {
    let value = match chance.below(20) {
        0 => ScalarValue::from(""),
        1 => ScalarValue::Int(-1),
        2 => ScalarValue::counter(3),
        3 => ScalarValue::Null,
        4..10 => ScalarValue::Uint(chance.next() % 20_000),
        _ => ScalarValue::from(format!("text {}", chance.below(3))),
    };
    drop(doc.put(map, key, value));
}

/// Makes a change that puts one product more on a sheet, of which the changes are given.
pub fn beyond(changes: &[Vec<u8>], code: &str) -> Vec<u8> {
    let mut doc = AutoCommit::new().with_actor(ActorId::from(&[8; 16][..]));
    for change in changes {
        let change = Change::from_bytes(change.clone()).expect("it is a change");
        doc.apply_changes([change]).expect("it applies");
    }
    let (_, products) = doc.get(ROOT, "products").expect("it can be read").expect("it is there");
    let map = doc.put_object(&products, code, ObjType::Map).expect("a map holds maps");
    doc.put(&map, "name", "one more").expect("a map holds texts");
    doc.commit();
    doc.get_last_local_change().expect("it was committed").raw_bytes().to_vec()
}
