use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};

use super::heard::Heard;
use super::lines::Lines;
use crate::capture::Reader;
use crate::cli::args::{Common, DecodeArgs};

pub(super) fn run(common: &Common, args: &DecodeArgs) -> Result<()> {
    let lines = Lines { json: common.json };
    let (mut input, name): (Box<dyn BufRead>, _) = match args.file.as_deref().filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let name = path.display().to_string();
            (Box::new(BufReader::new(File::open(path).with_context(|| name.clone())?)), name)
        }
        None => (Box::new(io::stdin().lock()), "standard input".to_owned()),
    };
    if args.raw {
        let mut heard = Heard::new(lines, None);
        heard.read(&mut input, &name, || false)?;
        return heard.summary();
    }
    let reader = Reader::new(input, &name)?;
    lines.header(reader.header())?;
    for record in reader {
        lines.record(&record?)?;
    }
    Ok(())
}
