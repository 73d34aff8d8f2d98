"""A golden model in Hugging Face transformers, in float32 on the dequantised weights."""
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

NORM_EPS = 1e-6
MODELS = {"qwen2": (Qwen2Config, Qwen2ForCausalLM), "qwen3": (Qwen3Config, Qwen3ForCausalLM)}
NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def context_length(spec):
    """Twice the golden tokens where positions are as they are; what the scaling reaches otherwise."""
    original = spec.rope.get("original_context_length")
    return int(original * spec.rope["factor"]) if original else 2 * spec.tokens


def rope_parameters(spec):
    """The metadata under `{arch}.rope.scaling` in the words of transformers.

    transformers' attention_factor is the whole factor on sine and cosine; GGUF's attn_factor comes on top of YaRN's
    own 0.1 ln(factor) + 1.
    """
    parameters = {"rope_type": spec.rope.get("type", "default"), "rope_theta": spec.theta}
    if spec.rope:
        parameters["factor"] = spec.rope["factor"]
    if spec.rope.get("type") == "yarn":
        parameters["original_max_position_embeddings"] = spec.rope["original_context_length"]
        yarn = float(0.1 * torch.log(torch.tensor(spec.rope["factor"])) + 1)
        parameters["attention_factor"] = yarn * spec.rope.get("attn_factor", 1.0)
    return parameters


def hf_name(name):
    *prefix, base, kind = name.split(".")
    layer = [f"model.layers.{prefix[1]}"] if prefix else []
    return ".".join([*layer, NAMES[base], kind])


def load(spec, weights):
    """The model of `weights`: a dict of float32 arrays by their GGUF names."""
    torch.set_num_threads(1)
    config_class, model_class = MODELS[spec.arch]
    config = config_class(
        vocab_size=spec.vocab,
        hidden_size=spec.hidden,
        intermediate_size=spec.ffn,
        num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads,
        num_key_value_heads=spec.kv_heads,
        head_dim=spec.head_dim,
        max_position_embeddings=context_length(spec),
        rms_norm_eps=NORM_EPS,
        rope_parameters=rope_parameters(spec),
        tie_word_embeddings=spec.head is None,
        attn_implementation="eager",
    )
    model = model_class(config).eval().float()
    state = {hf_name(name): torch.from_numpy(w.copy()) for name, w in weights.items()}
    if spec.head is None:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state)
    return model


def logits(model, tokens):
    """[tokens, vocab], as a numpy array."""
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].numpy()


def greedy(model, prompt, n):
    """The `n` tokens that follow `prompt` where the likeliest is taken each time, and the logits of each, [n, vocab]."""
    answer = model.generate(
        torch.tensor([prompt]),
        do_sample=False,
        max_new_tokens=n,
        output_logits=True,
        return_dict_in_generate=True,
    )
    tokens = answer.sequences[0, len(prompt) :].tolist()
    assert len(tokens) == n, f"an answer of {len(tokens)} tokens"
    return tokens, torch.cat(answer.logits).numpy()
