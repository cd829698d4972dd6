# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Broken of live connections, events x schemes.
def pad($n): . + " " * ([$n - length, 0] | max);
def lpad($n): " " * ([$n - length, 0] | max) + .;
. as $all
| ["ecmp", "resilient", "hash", "hash+table", "second-chance", "cheetah", "holdfast"] as $schemes
| ("" | pad(22)) + ($schemes | map(lpad(14)) | join("")),
  ($all.titles | keys_unsorted[] as $event
   | select(any($all.cells[]; .event == $event))
   | ($event | pad(22)) + ([$schemes[] as $scheme
	| [$all.cells[] | select(.event == $event and .scheme == $scheme)]
	| if length == 0 then "-" else "\(map(.broken) | add)/\(map(.live) | add)" end
	| lpad(14)] | join("")))
