use std::collections::BTreeMap;

use fastrand::Rng;

use super::*;

fn order(holds: &Holds, slot: u32) -> Vec<u32> {
    holds.of(slot).into_iter().map(|(it, _)| it).collect()
}

#[test]
fn who_comes_back_has_the_old_place() {
    let mut holds = Holds::default();
    let mut places: Vec<Place> = (0..3)
        .map(|client| holds.enter(7, client, Manner::Held, None))
        .collect();
    assert_eq!(order(&holds, 7), [0, 1, 2]);
    holds.leave(&mut places[0]);
    assert_eq!((order(&holds, 7), holds.held()), (vec![1, 2], 2));
    places[0] = holds.enter(7, 0, Manner::Held, Some(places[0]));
    assert_eq!(order(&holds, 7), [0, 1, 2]);
    // Also in the queue of another service, where its host leads there now.
    holds.leave(&mut places[0]);
    let _other = holds.enter(8, 9, Manner::Held, None);
    places[0] = holds.enter(8, 0, Manner::Held, Some(places[0]));
    assert_eq!(order(&holds, 8), [0, 9]);
}

#[test]
fn a_look_is_due_while_somebody_waits() {
    let now = crate::clock::now();
    let mut holds = Holds::default();
    holds.look_again();
    assert_eq!(holds.look_at(now), None, "for nobody");
    let mut place = holds.enter(0, 1, Manner::StandingBy, None);
    assert_eq!(holds.look_at(now), Some(now));
    let later = now + std::time::Duration::from_secs(1);
    holds.looked(Some(later));
    assert_eq!(holds.look_at(now), Some(later));
    holds.look_again();
    assert_eq!(holds.look_at(now), Some(now));
    holds.leave(&mut place);
    assert_eq!(holds.look_at(now), None);
}

/// Any order of coming and going leaves the counts right and no queue behind.
#[test]
fn nobody_is_lost_or_counted_twice() {
    for seed in 0..256 {
        let mut rng = Rng::with_seed(seed);
        let mut holds = Holds::default();
        let mut places: BTreeMap<u32, (Place, bool, Manner)> = BTreeMap::new();
        for _ in 0..200 {
            let client = rng.u32(..8);
            let slot = rng.u32(..3);
            let known = places.get_mut(&client);
            match known {
                Some((place, waits, _)) if *waits || rng.bool() => {
                    // Twice is as good as once.
                    holds.leave(place);
                    *waits = false;
                }
                known => {
                    let before = known.map(|(place, _, _)| *place);
                    let manners = [Manner::Held, Manner::StandingBy, Manner::Crowded];
                    let manner = rng.choice(manners).unwrap();
                    let place = holds.enter(slot, client, manner, before);
                    places.insert(client, (place, true, manner));
                }
            }
            let waiting = places.iter().filter(|(_, (_, waits, _))| *waits);
            assert_eq!(holds.waiting(), waiting.clone().count(), "seed {seed}");
            // Nobody calls a crowd.
            let queued = |it: &(&u32, &(Place, bool, Manner))| it.1.2 != Manner::Crowded;
            let mut waiting: Vec<u32> = waiting.filter(queued).map(|(client, _)| *client).collect();
            let mut queued: Vec<u32> = (0..3).flat_map(|slot| order(&holds, slot)).collect();
            let held = places
                .values()
                .filter(|(_, waits, manner)| *waits && *manner == Manner::Held);
            let held_for: usize = (0..3).map(|slot| holds.held_for(slot)).sum();
            assert_eq!(held_for, holds.held(), "seed {seed}");
            assert_eq!(holds.held(), held.count(), "seed {seed}");
            assert_eq!(holds.is_empty(), waiting.is_empty(), "seed {seed}");
            waiting.sort_unstable();
            queued.sort_unstable();
            assert_eq!(queued, waiting, "seed {seed}");
        }
    }
}
