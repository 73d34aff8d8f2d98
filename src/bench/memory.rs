use serde::Serialize;

/// Resident memory of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// All of it, mapped files included, in bytes.
    pub rss_bytes: u64,
    /// The part that belongs to no file.
    pub anon_bytes: u64,
}

impl Memory {
    /// What Linux says of this process; zeros where it can't be asked.
    pub fn now() -> Memory {
        std::fs::read_to_string("/proc/self/status").map_or_else(|_| Memory::default(), |status| Memory::parse(&status))
    }

    fn parse(status: &str) -> Memory {
        let bytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
            let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
            kib.unwrap_or(0) * 1024
        };
        Memory { rss_bytes: bytes("VmRSS"), anon_bytes: bytes("RssAnon") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_status() {
        let status = "Name:\tqwark\nVmRSS:\t  123456 kB\nRssAnon:\t     789 kB\nRssFile:\t  1 kB\n";
        assert_eq!(Memory::parse(status), Memory { rss_bytes: 123_456 * 1024, anon_bytes: 789 * 1024 });
        assert_eq!(Memory::parse(""), Memory::default());
    }
}
