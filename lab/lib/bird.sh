# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# BIRD in a gateway: announces by BGP the kernel routes that carry Holdfast's protocol number.

HOLDFAST_PROTO=72 # of our kernel routes: outside FRR's numbers and BIRD's

# bird_announces NODE AS: to the neighbour NEIGHBOUR_AS at NEIGHBOUR4 and NEIGHBOUR6, from LOCAL4
# and LOCAL6 (in the environment).
bird_announces() {
	local node=$1 as=$2 home="$LAB_STATE/$1/bird" family

	mkdir -p "$home"
	{
		cat <<-END
			log stderr all;
			router id $LOCAL4;
			protocol device { scan time 10; }
		END
		for family in 4 6; do
			local -n here=LOCAL$family there=NEIGHBOUR$family
			cat <<-END

				protocol kernel kernel$family {
					learn;
					scan time 10;
					ipv$family { import where krt_source = $HOLDFAST_PROTO; export none; };
				}
				protocol bgp fabric$family {
					local $here as $as;
					neighbor $there as $NEIGHBOUR_AS;
					connect delay time 1;
					ipv$family { import none; export where krt_source = $HOLDFAST_PROTO; };
				}
			END
		done
	} >"$home/bird.conf"

	start "$node" bird bird -f -c "$home/bird.conf" -s "$home/bird.ctl"
	wait_ready "$node" bird "BIRD's socket" 10 test -S "$home/bird.ctl"
}

# birdc_on NODE COMMAND...: BIRD's shell.
birdc_on() {
	local node=$1
	shift
	birdc -s "$LAB_STATE/$node/bird/bird.ctl" "$@"
}
