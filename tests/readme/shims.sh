# What the README's commands meet in its test: programs that would build, download, or change the machine.
# HOME and the folder that they run in are made for the test; $QWARK is the built program, $MODEL a small model, $ROOT stands for /.

cargo() {
    case $* in
        'run --release') "$QWARK" ;;
        'test --workspace') ;; # this test is a part of it
        'install --path .') install -D "$QWARK" "$HOME/.cargo/bin/qwark" ;;
        *) echo "cargo $*: not known here" >&2 && return 2 ;;
    esac
}

# The download is a small model of the name.
hf() { cp "$MODEL" "$3"; }

# The Python that runs the page's programs finds the package where it lies.
pip() { [[ $2 == huggingface_hub || -e $2/pyproject.toml ]]; }

sudo() { "$@"; }

# Starts what the unit says, asks it once, and stops it.
systemctl() {
    local line output
    line=$(sed -n "s|^ExecStart=||; T; s|/usr/|$ROOT/usr/|; s|/etc/|$ROOT/etc/|; s|/run/|$ROOT/run/|; s|serial:/dev/[^ ]*|pty|; p" "$ROOT/etc/systemd/system/qwark.service")
    mkdir -p "$ROOT/run/qwark"
    exec {output}< <(exec $line)
    local service=$!
    read -r <&"$output"
    read -r <&"$output"
    [[ $(qwark ask --link "unix:$ROOT/run/qwark/qwark.sock" --set "$ROOT/etc/qwark/rover.toml" 'turn left') == '{"turn":{"angle":90}}' ]]
    kill "$service"
}
