//! The program from outside: what it prints, and how it ends.

mod common;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use common::{interrupt, model, program, qwark, run, stdout};
use qwark::commands::CommandSet;

fn with_stdin(args: &[&str], input: &[u8]) -> std::process::Output {
    let mut command = qwark();
    command.args(args).arg("-m").arg(model()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("piped").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn same_seed_same_text_at_any_number_of_threads_and_another_seed_another_text() {
    let text = |args: &[&str]| stdout(run(&[&["run", "Hello", "-n", "30", "--temp", "1"], args].concat()));
    let first = text(&["--seed", "7", "-t", "1"]);
    assert!(first.len() > 1);
    assert_eq!(text(&["--seed", "7", "-t", "2"]), first);
    assert_eq!(text(&["--seed", "7", "-t", "3"]), first);
    assert_ne!(text(&["--seed", "8"]), first);
}

#[test]
fn options_stand_before_or_after_the_command() {
    let model = model().to_str().expect("UTF-8");
    let before = qwark().args(["-m", model, "--seed", "3", "-n", "5", "run", "Hello"]).output().expect("the program starts");
    assert_eq!(stdout(before), stdout(run(&["run", "--seed", "3", "Hello", "-n", "5"])));
}

#[test]
fn the_prompt_comes_from_stdin_where_it_is_not_an_argument() {
    let piped = with_stdin(&["run", "-n", "9"], b"Hello\n");
    assert_eq!(stdout(piped), stdout(run(&["run", "-n", "9", "Hello"])));
    let error = with_stdin(&["run"], b"ab\xff");
    assert!(!error.status.success());
    assert!(String::from_utf8_lossy(&error.stderr).contains("byte 2"));
}

#[test]
fn chat_remembers_what_was_said() {
    let both = stdout(with_stdin(&["chat", "-n", "8", "--greedy"], b"Hello\nAnd then?\n"));
    let first = stdout(with_stdin(&["chat", "-n", "8", "--greedy"], b"Hello\n"));
    let alone = stdout(with_stdin(&["chat", "-n", "8", "--greedy"], b"And then?\n"));
    assert!(both.starts_with(&first));
    assert_ne!(both[first.len()..], alone, "the second answer depends on the first question");
    let reset = stdout(with_stdin(&["chat", "-n", "8", "--greedy"], b"Hello\n/reset\nAnd then?\n"));
    assert_eq!(reset, first + &alone);
}

#[test]
fn a_chat_asks_what_came_of_a_call() {
    let dir = tempfile::tempdir().expect("a folder");
    let tools = dir.path().join("tools.json");
    let way = r#"{"type": "object", "required": ["to"], "properties": {"to": {"enum": ["left", "right"]}}}"#;
    let described = format!(r#"[{{"type": "function", "function": {{"name": "look", "parameters": {way}}}}}]"#);
    std::fs::write(&tools, described).expect("it can be written");
    let tools = tools.to_str().expect("UTF-8");
    let chat = |options: &[&str], typed: &str| with_stdin(&[&["chat", "--greedy", "--tools", tools], options].concat(), typed.as_bytes());
    let said = |typed: &str| stdout(chat(&["--tool-choice", "look", "-n", "30"], typed));
    let call = said("Look.\n/exit\nnever read\n");
    assert!(call.starts_with("<tool_call>\n{\"name\": \"look\", ") && call.ends_with("}\n</tool_call>\n"), "{call}");
    // The same words, once as what came of the call and once as what a user says after it was forgotten.
    let after = said("Look.\na door\n").strip_prefix(&call).expect("the same call first").to_owned();
    assert!(!after.trim().is_empty() && !after.starts_with("<tool_call>"), "{after}");
    let forgot = said("Look.\n/reset\na door\n");
    assert_eq!(forgot.matches("</tool_call>").count(), 2, "{forgot}");
    let cut = chat(&["--tool-choice", "look", "-n", "3"], "Look.\nAgain.\n");
    assert_eq!(String::from_utf8_lossy(&cut.stderr).matches("qwark: call 1 of the answer: it is not whole").count(), 2, "{cut:?}");
    let error = chat(&["--tool-choice", "halt"], "").stderr;
    assert!(String::from_utf8_lossy(&error).contains("tools.json: there is no tool \"halt\""));
}

#[test]
fn a_conversation_with_a_tool_result_comes_from_a_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, json: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, json).expect("it can be written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let plain = write("plain.json", r#"[{"role": "user", "content": "How warm?"}]"#);
    let called = write(
        "called.json",
        r#"[{"role": "user", "content": "How warm?"},
            {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "read", "arguments": {"what": "temperature"}}}]},
            {"role": "tool", "content": "21.5"}]"#,
    );
    let tools = write("tools.json", r#"[{"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}]"#);
    let run = |args: &[&str]| run(&[&["run", "-n", "8", "--greedy", "--json"], args].concat());
    let prompt_tokens = |args: &[&str]| {
        let report: serde_json::Value = serde_json::from_str(&stdout(run(args))).expect("JSON");
        report["prompt_tokens"].as_u64().expect("a number")
    };
    assert_eq!(prompt_tokens(&["--messages", &plain]), prompt_tokens(&["How warm?"]));
    assert!(prompt_tokens(&["--messages", &called, "--tools", &tools]) > prompt_tokens(&["--messages", &plain, "--tools", &tools]) + 10);
    let empty = run(&["--messages", &write("empty.json", "[]")]);
    assert!(!empty.status.success() && String::from_utf8_lossy(&empty.stderr).ends_with("empty.json: there is no message\n"));
    let error = String::from_utf8_lossy(&run(&["--messages", &write("bad.json", "[{}]")]).stderr).into_owned();
    assert!(error.contains("bad.json") && error.contains("role"), "{error}");
}

#[test]
fn tools_are_called_by_their_schemas() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, json: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, json).expect("it can be written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let tool = r#"{"type": "function", "function": {"name": "turn", "parameters": {"type": "object", "required": ["angle"], "properties": {"angle": {"enum": [90, 180]}}}}}"#;
    let tools = write("tools.json", &format!("[{tool}, {{\"type\": \"function\", \"function\": {{\"name\": \"stop\"}}}}]"));
    let run = |args: &[&str]| run(&[&["run", "Turn.", "--temp", "1", "--tools"], args].concat());
    let report = |args: &[&str]| -> serde_json::Value { serde_json::from_str(&stdout(run(args))).expect("JSON") };

    let said = report(&[&tools, "--tool-choice", "turn", "--json"]);
    let angle = said["tool_calls"][0]["arguments"]["angle"].as_i64().expect("a number");
    assert!([90, 180].contains(&angle));
    let call = format!("<tool_call>\n{{\"name\": \"turn\", \"arguments\": {{\"angle\": {angle}}}}}\n</tool_call>");
    assert_eq!((&said["text"], &said["content"], &said["reason"]), (&call.as_str().into(), &"".into(), &"stop".into()));
    assert_eq!(stdout(run(&[&tools, "--tool-choice", "turn"])), call + "\n");
    let said = report(&[&tools, "--tool-choice", "none", "--json", "-n", "9"]);
    assert_eq!((&said["tool_calls"], &said["content"]), (&serde_json::json!([]), &said["text"]));

    let cut = run(&[&tools, "--tool-choice", "turn", "--json", "-n", "4"]);
    assert!(!cut.status.success());
    let said: serde_json::Value = serde_json::from_slice(&cut.stdout).expect("JSON");
    assert_eq!((&said["reason"], said.get("tool_calls")), (&"length".into(), None));
    assert_eq!(String::from_utf8_lossy(&cut.stderr), "qwark: call 1 of the answer: it is not whole\n");

    let cut = run(&[&tools, "--tool-choice", "turn", "-n", "4"]);
    assert_eq!((cut.status.code(), &*String::from_utf8_lossy(&cut.stderr)), (Some(1), "qwark: call 1 of the answer: it is not whole\n"));

    let twice = write("twice.json", &format!("[{tool}, {tool}]"));
    let met = tool.replace("[90, 180]", "[]");
    let unmet = write("unmet.json", &format!("[{met}]"));
    for (args, error) in [
        (&[&*tools, "--tool-choice", "halt"][..], "tools.json: there is no tool \"halt\"\n"),
        (&[&twice], "twice.json: tool 2, \"turn\": another tool has that name\n"),
        (&[&unmet], "unmet.json: tool 1, \"turn\": \"parameters\": "),
        (&[&tools, "--tool-choice", "required", "--regex", "a"], "cannot be used with"),
    ] {
        let output = run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(error), "{said}");
    }
}

#[test]
fn json_reports_the_answer_and_its_end() {
    let report = stdout(run(&["run", "Hello", "-n", "6", "--json", "--temp", "1"]));
    let report: serde_json::Value = serde_json::from_str(&report).expect("one JSON object");
    assert_eq!(report["reason"], "length");
    assert_eq!(report["output_tokens"], 6);
    assert!(report["prompt_tokens"].as_u64().expect("a number") > 0);
    assert!(report["total_ms"].as_f64().expect("a number") >= report["first_token_ms"].as_f64().expect("a number"));
}

#[test]
fn a_full_context_is_a_reason_and_no_error() {
    let report = stdout(run(&["run", "--raw", "Hello", "-n", "1000", "-c", "20", "--json", "--temp", "1"]));
    let report: serde_json::Value = serde_json::from_str(&report).expect("one JSON object");
    assert_eq!(report["reason"], "context");
}

#[test]
fn tokenize_goes_there_and_back() {
    let text = "Drive 2.5 m, dann <|im_end|> links – 机器人 🤖\n";
    let ids = with_stdin(&["tokenize"], text.as_bytes());
    let ids = stdout(ids);
    assert!(serde_json::from_str::<Vec<u32>>(&ids).expect("a JSON array").len() > 10);
    assert_eq!(stdout(with_stdin(&["tokenize", "--decode"], ids.as_bytes())), text);
}

#[test]
fn logits_have_the_shape_and_do_not_depend_on_what_follows() {
    let dir = tempfile::tempdir().expect("a folder");
    let logits = |tokens: &str| {
        let out = dir.path().join("logits");
        stdout(run(&["logits", "--tokens", tokens, "--out", out.to_str().expect("UTF-8")]));
        std::fs::read(out).expect("written")
    };
    let (two, four) = (logits("5,6"), logits("5,6,7,8"));
    assert_eq!(two.len() * 2, four.len());
    assert_eq!(four.len() % 16, 0);
    assert_eq!(two, four[..two.len()]);
}

#[test]
fn inspect_and_bench_report_json() {
    let inspect = stdout(run(&["inspect", "--json", "-c", "100", "--tensors", "--kernels"]));
    let inspect: serde_json::Value = serde_json::from_str(&inspect).expect("one JSON object");
    assert_eq!(inspect["architecture"], "qwen2");
    assert_eq!(inspect["context"], 100);
    let kv = &inspect["memory"];
    assert_eq!(kv["kv_bytes"].as_u64().expect("bytes"), 100 * kv["kv_bytes_per_token"].as_u64().expect("bytes"));

    let bench = stdout(run(&["bench", "-p", "16", "-n", "4", "-r", "2", "--json", "-t", "2"]));
    let bench: serde_json::Value = serde_json::from_str(&bench).expect("one JSON object");
    for key in ["prefill_tok_s", "decode_tok_s", "read_gb_s", "decode_share", "load_ms", "rss_bytes", "anon_bytes"] {
        assert!(bench[key].as_f64().is_some_and(|x| x > 0.0), "{key}: {bench}");
    }
}

#[test]
fn synth_makes_a_file_that_runs() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("model.gguf");
    let out = out.to_str().expect("UTF-8");
    let made =
        qwark().args(["synth", "qwen3-0.6b", out, "--layers", "1", "--quant", "Q4_K_M", "--json"]).output().expect("the program starts");
    let report: serde_json::Value = serde_json::from_str(&stdout(made)).expect("one JSON object");
    assert_eq!(report["bytes"].as_u64().expect("bytes"), std::fs::metadata(out).expect("written").len());
    let answer = qwark().args(["run", "-m", out, "-n", "3", "-c", "64", "Hello"]).output().expect("the program starts");
    assert!(stdout(answer).len() > 1);
}

#[test]
fn errors_are_one_line_with_the_cause() {
    let model = model().to_str().expect("UTF-8");
    let cases: [(&[&str], &str); 7] = [
        (&["run", "-m", "/nonexistent.gguf", "x"], "/nonexistent.gguf"),
        (&["run", "-m", file!(), "x"], "GGUF"),
        (&["run", "-m", model, "-c", "100000000", "x"], "100000000"),
        (&["run", "-m", model, "--top-p", "7", "x"], "top_p = 7"),
        (&["logits", "-m", model, "--tokens", "999999999", "--out", "/dev/null"], "999999999"),
        (&["logits", "-m", model, "--tokens", "1", "--out", "/nonexistent/out"], "/nonexistent/out"),
        (&["synth", "qwen9", "/dev/null"], "qwen9"),
    ];
    let dir = tempfile::tempdir().expect("a folder");
    let latin1 = dir.path().join("set.toml");
    std::fs::write(&latin1, b"name = \"a\"\nversion = 1\n# gr\xfc\xdfe\n").expect("it can be written");
    let latin1: &[&str] = &["commands", "check", latin1.to_str().expect("UTF-8")];
    for (args, part) in cases.into_iter().chain([(latin1, "set.toml:3: not UTF-8")]) {
        let output = qwark().args(args).stdin(Stdio::null()).output().expect("the program starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
        assert!(error.contains(part), "{args:?}: {error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut command = qwark();
    command.args(["run", "Hello", "-n", "100000", "--greedy", "-m"]).arg(model());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut out = child.stdout.take().expect("piped");
    out.read_exact(&mut [0]).expect("a first byte");
    drop(out);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn ctrl_c_ends_an_answer_without_an_error() {
    let start = |args: &[&str]| {
        let mut command: Command = qwark();
        command.args(["run", "Hello", "-n", "100000", "-c", "32768", "--greedy", "-m"]).arg(model()).args(args);
        command.stdout(Stdio::piped()).spawn().expect("the program starts")
    };
    // Twice, as when a shell signals a program and its group: still one Ctrl-C.
    let interrupted = |child: Child| {
        interrupt(&child);
        interrupt(&child);
        child.wait_with_output().expect("it ends")
    };
    let begin = Instant::now();
    let mut child = start(&[]);
    child.stdout.as_mut().expect("piped").read_exact(&mut [0]).expect("a first byte");
    let first_byte = begin.elapsed();
    assert!(stdout(interrupted(child)).ends_with('\n'));

    // Nothing is said before the end: it takes about as long as the one before did, on a machine that may be busier now. One that does
    // not see to signals yet dies of them, and the next one gets more time.
    let mut time = 5 * first_byte;
    let output = loop {
        let child = start(&["--json"]);
        std::thread::sleep(time);
        let output = interrupted(child);
        if output.status.code().is_some() {
            break output;
        }
        time *= 2;
    };
    let report: serde_json::Value = serde_json::from_str(&stdout(output)).expect("one JSON object");
    assert_eq!(report["reason"], "cancelled", "{report}");
}

#[test]
fn a_sentence_becomes_commands_of_the_set_and_nothing_else() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/commands/rover.toml");
    let set = CommandSet::parse(&std::fs::read_to_string(file).expect("there")).expect("the reference set");
    let cache = tempfile::tempdir().expect("a folder");
    let command = |args: &[&str]| {
        let mut program = program();
        program.env("XDG_CACHE_HOME", cache.path()).args(["command", "--set", file, "-m"]).arg(model()).args(args).stdin(Stdio::null());
        program.output().expect("the program starts")
    };
    let first = stdout(command(&["go forward two metres"]));
    set.parse_answer(first.trim_end()).unwrap_or_else(|violation| panic!("{first}: {violation}"));
    // The first has read the prompt; from then on it is mapped.
    let second = command(&["go forward two metres", "--timings"]);
    let timings = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(stdout(second), first);
    assert!(!timings.contains(" 0 of them in the cache"), "{timings}");

    for (args, wanted) in [(&[" "][..], "the sentence is empty"), (&["go", "-n", "3"], "not whole")] {
        let refused = command(args);
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(1) && error.contains(wanted) && error.lines().count() == 1, "{error}");
        assert!(refused.stdout.is_empty());
    }
}

/// The program without `-m`.
fn without_model(args: &[&str]) -> std::process::Output {
    program().args(args).stdin(Stdio::null()).output().expect("the program starts")
}

#[cfg(feature = "nano")]
#[test]
fn the_built_in_model_runs_where_none_is_named_packed_or_not() {
    let inspected: serde_json::Value = serde_json::from_str(&stdout(without_model(&["inspect", "--json"]))).expect("one JSON object");
    assert_eq!(inspected["file_bytes"].as_u64().expect("bytes"), include_bytes!("../models/nano/qwark-nano.gguf").len() as u64);
    let cache = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let run = ["run", "--greedy", "-n", "12", "turn left"];
        stdout(
            program().env("XDG_CACHE_HOME", cache.path()).args(run).args(args).stdin(Stdio::null()).output().expect("the program starts"),
        )
    };
    assert!(!run(&[]).trim().is_empty());
    assert_eq!(run(&[]), run(&["--no-cache"]), "packing changes no answer");
    assert_eq!(std::fs::read_dir(cache.path()).expect("there").count(), 0, "it needs no file");
}

#[cfg(feature = "nano")]
#[test]
fn the_built_in_model_is_not_asked_for_commands_that_it_does_not_know() {
    let dir = tempfile::tempdir().expect("a folder");
    let lamp = dir.path().join("lamp.toml");
    std::fs::write(&lamp, "name = \"lamp\"\nversion = 1\n[[command]]\nname = \"on\"\ndoc = \"Shine.\"\n").expect("it can be written");
    let lamp = lamp.to_str().expect("UTF-8");
    for args in [&["command", "--set", lamp, "shine"][..], &["serve", "--commands", lamp, "--link", "pty"]] {
        let refused = without_model(args);
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(1) && error.contains("-m FILE") && error.lines().count() == 1, "{error}");
    }
    let answer = stdout(without_model(&["command", "--set", "commands/rover.toml", "turn left", "--no-cache"]));
    assert!(answer.starts_with('{'), "{answer}");
}

#[cfg(not(feature = "nano"))]
#[test]
fn without_a_built_in_model_one_must_be_named() {
    let refused = without_model(&["inspect"]);
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(1) && error.contains("-m FILE") && error.lines().count() == 1, "{error}");
}
