// Reads commands in hexadecimal, one a line; writes each back as the generated code encodes what it decoded, or - where it refused.
#[path = "generated.rs"]
#[allow(dead_code)]
mod generated;

fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let bytes: Vec<u8> = (0..line.len() / 2).map(|n| u8::from_str_radix(&line[2 * n..2 * n + 2], 16).unwrap()).collect();
        let Ok(command) = generated::decode(&bytes) else {
            println!("-");
            continue;
        };
        let mut out = [0; generated::MAX_ENCODED];
        let len = generated::encode(&command, &mut out).unwrap();
        assert!(generated::encode(&command, &mut out[..len - 1]).is_err());
        println!("{}", out[..len].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
}
