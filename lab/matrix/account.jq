# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The account of a whole matrix, docs/evidence/churn.md.

["ecmp", "resilient", "hash", "hash+table", "second-chance", "cheetah", "holdfast"] as $schemes
| . as $all

# The cells of an event and a scheme; nothing if it was not for them.
| def cells($event; $scheme): [$all.cells[] | select(.event == $event and .scheme == $scheme)];
def row(cells): "| " + (cells | join(" | ")) + " |";
def broken: "\(map(.broken) | add)";
def must($event; $scheme): any(($all.theory[$scheme] // [])[]; .event == $event);

# Broken connections of all four cells; what theory says must break is in bold.
def summary($event; $scheme):
	cells($event; $scheme)
	| if length == 0 then "" elif must($event; $scheme) then "**\(broken)**" else broken end;

def detail($event; $scheme):
	cells($event; $scheme)
	| if length == 0 then ""
	  else [([6, true], [6, false], [4, true], [4, false]) as [$family, $timestamps]
		| .[] | select(.family == $family and .timestamps == $timestamps) | .broken | tostring]
	       | join(" ") end;

def percent($part; $whole): if $whole == 0 then "0" else "\(($part * 100 / $whole) | round)" end;

"<!-- SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause -->
<!-- Made by `sudo ./run lab matrix`: not to be edited. -->
# What breaks connections

\($all.date), Linux \($all.kernel), \($all.cores) cores, \($all.cells | length / 4) runs\(if $all.go_on then " in several goes" else ", \(($all.seconds | tonumber) / 60 | round) minutes" end).

Each number is connections broken, of \($all.cells | map(.live) | min * 4) that lived when the event happened: half over
IPv4, half over IPv6, half of each with TCP timestamps. Bold: theory says beforehand that some must break,
and if none had, the run would have failed. Empty: the event is none for the scheme.

<!-- summary -->",
row(["event"] + $schemes),
row(["---"] + ($schemes | map("---:"))),
($all.titles | to_entries[] | .key as $event | row([.value] + ($schemes | map(. as $s | summary($event; $s))))),
"<!-- end of summary -->

## Who is who

| scheme | what it is here | stands for |
|---|---|---|
| ecmp | the fabric straight to the servers, Linux hash-threshold next hops | routers without anything |
| resilient | the same with a resilient next-hop group, 512 buckets, Linux' timers | switches, as Cumulus describes it |
| hash | gateways, the current row alone | Maglev's hash without its table |
| hash+table | the row, and a table in each gateway that a flow's first packet fills | Katran, IPVS with a consistent hash |
| second-chance | the rows of before and after the last change, no table | GLB, faild |
| cheetah | the cookie in the timestamp with a plain clock, else the current row | Cheetah, stateless |
| holdfast | the dispatch ladder | |

All of those with gateways are plans for the same programs (docs/decisions/0014-schemes.md): the network,
the hash, the rows, the servers are equal, and nothing differs but the choice. They are models of what these
systems decide, not the systems: those have more, such as a table shared by gateways, that moves a zero to
another place. In a weak scheme the last agent must take what comes, so that its host resets what it does
not know.

## How it is done

Every run has a network of its own in network namespaces (lab/topologies/churn.sh): a client, a fabric
router that spreads packets by a hash over addresses and ports, two gateways and one to spare, and four servers of
which three are in the pool. A load program (lab/load) opens 128 connections in each of four cells, IPv4 and
IPv6, with and without timestamps. Half of them exchange messages every 300 ms; half are silent while the
event happens, and speak after it. Every byte is checked in both directions.

- *live*: open, answered and without a fault when the event begins.
- *moved*: those whose gateway (as seen on the fabric's links), router or row differs after the event. Where the event is to move flows,
  a cell counts as verified from 10 % on. Restarts, silence and floods have another witness: process and program
  numbers, exchanges counted, packets sent.
- *broken*: a reset, a wrong byte, another server, or no answer for 3 seconds.
- *on killed*: their own server was taken away by the event, and they were well until then. Not counted as broken.
- *rungs*: packets that each rung of the ladder answered while the cell spoke alone after the event.

A drained backend is one that gets no new connections; in `ecmp` and `resilient` that can only be said by taking it out.
The SYN flood and the forged segments come from the lab's client, 20,000 packets of each family, 5,000 a second, from
addresses that answer nothing; half of the packets carry timestamps.

## Where theory says that it must break

",
($all.theory | to_entries | sort_by(.key as $k | $schemes | index($k))[] | .key as $scheme | "- \($scheme): " + ([.value[] |
	.event + (if (.timestamps | length) == 2 then "" elif .timestamps == [true] then " (with timestamps)" else " (without timestamps)" end)]
	| join(", "))),
"
`hash+table` keeps what came to its own gateway, so pool changes alone do not hurt it, nor does another gateway alone; both
together do. `cheetah` without timestamps is `hash`; with them its clock wraps after 65.5 s, and a silence
that is more than half a round beyond whole ones (5 minutes are 4.58) makes the client take the server's next
segment for an old one; 70 seconds are 1.07 rounds, and pass.

## Cell by cell

Broken with IPv6 and timestamps, IPv6 without, IPv4 with, IPv4 without.
",
row(["event"] + $schemes),
row(["---"] + ($schemes | map("---:"))),
($all.titles | keys_unsorted[] as $event | row([$event] + ($schemes | map(. as $s | detail($event; $s))))),
"
## What moved, and which rung answered

Under holdfast, over the four cells.
",
row(["event", "live", "moved", "broken", "on killed", "cookie", "pin", "candidates", "who has it?"]),
row(["---"] + [range(8) | "---:"]),
($all.titles | keys_unsorted[] as $event | cells($event; "holdfast") | select(length > 0)
 | (map(.live) | add) as $live
 | row([$event, $live, "\(percent(map(.moved) | add; $live)) %", (map(.broken) | add), (map(.on_killed_backend) | add),
	(map(.rungs.cookie) | add), (map(.rungs.pin) | add), (map(.rungs.candidate) | add), (map(.rungs.who_has) | add)]
	| map(tostring)))
