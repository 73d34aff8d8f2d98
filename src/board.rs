//! What the board says of itself.

use std::fs;
use std::path::Path;

use qwark_wire::NO_TEMPERATURE;

/// Where Linux lists its temperature sensors.
const THERMAL: &str = "/sys/class/thermal";

/// Where Linux tells how much memory there is.
const MEMINFO: &str = "/proc/meminfo";

/// Degrees Celsius of the hottest sensor; [`NO_TEMPERATURE`] where there is none.
pub fn temperature() -> f32 {
    hottest(Path::new(THERMAL))
}

/// Memory in KiB that programs can still have, caches that can be given up included; 0 where the system does not say.
pub fn free_kib() -> u32 {
    available(&fs::read_to_string(MEMINFO).unwrap_or_default())
}

fn hottest(folder: &Path) -> f32 {
    let zones = fs::read_dir(folder).into_iter().flatten().flatten();
    let millidegrees = zones.filter_map(|zone| fs::read_to_string(zone.path().join("temp")).ok()?.trim().parse::<i32>().ok());
    millidegrees.max().map_or(NO_TEMPERATURE, |hottest| hottest as f32 / 1000.0)
}

fn available(meminfo: &str) -> u32 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_of_all_sensors_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(hottest(folder.path()), NO_TEMPERATURE);
        for (zone, text) in [("thermal_zone0", "41850\n"), ("thermal_zone1", "61250\n"), ("cooling_device0", "")] {
            fs::create_dir(folder.path().join(zone)).expect("made");
            fs::write(folder.path().join(zone).join("temp"), text).expect("written");
        }
        assert_eq!(hottest(folder.path()), 61.25);
    }

    #[test]
    fn available_memory_is_found_in_the_kernels_table() {
        assert_eq!(available("MemTotal:  8000000 kB\nMemFree: 5 kB\nMemAvailable:    4100200 kB\n"), 4_100_200);
        assert_eq!(available(""), 0);
    }
}
