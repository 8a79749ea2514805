use std::path::PathBuf;

use notify::{
    Event, EventKind,
    event::{
        AccessKind, AccessMode, CreateKind, DataChange, Flag, ModifyKind, RemoveKind, RenameMode,
    },
};

use super::Interest;

const CREATE: EventKind = EventKind::Create(CreateKind::File);
const REMOVE: EventKind = EventKind::Remove(RemoveKind::Any);
const RENAME: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));
const WRITE: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
const CLOSE: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
const OPEN: EventKind = EventKind::Access(AccessKind::Open(AccessMode::Any));

/// `apps` and `apps/a/lib` were listed, the rest was read or missed.
fn interest() -> Interest {
    let asked = [
        "/p/apps",
        "/p/apps/a/lib",
        "/p/config/dev.exs",
        "/p/none/x.exs",
    ];
    Interest::new(&asked.map(PathBuf::from))
}

#[track_caller]
fn check(kind: EventKind, path: &str, expected: bool) {
    let event = Event::new(kind).add_path(PathBuf::from(path));
    assert_eq!(interest().concerns(&event), expected, "{kind:?} {path}");
}

#[test]
fn only_what_was_asked_for_concerns_us() {
    check(WRITE, "/p/config/dev.exs", true);
    check(CLOSE, "/p/config/dev.exs", true);
    check(RENAME, "/p/config/dev.exs", true);
    check(REMOVE, "/p/config/dev.exs", true);
    check(OPEN, "/p/config/dev.exs", false);
    check(CREATE, "/p/config/4913", false);
    check(WRITE, "/p/server.log", false);

    check(CREATE, "/p/apps/b", true);
    check(CREATE, "/p/apps/a/lib/endpoint.ex", true);
    check(WRITE, "/p/apps/a/lib/router.ex", false);
    check(CREATE, "/p/apps/a/test/x.exs", false);

    check(CREATE, "/p/none", true);
    check(CREATE, "/p/none/x.exs", true);
    check(CREATE, "/p/nonesuch", false);
    check(REMOVE, "/p/config", true);
}

#[test]
fn after_lost_events_everything_concerns_us() {
    let event = Event::new(EventKind::Other).set_flag(Flag::Rescan);
    assert!(interest().concerns(&event));
}

#[test]
fn the_nearest_folders_that_exist_are_watched() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::create_dir_all(root.join("apps/a")).unwrap();
    std::fs::create_dir(root.join("config")).unwrap();
    std::fs::write(root.join("config/dev.exs"), "").unwrap();
    let asked = ["apps/a", "config/dev.exs", "none/of/these.exs"].map(|path| root.join(path));
    let expected = ["", "apps", "apps/a", "config"].map(|path| root.join(path));
    assert!(Interest::new(&asked).folders().iter().eq(&expected));
}
