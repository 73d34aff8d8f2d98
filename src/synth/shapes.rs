//! The published dimensions of the Qwen models that can be imitated.

use crate::model::Arch;

/// Dimensions of a model; the output head is the embedding (tied) in all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Name by which a user asks for it.
    pub name: &'static str,
    /// Architecture.
    pub arch: Arch,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Width of the feed-forward network.
    pub ffn: usize,
    /// Longest context, in tokens.
    pub context: usize,
    /// Base of the rotary embedding's frequencies.
    pub rope_theta: f32,
}

/// Every shape, from the `config.json` of the models on Hugging Face.
pub const SHAPES: [Shape; 6] = [
    Shape {
        name: "qwen2.5-0.5b",
        arch: Arch::Qwen2,
        hidden: 896,
        layers: 24,
        heads: 14,
        kv_heads: 2,
        head_dim: 64,
        ffn: 4864,
        context: 32_768,
        rope_theta: 1e6,
    },
    Shape {
        name: "qwen2.5-1.5b",
        arch: Arch::Qwen2,
        hidden: 1536,
        layers: 28,
        heads: 12,
        kv_heads: 2,
        head_dim: 128,
        ffn: 8960,
        context: 32_768,
        rope_theta: 1e6,
    },
    Shape {
        name: "qwen2.5-3b",
        arch: Arch::Qwen2,
        hidden: 2048,
        layers: 36,
        heads: 16,
        kv_heads: 2,
        head_dim: 128,
        ffn: 11_008,
        context: 32_768,
        rope_theta: 1e6,
    },
    Shape {
        name: "qwen3-0.6b",
        arch: Arch::Qwen3,
        hidden: 1024,
        layers: 28,
        heads: 16,
        kv_heads: 8,
        head_dim: 128,
        ffn: 3072,
        context: 40_960,
        rope_theta: 1e6,
    },
    Shape {
        name: "qwen3-1.7b",
        arch: Arch::Qwen3,
        hidden: 2048,
        layers: 28,
        heads: 16,
        kv_heads: 8,
        head_dim: 128,
        ffn: 6144,
        context: 40_960,
        rope_theta: 1e6,
    },
    Shape {
        name: "qwen3-4b",
        arch: Arch::Qwen3,
        hidden: 2560,
        layers: 36,
        heads: 32,
        kv_heads: 8,
        head_dim: 128,
        ffn: 9728,
        context: 40_960,
        rope_theta: 1e6,
    },
];

impl Shape {
    /// The shape of this name among [`SHAPES`].
    pub fn named(name: &str) -> Option<&'static Self> {
        SHAPES.iter().find(|shape| shape.name == name)
    }
}
