# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One run in a line: who, what, and the sums over its cells.
def left($n): . + " " * ([$n - length, 0] | max);
"  \(.[0].scheme | left(14)) \(.[0].event | left(20)) live \(map(.live) | add)  moved \(map(.moved) | add)" +
"  broken \(map("\(.broken)") | join("+"))  on killed \(map(.on_killed_backend) | add)" +
"  \(if all(.verified) then "verified" else "NOT verified" end)" +
"  cookie \(map(.rungs.cookie) | add) pin \(map(.rungs.pin) | add) candidate \(map(.rungs.candidate) | add)" +
" who-has \(map(.rungs.who_has) | add)  \($seconds) s"
