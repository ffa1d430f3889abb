#!/bin/bash
# What a compiler does not hold the tree to, one line a check; called by "make lint".
# Usage: tests/lint.sh BUILD
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
passed=0 failed=0

check() { # NAME FUNCTION: ok where it prints nothing and succeeds
    local out status
    out=$("$2" 2>&1 </dev/null)
    status=$?
    if [ $status -eq 0 ] && [ -z "$out" ]; then
        passed=$((passed + 1))
        echo "ok   $1"
    else
        failed=$((failed + 1))
        echo "FAIL $1"
        [ -z "$out" ] || head -n 40 <<<"$out" | sed 's/^/    /'
    fi
}

mapfile -t files < <(git ls-files --cached --others --exclude-standard | while read -r f; do
    [ -f "$f" ] && echo "$f"
done)
among() { printf '%s\n' "${files[@]}" | grep -E "$1"; }
mapfile -t code < <(among '\.[ch]$')
mapfile -t scripts < <(among '\.sh$|^\.ci/run$')
# All that people write: neither data nor what comes from elsewhere.
mapfile -t text < <(among '(\.(c|h|sh|py|md|cfg|css|js|xml|in)|Makefile|^\.ci/run)$' |
    grep -vE '\.min\.js$|\.LICENSE\.md$')
# Turns grep around: prints what is found, fails only on errors.
find_in() {
    grep -nE "$@"
    [ $? -le 1 ]
}
includes() { # FOLDER PATTERN: lines of FOLDER's code that include PATTERN
    mapfile -t in < <(printf '%s\n' "${code[@]}" | grep "^$1/")
    [ ${#in[@]} -eq 0 ] || find_in "#include [<\"]($2)" "${in[@]}"
}

models_alone() {
    includes models 'pipeline/|elements/|tests/|gst/|lib(av|sw|config)|sqlite3|glib|gio/'
    includes models 'gobject|json-glib|cairo|png'
}
pipeline_alone() { includes pipeline 'elements/|tests/|gst/'; }
elements_alone() { includes elements 'tests/|lib(av|sw)|sqlite3|libconfig'; }
core_alone() {
    includes models/core 'models/[^c]'
    includes models/kernels 'models/[^ck]'
}
libav_places() {
    includes pipeline 'lib(av|sw)' |
        grep -vE '^pipeline/(media/|corrupt/|eval/provenance\.c)'
    true
}
libav_headers() { # nobody who includes our headers needs FFmpeg's, but the media layer itself
    includes pipeline 'lib(av|sw)' | grep -E '\.h:' | grep -v '^pipeline/media/libav\.h'
    true
}
rooted() {
    find_in '#include "' "${code[@]}" | grep -vE '#include "(models|pipeline|elements|tests)/'
    true
}
unique_names() {
    local name
    printf '%s\n' "${code[@]}" | sed 's|.*/||' | sort | uniq -d | while read -r name; do
        printf '%s\n' "${code[@]}" | grep "/$name$"
    done
}
licences() {
    local mark='SPDX-License-Identifier: LGPL-2.1-or-later'
    printf '%s\n' "${text[@]}" | grep -v '\.md$' | xargs -d '\n' grep -L "$mark"
    true
}
unfinished() { find_in -w 'TOD[O]|FIXM[E]|XX[X]' "${text[@]}"; }
own_paths() { # of the machine it was written on; names for mkdtemp() are allowed
    find_in '(^|[^A-Za-z0-9_.}$-])/(work|tmp|root|home)([^A-Za-z0-9_-]|$)' "${text[@]}" |
        grep -v 'XXXXXX'
    true
}
lengths() {
    local file most
    for file in "${code[@]}"; do
        most=450
        [[ $file = tests/* ]] && most=600
        [ "$(wc -l <"$file")" -le $most ] || echo "$file: $(wc -l <"$file") lines"
    done
}
columns() { # tables of numbers are left as their scripts write them
    printf '%s\n' "${code[@]}" | grep -v '^tests/golden/.*\.h$' |
        xargs -d '\n' grep -nE '^.{101,}$'
    find_in $'[ \t]+$' "${text[@]}"
    find_in $'^ *\t' "${code[@]}"
}
format() { clang-format --dry-run --Werror "${code[@]}"; }
shells() { shellcheck -S warning -x -P tests/cli "${scripts[@]}"; }
headers() { quiet_make headers; }
quiet_make() { # prints only when it fails
    local log
    log=$(make --no-print-directory -j"$(nproc)" "$@" 2>&1) || {
        grep -vE '^  (CC|LD) ' <<<"$log"
        return 1
    }
}
exported() {
    nm -D --defined-only "$build"/gst/libgstcoppice.so | awk '$3 !~ /^(gst_plugin_|__bss_start$|_edata$|_end$)/ { print $3 }'
    nm -g --defined-only "$build"/libcoppice-nn.a "$build"/libcoppice.a |
        awk 'NF == 3 && $3 !~ /^cop_/ { print $3 }'
}
analysed() {
    # Left to the compilers, or misread: uninitialised variables filled in loops,
    # calls in compound literals, domains that depend on a loop having run.
    local words=(--quiet --error-exitcode=1 --std=c11 -j"$(nproc)" -I.
        '--enable=warning,portability' '--template={file}:{line}: {message} [{id}]'
        --template-location='' --suppress=uninitvar --suppress=legacyUninitvar
        --suppress=ignoredReturnValue --suppress=invalidFunctionArg)
    cppcheck "${words[@]}" models pipeline
    # GStreamer's own macros are unknown to it.
    cppcheck "${words[@]}" --library=gtk \
        '-DGST_ELEMENT_REGISTER_DECLARE(e)=' '-DGST_ELEMENT_REGISTER_DEFINE(...)=' \
        '-DGST_ELEMENT_REGISTER_DEFINE_WITH_CODE(...)=' '-DGST_PLUGIN_DEFINE(...)=' \
        '-DGST_DEBUG_CATEGORY(c)=' '-DGST_DEBUG_CATEGORY_EXTERN(c)=' elements
}
portable() { # tiers are what compilers make of vectors, and no build is for its own machine alone
    printf '%s\n' "${code[@]}" | grep -E '^(models|pipeline|elements)/' |
        xargs -d '\n' grep -nE '\b(asm|__asm|__asm__)\b *(volatile)? *\('
    grep -n 'march=native' Makefile
    true
}
clang_build() { quiet_make CC=clang programs; }
registers() {
    local out
    out=$(tests/kernels/registers.sh "$build") || {
        echo "$out"
        return 1
    }
}
unfused() { # bytes of pictures are those of every machine: no tier may round once for twice, but
            # in COP_TIERS_ROUGH (which alone has a tier x86-64-v3), whose rounding reaches no byte
    local object
    for object in "$build"/pipeline/corrupt/*.o; do
        objdump -d --no-show-raw-insn "$object" | awk -v object="$object" '
            /^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name); rough = name
                if (sub(/\.arch_x86_64_v3$/, "", rough)) may[rough] = 1
                else sub(/\.arch_x86_64_v4$/, "", rough) }
            /vfn?m(add|sub)/ { fused[name] = rough }
            END { for (name in fused)
                if (name == fused[name] || !(fused[name] in may)) print object ": " name }'
    done
}

check "models/ uses nothing above it" models_alone
check "models/core and models/kernels use nothing above them" core_alone
check "pipeline/ uses neither elements/ nor GStreamer" pipeline_alone
check "FFmpeg only in media, corruptions and provenance" libav_places
check "FFmpeg in one header only" libav_headers
check "includes name their path from the root" rooted
check "file names are unique" unique_names
check "licence lines" licences
check "nothing left undone" unfinished
check "no paths of one machine" own_paths
check "lengths of files" lengths
check "lengths and ends of lines" columns
check "clang-format" format
check "shellcheck" shells
check "every header compiles alone" headers
check "exported names begin with cop_, of the plugin gst_plugin_" exported
check "cppcheck" analysed
check "no assembler, no build for one machine" portable
check "clang, all warnings" clang_build
check "sums stay in registers" registers
check "sums of pictures are not fused" unfused
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
