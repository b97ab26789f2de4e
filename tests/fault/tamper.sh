#!/usr/bin/env bash
# The tamper campaigns in full, with their figures: tests/fault/tamper.sh [BUILD [SEGMENT [STORE]]]. One bit in SEGMENT of a
# segment (1: every bit, some 20 minutes) and one in STORE of a small store.db (1: every bit, some hours; 16: half an hour).
set -euo pipefail
build=${1:-build}
SANAQ_TAMPER=${2:-1} nice -n 15 "$build/tests/test_tamper"
SANAQ_TAMPER=${3:-1} nice -n 15 "$build/tests/test_tamper_store"
