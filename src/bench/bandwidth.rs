use std::hint::black_box;
use std::io;
use std::time::Instant;

use memmap2::MmapMut;

/// A plain read of memory by several threads: the bound on decoding, which reads every weight once per token.
#[derive(Debug)]
pub struct ReadProbe {
    /// One buffer per thread, each written once so that its pages are real; in large pages where the system has them, as these are
    /// read faster, and packed files lie in such.
    buffers: Vec<MmapMut>,
}

/// Bytes read in all, far above any cache of a board or a small server.
const TOTAL_BYTES: usize = 256 << 20;
/// Passes over the buffers in one measurement.
const PASSES: usize = 3;

impl ReadProbe {
    /// Buffers for `threads` threads.
    ///
    /// # Errors
    /// Where the system has not that much memory.
    pub fn new(threads: usize) -> io::Result<ReadProbe> {
        let threads = threads.max(1);
        let buffer = |i: usize| {
            let mut buffer = MmapMut::map_anon(TOTAL_BYTES / threads)?;
            #[cfg(target_os = "linux")]
            if let Err(error) = buffer.advise(memmap2::Advice::HugePage) {
                log::debug!("no large pages: {error}");
            }
            buffer.fill(i as u8 + 1);
            Ok(buffer)
        };
        Ok(ReadProbe { buffers: (0..threads).map(buffer).collect::<io::Result<_>>()? })
    }

    /// Gigabytes (1e9) per second of all threads together, in the best of a few passes.
    pub fn gb_per_second(&self) -> f64 {
        (0..PASSES).map(|_| self.pass()).fold(0.0, f64::max)
    }

    fn pass(&self) -> f64 {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for buffer in &self.buffers {
                scope.spawn(move || black_box(sum(buffer)));
            }
        });
        let bytes: usize = self.buffers.iter().map(|b| b.len()).sum();
        bytes as f64 / 1e9 / start.elapsed().as_secs_f64()
    }
}

/// The sum of all bytes, which compilers turn into a few whole vectors at a time: additions never bound it.
fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}
