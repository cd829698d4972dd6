# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# BIRD in a gateway: announces by BGP the kernel routes that carry Holdfast's protocol number, by the
# configuration that is an example for everybody, examples/bgp/bird.conf.

# bird_announces NODE AS: to the neighbour NEIGHBOUR_AS at NEIGHBOUR4 and NEIGHBOUR6, from LOCAL4
# and LOCAL6 (in the environment). With BFD, if the neighbour has it: BFD=on.
bird_announces() {
	local node=$1 as=$2 home="$LAB_STATE/$1/bird"

	mkdir -p "$home"
	bird_config "$as" >"$home/bird.conf"
	start "$node" bird bird -f -c "$home/bird.conf" -s "$home/bird.ctl"
	wait_ready "$node" bird "BIRD's socket" 10 test -S "$home/bird.ctl"
}

bird_config() {
	local without_bfd='/^protocol bfd/d; /bfd on;/d'

	[[ ${BFD:-off} == off ]] || without_bfd=''
	sed -E "s/^(define OUR_AS +=) .*/\1 $1;/
		s/^(define OUR4 +=) .*/\1 $LOCAL4;/
		s/^(define OUR6 +=) .*/\1 $LOCAL6;/
		s/^(define THEIR_AS +=) .*/\1 $NEIGHBOUR_AS;/
		s/^(define THEIR4 +=) .*/\1 $NEIGHBOUR4;/
		s/^(define THEIR6 +=) .*/\1 $NEIGHBOUR6;/
		$without_bfd" "$LAB_HOME/examples/bgp/bird.conf"
}

# birdc_on NODE COMMAND...: BIRD's shell.
birdc_on() {
	local node=$1
	shift
	birdc -s "$LAB_STATE/$node/bird/bird.ctl" "$@"
}
