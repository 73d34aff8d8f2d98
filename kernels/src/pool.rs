//! A pool of persistent threads for short parallel regions.
//!
//! A region is a function and a number of units. The caller opens the region, works like any other thread, and closes it when the
//! units have run out; threads that are inside it are waited for, threads that never came (asleep, or on a busy core) are not.
//! Each thread begins with a range of neighbouring units of its own, since neighbours read neighbouring memory, and helps with
//! what is left of the others' ranges when it has finished.
//! An idle worker watches for the next region for a moment, since within a token regions follow each other within microseconds,
//! and then sleeps until it is woken.

use crate::Interrupt;
use crossbeam_utils::{Backoff, CachePadded};
use std::{
    any::Any,
    cell::UnsafeCell,
    io,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};
use thiserror::Error;

/// Most threads of a pool.
pub const MAX_THREADS: usize = 256;
/// How long an idle worker watches without giving up its core.
const SPIN: Duration = Duration::from_micros(20);
/// How long it then watches, letting others run, before it sleeps.
const YIELD: Duration = Duration::from_micros(80);
/// Looks at the gate between two looks at the clock.
const SPINS: usize = 64;

/// Why there is no pool.
#[derive(Debug, Error)]
pub enum PoolError {
    /// Zero threads, or more than [`MAX_THREADS`].
    #[error("{0} threads: give 1 to {MAX_THREADS}")]
    Threads(usize),
    /// The system refused a thread.
    #[error("cannot start a worker thread: {0}")]
    Spawn(#[from] io::Error),
}

/// The function of a region, its lifetime erased; only read inside the region.
type Task = *const (dyn Fn(usize) + Sync + 'static);

/// Bits of [`Shared::gate`]: workers inside the region, two flags, workers that it is for, and the number of the region.
const INSIDE: u64 = 0xffff;
const OPEN: u64 = 1 << 16;
const STOP: u64 = 1 << 17;
const INVITED: u64 = 1 << 18;
const REGION: u64 = 1 << 34;

/// The number of the region in a gate.
fn region(gate: u64) -> u64 {
    gate & !(REGION - 1)
}

/// How many workers the region of a gate is for, the first ones.
fn invited(gate: u64) -> usize {
    (gate % REGION / INVITED) as usize
}

/// How the units of a region are cut into a range for each thread.
#[derive(Clone, Copy, Default)]
struct Units {
    count: usize,
    threads: usize,
}

impl Units {
    /// First unit of the range of `thread`; that of the thread behind the last is `count`.
    fn range_start(self, thread: usize) -> usize {
        // No overflow: a unit stands for some bytes of memory, and there are at most `MAX_THREADS` threads.
        self.count * thread / self.threads
    }
}

/// What the caller and the workers share.
struct Shared {
    /// Who may enter, and who is inside. A worker enters by adding 1 while `OPEN` is set, in one atomic step; after the caller has
    /// cleared `OPEN` and the count is 0, no worker reads `task` until the next region.
    gate: CachePadded<AtomicU64>,
    /// Next unit to claim of each thread's range, the caller's first.
    next: Vec<CachePadded<AtomicUsize>>,
    /// Units of the region, and threads that share them. Written only while the region is closed and empty, like `task`.
    units: UnsafeCell<Units>,
    task: UnsafeCell<Option<Task>>,
    /// First panic of the region.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Which workers sleep.
    asleep: Vec<CachePadded<AtomicBool>>,
    /// Looked at before each unit.
    interrupt: Interrupt,
}

// SAFETY: `task` and `units` are written by the one caller that holds `Pool::caller` while the region is closed and empty, and
// read by threads inside the open region; `gate` orders the two (release on opening, acquire on entering, and back).
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `task` is to a `Sync` function, which any thread may call.
unsafe impl Send for Shared {}

impl Shared {
    /// Claims and runs units until there are none left or an interrupt is raised, those of `thread`'s own range first. A panic ends
    /// the region early and is kept for the caller.
    fn work(&self, thread: usize, units: Units, task: &(dyn Fn(usize) + Sync)) {
        let result = catch_unwind(AssertUnwindSafe(|| {
            for owner in (thread..units.threads).chain(0..thread) {
                let end = units.range_start(owner + 1);
                while !self.interrupt.is_raised() {
                    let unit = self.next[owner].fetch_add(1, Ordering::Relaxed);
                    if unit >= end {
                        break;
                    }
                    task(unit);
                }
            }
        }));
        if let Err(payload) = result {
            self.next.iter().for_each(|next| next.store(units.count, Ordering::Relaxed));
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(payload);
        }
    }

    /// The life of worker `index`.
    fn worker(&self, index: usize) {
        let mut seen = region(self.gate.load(Ordering::Relaxed));
        loop {
            let gate = self.wait(index, seen);
            if gate & STOP != 0 {
                return;
            }
            if self.gate.compare_exchange(gate, gate + 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
                // Closed, or another worker came or went at the same moment: look again.
                continue;
            }
            seen = region(gate);
            // SAFETY: entered while open, so the caller leaves both cells alone until this worker has left.
            let (units, task) = unsafe { (*self.units.get(), *self.task.get()) };
            if let Some(task) = task {
                // SAFETY: the caller keeps the function alive until all that entered have left.
                self.work(index + 1, units, unsafe { &*task });
            }
            self.gate.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for an open region other than `seen` that this worker is invited to, or the end, and returns the gate as it then was.
    fn wait(&self, index: usize, seen: u64) -> u64 {
        let ready = |gate: u64| gate & STOP != 0 || (gate & OPEN != 0 && region(gate) != seen && index < invited(gate));
        loop {
            let start = Instant::now();
            while start.elapsed() < SPIN + YIELD {
                for _ in 0..SPINS {
                    let gate = self.gate.load(Ordering::Relaxed);
                    if ready(gate) {
                        return gate;
                    }
                    std::hint::spin_loop();
                }
                if start.elapsed() > SPIN {
                    thread::yield_now();
                }
            }
            // Sequentially consistent here and in `Pool::run`: either this sees the new region, or the caller sees that we sleep.
            self.asleep[index].store(true, Ordering::SeqCst);
            let gate = self.gate.load(Ordering::SeqCst);
            if !ready(gate) {
                thread::park();
            }
            self.asleep[index].store(false, Ordering::Relaxed);
        }
    }
}

/// Threads that run the units of a region, the caller being one of them.
///
/// Which thread runs which unit is left to chance, so units must not depend on each other; what they compute then is the same on
/// any number of threads.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    handles: Vec<Thread>,
    /// Threads of the next region.
    active: AtomicUsize,
    /// Held by the thread whose region is open.
    caller: Mutex<()>,
}

impl Pool {
    /// A pool of `threads` threads, of which one is the caller of [`Pool::run`].
    ///
    /// # Errors
    /// [`PoolError`] where the number is out of range or the system refuses a thread.
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        Self::with_setup(threads, || ())
    }

    /// As [`Pool::new`]; each thread but the caller runs `setup` first, for example to choose its cores.
    ///
    /// # Errors
    /// As [`Pool::new`].
    pub fn with_setup(threads: usize, setup: impl Fn() + Clone + Send + 'static) -> Result<Self, PoolError> {
        if threads == 0 || threads > MAX_THREADS {
            return Err(PoolError::Threads(threads));
        }
        let shared = Arc::new(Shared {
            gate: CachePadded::new(AtomicU64::new(0)),
            next: (0..threads).map(|_| CachePadded::new(AtomicUsize::new(0))).collect(),
            units: UnsafeCell::new(Units::default()),
            task: UnsafeCell::new(None),
            panic: Mutex::new(None),
            asleep: (1..threads).map(|_| CachePadded::new(AtomicBool::new(false))).collect(),
            interrupt: Interrupt::default(),
        });
        let mut pool = Self { shared, workers: Vec::new(), handles: Vec::new(), active: AtomicUsize::new(threads), caller: Mutex::new(()) };
        for index in 0..threads - 1 {
            let (shared, setup) = (Arc::clone(&pool.shared), setup.clone());
            let worker = thread::Builder::new().name(format!("kernel-{}", index + 1)).spawn(move || {
                setup();
                shared.worker(index);
            })?;
            pool.handles.push(worker.thread().clone());
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Number of threads, the caller included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Regions from now on use the first `threads` threads only, at least the caller's and at most all: what memory bounds is not
    /// faster with more than it takes to draw all of its bandwidth.
    pub fn use_threads(&self, threads: usize) {
        self.active.store(threads.clamp(1, self.threads()), Ordering::Relaxed);
    }

    /// What ends regions early. Whoever raises it before or during a region has to take the region's results for unfinished: see
    /// [`Interrupt::is_raised`] after it.
    pub fn interrupt(&self) -> &Interrupt {
        &self.shared.interrupt
    }

    /// Runs `f(0)`, `f(1)`, ... `f(units - 1)`, each once, and returns when all have ended. Called from within a unit, or while
    /// another thread's region is open, it runs them all on the calling thread. Once [`Pool::interrupt`] is raised, units not yet
    /// begun are left out.
    ///
    /// # Panics
    /// With the first panic of a unit, after all threads have left the region; units not yet begun are then left out.
    pub fn run(&self, units: usize, f: &(dyn Fn(usize) + Sync)) {
        let threads = self.active.load(Ordering::Relaxed).min(units);
        if threads <= 1 {
            return self.run_here(units, f);
        }
        let _caller = match self.caller.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => return self.run_here(units, f),
        };
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. No worker uses it after this function: it is read only by workers inside the region,
        // and they are waited for below, also when a unit panics, because `work` catches that.
        let task: Task = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Task>(f) };
        let units = Units { count: units, threads };
        // SAFETY: the region is closed and empty, and `caller` makes this the only writer.
        unsafe {
            *shared.units.get() = units;
            *shared.task.get() = Some(task);
        }
        for (thread, next) in shared.next[..threads].iter().enumerate() {
            next.store(units.range_start(thread), Ordering::Relaxed);
        }
        let next = region(shared.gate.load(Ordering::Relaxed)).wrapping_add(REGION);
        shared.gate.store(next | ((threads - 1) as u64 * INVITED) | OPEN, Ordering::SeqCst);
        self.wake(threads - 1);
        shared.work(0, units, f);
        shared.gate.fetch_and(!OPEN, Ordering::Relaxed);
        let backoff = Backoff::new();
        while shared.gate.load(Ordering::Acquire) & INSIDE != 0 {
            backoff.snooze();
        }
        let panic = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }

    /// Runs all units on the calling thread.
    fn run_here(&self, units: usize, f: &(dyn Fn(usize) + Sync)) {
        (0..units).take_while(|_| !self.interrupt().is_raised()).for_each(f);
    }

    /// Cuts `data` into rows of `width` and runs `f(row, values)` for each.
    ///
    /// # Panics
    /// If `data` is not whole rows, or with the panic of a unit.
    pub fn for_rows(&self, data: &mut [f32], width: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        assert!(width > 0 && data.len().is_multiple_of(width), "{} values are not rows of {width}", data.len());
        let rows = data.len() / width;
        let data = SyncPtr::new(data);
        // SAFETY: each row is run once, so its slice is the only one; all are inside `data`, which stays borrowed.
        self.run(rows, &|row| f(row, unsafe { data.slice(row * width, width) }));
    }

    /// Wakes those of the first `count` workers that sleep.
    fn wake(&self, count: usize) {
        let sleepers = self.shared.asleep.iter().zip(&self.handles).take(count);
        for (_, handle) in sleepers.filter(|(asleep, _)| asleep.swap(false, Ordering::SeqCst)) {
            handle.unpark();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.gate.fetch_or(STOP, Ordering::SeqCst);
        self.wake(usize::MAX);
        for worker in self.workers.drain(..) {
            // A worker catches the panics of units, so it has none of its own to report.
            let _ = worker.join();
        }
    }
}

/// A mutable slice that several threads cut disjoint parts from.
#[derive(Clone, Copy)]
pub(crate) struct SyncPtr<'a, T> {
    ptr: *mut T,
    len: usize,
    data: PhantomData<&'a mut [T]>,
}

// SAFETY: it stands for the exclusive borrow of a slice of `Send` values; `slice` makes its callers promise disjointness.
unsafe impl<T: Send> Sync for SyncPtr<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for SyncPtr<'_, T> {}

impl<'a, T> SyncPtr<'a, T> {
    /// Takes over the borrow.
    pub(crate) fn new(data: &'a mut [T]) -> Self {
        Self { ptr: data.as_mut_ptr(), len: data.len(), data: PhantomData }
    }

    /// `len` values from `start`.
    ///
    /// # Safety
    /// No other live reference overlaps these values, and they are inside the slice.
    #[expect(clippy::mut_from_ref, reason = "the parts are disjoint by the caller's promise")]
    pub(crate) unsafe fn slice(&self, start: usize, len: usize) -> &mut [T] {
        debug_assert!(start + len <= self.len);
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.add(start), len) }
    }

    /// Pointer to the value at `start`, for writes that are interleaved with those of others.
    pub(crate) fn at(&self, start: usize) -> *mut T {
        assert!(start < self.len);
        // SAFETY: checked to be inside the slice.
        unsafe { self.ptr.add(start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pool: &Pool, units: usize) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..units).map(|_| AtomicUsize::new(0)).collect();
        pool.run(units, &|i| {
            counts[i].fetch_add(1, Ordering::Relaxed);
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_unit_runs_once_on_any_number_of_threads() {
        for threads in [1, 2, 3, 17] {
            let pool = Pool::new(threads).unwrap();
            assert_eq!(pool.threads(), threads);
            for units in [0, 1, 2, 3, 100, 1000] {
                assert_eq!(counts(&pool, units), vec![1; units]);
            }
        }
    }

    #[test]
    fn only_the_threads_in_use_run_units_and_the_rest_sleep() {
        let pool = Pool::new(4).unwrap();
        for (asked, used) in [(4, 4), (2, 2), (1, 1), (0, 1), (3, 3), (9, 4)] {
            pool.use_threads(asked);
            let names = Mutex::new(std::collections::BTreeSet::new());
            let caller = thread::current().id();
            pool.run(64, &|_| {
                let thread = thread::current();
                names.lock().unwrap().insert((thread.id() != caller).then(|| thread.name().unwrap().to_owned()));
                thread::sleep(Duration::from_micros(100));
            });
            let names = names.into_inner().unwrap();
            assert!(names.len() <= used, "{names:?}");
            assert!(names.iter().flatten().all(|name| name[7..].parse::<usize>().unwrap() < used), "{names:?}");
            if used == 1 {
                let limit = Instant::now() + Duration::from_secs(20);
                while !pool.shared.asleep.iter().all(|a| a.load(Ordering::SeqCst)) {
                    assert!(Instant::now() < limit, "a worker that is not in use spins");
                    assert_eq!(counts(&pool, 9), vec![1; 9]);
                }
            }
        }
    }

    #[test]
    fn thousands_of_short_regions_with_and_without_sleep() {
        let pool = Pool::new(4).unwrap();
        for round in 0..20_000 {
            let units = 1 + round % 7;
            assert_eq!(counts(&pool, units), vec![1; units]);
            if round % 2_000 == 0 {
                thread::sleep(Duration::from_millis(2));
            }
        }
    }

    #[test]
    fn writes_of_a_region_are_seen_after_it() {
        let pool = Pool::new(3).unwrap();
        let mut data = vec![0.0f32; 64 * 5];
        for round in 0..2_000 {
            pool.for_rows(&mut data, 5, &|row, values| {
                values.iter_mut().for_each(|v| *v += row as f32);
            });
            assert!(data.iter().enumerate().all(|(i, v)| *v == ((round + 1) * (i / 5)) as f32));
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        for threads in [1, 2, 4] {
            let pool = Pool::new(threads).unwrap();
            for bad in [0, 5, 63] {
                let result = catch_unwind(AssertUnwindSafe(|| {
                    pool.run(64, &|i| assert_ne!(i, bad, "unit {i} fails"));
                }));
                let payload = result.expect_err("the unit panicked");
                let text = payload.downcast_ref::<String>().expect("a formatted message");
                assert!(text.contains(&format!("unit {bad} fails")), "{text}");
                assert_eq!(counts(&pool, 64), vec![1; 64]);
            }
        }
    }

    #[test]
    fn a_region_inside_a_unit_runs_on_its_thread() {
        let pool = Pool::new(3).unwrap();
        let total = AtomicUsize::new(0);
        pool.run(8, &|_| {
            pool.run(8, &|_| {
                total.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(total.into_inner(), 64);
    }

    #[test]
    fn an_interrupt_leaves_out_the_units_not_yet_begun_and_those_of_later_regions() {
        for threads in [1, 2, 4] {
            let pool = Pool::new(threads).unwrap();
            let (ran, interrupt) = (AtomicUsize::new(0), pool.interrupt());
            pool.run(1000, &|_| {
                ran.fetch_add(1, Ordering::Relaxed);
                interrupt.cancel();
            });
            assert!((1..=threads).contains(&ran.into_inner()), "one unit of each thread at most");
            assert_eq!(counts(&pool, 9), vec![0; 9]);
            interrupt.clear_cancel();
            assert_eq!(counts(&pool, 9), vec![1; 9]);
        }
    }

    #[test]
    fn callers_on_several_threads_do_not_mix() {
        let pool = Pool::new(3).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..500).for_each(|_| assert_eq!(counts(&pool, 9), vec![1; 9])));
            }
        });
    }

    #[test]
    fn idle_workers_sleep() {
        let pool = Pool::new(4).unwrap();
        pool.run(64, &|_| {});
        let asleep = || pool.shared.asleep.iter().all(|a| a.load(Ordering::SeqCst));
        let limit = Instant::now() + Duration::from_secs(20);
        while !asleep() {
            assert!(Instant::now() < limit, "a worker still spins");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(matches!(Pool::new(0), Err(PoolError::Threads(0))));
        assert!(matches!(Pool::new(MAX_THREADS + 1), Err(PoolError::Threads(_))));
    }
}
