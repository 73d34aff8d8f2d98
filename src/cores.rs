//! Which cores to compute on.

use std::path::Path;

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// Where Linux tells what cores can do.
const CPUS: &str = "/sys/devices/system/cpu";

/// Keeps the calling thread, and those it starts from now on, on the big cores where there are big and little ones: with a little
/// one among them, the others wait for it at the end of each product. They are not bound to one core each, since one that the
/// robot's own program keeps busy would hold up the rest. Where the system refuses, nothing changes.
pub(crate) fn stay_on_big_cores() {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let big = big_cores(Path::new(CPUS), &allowed);
    if big != allowed {
        log::info!("computing on the {} big cores of {}", big.count(), allowed.count());
        if let Err(error) = sched_setaffinity(None, &big) {
            log::warn!("cannot stay on the big cores: {error}");
        }
    }
}

/// What a thread that works for the calling one is to run first: it keeps off the core where that one is now. A system whose cores share
/// no cache may otherwise wake it on that very core, where it waits for the caller, which waits for it: 3 ms in place of 10 us were
/// measured. It is not bound to one core, as that may be one that others keep busy.
pub(crate) fn keep_off_the_caller() -> impl Fn() + Clone + Send + 'static {
    let others = sched_getaffinity(None).ok().map(|allowed| without(&allowed, sched_getcpu())).filter(|others| others.count() > 0);
    move || {
        if let Some(Err(error)) = others.as_ref().map(|others| sched_setaffinity(None, others)) {
            log::debug!("a thread cannot keep off its caller's core: {error}");
        }
    }
}

/// The cores of `set` but `cpu`.
fn without(set: &CpuSet, cpu: usize) -> CpuSet {
    let mut others = *set;
    if cpu < CpuSet::MAX_CPU {
        others.unset(cpu);
    }
    others
}

/// Threads where none are asked for: half of the cores, two at least where there are two, four at most, and no more than there are
/// big cores. The robot needs the rest.
pub(crate) fn default_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let big = sched_getaffinity(None).map_or(cores, |allowed| big_cores(Path::new(CPUS), &allowed).count() as usize);
    (cores / 2).clamp(cores.min(2), 4).min(big.max(1))
}

/// Of the cores that are `allowed`, those with at least half the capacity of the best, by `cpu<N>/cpu_capacity` in `dir`; all of them
/// where that is not told for each.
fn big_cores(dir: &Path, allowed: &CpuSet) -> CpuSet {
    let capacity = |cpu: usize| -> Option<u32> {
        let text = std::fs::read_to_string(dir.join(format!("cpu{cpu}/cpu_capacity"))).ok()?;
        text.trim().parse().ok()
    };
    let cpus = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu));
    let Some(capacities) = cpus.map(|cpu| Some((cpu, capacity(cpu)?))).collect::<Option<Vec<_>>>() else { return *allowed };
    let most = capacities.iter().map(|&(_, capacity)| capacity).max().unwrap_or(0);
    let mut big = CpuSet::new();
    for (cpu, _) in capacities.into_iter().filter(|&(_, capacity)| capacity >= most.div_ceil(2)) {
        big.set(cpu);
    }
    big
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cpus: impl IntoIterator<Item = usize>) -> CpuSet {
        let mut set = CpuSet::new();
        cpus.into_iter().for_each(|cpu| set.set(cpu));
        set
    }

    /// A directory as Linux has it, for cores of these capacities.
    fn board(name: &str, capacities: &[&str]) -> std::path::PathBuf {
        let dir = std::env::temp_dir().join(format!("qwark-cores-{name}-{}", std::process::id()));
        for (cpu, capacity) in capacities.iter().enumerate() {
            std::fs::create_dir_all(dir.join(format!("cpu{cpu}"))).unwrap();
            std::fs::write(dir.join(format!("cpu{cpu}/cpu_capacity")), capacity).unwrap();
        }
        dir
    }

    #[test]
    fn the_big_cores_of_big_and_little_ones_are_taken() {
        let little_first = board("little-first", &["414\n", "414\n", "414\n", "414\n", "1024\n", "1024\n", "1024\n", "1024\n"]);
        assert_eq!(big_cores(&little_first, &set(0..8)), set(4..8));
        assert_eq!(big_cores(&little_first, &set([1, 2, 5])), set([5]), "of those that are allowed");
        assert_eq!(big_cores(&little_first, &set(0..4)), set(0..4), "where only little ones are allowed");
        let two_kinds_of_big = board("three-kinds", &["512\n", "1024\n", "300\n"]);
        assert_eq!(big_cores(&two_kinds_of_big, &set(0..3)), set(0..2));
        for dir in [little_first, two_kinds_of_big] {
            std::fs::remove_dir_all(dir).unwrap();
        }
    }

    #[test]
    fn workers_leave_one_core_to_their_caller() {
        assert_eq!(without(&set(0..4), 2), set([0, 1, 3]));
        assert_eq!(without(&set([1]), 1), set([]));
        assert_eq!(without(&set(0..2), CpuSet::MAX_CPU), set(0..2));
        // The thread itself is tried, where there is more than one core.
        let allowed = sched_getaffinity(None).unwrap();
        let setup = keep_off_the_caller();
        let after = std::thread::spawn(move || {
            setup();
            sched_getaffinity(None).unwrap()
        });
        assert_eq!(after.join().unwrap().count(), allowed.count().saturating_sub(1).max(1));
        assert_eq!(sched_getaffinity(None).unwrap(), allowed, "the caller goes where it likes");
    }

    #[test]
    fn all_cores_are_taken_where_nothing_tells_them_apart() {
        let equal = board("equal", &["1024\n", "1024\n"]);
        assert_eq!(big_cores(&equal, &set(0..2)), set(0..2));
        assert_eq!(big_cores(&equal, &set(0..3)), set(0..3), "one of them tells nothing");
        std::fs::write(equal.join("cpu1/cpu_capacity"), "many\n").unwrap();
        assert_eq!(big_cores(&equal, &set(0..2)), set(0..2));
        assert_eq!(big_cores(Path::new("/nonexistent"), &set(0..2)), set(0..2));
        std::fs::remove_dir_all(equal).unwrap();
    }
}
