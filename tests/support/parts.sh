# shellcheck shell=bash disable=SC2154  # sourced by ./run, which sets what is used here
# The parts of `./run test`, `./run lint` and `.ci/run`: each runs its checks, counts them, keeps what
# failed for the end and never stops the others.

# ---- counting ------------------------------------------------------------------------------------

# failed_in NAME WHAT [LOG]: one line of what failed, shown at the end with what matters of the log.
failed_in() { "$python" tests/support/failures.py "$results/$1.failures" "${@:2}"; }

# logged COMMAND...: shows its output, and keeps it for the end, should nothing follow.
logged() {
    "$@" 2>&1 | tee "$results/$part_name.log" >&2
    return "${PIPESTATUS[0]}"
}

# part NAME FUNCTION ARGUMENT...: runs one part; its numbers end in $results/NAME.count, and what
# failed in $results/NAME.failures.
part() {
    local name=$1 part_name=$1 begin=$SECONDS counted
    shift
    say "== $name"
    local status=0
    "$@" || status=1
    counted=$(cat "$results/$name.count" 2>/dev/null)
    # Whatever went wrong outside the single checks (a build, a crash, no numbers) is one failure.
    if [ -z "$counted" ]; then
        counted="0 1 0"
        failed_in "$name" "it gave no numbers: it was not built, or ended before its first check" \
            "$results/$name.log"
    elif [ $status -ne 0 ] && [[ $counted == *" 0 "* ]]; then
        counted=$(awk '{print $1, 1, $3}' <<<"$counted")
        failed_in "$name" "no check failed, but it did not end well: see its output, from \"== $name\""
    fi
    printf '%s\n' "$counted" >"$results/$name.count"
    say "== $name: $(summary_line <<<"$counted") ($((SECONDS - begin)) s)"
}

summary_line() {
    awk '{p += $1; f += $2; s += $3} END {printf "%d passed, %d failed, %d skipped\n", p, f, s}'
}

# What failed, with the first lines of why: nobody finds it in the output of thousands.
show_failures() {
    local file name failed
    for file in "$results"/*.count; do
        name=$(basename "$file" .count)
        read -r _ failed _ <"$file"
        [ "$failed" -ne 0 ] || continue
        printf '== %s: %d failed; all of its output is above, from "== %s"\n' "$name" "$failed" "$name"
        cat "$results/$name.failures" 2>/dev/null
    done
}

# What failed, the last line, and the exit code.
finish() {
    local line
    show_failures
    line=$(cat "$results"/*.count | summary_line)
    printf '%s\n' "$line"
    # Nothing failed, and something was tested at all.
    [[ $line == *", 0 failed,"* && $line != "0 passed"* ]]
}

# ---- tests ---------------------------------------------------------------------------------------

# Both print their numbers; building is part of the test.
part_unit() {
    logged configure_sanitized &&
        $python tests/support/units.py build-asan "$results/unit" "$@" >"$results/unit.count"
}

part_threads() {
    logged configure_threads &&
        $python tests/support/units.py --threads build-tsan "$results/threads" \
            >"$results/threads.count"
}

# pytest_part NAME ARGUMENT...
pytest_part() {
    local name=$1 status=0 seconds_max=${SMILAX_PYTEST_SECONDS_MAX:-1500}
    shift
    rm -f "$results/$name.xml"
    timeout --foreground --kill-after=30 "$seconds_max" \
        "$python" -m pytest -ra --color="$pytest_color" --junitxml="$results/$name.xml" "$@" >&2 ||
        status=$?
    if [ ! -s "$results/$name.xml" ]; then
        failed_in "$name" "pytest left no report; its exit code is $status (124: not done in $seconds_max s)"
        echo "0 1 0" >"$results/$name.count"
        return 1
    fi
    $python tests/support/count.py "$results/$name.xml" "$results/$name.failures" \
        >"$results/$name.count" && [ "$status" -eq 0 ]
}

part_tidy() { pytest_part tidy tests/tidy_test.py tests/support; }

# Instructions per request of the release program, against bench/instructions.json.
part_instructions() {
    logged build_release && SMILAX_RELEASE_BINARY="$PWD/build/smilax" \
        pytest_part instructions tests/bench/instructions_test.py
}

# What measures: its own tests, and runs with the real proxies and the program of the image.
part_comparison() {
    local status=0
    logged build_benches || return 1
    # Without it most of them run all the same.
    logged build_trained || status=1
    pytest_part comparison tests/bench --ignore tests/bench/instructions_test.py && return $status
}

# Where speed or memory is judged: in CI by the program of the image.
part_e2e() {
    local release=build/smilax
    logged build_release || return 1
    if [ -n "${CI:-}" ]; then
        logged build_trained || return 1
        release=build-trained/smilax
    fi
    logged configure_sanitized && logged ninja -C build-asan smilax &&
        SMILAX_BINARY="$PWD/build-asan/smilax" SMILAX_RELEASE_BINARY="$PWD/$release" \
            pytest_part e2e tests/e2e
}

# Benchmarks that run at all; their numbers mean nothing on a machine that does other things.
part_bench() {
    local program passed=0 failed=0
    logged build_benches || return 1
    for program in build/bench/*_bench; do
        if logged "$program" --benchmark_min_time=0.01; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            failed_in bench "$program" "$results/bench.log"
        fi
    done
    echo "$passed $failed 0" >"$results/bench.count"
}

# fuzz_one TARGET SECONDS: from $fuzz_seed, 0 for a random one.
fuzz_one() {
    local corpus=build-fuzz/corpus/$1 log=build-fuzz/$1.log seeds=tests/data/fuzz/$1 hex
    [ -d "$seeds" ] || { say "fuzz $1: there are no seeds in $seeds"; return 1; }
    mkdir -p "$corpus"
    # Bytes that are no text are kept as hexadecimal digits.
    for hex in "$seeds"/*.hex; do
        [ ! -e "$hex" ] || $python -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' \
            <"$hex" >"$corpus/$(basename "$hex" .hex)" || return 1
    done
    if UBSAN_OPTIONS=halt_on_error=1 timeout --kill-after=10 $(($2 + 120)) \
        "build-fuzz/tests/fuzz/fuzz_$1" -max_total_time="$2" -seed="$fuzz_seed" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build-fuzz/crash-$1-" -print_final_stats=1 \
        "$corpus" "$seeds" >"$log" 2>&1; then
        say "fuzz $1: $(awk '/number_of_executed_units/ {print $2}' "$log") runs, no finding"
    else
        tail -n 60 "$log" >&2
        say "fuzz $1: FAILED, log in $log, input in build-fuzz/crash-$1-*"
        failed_in fuzz "$1, log in $log, input in build-fuzz/crash-$1-*" "$log"
        return 1
    fi
}

# part_fuzz SECONDS [TARGET...]
part_fuzz() {
    local seconds=$1 target passed=0 failed=0 targets=() running=()
    shift
    targets=("$@")
    [ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(fuzz_targets)
    [ ${#targets[@]} -gt 0 ] || { say "there are no fuzz targets"; return 1; }
    logged configure_fuzz && logged ninja -C build-fuzz "${targets[@]/#/tests/fuzz/fuzz_}" || return 1
    for target in "${targets[@]}"; do
        fuzz_one "$target" "$seconds" &
        running+=($!)
        # As many at a time as there are cores; the oldest first, each has the same time.
        if [ ${#running[@]} -ge "$jobs" ]; then
            if wait "${running[0]}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
            running=("${running[@]:1}")
        fi
    done
    for target in "${running[@]}"; do
        if wait "$target"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
    echo "$passed $failed 0" >"$results/fuzz.count"
    [ "$failed" -eq 0 ]
}

# ---- lint ----------------------------------------------------------------------------------------

sources() { find policy io tls telemetry proxy bench tests -name '*.[ch]pp' | sort; }

part_format() {
    local unformatted
    unformatted=$(sources | xargs -P "$jobs" -n 20 clang-format-19 --dry-run -Werror 2>&1)
    if [ -n "$unformatted" ]; then
        say "$unformatted"
        say "format: clang-format-19 -i mends these files"
        failed_in format "clang-format-19 -i mends $(cut -d: -f1 <<<"$unformatted" | grep 'pp$' |
            sort -u | paste -sd' ')"
        echo "0 1 0" >"$results/format.count"
        return 1
    fi
    echo "1 0 0" >"$results/format.count"
}

# Sources that differ from the branch's base, or all where nothing tells (no git, first commit).
changed_sources() {
    local base
    base=$(git merge-base HEAD origin/main 2>/dev/null) &&
        [ "$base" != "$(git rev-parse HEAD)" ] ||
        base=$(git rev-parse --verify --quiet HEAD~1) || { sources; return; }
    { git diff --name-only "$base" && git ls-files --others --exclude-standard; } | sort -u |
        comm -12 - <(sources)
}

# part_clang_tidy changed|all
part_clang_tidy() {
    local files=() list=sources
    [ "$1" = all ] || list=changed_sources
    # Headers are judged through the sources that include them.
    mapfile -t files < <($list | grep '\.cpp$' | grep -v '^bench/')
    echo "${#files[@]} 0 0" >"$results/clang-tidy.count"
    [ ${#files[@]} -gt 0 ] || return 0
    logged configure_fuzz || return 1
    printf '%s\n' "${files[@]}" | xargs -P "$jobs" -n 1 clang-tidy-19 --quiet -p build-fuzz \
        --extra-arg=-Wno-unknown-warning-option 2>&1 |
        grep -vE '^[0-9]+ warnings? generated|^Suppressed |^Use -header-filter' |
        tee "$results/clang-tidy.log" >&2
    if [ "${PIPESTATUS[1]}" -ne 0 ]; then
        failed_in clang-tidy "all findings: $results/clang-tidy.log" "$results/clang-tidy.log"
        echo "0 1 0" >"$results/clang-tidy.count"
        return 1
    fi
}

run_lint() {
    part format part_format
    part tidy part_tidy
    part clang-tidy part_clang_tidy "${1:-changed}"
}
