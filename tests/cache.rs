//! The cache of packed files: packed once, found by content, never half, never damaged, and never in the way.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use common::{interrupt, program, qwark, stdout, write_model};
use qwark::cache::{Cache, CacheError, DEFAULT_LIMIT, State, Step};
use qwark::gguf::Mapping;
use qwark::synth::{Quant, SynthOptions};
use qwark_kernels::DType;
use serde_json::Value;
use tempfile::TempDir;

/// A plain model and a place for the cache.
struct Place {
    dir: TempDir,
    plain: PathBuf,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().expect("a folder");
        let plain = dir.path().join("plain.gguf");
        fs::copy(common::model(), &plain).expect("it can be copied");
        Place { dir, plain }
    }

    /// With a model whose packing takes long enough to be killed.
    fn with_large_model() -> Place {
        let dir = tempfile::tempdir().expect("a folder");
        let plain = dir.path().join("plain.gguf");
        stdout(qwark().args(["synth", "qwen2.5-0.5b", "--layers", "4"]).arg(&plain).output().expect("the program starts"));
        Place { dir, plain }
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn cache_dir(&self) -> PathBuf {
        self.home().join("qwark")
    }

    fn cache(&self) -> Cache {
        Cache::new(self.cache_dir(), DEFAULT_LIMIT)
    }

    /// The program with this cache.
    fn program(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.env("XDG_CACHE_HOME", self.home()).env_remove("QWARK_CACHE_LIMIT").args(args).stdin(Stdio::null());
        command
    }

    /// One short answer to the same question.
    fn run(&self, model: &Path, args: &[&str]) -> Output {
        self.program(&["run", "Hello", "-n", "12", "--temp", "1", "--seed", "3", "-m"]).arg(model).args(args).output().expect("it starts")
    }

    /// What `qwark pack` makes of the model.
    fn packed(&self) -> Vec<u8> {
        let out = self.dir.path().join("packed.gguf");
        stdout(qwark().arg("pack").args([&self.plain, &out]).output().expect("the program starts"));
        fs::read(out).expect("it is there")
    }

    /// The one packed file of the cache.
    fn file(&self) -> PathBuf {
        let entries = self.cache().entries().expect("it can be read");
        let [entry] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!(entry.state, State::Ready);
        entry.path.clone()
    }

    /// The steps that opening `model` takes, without repetitions, and whether it ends in a packed file.
    fn steps(&self, model: &Path) -> (Vec<Step>, bool) {
        let mapping = Mapping::open(model).expect("it can be mapped");
        let mut steps = Vec::new();
        let cached = self.cache().open(&mapping, &mut |step, done, total| {
            assert!(done <= total);
            steps.push(step);
        });
        steps.dedup();
        (steps, cached.expect("nothing is in the way").is_some())
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Until a stamp of a file that was just written is believed.
fn settle() {
    std::thread::sleep(Duration::from_millis(2100));
}

#[test]
fn a_plain_file_is_packed_once_and_its_packed_form_is_run_from_then_on() {
    let place = Place::new();
    let first = place.run(&place.plain, &[]);
    assert_eq!(said(&first).lines().count(), 1, "{first:?}");
    assert!(said(&first).contains("packing") && said(&first).contains("--no-cache"), "{first:?}");
    let file = place.file();
    assert!(fs::read(&file).expect("it is there") == place.packed(), "it is what `qwark pack` makes");

    let second = place.run(&place.plain, &[]);
    assert_eq!(said(&second), "");
    let packed = place.run(&file, &[]);
    assert_eq!(said(&packed), "");
    let answer = stdout(first);
    assert_eq!((stdout(second), stdout(packed)), (answer.clone(), answer));
    let inspected =
        stdout(place.program(&["bench", "-p", "8", "-n", "2", "-r", "1", "--json", "-m"]).arg(&place.plain).output().expect("it starts"));
    let report: Value = serde_json::from_str(&inspected).expect("JSON");
    assert_eq!(report["file_bytes"].as_u64(), Some(file.metadata().expect("it is there").len()), "the packed file is what is run");
}

#[test]
fn a_start_reads_the_plain_file_only_if_it_is_new_or_changed() {
    let place = Place::new();
    let (hashed, packed, known) = (vec![Step::Hashing], vec![Step::Hashing, Step::Packing], vec![]);
    assert_eq!(place.steps(&place.plain), (packed.clone(), true));
    assert_eq!(place.steps(&place.plain), (hashed.clone(), true), "too fresh to be known again");
    settle();
    assert_eq!(place.steps(&place.plain), (hashed.clone(), true));
    assert_eq!(place.steps(&place.plain), (known.clone(), true));

    let (moved, copy) = (place.dir.path().join("moved.gguf"), place.dir.path().join("copy.gguf"));
    fs::copy(&place.plain, &copy).expect("it can be copied");
    fs::rename(&place.plain, &moved).expect("it can be moved");
    settle();
    for name in [&moved, &copy] {
        assert_eq!(place.steps(name), (hashed.clone(), true), "found by its content");
        assert_eq!(place.steps(name), (known.clone(), true));
    }
    assert_eq!(place.cache().entries().expect("it can be read")[0].sources.len(), 3);

    // Another content of the same length at the same place, with the same time.
    let modified = moved.metadata().and_then(|was| was.modified()).expect("a time");
    let mut other = fs::read(&moved).expect("it is there");
    *other.last_mut().expect("weights") ^= 1;
    fs::write(&moved, other).expect("it can be written");
    fs::File::options().append(true).open(&moved).and_then(|file| file.set_modified(modified)).expect("its time can be set");
    assert_eq!(place.steps(&moved), (packed, true));
    assert_eq!(place.cache().entries().expect("it can be read").len(), 2);
}

#[test]
fn what_cannot_be_packed_is_not() {
    let place = Place::new();
    let f16 = SynthOptions::new(common::SHAPE, Quant::Uniform(DType::F16));
    write_model(&place.plain, |options| *options = SynthOptions { embd: Some(DType::F16), ..f16 });
    assert_eq!(place.steps(&place.plain), (vec![], false));
    assert_eq!(place.steps(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))), (vec![], false));
    assert!(!place.home().exists());
    fs::copy(common::model(), &place.plain).expect("it can be copied");
    let plain = place.run(&place.plain, &["--no-cache"]);
    assert_eq!(said(&plain), "");
    assert_eq!(
        stdout(plain),
        stdout(
            qwark().args(["run", "Hello", "-n", "12", "--temp", "1", "--seed", "3", "-m"]).arg(&place.plain).output().expect("it starts")
        )
    );
    assert!(!place.home().exists(), "--no-cache leaves nothing");
}

#[test]
fn a_damaged_file_is_packed_anew_and_never_used() {
    let place = Place::new();
    let answer = stdout(place.run(&place.plain, &[]));
    let whole = place.packed();
    let file = place.file();
    let record = file.with_extension("json");
    let text = fs::read_to_string(&record).expect("it is there");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    settle();
    let modified = file.metadata().and_then(|was| was.modified()).expect("a time");
    let cases: [(&str, &dyn Fn()); 8] = [
        ("a weight", &|| fs::write(&file, flipped(whole.len() - 5000)).expect("written")),
        ("the vocabulary", &|| fs::write(&file, flipped(4000)).expect("written")),
        ("cut", &|| fs::write(&file, &whole[..whole.len() / 2]).expect("written")),
        ("nothing", &|| fs::write(&file, "").expect("written")),
        ("gone", &|| fs::remove_file(&file).expect("removed")),
        ("no record", &|| fs::remove_file(&record).expect("removed")),
        ("half a record", &|| fs::write(&record, &text[..text.len() / 2]).expect("written")),
        ("another layout", &|| fs::write(&record, text.replace("\"layout\": 1", "\"layout\": 9")).expect("written")),
    ];
    for (damage, make) in cases {
        make();
        // As a worn memory card does it, and whoever copies files with their times.
        let _ = fs::File::options().append(true).open(&file).and_then(|file| file.set_modified(modified));
        let output = place.run(&place.plain, &[]);
        assert!(said(&output).contains("packing"), "{damage}: {output:?}");
        assert_eq!(stdout(output), answer, "{damage}");
        assert!(fs::read(&file).expect("it is there") == whole, "{damage}");
    }
    // Touched, copied back from elsewhere: it is compared with the plain file once, and is as good as before.
    let saved = place.dir.path().join("saved");
    fs::copy(&file, &saved).expect("it can be copied");
    fs::rename(&saved, &file).expect("it can be moved");
    assert_eq!(place.steps(&place.plain), (vec![Step::Checking], true));
    assert_eq!(place.steps(&place.plain), (vec![], true));
}

/// Each of these says one line, and answers.
#[test]
fn where_there_can_be_no_cache_the_file_runs_as_it_is() {
    let place = Place::new();
    let answer = stdout(place.run(&place.plain, &["--no-cache"]));
    let file = place.dir.path().join("a file");
    fs::write(&file, "").expect("it can be written");
    let run = |change: &dyn Fn(&mut Command), why: &str| {
        let mut command = place.program(&["run", "Hello", "-n", "12", "--temp", "1", "--seed", "3", "-m"]);
        change(command.arg(&place.plain));
        let output = command.output().expect("it starts");
        assert_eq!(said(&output).lines().count(), 1, "{output:?}");
        assert!(said(&output).contains("running it unpacked") && said(&output).contains(why), "{why}: {output:?}");
        assert_eq!(stdout(output), answer);
    };
    run(&|command| _ = command.env_remove("XDG_CACHE_HOME").env_remove("HOME"), "neither XDG_CACHE_HOME nor HOME");
    run(&|command| _ = command.env("XDG_CACHE_HOME", &file), "a file");
    // Nobody, root included, makes folders there.
    run(&|command| _ = command.env("XDG_CACHE_HOME", "/proc/self"), "/proc/self/qwark: cannot be written");
    run(&|command| _ = command.args(["--cache-limit", "100k"]), "the cache may have 100000");
    run(&|command| _ = command.env("QWARK_CACHE_LIMIT", "100k"), "the cache may have 100000");
    run(&|command| _ = command.env("QWARK_CACHE_LIMIT", "much"), "\"much\" is not a size");
    assert!(place.cache().entries().expect("it can be read").is_empty());
    let refused = place.run(&place.plain, &["--cache-limit", "much"]);
    assert!(!refused.status.success() && said(&refused).contains("not a size"), "{refused:?}");
}

/// A disk of its own, for tests that may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<SmallDisk> {
        fs::create_dir_all(at).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Left mounted it does no harm.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_and_a_read_only_one_are_said_and_the_file_runs_as_it_is() {
    let place = Place::new();
    let answer = stdout(place.run(&place.plain, &["--no-cache"]));
    let Some(disk) = SmallDisk::mount(&place.home()) else {
        println!("skipped: no disk can be mounted here");
        return;
    };
    let output = place.run(&place.plain, &[]);
    assert!(said(&output).contains("too little space") && said(&output).lines().count() == 1, "{output:?}");
    assert_eq!(stdout(output), answer);

    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status();
    assert!(remounted.is_ok_and(|status| status.success()), "what was mounted can be mounted anew");
    let output = place.run(&place.plain, &[]);
    assert!(said(&output).contains("cannot be written") && said(&output).lines().count() == 1, "{output:?}");
    assert_eq!(stdout(output), answer);
}

/// A packed file on a disk that is read-only now, as on a board whose image was made elsewhere.
#[test]
fn a_cache_that_cannot_be_written_is_still_used() {
    let place = Place::new();
    let answer = stdout(place.run(&place.plain, &[]));
    let elsewhere = Place { dir: tempfile::tempdir().expect("a folder"), plain: place.plain.clone() };
    let Some(disk) = SmallDisk::mount(&elsewhere.home()) else {
        println!("skipped: no disk can be mounted here");
        return;
    };
    let grown = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&disk.0).status();
    assert!(grown.is_ok_and(|status| status.success()), "what was mounted can be mounted anew");
    fs::create_dir(elsewhere.cache_dir()).expect("a folder");
    for file in [place.file(), place.file().with_extension("json")] {
        fs::copy(&file, elsewhere.cache_dir().join(file.file_name().expect("a name"))).expect("it can be copied");
    }
    let frozen = Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status();
    assert!(frozen.is_ok_and(|status| status.success()), "what was mounted can be mounted anew");
    let output = elsewhere.run(&elsewhere.plain, &[]);
    assert_eq!((said(&output), stdout(output)), (String::new(), answer));
}

/// A `serve` that has its model open.
struct Serving(Child);

impl Serving {
    fn start(place: &Place, model: &Path, socket: &str) -> Serving {
        let link = format!("unix:{}", place.dir.path().join(socket).display());
        let mut child = place.program(&["serve", "--link", &link, "-m"]).arg(model).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("piped");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
        assert!(line.starts_with("listening"), "{line}");
        Serving(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        interrupt(&self.0);
        let _ = self.0.wait();
    }
}

#[test]
fn the_limit_removes_what_was_used_longest_ago_and_nothing_in_use() {
    let place = Place::new();
    let models: Vec<PathBuf> = (1..=3).map(|n| place.dir.path().join(format!("model{n}.gguf"))).collect();
    for (seed, model) in (1..).zip(&models) {
        write_model(model, |options| options.seed = seed);
    }
    // Two of them fit.
    let limit = (models[0].metadata().expect("it is there").len() * 5 / 2).to_string();
    let limit = ["--cache-limit", &limit];
    let cached = || -> Vec<String> {
        let mut names: Vec<String> = place.cache().entries().expect("it can be read").into_iter().flat_map(|entry| entry.sources).collect();
        names.iter_mut().for_each(|name| *name = name.rsplit('/').next().expect("a name").to_owned());
        names.sort();
        names
    };
    let run = |n: usize| said(&place.run(&models[n], &limit));
    for n in [0, 1, 0] {
        run(n);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(cached(), ["model1.gguf", "model2.gguf"]);
    assert!(run(2).contains("packing"));
    assert_eq!(cached(), ["model1.gguf", "model3.gguf"], "model1 was used after model2 was");

    let serving = [Serving::start(&place, &models[0], "a"), Serving::start(&place, &models[2], "b")];
    let complaint = run(1);
    assert!(complaint.contains("running it unpacked") && complaint.contains("in use"), "{complaint}");
    assert_eq!(cached(), ["model1.gguf", "model3.gguf"]);
    let cleared: Value =
        serde_json::from_str(&stdout(place.program(&["cache", "clear", "--json"]).output().expect("it starts"))).expect("JSON");
    assert_eq!((cleared["removed"].as_u64(), cleared["in_use"].as_u64()), (Some(0), Some(2)), "{cleared}");
    drop(serving);
    assert!(run(1).contains("packing"));
    assert_eq!(cached().len(), 2);
}

#[test]
fn of_two_that_start_at_once_one_packs_and_all_answer() {
    let place = Place::with_large_model();
    let start = || {
        let mut command = place.program(&["run", "Hello", "-n", "1", "-c", "64", "-t", "1", "-m"]);
        command.arg(&place.plain).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let children: Vec<Child> = (0..4).map(|_| start()).collect();
    let outputs: Vec<Output> = children.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
    assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
    for line in outputs.iter().flat_map(|output| said(output).lines().map(str::to_owned).collect::<Vec<_>>()) {
        assert!(line.contains("packing") || line.contains("another process is writing it"), "{line}");
    }
    assert!(fs::read(place.file()).expect("it is there") == place.packed());
}

#[test]
fn a_start_that_is_killed_while_it_packs_is_gone_on_with() {
    let place = Place::with_large_model();
    let whole = place.packed();
    let unfinished = || place.cache().entries().expect("it can be read").into_iter().find(|entry| entry.state == State::Unfinished);
    let written = || unfinished().and_then(|entry| entry.path.metadata().ok()).map_or(0, |part| part.len());
    let mut moments = 0;
    for share in [1, 40, 80] {
        let enough = whole.len() as u64 * share / 100;
        let mut child = place
            .program(&["run", "Hello", "-n", "1", "-m"])
            .arg(&place.plain)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        while written() < enough && child.try_wait().expect("it was started").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("it was started");
        if child.wait().expect("it ends").success() {
            break;
        }
        moments += usize::from(unfinished().is_some());
    }
    assert!(moments >= 1, "a kill came in time");
    stdout(place.run(&place.plain, &[]));
    assert!(fs::read(place.file()).expect("it is there") == whole);
    assert!(unfinished().is_none());
}

#[test]
fn the_list_and_clear() {
    let place = Place::new();
    let cache = |args: &[&str]| stdout(place.program(&[&["cache"], args].concat()).output().expect("it starts"));
    let dir = place.cache_dir().display().to_string();
    assert_eq!(cache(&[]), format!("{dir}: 0 files, 0 B of at most 4000.0 MB\n"));
    stdout(place.run(&place.plain, &[]));
    fs::write(place.cache_dir().join(format!("{}.gguf.part", "0".repeat(64))), [0; 10_000]).expect("it can be written");
    fs::write(place.cache_dir().join("not ours"), "").expect("it can be written");

    let listed = cache(&[]);
    assert!(listed.contains("2 files") && listed.contains("unfinished") && listed.contains("plain.gguf"), "{listed}");
    let json: Value = serde_json::from_str(&cache(&["--json"])).expect("JSON");
    let ready = json["files"].as_array().and_then(|files| files.iter().find(|file| file["state"] == "ready")).expect("it is listed");
    assert!(ready["sources"][0].as_str().is_some_and(|source| source.ends_with("plain.gguf")), "{json}");
    assert!(ready["bytes"].as_u64() >= Some(place.packed().len() as u64) && ready["in_use"] == false, "{json}");

    assert!(cache(&["clear"]).contains("removed 2 files"));
    let left: Vec<_> = fs::read_dir(place.cache_dir()).expect("a folder").flatten().map(|file| file.file_name()).collect();
    assert!(left.iter().all(|name| name == "not ours" || name == "lock"), "{left:?}");
    let blocked = program().arg("cache").env("XDG_CACHE_HOME", &place.plain).output().expect("it starts");
    assert!(!blocked.status.success() && said(&blocked).lines().count() == 1, "{blocked:?}");
}

/// The named file is not what is mapped, and must not be written all the same.
#[test]
fn logits_do_not_go_over_the_model_that_runs_from_the_cache() {
    let place = Place::new();
    let before = fs::read(&place.plain).expect("it is there");
    stdout(place.run(&place.plain, &[]));
    for out in [&place.plain, &place.file()] {
        let output = place.program(&["logits", "--tokens", "1", "-m"]).arg(&place.plain).arg("--out").arg(out).output().expect("it starts");
        assert!(!output.status.success() && said(&output).contains("the model itself"), "{output:?}");
    }
    assert!(fs::read(&place.plain).expect("it is there") == before);
}

/// A capture names the file that was run, and it is found again either way.
#[test]
fn a_capture_is_replayed_on_the_file_that_it_was_made_with() {
    let place = Place::new();
    for (name, args) in [("packed", &[][..]), ("plain", &["--no-cache"][..])] {
        let (socket, capture) = (place.dir.path().join(name), place.dir.path().join(format!("{name}.jsonl")));
        let link = format!("unix:{}", socket.display());
        let mut server = place.program(&["serve", "--link", &link, "--record"]);
        let mut server = server.arg(&capture).arg("-m").arg(&place.plain).args(args).stdout(Stdio::null()).spawn().expect("it starts");
        while !socket.exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        stdout(qwark().args(["ask", "--link", &link, "Hello", "-n", "8"]).output().expect("it starts"));
        interrupt(&server);
        assert!(server.wait().expect("it ends").success());
        let replayed = place.program(&["replay", "-m"]).arg(&place.plain).arg(&capture).output().expect("it starts");
        assert!(stdout(replayed).contains("1 identical, 0 different"), "{name}");
    }
}

#[test]
fn a_file_that_another_process_is_packing_is_said_to_be() {
    let place = Place::new();
    stdout(place.run(&place.plain, &[]));
    let file = place.file();
    fs::remove_file(file.with_extension("json")).expect("it is there");
    let part = fs::File::create(qwark::part_file::part_path(&file)).expect("it can be written");
    part.lock().expect("nobody else has it");
    let mapping = Mapping::open(&place.plain).expect("it can be mapped");
    let error = place.cache().open(&mapping, &mut |_, _, _| ()).expect_err("it is being written");
    assert!(matches!(&error, CacheError::Save(_)) && error.to_string().contains("another process is writing it"), "{error}");
}
