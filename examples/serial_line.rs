//! The main job, once through: a mapped int4 model, a serial line, a question and its answer.
//!
//!     cargo run --release --example serial_line [MODEL.gguf] [PROMPT]
//!
//! Without a model it makes one of real shape with random weights, whose answers are noise; their way is real.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use qwark::gguf::Mapping;
use qwark::links::{self, Client, ClientEvent, Identity, LinkAddr, Request, Setup};
use qwark::runtime::{OpenOptions, Opened};
use qwark::serve::{MAX_EVENTS, serve};
use qwark::synth::{self, Quant, Shape, SynthOptions};
use qwark_kernels::DType;
use qwark_wire::Sampling;

/// No piece of an answer takes longer than this on any board that is fit for the job.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().map_or_else(made_up_model, |path| Ok(path.into()))?;
    let prompt = args.next().unwrap_or_else(|| "Go forward two metres, then turn left.".to_owned());

    let start = Instant::now();
    let mapping = Mapping::open(&path)?;
    let opened = Opened::new(&mapping)?;
    let mut runtime = opened.runtime(&OpenOptions::default())?;
    println!("mapped {} ({} MB) in {:.0?}", path.display(), mapping.len_bytes() / 1_000_000, start.elapsed());

    let context = runtime.engine().options().context as u32;
    let identity = Identity { boot_id: 1, model: opened.model.config.name.clone(), context, max_parallel: 1, commands: None };
    let (sender, events) = crossbeam_channel::bounded(MAX_EVENTS);
    let stop = Arc::new(AtomicBool::new(false));
    let setup = Setup::new(identity, runtime.control().clone());
    let links = links::serve(&[LinkAddr::Pty.into()], setup, sender, Arc::clone(&stop))?;
    let line = links.listening()[0].client_addr.clone();
    println!("serving on {line}\n> {prompt}");

    let result = std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let result = ask(&line, &prompt);
            stop.store(true, Ordering::Relaxed);
            result
        });
        let served = serve(&mut runtime, None, &events, &stop, start).map_err(|error| error.to_string());
        let asked = client.join().unwrap_or_else(|_| Err("the client panicked".to_owned()));
        served.and(asked)
    });
    drop(events);
    links.join();
    Ok(result?)
}

/// A client as a robot's controller would be: it knows the line and nothing else.
fn ask(line: &LinkAddr, prompt: &str) -> Result<(), String> {
    let error = |error: links::ClientError| error.to_string();
    let mut client = Client::connect(line, "serial_line example", PATIENCE).map_err(error)?;
    let sampling = Sampling { max_tokens: 48, ..Sampling::default() };
    client.generate(&Request { sampling, prompt: prompt.to_owned(), ..Request::default() }).map_err(error)?;
    for event in client.events(PATIENCE) {
        match event {
            ClientEvent::Token { text, .. } => {
                print!("{text}");
                std::io::stdout().flush().map_err(|error| error.to_string())?;
            }
            ClientEvent::Done { done, .. } => {
                let ms = |us: u64| us / 1000;
                println!(
                    "\n{:?}: {} prompt tokens in {} ms, first token after {} ms, {} tokens in {} ms",
                    done.reason,
                    done.prompt_tokens,
                    ms(done.prefill_us),
                    ms(done.first_token_us),
                    done.output_tokens,
                    ms(done.total_us),
                );
                return Ok(());
            }
            ClientEvent::Error { message, .. } => return Err(message),
            _ => {}
        }
    }
    Err("the runtime fell silent".to_owned())
}

/// Qwen2.5-0.5B's shape with random weights, made once.
fn made_up_model() -> Result<PathBuf, Box<dyn Error>> {
    let path = std::env::temp_dir().join("qwark-qwen2.5-0.5b-random.gguf");
    if !path.exists() {
        println!("making {} ...", path.display());
        let shape = Shape::named("qwen2.5-0.5b").ok_or("the shape is gone")?;
        synth::write(&SynthOptions::new(*shape, Quant::Uniform(DType::Q4_0)), &path, |_, _| ())?;
    }
    Ok(path)
}
