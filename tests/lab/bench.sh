#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the benchmark times is what it says: each row's packets, whatever other rows have left in the tables, end in
# the row's verdict and look as they should. Nothing is timed. It has a network namespace of its own.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"

rows() { "$(dirname "$0")/../../build/bench/holdfast-bench" --check; }

it "every packet of the benchmark ends where it should, and one behind the other" rows
tests_end
