//! Any bytes are parsed or refused, and what was parsed holds what `Gguf` promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qwark::gguf::{Gguf, GgufError, Header, Value, ValueType};

/// A message names a thing from the file, which must not flood the terminal.
const MAX_MESSAGE_CHARS: usize = 1000;

fuzz_target!(|bytes: &[u8]| {
    check(&[bytes], Gguf::parse(&[bytes]));
    // A second magic begins a second part, so that two files one after the other are a split model.
    if let Some(second) = bytes.windows(4).skip(1).position(|window| window == b"GGUF") {
        let (first, second) = bytes.split_at(second + 1);
        check(&[first, second], Gguf::parse(&[first, second]));
    }
});

fn check(parts: &[&[u8]], parsed: Result<Gguf<'_>, GgufError>) {
    match parsed {
        Ok(gguf) => {
            check_metadata(&gguf);
            check_tensors(parts, &gguf);
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.chars().count() <= MAX_MESSAGE_CHARS, "{message}");
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
}

fn check_metadata(gguf: &Gguf<'_>) {
    let mut copy = Header::new();
    for (key, value) in gguf.metadata() {
        let found = gguf.get(key).expect("every key is found");
        assert_eq!(found.value_type(), value.value_type());
        let as_one = [gguf.u32(key).is_ok(), gguf.f32(key).is_ok(), gguf.bool(key).is_ok(), gguf.str(key).is_ok(), gguf.array(key).is_ok()];
        assert!(as_one.iter().filter(|ok| **ok).count() <= 1);
        if let Value::Array(array) = value {
            let decoded = match array.elem() {
                ValueType::Str => array.strs().expect("strings").count(),
                ValueType::I32 => array.i32s().expect("i32").count(),
                ValueType::U32 => array.u32s().expect("u32").count(),
                ValueType::F32 => array.f32s().expect("f32").count(),
                _ => array.len(),
            };
            assert_eq!(decoded, array.len());
        }
        copy.put(key, *value);
    }
    // What is written as it was read is read as it was written; the bytes are compared, as NaN is not equal to itself.
    let file = copy.begin(Vec::new()).and_then(|data| data.finish()).expect("a header can be written");
    if gguf.metadata().iter().all(|(key, _)| !key.starts_with("split.")) {
        let again = Gguf::parse(&[&file]).expect("what was parsed can be parsed again");
        assert_eq!(format!("{:?}", again.metadata()), format!("{:?}", gguf.metadata()));
    }
}

fn check_tensors(parts: &[&[u8]], gguf: &Gguf<'_>) {
    let mut spans = Vec::new();
    for tensor in gguf.tensors() {
        assert_eq!(gguf.tensor(tensor.name()), Some(tensor));
        let matrix = tensor.matrix().expect("every tensor is a matrix");
        assert_eq!((matrix.rows(), matrix.cols()), (tensor.rows(), tensor.cols()));
        let span = tensor.data().as_ptr_range();
        assert!(parts.iter().any(|part| {
            let part = part.as_ptr_range();
            part.start <= span.start && span.end <= part.end
        }));
        spans.push(span);
    }
    spans.sort_by_key(|span| span.start);
    assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
}
