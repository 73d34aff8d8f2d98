//! The GGUF reader on sound files, and on files with each fault that it knows.

use std::error::Error;
use std::fs;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;
use qwark::gguf::{Gguf, GgufError, Header, Mapping, Value, ValueType, WriteError};
use qwark_kernels::DType;

type TestResult = Result<(), Box<dyn Error>>;

/// A file put together item by item, whatever that makes.
struct Raw(Vec<u8>);

impl Raw {
    /// A header of version 3 that claims so many tensors and metadata entries.
    fn claiming(tensors: u64, entries: u64) -> Self {
        Self(b"GGUF\x03\0\0\0".to_vec()).u64(tensors).u64(entries)
    }

    fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn str(self, text: &str) -> Self {
        self.u64(text.len() as u64).bytes(text.as_bytes())
    }

    /// A key and the type of its value.
    fn key(self, key: &str, kind: u32) -> Self {
        self.str(key).u32(kind)
    }

    /// A tensor's description.
    fn tensor(self, name: &str, dims: &[u64], dtype: u32, offset: u64) -> Self {
        let shape = self.str(name).u32(dims.len() as u32);
        dims.iter().fold(shape, |raw, dim| raw.u64(*dim)).u32(dtype).u64(offset)
    }

    /// Padding up to the data, and `len` bytes of it.
    fn data(mut self, len: usize) -> Self {
        self.0.resize(self.0.len().next_multiple_of(32) + len, 0);
        self
    }

    /// So many zero bytes, which leave room for what a count claims.
    fn room(self, len: usize) -> Self {
        self.bytes(&vec![0; len])
    }
}

const U32: u32 = ValueType::U32 as u32;
const STR: u32 = ValueType::Str as u32;
const BOOL: u32 = ValueType::Bool as u32;
const ARRAY: u32 = ValueType::Array as u32;
const F32: u32 = 0;

#[track_caller]
fn assert_refused(parts: &[&[u8]], message: &str) {
    match Gguf::parse(parts) {
        Ok(_) => panic!("accepted, where this is expected: {message}"),
        Err(error) => assert_eq!(error.to_string(), message),
    }
}

#[test]
fn a_faulty_header_is_refused() {
    for (file, message) in [
        (Raw(vec![]), "header: the file ends too early: 4 bytes are needed here, 0 are left (byte 0)"),
        (Raw(b"GGU".to_vec()), "header: the file ends too early: 4 bytes are needed here, 3 are left (byte 0)"),
        (Raw(b"PK\x03\x04".to_vec()).room(60), "header: this is not a GGUF file: it begins with \"PK\\x03\\x04\", not \"GGUF\" (byte 0)"),
        (Raw(b"GGUF".to_vec()).u32(1).room(60), "header: GGUF version 1 is not known; known versions: 2, 3 (byte 4)"),
        (Raw(b"GGUF".to_vec()).u32(4).room(60), "header: GGUF version 4 is not known; known versions: 2, 3 (byte 4)"),
        (Raw(b"GGUF\0\0\0\x03".to_vec()).room(60), "header: this is a big-endian GGUF file; only little-endian files are read (byte 4)"),
        (Raw(b"GGUF".to_vec()).u32(3), "header: the file ends too early: 8 bytes are needed here, 0 are left (byte 8)"),
    ] {
        assert_refused(&[&file.0], message);
    }
    assert_refused(&[], "header: the file ends too early: 4 bytes are needed here, 0 are left (byte 0)");
}

/// Refused before anything is allocated: nothing near these sizes could be.
#[test]
fn claims_beyond_the_file_are_refused() {
    const HUGE: u64 = 1 << 60;
    for (file, message) in [
        (Raw::claiming(0, HUGE).room(76), "header: metadata entries claimed: 1152921504606846976; there is room for at most 5 (byte 16)"),
        (Raw::claiming(HUGE, 0).room(76), "header: tensors claimed: 1152921504606846976; there is room for at most 2 (byte 8)"),
        (
            Raw::claiming(0, u64::MAX).room(4 << 20),
            "header: metadata entries claimed: 18446744073709551615; there is room for at most 65536 (byte 16)",
        ),
        (
            Raw::claiming(0, 1).u64(HUGE).room(76),
            "metadata entry 0: the file ends too early: 1152921504606846976 bytes are needed here, 76 are left (byte 32)",
        ),
        (
            Raw::claiming(0, 1).key("a", STR).u64(u64::MAX).room(76),
            "key \"a\": the file ends too early: 18446744073709551615 bytes are needed here, 76 are left (byte 45)",
        ),
        (
            Raw::claiming(0, 1).key("a", ARRAY).u32(U32).u64(HUGE).room(76),
            "key \"a\": array elements claimed: 1152921504606846976; there is room for at most 19 (byte 41)",
        ),
        (
            Raw::claiming(0, 1).key("a", ARRAY).u32(STR).u64(HUGE).room(76),
            "key \"a\": array elements claimed: 1152921504606846976; there is room for at most 9 (byte 41)",
        ),
    ] {
        assert_refused(&[&file.0], message);
    }
}

#[test]
fn faulty_metadata_is_refused() {
    let long = "k".repeat(65_536);
    for (file, message) in [
        (Raw::claiming(0, 1).str("").room(60), "metadata entry 0: the name is empty (byte 24)"),
        (
            Raw::claiming(0, 1).key(&long, U32).room(60),
            "metadata entry 0: the name is 65536 bytes long; at most 65535 are allowed (byte 24)",
        ),
        (Raw::claiming(0, 1).u64(2).bytes(b"\xc3\x28").room(60), "metadata entry 0: the text is not valid UTF-8 (byte 24)"),
        (Raw::claiming(0, 1).key("a", 13).room(60), "key \"a\": value type 13 is not known (byte 33)"),
        (Raw::claiming(0, 1).key("a", ARRAY).u32(99).room(60), "key \"a\": value type 99 is not known (byte 37)"),
        (Raw::claiming(0, 1).key("a", ARRAY).u32(ARRAY).u64(1).room(60), "key \"a\": arrays of arrays are not supported (byte 37)"),
        (Raw::claiming(0, 1).key("a", BOOL).bytes(&[2]).room(60), "key \"a\": a bool is neither 0 nor 1 but 2 (byte 37)"),
        (
            Raw::claiming(0, 1).key("a", ARRAY).u32(BOOL).u64(3).bytes(&[0, 1, 7]).room(60),
            "key \"a\": a bool is neither 0 nor 1 but 7 (byte 51)",
        ),
        (Raw::claiming(0, 1).key("a", STR).u64(1).bytes(&[0xff]).room(60), "key \"a\": the text is not valid UTF-8 (byte 37)"),
        (
            Raw::claiming(0, 1).key("a", ARRAY).u32(STR).u64(2).str("b").u64(1).bytes(&[0x80]).room(60),
            "key \"a\": the text is not valid UTF-8 (byte 58)",
        ),
        (
            Raw::claiming(0, 1).key("a", ARRAY).u32(STR).u64(2).str("b").u64(9),
            "key \"a\": the file ends too early: 9 bytes are needed here, 0 are left (byte 66)",
        ),
        (Raw::claiming(0, 3).key("a", U32).u32(1).key("b", U32).u32(2).key("a", U32).u32(3), "key \"a\": it appears more than once"),
        (Raw::claiming(0, 1).key("\u{1b}[2J\n", 13).room(60), "key \"\\u{1b}[2J\\n\": value type 13 is not known (byte 37)"),
    ] {
        assert_refused(&[&file.0], message);
    }
}

#[test]
fn names_in_messages_are_cut() {
    let file = Raw::claiming(0, 1).key(&"ä".repeat(1000), 13).room(60);
    let shown = "ä".repeat(96);
    assert_refused(&[&file.0], &format!("key \"{shown}…\": value type 13 is not known (byte 2032)"));
}

#[test]
fn a_faulty_alignment_is_refused() {
    for alignment in [0, 1, 4, 24, 131_072, u32::MAX] {
        let file = Raw::claiming(0, 1).key("general.alignment", U32).u32(alignment);
        assert_refused(&[&file.0], &format!("key \"general.alignment\": alignment {alignment} is not a power of two from 8 to 65536"));
    }
    let file = Raw::claiming(0, 1).key("general.alignment", STR).str("32");
    assert_refused(&[&file.0], "key \"general.alignment\": it is of type string; an unsigned integer is expected");
}

#[test]
fn a_faulty_tensor_is_refused() {
    let known = "known types: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, IQ4_NL";
    let one = |name: &str, dims: &[u64], dtype, offset| Raw::claiming(1, 0).tensor(name, dims, dtype, offset).data(64);
    for (file, message) in [
        (one("", &[4], F32, 0), "tensor 0: the name is empty (byte 24)".to_owned()),
        (one(&"n".repeat(65), &[4], F32, 0), "tensor 0: the name is 65 bytes long; at most 64 are allowed (byte 24)".to_owned()),
        (one("t", &[], F32, 0), "tensor \"t\": it has 0 dimensions; 1 to 4 are allowed (byte 33)".to_owned()),
        (one("t", &[1; 5], F32, 0), "tensor \"t\": it has 5 dimensions; 1 to 4 are allowed (byte 33)".to_owned()),
        (
            Raw::claiming(1, 0).str("t").u32(u32::MAX).room(64),
            "tensor \"t\": it has 4294967295 dimensions; 1 to 4 are allowed (byte 33)".to_owned(),
        ),
        (one("t", &[4, 0], F32, 0), "tensor \"t\": dimension 1 is zero (byte 45)".to_owned()),
        (one("t", &[1 << 40, 1 << 40], F32, 0), "tensor \"t\": its size overflows (byte 33)".to_owned()),
        (one("t", &[u64::MAX], F32, 0), "tensor \"t\": its size overflows (byte 33)".to_owned()),
        (one("t", &[2, 1, 1, u64::MAX], F32, 0), "tensor \"t\": its size overflows (byte 33)".to_owned()),
        (one("t", &[256], 10, 0), format!("tensor \"t\": type Q2_K is not supported; {known} (byte 45)")),
        (one("t", &[256], 39, 0), format!("tensor \"t\": type MXFP4 is not supported; {known} (byte 45)")),
        (one("t", &[256], 4, 0), format!("tensor \"t\": type number 4 is not supported; {known} (byte 45)")),
        (one("t", &[256], u32::MAX, 0), format!("tensor \"t\": type number 4294967295 is not supported; {known} (byte 45)")),
        (one("t", &[48], 2, 0), "tensor \"t\": 48 columns are not a whole number of Q4_0 blocks of 32 (byte 33)".to_owned()),
        (one("t", &[896], 12, 0), "tensor \"t\": 896 columns are not a whole number of Q4_K blocks of 256 (byte 33)".to_owned()),
        (one("t", &[4], F32, 16), "tensor \"t\": its data offset 16 is not a multiple of the alignment 32 (byte 49)".to_owned()),
        (
            one("t", &[17], F32, 0),
            "tensor \"t\": its data (offset 0, 68 bytes) ends outside the file's 64 bytes of data (byte 49)".to_owned(),
        ),
        (
            one("t", &[9], F32, 32),
            "tensor \"t\": its data (offset 32, 36 bytes) ends outside the file's 64 bytes of data (byte 49)".to_owned(),
        ),
        (
            one("t", &[4], F32, 1 << 63),
            "tensor \"t\": its data (offset 9223372036854775808, 16 bytes) ends outside the file's 64 bytes of data (byte 49)".to_owned(),
        ),
        (
            one("t", &[4], F32, u64::MAX - 31),
            "tensor \"t\": its data (offset 18446744073709551584, 16 bytes) ends outside the file's 64 bytes of data (byte 49)".to_owned(),
        ),
        (
            // The data would begin behind the end of the file.
            Raw::claiming(1, 0).tensor("t", &[1], F32, 0),
            "tensor \"t\": its data (offset 0, 4 bytes) ends outside the file's 0 bytes of data (byte 49)".to_owned(),
        ),
    ] {
        assert_refused(&[&file.0], &message);
    }
}

#[test]
fn tensors_of_one_name_or_one_place_are_refused() {
    let two = |first: (&str, u64, u64), second: (&str, u64, u64)| {
        let raw = Raw::claiming(2, 0).tensor(first.0, &[first.1], F32, first.2);
        raw.tensor(second.0, &[second.1], F32, second.2).data(96)
    };
    for (file, message) in [
        (two(("t", 1, 0), ("t", 1, 32)), "tensor \"t\": it appears more than once"),
        (two(("a", 9, 0), ("b", 1, 32)), "tensor \"b\": its data overlaps that of tensor \"a\" (byte 82)"),
        (two(("a", 1, 32), ("b", 24, 0)), "tensor \"a\": its data overlaps that of tensor \"b\" (byte 49)"),
        (two(("a", 1, 64), ("b", 2, 64)), "tensor \"b\": its data overlaps that of tensor \"a\" (byte 82)"),
    ] {
        assert_refused(&[&file.0], message);
    }
}

/// A sound file: values of every type, and tensors of every type.
fn sound(version: u32, alignment: u32) -> Result<Vec<u8>, WriteError> {
    let mut header = Header::new();
    header.version(version);
    header.put("u8", Value::U8(200));
    header.put("i8", Value::I8(-100));
    header.put("u16", Value::U16(60_000));
    header.put("i16", Value::I16(-30_000));
    header.put("u32", Value::U32(4_000_000_000));
    header.put("i32", Value::I32(-2_000_000_000));
    header.put("f32", Value::F32(1.5));
    header.put("bool", Value::Bool(true));
    header.put("str", Value::Str("Grüße"));
    header.put_strs("strs", &["", "a", "Ġb"]);
    header.put_i32s("i32s", &[-1, 0, 1]);
    header.put("u64", Value::U64(5));
    header.put("i64", Value::I64(-5));
    header.put("f64", Value::F64(0.25));
    if let Some(alignment) = NonZeroU32::new(alignment).filter(|alignment| alignment.get() != 32) {
        header.alignment(alignment);
    }
    let mut contents = Vec::new();
    for (index, dtype) in DType::ALL.into_iter().enumerate() {
        header.tensor(dtype.name(), &[2 * dtype.block_len() as u64, 3], dtype)?;
        contents.push(vec![index as u8 + 1; 6 * dtype.block_bytes()]);
    }
    header.tensor("cube", &[2, 3, 1, 5], DType::F32)?;
    contents.push(vec![0xcc; 120]);
    write(header, &contents)
}

fn write(header: Header, contents: &[Vec<u8>]) -> Result<Vec<u8>, WriteError> {
    let bytes = header.file_bytes();
    let mut data = header.begin(Vec::new())?;
    for content in contents {
        data.write(content)?;
    }
    let file = data.finish()?;
    assert_eq!(file.len() as u64, bytes);
    Ok(file)
}

#[test]
fn sound_files_are_read() -> TestResult {
    for (version, alignment) in [(2, 32), (3, 32), (3, 8), (3, 4096)] {
        let file = sound(version, alignment)?;
        let gguf = Gguf::parse(&[&file])?;
        assert_eq!((gguf.version(), gguf.alignment()), (version, alignment));
        assert_eq!(gguf.get("u8"), Some(&Value::U8(200)));
        assert_eq!(gguf.get("i8"), Some(&Value::I8(-100)));
        assert_eq!(gguf.get("i16"), Some(&Value::I16(-30_000)));
        assert_eq!(gguf.get("i32"), Some(&Value::I32(-2_000_000_000)));
        assert_eq!(gguf.get("i64"), Some(&Value::I64(-5)));
        assert_eq!(gguf.get("f64"), Some(&Value::F64(0.25)));
        assert_eq!(gguf.get("missing"), None);
        assert_eq!((gguf.u32("u8")?, gguf.u32("u16")?, gguf.u32("u32")?, gguf.u32("u64")?), (200, 60_000, 4_000_000_000, 5));
        assert_eq!((gguf.f32("f32")?, gguf.f32("f64")?, gguf.bool("bool")?, gguf.str("str")?), (1.5, 0.25, true, "Grüße"));
        assert_eq!(gguf.strs("strs")?.collect::<Vec<_>>(), ["", "a", "Ġb"]);
        assert_eq!(gguf.strs("strs")?.len(), 3);
        assert_eq!(gguf.i32s("i32s")?.collect::<Vec<_>>(), [-1, 0, 1]);
        assert_eq!(gguf.opt_u32("missing")?, None);
        assert_eq!(gguf.metadata()[0].0, "u8");

        assert_eq!(gguf.tensors().len(), DType::ALL.len() + 1);
        for (index, dtype) in DType::ALL.into_iter().enumerate() {
            let tensor = gguf.tensor(dtype.name()).ok_or("missing")?;
            assert_eq!((tensor.name(), tensor.dtype()), (dtype.name(), dtype));
            assert_eq!((tensor.dims(), tensor.rows(), tensor.cols()), (&[2 * dtype.block_len(), 3][..], 3, 2 * dtype.block_len()));
            assert_eq!(tensor.data(), vec![index as u8 + 1; 6 * dtype.block_bytes()]);
            let matrix = tensor.matrix()?;
            assert_eq!((matrix.rows(), matrix.cols()), (3, 2 * dtype.block_len()));
        }
        let cube = gguf.tensor("cube").ok_or("missing")?;
        assert_eq!((cube.dims(), cube.rows(), cube.data().len()), (&[2, 3, 1, 5][..], 15, 120));
        assert_eq!(gguf.tensor("missing"), None);
    }
    Ok(())
}

#[test]
fn what_is_asked_for_wrongly_is_named() -> TestResult {
    let file = sound(3, 32)?;
    let gguf = Gguf::parse(&[&file])?;
    let message = |error: Option<GgufError>| error.map(|error| error.to_string()).unwrap_or_default();
    for (error, expected) in [
        (gguf.u32("missing").err(), "key \"missing\": it is missing"),
        (gguf.strs("missing").err(), "key \"missing\": it is missing"),
        (gguf.u32("str").err(), "key \"str\": it is of type string; an unsigned integer is expected"),
        (gguf.u32("i32").err(), "key \"i32\": it is of type i32 and out of range; an unsigned 32-bit integer is expected"),
        (gguf.opt_u32("f32").err(), "key \"f32\": it is of type f32; an unsigned integer is expected"),
        (gguf.f32("u32").err(), "key \"u32\": it is of type u32; a floating-point number is expected"),
        (gguf.bool("u8").err(), "key \"u8\": it is of type u8; a bool is expected"),
        (gguf.str("strs").err(), "key \"strs\": it is an array of string; a string is expected"),
        (gguf.array("str").err(), "key \"str\": it is of type string; an array is expected"),
        (gguf.strs("i32s").err(), "key \"i32s\": it is an array of i32; an array of strings is expected"),
        (gguf.i32s("strs").err(), "key \"strs\": it is an array of string; an array of i32 is expected"),
    ] {
        assert_eq!(message(error), expected);
    }
    Ok(())
}

/// Part `number` of `count` of a model with `tensors` tensors, one of which is called `name`.
fn part(number: u16, count: u16, tensors: i32, name: &str) -> Result<Vec<u8>, WriteError> {
    let mut header = Header::new();
    header.put("split.no", Value::U16(number));
    header.put("split.count", Value::U16(count));
    header.put("split.tensors.count", Value::I32(tensors));
    header.put("general.name", Value::Str(name));
    header.tensor(name, &[2], DType::F32)?;
    write(header, &[vec![number as u8; 8]])
}

#[test]
fn parts_are_read_as_one() -> TestResult {
    let parts = [part(0, 3, 3, "c")?, part(1, 3, 3, "a")?, part(2, 3, 3, "b")?];
    let gguf = Gguf::parse(&parts.each_ref().map(Vec::as_slice))?;
    assert_eq!(gguf.str("general.name")?, "c");
    for (number, name) in [(0, "c"), (1, "a"), (2, "b")] {
        assert_eq!(gguf.tensor(name).map(|tensor| tensor.data()), Some(&[number; 8][..]));
        assert_eq!(gguf.tensors()[usize::from(number)].name(), name);
    }
    Ok(())
}

#[test]
fn parts_that_do_not_belong_together_are_refused() -> TestResult {
    let first = part(0, 2, 2, "a")?;
    let second = part(1, 2, 2, "b")?;
    let whole = sound(3, 32)?;
    let cut = &second[..40];
    for (parts, message) in [
        (vec![&first[..]], "key \"split.count\": parts of the model: 2 claimed, 1 given"),
        (vec![&first, &second, &second], "part 1: key \"split.count\": parts of the model: 2 claimed, 3 given"),
        (vec![&whole, &whole], "part 1: key \"split.count\": parts of the model: 1 claimed, 2 given"),
        (vec![&first, &whole], "part 2: key \"split.count\": parts of the model: 1 claimed, 2 given"),
        (vec![&second, &first], "part 1: key \"split.no\": this is part 1 (from 0); part 0 is expected here"),
        (vec![&first, &first], "part 2: key \"split.no\": this is part 0 (from 0); part 1 is expected here"),
        (vec![&first, cut], "part 2: header: tensors claimed: 1; there is room for at most 0 (byte 8)"),
    ] {
        assert_refused(&parts, message);
    }
    assert_refused(&[&first, &part(1, 2, 2, "a")?], "tensor \"a\": it appears more than once");
    assert_refused(&[&part(0, 2, 3, "a")?, &second], "part 1: key \"split.tensors.count\": tensors of all parts: 3 claimed, 2 there");
    Ok(())
}

#[test]
fn every_prefix_is_refused_or_read() -> TestResult {
    let file = sound(3, 32)?;
    // What is missing may be padding after the last tensor; everything else is needed.
    let end = span_of(&file, "cube")?.end;
    for len in 0..=file.len() {
        let parsed = Gguf::parse(&[&file[..len]]);
        assert_eq!(parsed.is_ok(), len >= end, "{len} of {} bytes: {parsed:?}", file.len());
    }
    Ok(())
}

/// Where a tensor's data lies in a file.
fn span_of(file: &[u8], tensor: &str) -> Result<Range<usize>, Box<dyn Error>> {
    let gguf = Gguf::parse(&[file])?;
    let data = gguf.tensor(tensor).ok_or("missing")?.data().as_ptr_range();
    let start = file.as_ptr().addr();
    Ok(data.start.addr() - start..data.end.addr() - start)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// A damaged file is refused, or read as something that keeps the reader's promises.
    #[test]
    fn damage_does_no_harm(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut file = sound(3, 32).unwrap();
        let head = span_of(&file, DType::ALL[0].name()).unwrap().start;
        for (index, byte) in flips {
            file[index.index(head)] = byte;
        }
        if let Ok(gguf) = Gguf::parse(&[&file]) {
            for (key, value) in gguf.metadata() {
                prop_assert!(gguf.get(key).is_some());
                if let Value::Array(array) = value && let Ok(strs) = array.strs() {
                    prop_assert_eq!(strs.count(), array.len());
                }
            }
            for tensor in gguf.tensors() {
                prop_assert!(gguf.tensor(tensor.name()).is_some());
                prop_assert!(tensor.matrix().is_ok());
            }
        }
    }
}

#[test]
fn the_writer_holds_to_what_was_declared() -> TestResult {
    let mut header = Header::new();
    for dims in [&[][..], &[0], &[31], &[32, u64::MAX], &[32, 0]] {
        let error = header.tensor("t", dims, DType::Q4_0).unwrap_err();
        assert_eq!(error.to_string(), format!("tensor \"t\": {dims:?} is not a shape of one or more whole Q4_0 blocks per row"));
    }
    header.tensor("t", &[4], DType::F32)?;
    let mut data = header.clone().begin(Vec::new())?;
    data.write(&[0; 9])?;
    assert_eq!(data.write(&[0; 8]).unwrap_err().to_string(), "1 bytes more than the declared tensors hold were given");
    let error = data.finish().unwrap_err();
    assert_eq!(error.to_string(), "tensor \"t\": 7 bytes of its data were not given");
    let mut data = header.begin(Vec::new())?;
    data.write(&[0; 16])?;
    assert!(data.write(&[0]).is_err());
    assert_eq!(data.finish()?.len() % 32, 0);
    Ok(())
}

#[test]
fn files_are_mapped() -> TestResult {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("model.gguf");
    let file = sound(3, 32)?;
    fs::write(&path, &file)?;
    let mapping = Mapping::open(&path)?;
    mapping.prefetch();
    assert_eq!(mapping.parts(), [&file[..]]);
    assert_eq!(mapping.len_bytes(), file.len() as u64);
    assert_eq!(mapping.paths().collect::<Vec<_>>(), [path.as_path()]);
    // Replaced by renaming, the mapped file stays what it was.
    let new = dir.path().join("new");
    fs::write(&new, "new")?;
    fs::rename(&new, &path)?;
    assert_eq!(mapping.parts(), [&file[..]]);
    Ok(())
}

#[test]
fn all_parts_are_mapped_whichever_is_named() -> TestResult {
    let dir = tempfile::tempdir()?;
    let path = |number: u16| dir.path().join(format!("model-0000{number}-of-00002.gguf"));
    let files = [part(0, 2, 2, "a")?, part(1, 2, 2, "b")?];
    fs::write(path(1), &files[0])?;
    assert_eq!(
        Mapping::open(&path(1)).unwrap_err().to_string(),
        format!("{}: no such file; it is part 2 of 2 of the model", path(2).display())
    );
    fs::write(path(2), &files[1])?;
    for number in [1, 2] {
        let mapping = Mapping::open(&path(number))?;
        assert_eq!(mapping.parts(), files);
        assert_eq!(Gguf::parse(&mapping.parts())?.tensors().len(), 2);
    }
    assert_eq!(
        Mapping::open(&path(3)).unwrap_err().to_string(),
        format!("{}: there is no part 3 of 2; models have 1 to 1024 parts", path(3).display())
    );
    Ok(())
}

#[test]
fn what_cannot_be_mapped_is_named() -> TestResult {
    let dir = tempfile::tempdir()?;
    let refused = |path: &Path| Mapping::open(path).unwrap_err().to_string();
    let missing = dir.path().join("missing.gguf");
    assert_eq!(refused(&missing), format!("{}: no such file", missing.display()));
    assert_eq!(refused(dir.path()), format!("{}: this is a directory, not a model file", dir.path().display()));
    let empty = dir.path().join("empty.gguf");
    fs::write(&empty, "")?;
    assert_eq!(refused(&empty), format!("{}: the file is empty", empty.display()));
    let inside = empty.join("model.gguf");
    assert_eq!(refused(&inside), format!("{}: cannot be opened: Not a directory (os error 20)", inside.display()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let null = Path::new("/dev/null");
        assert_eq!(refused(null), "/dev/null: this is not a regular file and cannot be mapped");
        let closed = dir.path().join("closed.gguf");
        fs::write(&closed, "GGUF")?;
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000))?;
        // The superuser may read it all the same.
        if fs::File::open(&closed).is_err() {
            assert_eq!(refused(&closed), format!("{}: permission denied", closed.display()));
        }
    }
    Ok(())
}
