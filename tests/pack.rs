//! Packed files: nothing is lost, nothing is half there, and nobody takes them for what they are not.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use common::{model, qwark, stdout};
use qwark::gguf::{Gguf, Header, Mapping, Value};
use qwark::pack::{PackError, check, pack, pack_in_memory};
use qwark::part_file::part_path;
use qwark::runtime::Opened;
use qwark_kernels::{DType, Kernels, PackedDType};

/// `qwark pack` with these words.
fn run_pack(args: &[&str]) -> Output {
    qwark().arg("pack").args(args).stdin(Stdio::null()).output().expect("the program starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What a command that must fail says: one line.
fn complaint(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    error
}

/// A file of one matrix of each type that is packed, and what is not: other types, other shapes, rows that are no eight.
fn mixed() -> Vec<u8> {
    let mut header = Header::new();
    header.put("general.architecture", Value::Str("qwen2"));
    header.put("general.name", Value::Str("mixed"));
    header.put("split.count", Value::U32(1));
    let mut tensors: Vec<(String, Vec<u64>, DType)> = DType::ALL.iter().map(|d| (format!("{d}.weight"), vec![512, 24], *d)).collect();
    tensors.push(("odd.weight".to_owned(), vec![256, 12], DType::Q4_0));
    tensors.push(("vector.weight".to_owned(), vec![512], DType::Q4_0));
    tensors.push(("deep.weight".to_owned(), vec![256, 8, 2], DType::Q4_0));
    tensors.iter().for_each(|(name, dims, dtype)| header.tensor(name, dims, *dtype).expect("whole blocks"));
    let sizes: Vec<u64> = header.tensor_bytes().collect();
    let mut data = header.begin(Vec::new()).expect("memory takes it");
    for (n, size) in sizes.into_iter().enumerate() {
        data.write(&(0..size as usize).map(|i| (i * (2 * n + 3) + i / 256) as u8).collect::<Vec<_>>()).expect("declared");
    }
    data.finish().expect("all of it")
}

#[test]
fn nothing_is_lost_and_only_matrices_of_whole_tiles_move() {
    let file = mixed();
    let plain = Gguf::parse(&[&file]).expect("it is sound");
    let out = tempfile::NamedTempFile::new().expect("a file");
    let (mut last, mut total) = (0, 0);
    let summary = pack(&plain, out.path(), |done, all| {
        assert!(last < done && done <= all);
        (last, total) = (done, all);
    });
    let summary = summary.expect("it fits");
    assert_eq!((last, summary.bytes), (total, fs::metadata(out.path()).expect("it is there").len()));
    assert_eq!((summary.tensors, summary.packed), (plain.tensors().len(), PackedDType::ALL.len()));

    let mapping = Mapping::open(out.path()).expect("it can be mapped");
    let parts = mapping.parts();
    let packed = Gguf::parse(&parts).expect("it is sound");
    assert!(packed.is_packed() && !plain.is_packed());
    assert_eq!(packed.alignment(), 4096);
    check(&plain, &packed, |_| ()).expect("nothing is lost");
    for (plain, packed) in plain.tensors().iter().zip(packed.tensors()) {
        assert_eq!(packed.packed_dtype().is_some(), packed.data() != plain.data(), "{}", packed.name());
        assert!((packed.data().as_ptr() as usize).is_multiple_of(4096), "{} begins a page", packed.name());
        if packed.name() == "odd.weight" || packed.name() == "deep.weight" {
            assert_eq!(packed.packed_dtype(), None);
        }
    }
    // Row by row they are the same weights.
    let kernels = Kernels::detect();
    for (plain, packed) in plain.tensors().iter().zip(packed.tensors()) {
        let (plain, packed) = (plain.matrix().expect("checked"), packed.matrix().expect("checked"));
        let (mut a, mut b) = (vec![0.0; plain.cols()], vec![0.0; plain.cols()]);
        for row in 0..plain.rows() {
            kernels.dequantize_row(plain, row, &mut a);
            kernels.dequantize_row(packed, row, &mut b);
            assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()), "{} row {row}", plain.dtype());
        }
    }
}

#[test]
fn a_bit_that_differs_is_found_and_named() {
    let file = mixed();
    let plain = Gguf::parse(&[&file]).expect("it is sound");
    let out = tempfile::NamedTempFile::new().expect("a file");
    pack(&plain, out.path(), |_, _| ()).expect("it fits");
    let whole = fs::read(out.path()).expect("it is there");
    let found = |bytes: &[u8]| check(&plain, &Gguf::parse(&[bytes]).expect("it is sound"), |_| ()).expect_err("it differs").to_string();
    let packed = Gguf::parse(&[&whole]).expect("it is sound");
    for tensor in packed.tensors() {
        let at = tensor.data().as_ptr() as usize - whole.as_ptr() as usize + tensor.data().len() - 1;
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(found(&changed).contains(&format!("tensor \"{}\"", tensor.name())));
    }
    let mut changed = whole.clone();
    let at = changed.windows(5).position(|bytes| bytes == b"mixed").expect("the name");
    changed[at] ^= 1;
    assert!(found(&changed).contains("general.name"));
    assert!(matches!(check(&plain, &plain, |_| ()), Err(PackError::Plain)));
    assert!(matches!(check(&packed, &packed, |_| ()), Err(PackError::Packed)));
    assert!(matches!(pack(&packed, out.path(), |_, _| ()), Err(PackError::Packed)));
}

#[test]
fn the_program_packs_checks_and_runs() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("packed.gguf");
    let (plain, packed) = (text(model()), text(&out));
    assert!(stdout(run_pack(&[plain, packed])).contains("packed.gguf: "));
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing is left beside it");
    assert!(stdout(run_pack(&[plain, packed, "--check"])).contains("bit for bit"));
    let report: serde_json::Value = serde_json::from_str(&stdout(run_pack(&[plain, packed, "--json"]))).expect("JSON");
    assert!(report["packed"].as_u64() > Some(0) && report["packed"].as_u64() < report["tensors"].as_u64(), "{report}");
    let answer = |threads: &str| {
        let args = ["run", "Hello", "-n", "20", "--temp", "1", "--seed", "3", "-t", threads, "-m", packed];
        stdout(qwark().args(args).output().expect("the program starts"))
    };
    assert_eq!(answer("1"), answer("3"));
    let inspected = stdout(qwark().args(["inspect", "-m", packed]).output().expect("the program starts"));
    assert!(inspected.contains("packed"), "{inspected}");

    assert!(complaint(&run_pack(&[packed, plain])).contains("packed already"));
    assert!(complaint(&run_pack(&[plain, plain])).contains("the model itself"));
    assert!(complaint(&run_pack(&[plain, text(&dir.path().join("no/where.gguf"))])).contains("no/where.gguf"));
    assert!(complaint(&run_pack(&[plain, plain, "--check"])).contains("is not packed"));
    assert!(complaint(&run_pack(&["/no/such.gguf", packed])).contains("/no/such.gguf"));
}

/// Whatever moment it is killed at: the file that was there is as it was, and the next try goes on to the same bytes.
#[test]
fn a_pack_that_is_killed_leaves_no_half_file_and_is_gone_on_with() {
    let dir = tempfile::tempdir().expect("a folder");
    let (whole, out) = (dir.path().join("whole.gguf"), dir.path().join("packed.gguf"));
    let plain = dir.path().join("plain.gguf");
    stdout(qwark().args(["synth", "qwen2.5-0.5b", "--layers", "4"]).arg(&plain).output().expect("the program starts"));
    stdout(run_pack(&[text(&plain), text(&whole)]));
    let whole = fs::read(whole).expect("it is there");
    fs::write(&out, "as it was").expect("it can be written");

    let part = part_path(&out);
    let written = || part.metadata().map_or(0, |part| part.len());
    let mut moments = 0;
    for share in [1, 25, 50, 75, 95] {
        let enough = whole.len() as u64 * share / 100;
        let mut child = qwark().arg("pack").args([&plain, &out]).stdout(Stdio::null()).spawn().expect("the program starts");
        while written() < enough && child.try_wait().expect("it was started").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("it was started");
        if child.wait().expect("it ends").success() {
            // Faster than this process could look.
            break;
        }
        assert_eq!(fs::read(&out).expect("it is there"), b"as it was");
        moments += 1;
    }
    assert!(moments >= 2, "{moments} kills came in time");

    let left = written();
    let report: serde_json::Value = serde_json::from_str(&stdout(run_pack(&[text(&plain), text(&out), "--json"]))).expect("JSON");
    assert!(report["resumed_bytes"].as_u64() == Some(left) && left > 0, "{report} of {left}");
    assert!(fs::read(&out).expect("it is there") == whole);
    assert!(!part.exists());

    // What was left by something else, and damaged, comes to the same.
    let mut other = whole.clone();
    other.iter_mut().step_by(1 << 20).for_each(|byte| *byte ^= 1);
    fs::write(&part, [other, vec![7; 1000]].concat()).expect("it can be written");
    stdout(run_pack(&[text(&plain), text(&out)]));
    assert!(fs::read(&out).expect("it is there") == whole);
}

/// Two that write one file do not write into each other.
#[test]
fn a_second_pack_of_the_same_file_says_that_it_is_being_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("packed.gguf");
    let first = fs::File::create(part_path(&out)).expect("it can be written");
    first.lock().expect("nobody else has it");
    assert!(complaint(&run_pack(&[text(model()), text(&out)])).contains("another process is writing it"));
    drop(first);
    stdout(run_pack(&[text(model()), text(&out)]));
}

#[test]
fn a_packed_file_of_another_version_or_without_its_architecture_is_refused_in_one_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("packed.gguf");
    stdout(run_pack(&[text(model()), text(&out)]));
    let whole = fs::read(&out).expect("it is there");
    let key = |key: &[u8]| whole.windows(key.len()).position(|bytes| bytes == key).expect("the key") + key.len();
    let mut newer = whole.clone();
    newer[key(b"qwark.packed.version") + 4] = 9;
    let mut nameless = whole.clone();
    nameless[key(b"qwark.packed.architecture") - 1] = b'X';
    for (bytes, said) in [(newer, "packed layout 9 is not known"), (nameless, "qwark.packed.architecture")] {
        fs::write(&out, bytes).expect("it can be written");
        let output = qwark().args(["run", "Hello", "-m", text(&out)]).output().expect("the program starts");
        assert!(complaint(&output).contains(said), "{output:?}");
    }
}

/// The weights are used where they are mapped: what a packed model takes beside the file is not more than a plain one takes.
#[test]
fn a_packed_model_binds_its_matrices_to_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("packed.gguf");
    stdout(run_pack(&[text(model()), text(&out)]));
    let mapping = Mapping::open(&out).expect("it can be mapped");
    let opened = Opened::new(&mapping).expect("it is sound");
    let parts = mapping.parts();
    let file = parts[0].as_ptr_range();
    for matrix in opened.model.matrices() {
        assert!(matrix.packed_dtype().is_some() && file.contains(&matrix.bytes().as_ptr()));
    }
}

/// With the vocabulary and the width of a real model; of its layers, four say as much as all.
#[test]
#[cfg(target_os = "linux")]
fn a_packed_run_takes_the_file_the_cache_and_sixteen_megabytes() {
    if std::env::var_os("QWARK_TEST_RUNNER").is_some() {
        println!("skipped: the memory of an emulator is that of its emulated program and its own");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (plain, out) = (dir.path().join("plain.gguf"), dir.path().join("packed.gguf"));
    stdout(qwark().args(["synth", "qwen2.5-0.5b", "--layers", "4"]).arg(&plain).output().expect("the program starts"));
    stdout(run_pack(&[text(&plain), text(&out)]));
    let json = |args: &[&str]| -> serde_json::Value {
        let output = qwark().args(args).args(["--json", "-m", text(&out)]).output().expect("the program starts");
        serde_json::from_str(&stdout(output)).expect("JSON")
    };
    let kv = json(&["inspect", "-c", "160"])["memory"]["kv_bytes"].as_u64().expect("bytes");
    let report = json(&["bench", "-p", "128", "-n", "32", "-r", "1", "-t", "2"]);
    let bytes = |key: &str| report[key].as_u64().expect("bytes");
    assert!(bytes("anon_bytes") <= kv + 16_000_000, "{kv}, {report}");
    // The program's own pages are counted too, and a build for debugging has twice as many of them.
    let program = if cfg!(debug_assertions) { 8_000_000 } else { 0 };
    assert!(bytes("rss_bytes") <= bytes("file_bytes") + kv + 16_000_000 + program, "{kv}, {report}");
}

#[test]
fn a_model_is_packed_in_memory_as_in_a_file() {
    let file = mixed();
    let plain = Gguf::parse(&[&file]).expect("it is sound");
    let out = tempfile::NamedTempFile::new().expect("a file");
    pack(&plain, out.path(), |_, _| ()).expect("it can be packed");
    let packed = pack_in_memory(&plain, "mixed").expect("it can be packed");
    assert!(packed.parts() == [&fs::read(out.path()).expect("written")[..]]);
    let again = Gguf::parse(&packed.parts()).expect("it is sound");
    assert!(matches!(pack_in_memory(&again, "mixed"), Err(PackError::Packed)));
}
