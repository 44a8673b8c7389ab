//! Every input of the corpus, and every real encoding, goes through its target: what once made one panic never does
//! again.

use std::path::Path;

use fuzz::{Target, targets};

/// Bytes of all files of the corpus.
const CORPUS_BYTES: u64 = 1024 * 1024;

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let Ok(files) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).expect("a file of the corpus")).collect()
}

#[test]
fn no_target_panics_on_anything_that_was_ever_found() {
    let mut bytes = 0;
    for target in targets() {
        let (seeds, found) = ((target.seeds)(), corpus(&target));
        println!("{:<12} {:>4} real encodings, {:>4} found", target.name, seeds.len(), found.len());
        bytes += found.iter().map(|input| input.len() as u64).sum::<u64>();
        for input in seeds.iter().chain(&found) {
            (target.run)(input);
        }
    }
    assert!(bytes <= CORPUS_BYTES, "the corpus has {bytes} bytes");
}

#[test]
fn the_seeds_reach_what_they_are_made_for() {
    for target in targets() {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        let refused = (target.run)(b"\xff\xff");
        let other = seeds.iter().filter(|seed| (target.run)(seed) != refused).count();
        assert!(other > 0, "every seed of {} ends like noise", target.name);
    }
}
