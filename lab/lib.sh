# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The lab: networks of real kernels and real daemons in network namespaces.
#
# A script sources this file and reads like a story:
#
#	. lab/lib.sh
#	lab_open anycast	# the lock, the leftovers of a dead run, the traps
#	topology_up		# from lab/topologies/anycast.sh
#	on client curl http://198.51.100.80/
#				# the end of the script, whatever ends it, takes everything down
#
# Invariants:
# - Everything that a topology makes is found again from its folder, /run/holdfast-lab/LAB, or from its
#   prefix: namespaces are called LAB-NODE. Nothing else is ever touched.
# - What is to be undone is written down before it is done. So a run that was killed leaves nothing
#   that the next `up` does not find.
# - Processes are ended by a recorded pid whose start time is still the recorded one, or because
#   they live in a namespace of ours; never by name.
# - Nothing sleeps and hopes: wait_for polls for a state, with a bound, and says what it waited for.

set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

LAB_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB_BUILD=$LAB_HOME/build
LAB_RUN=/run/holdfast-lab

. "$LAB_HOME/lab/lib/say.sh"
. "$LAB_HOME/lab/lib/wait.sh"
. "$LAB_HOME/lab/lib/process.sh"
. "$LAB_HOME/lab/lib/logs.sh"
. "$LAB_HOME/lab/lib/losses.sh"
. "$LAB_HOME/lab/lib/network.sh"
. "$LAB_HOME/lab/lib/state.sh"
. "$LAB_HOME/lab/lib/frr.sh"
. "$LAB_HOME/lab/lib/bird.sh"
. "$LAB_HOME/lab/lib/gobgp.sh"
. "$LAB_HOME/lab/lib/sites.sh"
. "$LAB_HOME/lab/lib/nginx.sh"
. "$LAB_HOME/lab/lib/nsd.sh"
. "$LAB_HOME/lab/lib/prometheus.sh"
. "$LAB_HOME/lab/lib/unbound.sh"
. "$LAB_HOME/lab/lib/influxdb.sh"
. "$LAB_HOME/lab/lib/agentless.sh"
. "$LAB_HOME/lab/lib/etcd.sh"
. "$LAB_HOME/lab/lib/holdfast.sh"
. "$LAB_HOME/lab/lib/traffic.sh"
. "$LAB_HOME/lab/lib/talk.sh"
. "$LAB_HOME/lab/lib/load.sh"
. "$LAB_HOME/lab/lib/story.sh"
. "$LAB_HOME/lab/lib/pulse.sh"
. "$LAB_HOME/lab/lib/downloads.sh"
. "$LAB_HOME/lab/lib/crowds.sh"
. "$LAB_HOME/lab/lib/ways.sh"
. "$LAB_HOME/lab/lib/events.sh"
. "$LAB_HOME/lab/lib/rungs.sh"
. "$LAB_HOME/lab/lib/survive.sh"
. "$LAB_HOME/lab/lib/who_has.sh"
. "$LAB_HOME/lab/lib/capture.sh"
. "$LAB_HOME/lab/lib/tap.sh"
