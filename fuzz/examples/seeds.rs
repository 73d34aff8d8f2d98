//! Writes small sound inputs, from which the fuzzer starts, to `corpus/gguf_parse` and `corpus/command_set` beside this crate's manifest.

use std::error::Error;
use std::num::NonZeroU32;
use std::path::Path;
use std::{fs, io};

use qwark::gguf::{Header, Value, WriteError};
use qwark_kernels::DType;

fn main() -> Result<(), Box<dyn Error>> {
    write(
        "gguf_parse",
        &[
            ("empty", finished(Header::new())?),
            ("values", finished(values())?),
            (
                "version-2",
                finished({
                    let mut header = values();
                    header.version(2);
                    header
                })?,
            ),
            ("tensors", finished(tensors()?)?),
            (
                "aligned",
                finished({
                    let mut header = tensors()?;
                    header.alignment(NonZeroU32::new(64).ok_or("alignment")?);
                    header
                })?,
            ),
            ("split", [split_part(0)?, split_part(1)?].concat()),
        ],
    )?;
    write("command_set", &command_sets())?;
    Ok(())
}

fn write(target: &str, seeds: &[(&str, Vec<u8>)]) -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    for (name, bytes) in seeds {
        fs::write(corpus.join(name), bytes)?;
    }
    println!("{}", corpus.display());
    Ok(())
}

/// Sets, and bytes and lines of commands behind them.
fn command_sets() -> Vec<(&'static str, Vec<u8>)> {
    let kinds = "name = \"a\"\nversion = 1\n[[command]]\nname = \"b\"\nparams.c = { type = \"int\", min = -1, max = 9, optional = true }\n\
        params.d = { type = \"float\", min = 0.0, max = 1.0, step = 0.25 }\nparams.e = { type = \"bool\" }\n\
        params.f = { type = \"enum\", values = [\"x\", \"y\"] }\nparams.g = { type = \"string\", max_len = 3 }\n\0\0\x02\x01\x01\x01h";
    vec![
        ("kinds", kinds.as_bytes().to_vec()),
        ("bytes", b"rover\0\x00\x01\xe2\xff\x02".to_vec()),
        ("lines", b"rover\0{\"drive\":{\"distance\":-0.3,\"speed\":0.1}}\n{\"say\":{\"text\":\"h\\\"i\"}}".to_vec()),
    ]
}

/// A value of every type.
fn values() -> Header {
    let mut header = Header::new();
    header.put("general.architecture", Value::Str("qwen2"));
    header.put("a", Value::U8(1));
    header.put("b", Value::I8(-1));
    header.put("c", Value::U16(1));
    header.put("d", Value::I16(-1));
    header.put("e", Value::U32(1));
    header.put("f", Value::I32(-1));
    header.put("g", Value::F32(0.5));
    header.put("h", Value::Bool(true));
    header.put("i", Value::U64(1));
    header.put("j", Value::I64(-1));
    header.put("k", Value::F64(0.5));
    header.put_strs("strings", &["", "a", "\u{120}b"]);
    header.put_i32s("numbers", &[1, 2, 3]);
    header
}

/// A tensor of every type.
fn tensors() -> Result<Header, WriteError> {
    let mut header = Header::new();
    for dtype in DType::ALL {
        header.tensor(dtype.name(), &[dtype.block_len() as u64, 2], dtype)?;
    }
    header.tensor("cube", &[2, 2, 2, 1], DType::F32)?;
    Ok(header)
}

fn split_part(number: u16) -> Result<Vec<u8>, WriteError> {
    let mut header = Header::new();
    header.put("split.no", Value::U16(number));
    header.put("split.count", Value::U16(2));
    header.put("split.tensors.count", Value::I32(2));
    header.tensor(&format!("tensor.{number}"), &[4], DType::F32)?;
    finished(header)
}

/// The file of this header, all data being zero.
fn finished(header: Header) -> Result<Vec<u8>, WriteError> {
    let sizes: Vec<u64> = header.tensor_bytes().collect();
    let mut data = header.begin(Vec::new())?;
    for size in sizes {
        data.write(&vec![0; size as usize])?;
    }
    data.finish()
}
