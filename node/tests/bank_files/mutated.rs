//! Samples with random damage: a reader may refuse them, and never panics.

use node::exchange::bank_csv::Columns;
use node::exchange::{bank_csv, camt053, pain002};

use super::support::{fixture, our_account, samples};

const SEED: u64 = 20_261_124;
const ROUNDS: usize = 200;

/// SplitMix64, as in the demo: the same seed gives the same damage.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z % bound.max(1) as u64).expect("below a bound of this size")
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const PIECES: [&[u8]; 12] = [
            b"<",
            b">",
            b"</Ntry>",
            b"<Ntry>",
            b"&",
            b"&#x10FFFF;",
            b"\"",
            b"<![CDATA[",
            b"\xff",
            b"\0",
            b"99999999999999999999",
            b";;;\"\n",
        ];
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            let end = (at + self.below(60)).min(bytes.len());
            match self.below(5) {
                0 => bytes[at] = u8::try_from(self.below(256)).expect("below 256"),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let copy = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, copy);
                }
                3 => {
                    let piece = PIECES[self.below(PIECES.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
                _ => bytes.truncate(end.max(1)),
            }
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
    }
}

#[test]
fn a_damaged_file_is_refused_or_read_and_nothing_panics() {
    let mut chance = Chance(SEED);
    let mut files = samples("camt");
    files.push(("pain.002".to_owned(), fixture("pain/caisse_pain002.v3.xml")));
    let table = "Date;Date de valeur;Libellé;Débit;Crédit\n24/11/2026;24/11/2026;\"a;b\";1,00;\n";
    files.push(("table".to_owned(), table.repeat(3).into_bytes()));
    let mut read = 0;
    for (name, bytes) in &files {
        for round in 0..ROUNDS {
            let mut damaged = bytes.clone();
            chance.damage(&mut damaged);
            let result = std::panic::catch_unwind(|| {
                let _ = pain002::read(damaged.as_slice()).is_ok();
                let _ =
                    bank_csv::read(damaged.as_slice(), our_account(), &Columns::default()).is_ok();
                camt053::read(damaged.as_slice()).map(|file| file.problems.count())
            });
            let result = result.unwrap_or_else(|_| panic!("seed {SEED}, {name}, round {round}"));
            read += usize::from(result.is_ok());
        }
    }
    assert!(read > 0, "some damage must be survived");
}
