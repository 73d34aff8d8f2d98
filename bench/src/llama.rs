//! The peer: llama.cpp through its C interface, with its default settings.
#![expect(unsafe_code, reason = "calls of a C library")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::ptr::{self, NonNull};
use std::slice;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use ggml_sys as sys;

use crate::engine::{Engine, Round, Setup};

/// Largest batch handed over at once; llama.cpp's own default for the physical batch.
const BATCH: usize = 512;

/// A model and one context of llama.cpp.
pub struct Llama {
    model: NonNull<sys::llama_model>,
    context: NonNull<sys::llama_context>,
    vocab: usize,
}

impl Llama {
    /// Loads the model and makes a context with an f16 KV cache.
    pub fn load(setup: &Setup) -> Result<Self> {
        let path = CString::new(setup.model.as_os_str().as_bytes()).context("the path holds a NUL byte")?;
        let threads = i32::try_from(setup.threads)?;
        // SAFETY: the callback is a function without captures, valid for the whole program.
        unsafe { sys::llama_log_set(Some(log_errors), ptr::null_mut()) };
        // SAFETY: takes no argument; repeated calls are allowed.
        unsafe { sys::llama_backend_init() };
        // SAFETY: takes no argument, returns plain data.
        let model_params = unsafe { sys::llama_model_default_params() };
        // SAFETY: `path` is NUL-terminated and outlives the call; the parameters are llama.cpp's own.
        let model = unsafe { sys::llama_model_load_from_file(path.as_ptr(), model_params) };
        let model = NonNull::new(model).with_context(|| format!("llama.cpp cannot load {}", setup.model.display()))?;
        // SAFETY: takes no argument, returns plain data.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = u32::try_from(setup.context)?;
        params.n_batch = BATCH as u32;
        params.n_ubatch = BATCH as u32;
        params.n_threads = threads;
        params.n_threads_batch = threads;
        if setup.plain_attention {
            params.flash_attn_type = sys::LLAMA_FLASH_ATTN_TYPE_DISABLED;
        }
        // SAFETY: `model` was just loaded and lives until `drop`, after the context.
        let context = unsafe { sys::llama_init_from_model(model.as_ptr(), params) };
        let Some(context) = NonNull::new(context) else {
            // SAFETY: `model` is live and no context uses it.
            unsafe { sys::llama_model_free(model.as_ptr()) };
            anyhow::bail!("llama.cpp cannot make a context of {} tokens", setup.context);
        };
        // SAFETY: `model` is live; the vocabulary belongs to it.
        let vocab = unsafe { sys::llama_vocab_n_tokens(sys::llama_model_get_vocab(model.as_ptr())) };
        Ok(Self { model, context, vocab: usize::try_from(vocab)? })
    }

    fn clear(&mut self) {
        // SAFETY: the context is live and owns the memory that it returns.
        unsafe { sys::llama_memory_clear(sys::llama_get_memory(self.context.as_ptr()), false) };
    }

    /// Drops everything from position `from` on.
    pub fn forget_from(&mut self, from: usize) -> Result<()> {
        let from = i32::try_from(from)?;
        // SAFETY: the context is live and owns the memory that it returns; -1 is its end.
        let done = unsafe { sys::llama_memory_seq_rm(sys::llama_get_memory(self.context.as_ptr()), 0, from, -1) };
        ensure!(done, "llama.cpp cannot drop a part of its cache");
        Ok(())
    }

    /// The logits of the last token that was evaluated.
    pub fn last_logits(&self) -> Result<&[f32]> {
        // SAFETY: the context is live; -1 is the last output of the last batch.
        let logits = unsafe { sys::llama_get_logits_ith(self.context.as_ptr(), -1) };
        ensure!(!logits.is_null(), "llama.cpp returned no logits");
        // SAFETY: one float for each token of the vocabulary, valid until the next decode, which needs `self` mutably.
        Ok(unsafe { slice::from_raw_parts(logits, self.vocab) })
    }

    /// The vocabulary, which lives as long as the model.
    pub fn vocabulary(&self) -> *const sys::llama_vocab {
        // SAFETY: the model is live.
        unsafe { sys::llama_model_get_vocab(self.model.as_ptr()) }
    }

    /// Whether a token ends an answer.
    pub fn ends(&self, token: i32) -> bool {
        // SAFETY: the vocabulary belongs to the live model.
        unsafe { sys::llama_vocab_is_eog(self.vocabulary(), token) }
    }

    /// The bytes of a token.
    pub fn piece(&self, token: i32) -> Result<Vec<u8>> {
        let mut bytes = vec![0u8; 512];
        // SAFETY: the buffer has the length that is told; nothing is stripped, special tokens have their names.
        let len = unsafe { sys::llama_token_to_piece(self.vocabulary(), token, bytes.as_mut_ptr().cast(), bytes.len() as i32, 0, true) };
        bytes.truncate(usize::try_from(len).context("a token longer than any")?);
        Ok(bytes)
    }

    /// Evaluates `tokens` after those in the context, with the logits of the last, and waits for the result.
    pub fn evaluate(&mut self, tokens: &[u32]) -> Result<()> {
        for batch in tokens.chunks(BATCH) {
            self.decode(batch, ptr::null_mut())?;
        }
        // SAFETY: the context is live.
        unsafe { sys::llama_synchronize(self.context.as_ptr()) };
        Ok(())
    }

    /// Evaluates at most [`BATCH`] tokens after those in the context; `outputs` as in
    /// `llama_batch.logits`, null for the last only.
    fn decode(&mut self, tokens: &[u32], outputs: *mut i8) -> Result<()> {
        let mut ids = tokens.iter().map(|&t| i32::try_from(t)).collect::<Result<Vec<_>, _>>()?;
        let batch = sys::llama_batch {
            n_tokens: i32::try_from(ids.len())?,
            token: ids.as_mut_ptr(),
            embd: ptr::null_mut(),
            // Null: positions follow on, and everything is sequence 0.
            pos: ptr::null_mut(),
            n_seq_id: ptr::null_mut(),
            seq_id: ptr::null_mut(),
            logits: outputs,
        };
        // SAFETY: the context is live; `ids` holds `n_tokens` ids and `outputs` is null or as long; both outlive the call.
        let status = unsafe { sys::llama_decode(self.context.as_ptr(), batch) };
        ensure!(status == 0, "llama_decode failed with status {status}");
        Ok(())
    }
}

impl Engine for Llama {
    fn name(&self) -> String {
        // SAFETY: both return NUL-terminated strings with static lifetime, ASCII only.
        let text = |s: *const c_char| unsafe { CStr::from_ptr(s) }.to_string_lossy().trim().to_owned();
        // SAFETY: take no argument.
        let (version, system) = unsafe { (sys::ggml_version(), sys::llama_print_system_info()) };
        format!("llama.cpp, ggml {}, {}", text(version), text(system))
    }

    fn vocab(&self) -> usize {
        self.vocab
    }

    fn round(&mut self, prompt: &[u32], answer: &[u32]) -> Result<Round> {
        self.clear();
        let start = Instant::now();
        self.evaluate(prompt)?;
        let prefill = start.elapsed();
        let start = Instant::now();
        for token in answer.chunks(1) {
            self.evaluate(token)?;
        }
        Ok(Round { prefill, decode: start.elapsed() })
    }

    fn logits(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        self.clear();
        let mut all = Vec::with_capacity(tokens.len() * self.vocab);
        for batch in tokens.chunks(BATCH) {
            let mut outputs = vec![1; batch.len()];
            self.decode(batch, outputs.as_mut_ptr())?;
            // SAFETY: the context is live and the last batch asked for the logits of each of its tokens.
            let logits = unsafe { sys::llama_get_logits(self.context.as_ptr()) };
            ensure!(!logits.is_null(), "llama.cpp returned no logits");
            // SAFETY: llama.cpp stores [batch, vocab] floats there, valid until the next decode.
            all.extend_from_slice(unsafe { slice::from_raw_parts(logits, batch.len() * self.vocab) });
        }
        Ok(all)
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        // SAFETY: both are live and owned by this value; the context goes first because it uses the model.
        unsafe {
            sys::llama_free(self.context.as_ptr());
            sys::llama_model_free(self.model.as_ptr());
        }
    }
}

/// Passes on errors and drops the rest of llama.cpp's log.
unsafe extern "C" fn log_errors(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if level == sys::GGML_LOG_LEVEL_ERROR {
        // SAFETY: llama.cpp passes a NUL-terminated string that lives during the call.
        eprint!("{}", unsafe { CStr::from_ptr(text) }.to_string_lossy());
    }
}
