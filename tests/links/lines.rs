//! Serial lines, played by pseudo-terminals.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::ioctl_tiocexcl;

use qwark::links::{Client, ClientEvent, LinkAddr, Request};
use qwark_wire::{DELIMITER, FromRuntime, MAX_FRAME, Ping, Pong, Reason, SCHEMA, Sampling, Thinking};

use crate::harness::{FLOOD, HOLD, PATIENCE, Raw, Runtime, Seen, finish, frame, identity, next, request};

/// Bytes that no delimiter ends.
const NOISE: &[u8] = b"\xff\x13\x11\x03\x04\r\n\x7fU-Boot 2024.01";

#[test]
fn a_request_crosses_the_line_with_everything_in_it() {
    let runtime = Runtime::pty();
    let mut client = runtime.connect();
    let info = client.runtime();
    assert_eq!((info.boot_id, info.models[0].as_str()), (identity().boot_id, "echo"));
    assert_eq!((info.context, info.max_parallel, info.schema), (2048, 3, SCHEMA));
    let asked = Request {
        sampling: Sampling { max_tokens: 9, temperature: 0.5, seed: 7, ..Sampling::default() },
        thinking: Thinking::Off,
        system: Some("Sei knapp. Größe: 1 m".to_owned()),
        prompt: "zwölf Boxkämpfer → 🤖".to_owned(),
        stops: vec!["\n\n".to_owned(), "🛑".to_owned()],
        ..Request::default()
    };
    let id = client.generate(&asked).expect("sent");
    assert_eq!(finish(&mut client, id), (asked.prompt.clone(), Reason::Stop));
    let Seen::Generate(_, _, seen, _) = runtime.until(|seen| matches!(seen, Seen::Generate(..))) else { unreachable!() };
    assert_eq!(seen, asked);
    assert_eq!(client.frames_missing(), 0);
}

#[test]
fn noise_costs_at_most_the_frame_that_it_runs_into() {
    let runtime = Runtime::pty();
    let mut raw = Raw::device(&runtime.device());
    let ping = |nonce| frame(&Ping { nonce }, 0);
    raw.send(&[NOISE, &ping(1), &ping(2)].concat());
    raw.next(|_, message| assert_eq!(message, Pong { nonce: 2 }.into()));
    raw.send(&[NOISE, &[DELIMITER], &ping(3)].concat());
    raw.next(|_, message| assert_eq!(message, Pong { nonce: 3 }.into()));
}

#[test]
fn an_oversized_frame_costs_nothing_after_it() {
    let runtime = Runtime::pty();
    let mut raw = Raw::device(&runtime.device());
    let too_long = vec![0x55; 3 * MAX_FRAME];
    raw.send(&[&too_long[..], &frame(&Ping { nonce: 1 }, 0), &frame(&Ping { nonce: 2 }, 0)].concat());
    raw.next(|_, message| assert_eq!(message, Pong { nonce: 2 }.into()));
}

#[test]
fn a_client_connects_over_the_noise_of_a_boot_loader() {
    let runtime = Runtime::pty();
    Raw::device(&runtime.device()).send(NOISE);
    let mut client = runtime.connect();
    let id = client.generate(&request("still here")).expect("sent");
    assert_eq!(finish(&mut client, id).0, "still here");
}

#[test]
fn a_prompt_of_100_kb_crosses_the_line_and_comes_back() {
    let runtime = Runtime::pty();
    let mut client = runtime.connect();
    let prompt: String = (0..100_000 / 4).map(|n| char::from_u32(0x1_0400 + n % 64).expect("a character")).collect();
    assert_eq!(prompt.len(), 100_000);
    let id = client.generate(&request(&prompt)).expect("sent");
    let (answer, reason) = finish(&mut client, id);
    assert!(answer == prompt, "the answer has {} bytes", answer.len());
    assert_eq!(reason, Reason::Stop);
}

#[test]
fn the_next_client_on_a_line_ends_what_the_last_one_asked() {
    let runtime = Runtime::pty();
    let mut gone = runtime.connect();
    gone.generate(&request(HOLD)).expect("sent");
    let Seen::Generate(first, ..) = runtime.until(|seen| matches!(seen, Seen::Generate(..))) else { unreachable!() };
    drop(gone);
    for round in 0..3 {
        let mut client = runtime.connect();
        if round == 0 {
            runtime.until(|seen| *seen == Seen::Disconnected(first));
        }
        let text = format!("round {round}");
        let id = client.generate(&request(&text)).expect("sent");
        assert_eq!(finish(&mut client, id).0, text);
    }
}

/// Programs that open a terminal for themselves alone unlock it when they close it, unless they are killed.
#[test]
fn a_client_that_was_killed_leaves_no_lock_behind() {
    let runtime = Runtime::pty();
    let killed = File::options().read(true).write(true).open(runtime.device()).expect("the device is there");
    ioctl_tiocexcl(&killed).expect("locked");
    drop(killed);
    let deadline = Instant::now() + PATIENCE;
    let connect = || Client::connect(&runtime.addr(), "test", PATIENCE);
    while let Err(error) = connect() {
        assert!(Instant::now() < deadline, "{error}");
    }
}

/// A client that crashed in the middle of a long answer leaves the line full of it.
#[test]
fn what_an_earlier_client_left_unread_does_not_reach_the_next() {
    let runtime = Runtime::pty();
    let mut gone = runtime.connect();
    gone.generate(&request(FLOOD)).expect("sent");
    runtime.until(|seen| *seen == Seen::Full);
    drop(gone);
    let mut client = runtime.connect();
    let id = client.generate(&request("fresh")).expect("sent");
    assert_eq!(finish(&mut client, id).0, "fresh");
}

#[test]
fn stopping_does_not_wait_for_a_client_that_does_not_read() {
    let runtime = Runtime::pty();
    let mut client = runtime.connect();
    client.generate(&request(FLOOD)).expect("sent");
    runtime.until(|seen| *seen == Seen::Full);
    assert!(runtime.stop() < PATIENCE, "it waits for no client");
}

#[test]
fn a_client_learns_that_the_runtime_has_gone() {
    let runtime = Runtime::pty();
    let mut client = runtime.connect();
    drop(runtime);
    match next(&mut client) {
        ClientEvent::Disconnected { .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_leave_as_soon_as_they_are_there() {
    let runtime = Runtime::pty();
    let mut client = runtime.connect();
    let mut fastest = Duration::MAX;
    for nonce in 0..20 {
        let begin = Instant::now();
        client.ping(nonce);
        assert_eq!(next(&mut client), ClientEvent::Pong { nonce });
        fastest = fastest.min(begin.elapsed());
    }
    // Threads that were not woken would sleep for 100 ms.
    assert!(fastest < Duration::from_millis(50), "no answer in less than {fastest:?}");
}

/// Plugs a pseudo-terminal in as the device at `path`, and gives the end that plays the other side of the line.
fn plug_in(path: &Path) -> Raw<File> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("text");
    let _ = fs::remove_file(path);
    symlink(name, path).expect("a link to the device");
    Raw::new(File::from(master))
}

#[test]
fn a_serial_device_that_was_unplugged_is_used_again_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = folder.path().join("ttyUSB0");
    let mut line = plug_in(&device);
    let runtime = Runtime::start(&[LinkAddr::Serial { device: device.clone(), baud: 9600 }]);
    for nonce in 0..2 {
        line.next_any(|_, message| matches!(message, FromRuntime::Identify(_)).then_some(()));
        line.hello(0);
        let Seen::Connected(client) = runtime.until(|seen| matches!(seen, Seen::Connected(_))) else { unreachable!() };
        line.send(&frame(&Ping { nonce }, 0));
        line.next(|_, message| assert_eq!(message, Pong { nonce }.into()));
        drop(line);
        runtime.until(|seen| *seen == Seen::Disconnected(client));
        line = plug_in(&device);
    }
}

#[test]
fn a_serial_device_serves_one_program_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = folder.path().join("ttyUSB0");
    let _line = plug_in(&device);
    let addr = LinkAddr::Serial { device, baud: 115_200 };
    let _runtime = Runtime::start(std::slice::from_ref(&addr));
    let error = Client::connect(&addr, "test", PATIENCE).err().expect("the device is in use").to_string();
    assert!(error.contains("another program has it open"), "{error}");
}

#[test]
fn what_is_no_runtime_is_told_apart() {
    let connect = |addr: &str| {
        let addr: LinkAddr = addr.parse().expect("an address");
        Client::connect(&addr, "test", Duration::from_millis(300)).err().expect("nobody is there").to_string()
    };
    assert_eq!(connect("serial:/dev/no-such-tty"), "cannot open /dev/no-such-tty: No such file or directory (os error 2)");
    assert!(connect("serial:/dev/null").starts_with("cannot open /dev/null: "));
    assert!(connect("unix:/no/such/socket").starts_with("cannot use the socket /no/such/socket: No such file"));
    assert!(connect("pty").contains("a client needs unix:PATH or serial:DEV[:BAUD]"));
    assert!(connect("stdio").contains("a client needs"));
}
