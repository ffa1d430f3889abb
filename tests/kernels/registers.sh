#!/bin/bash
# Sums must stay in registers and be fused: looks at the disassembly of the
# wide tiers, as gcc makes it, for vector accesses to the stack and vfmadd.
# Usage: tests/kernels/registers.sh BUILD
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u
failed=0
for object in "$1"/models/kernels/{conv3d,conv3d_correlate,peak}_{avx2,avx512}.o; do
    [ -e "$object" ] || continue
    code=$(objdump -d --no-show-raw-insn "$object")
    fused=$(grep -c vfmadd <<<"$code")
    # vmovq: a pointer that the compiler parked in a vector register
    stack=$(grep -v 'vmovq ' <<<"$code" | grep -cE '%[xyz]mm.*\(%r[sb]p|\(%r[sb]p.*%[xyz]mm')
    echo "$(basename "$object"): $fused fused multiply-adds, $stack vector accesses to the stack"
    if [ "$fused" -eq 0 ] || [ "$stack" -ne 0 ]; then failed=1; fi
done
exit $failed
