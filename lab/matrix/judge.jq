# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is not as it must be, a line each; or that all is.
def name: "\(.event), \(.scheme), IPv\(.family)\(if .timestamps then "" else " without timestamps" end)";
. as $all
| ([.planned[] | . as $run
    | select([$all.cells[] | select(.event == $run.event and .scheme == $run.scheme)] | length != 4)
    | "\(.event), \(.scheme): has not filled its four cells"]
 + [.cells[] | select(.live < 125) | "\(name): only \(.live) living connections"]
 + [.cells[] | select(.verified | not) | "\(name): the event was not seen to happen (moved: \(.moved))"]
 + [.cells[] | select(.scheme == "holdfast" and .broken > 0) | "\(name): \(.broken) BROKEN"]
 + [.cells[] | . as $cell | select(.broken == 0 and any(($all.theory[.scheme] // [])[];
	.event == $cell.event and any(.timestamps[]; . == $cell.timestamps)))
    | "\(name): nothing broke, where theory says that it must"]
 + (if ([.planned[] | select(.scheme == "holdfast") | .event] | length) < ($all.titles | length) then []
    else [("cookie", "pin", "candidate", "who_has") as $rung
	  | select([.cells[] | select(.scheme == "holdfast") | .rungs[$rung]] | add == 0)
	  | "holdfast: no cell was answered by the rung \($rung)"] end)) as $faults
| if $faults == [] then "All of it held." else $faults[] end
