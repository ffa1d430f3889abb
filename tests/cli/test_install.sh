#!/bin/bash
# make install: what is there afterwards, and that programs build against it.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
read -ra cc <<<"${CC:-gcc} ${SAN:+-fsanitize=$SAN}"

made() { # TARGET VARIABLE...
    make -C "$root" --no-print-directory "$@" >"$work/out" 2>"$work/err"
}
listed() { (cd "$1" && find . ! -type d ! -name '*.h' | LC_ALL=C sort); }

# --- into a staging folder, and out again -------------------------------------
check "install into DESTDIR" made install DESTDIR="$work/stage" PREFIX=/usr
version=$("$coppice" --version | cut -d ' ' -f 2)
diff - <(listed "$work/stage") >"$work/out" <<END
./usr/bin/coppice
./usr/bin/coppice-live
./usr/lib/gstreamer-1.0/libgstcoppice.so
./usr/lib/libcoppice-nn.a
./usr/lib/libcoppice-nn.so
./usr/lib/libcoppice-nn.so.0
./usr/lib/libcoppice-nn.so.$version
./usr/lib/libcoppice.a
./usr/lib/libcoppice.so
./usr/lib/libcoppice.so.0
./usr/lib/libcoppice.so.$version
./usr/lib/pkgconfig/libcoppice-nn.pc
./usr/lib/pkgconfig/libcoppice.pc
END
check "files" test ! -s "$work/out"
check "headers" test -f "$work/stage/usr/include/coppice/models/train/net.h"
check "DESTDIR stays out of the files" test -z "$(grep -rlF "$work" "$work"/stage/usr/lib/pkgconfig)"
check "uninstall" made uninstall DESTDIR="$work/stage" PREFIX=/usr
check "nothing stays" test -z "$(find "$work/stage" ! -type d)"

# --- programs -----------------------------------------------------------------
check "install" made install DESTDIR= PREFIX="$work/usr"
export PKG_CONFIG_PATH=$work/usr/lib/pkgconfig LD_LIBRARY_PATH=$work/usr/lib
check "version" test "$(pkg-config --modversion libcoppice)" = "$version"
build() { # OUT SOURCE LIBRARY
    local flags
    read -ra flags < <(pkg-config --cflags --libs "$3")
    (cd "$work" && "${cc[@]}" -std=c11 -Wall -Wextra -Werror "$2" "${flags[@]}" -o "$1") \
        >"$work/out" 2>"$work/err"
}
check "compile samples/embed.c" build embed "$root/samples/embed.c" libcoppice-nn
check "it uses the shared library" grep -q 'libcoppice-nn\.so\.0' <(readelf -d "$work/embed")
check "and nothing of the pipeline's" test -z "$(ldd "$work/usr/lib/libcoppice-nn.so" |
    grep -E 'glib|libav|sqlite|png|config')"
"$work/usr/bin/coppice" model new --arch r3d_tiny --classes 3 --set clip.frames=4 \
    --set 'prep.resize=[24,24]' -o "$work/model.safetensors" >/dev/null
"$work/embed" "$work/model.safetensors" >"$work/out" 2>"$work/err"
code=$?
check "run it" quiet
mv "$work/out" "$work/embedded"
# The same clip through coppice infer: a header of 80 bytes, then zeros.
printf 'P\0\0\0\0\0\0\0%-80s' \
    '{"clips":{"dtype":"F32","shape":[1,3,4,24,24],"data_offsets":[0,27648]}}' >"$work/clip.st"
head -c 27648 /dev/zero >>"$work/clip.st"
run infer --model "$work/model.safetensors" --input "$work/clip.st" --output "$work/logits.st"
check "coppice infer" quiet
tail -c 12 "$work/logits.st" | od -An -v -w4 -tf4 | awk '{ printf "%.5f\n", $1 }' >"$work/wanted"
check "the same logits" cmp "$work/embedded" "$work/wanted"
"$work/embed" "$work/clip.st" >"$work/out" 2>"$work/err"
check "no model: an error" grep -q 'no model' "$work/err"

# A video, through a program of forty lines.
make_set
"$coppice" train -c "$work/run.cfg" --out "$work/run" >/dev/null 2>&1
mapfile -t clips < <(find "$work/set/videos" -name '*.mp4' | sort | head -n 3)
check "compile samples/classify.c" build classify "$root/samples/classify.c" libcoppice
check "forty lines" test "$(wc -l <"$root/samples/classify.c")" -le 40
"$work/classify" "$work/run/model.safetensors" "${clips[@]}" >"$work/out" 2>"$work/err"
code=$?
check "it names classes" quiet
mv "$work/out" "$work/named"
"$coppice" predict --model "$work/run/model.safetensors" --top 1 "${clips[@]}" |
    sed -nE '/^ /!{h;d}; s/^ *([0-9.]+) %  (.*)/: \2, \1 %/; H; x; s/\n//; p' >"$work/wanted"
check "those of predict" cmp "$work/named" "$work/wanted"
"$work/classify" "$work/run/model.safetensors" "$work/run.cfg" >"$work/out" 2>"$work/err"
check "no video: an error" grep -q 'classify: .*run.cfg' "$work/err"

finish
