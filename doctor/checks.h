/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The faults that the doctor knows, a row each: from it come the examination, `--list` and the
 * mending half of every finding. A judge is a pure function of the facts (doctor/facts.h).
 *
 * A row is kept apart from another where it is mended in another way. No row is about a mere
 * preference: a machine that carries traffic as it should gets no finding.
 */
#pragma once

#include "doctor/facts.h"
#include "doctor/findings.h"

enum check_role {
	ON_GATEWAY = 1 << 0,
	ON_BACKEND = 1 << 1,
	ON_BOTH = ON_GATEWAY | ON_BACKEND,
};

struct check;

typedef void (*check_judge_fn)(const struct facts *facts, const struct check *check,
			       struct findings *findings);

struct check {
	const char *name;
	unsigned int roles; /* enum check_role */
	const char *looks_at;
	check_judge_fn judge;
	const char *mend; /* words in braces: doctor/findings.h */
};

extern const struct check checks[];
extern const size_t n_checks;

/* Judges everything that is checked on a node of the facts' role, in the table's order. */
void checks_judge(const struct facts *facts, struct findings *findings);

/* The table for people, and as JSON: [{"check", "on", "looks_at", "mend"}, ...]. */
void checks_print(void);
json_t *checks_json(void);

/* The judges, by what they look at. */
#define JUDGE(name)                                                                                \
	void name(const struct facts *facts, const struct check *check, struct findings *findings)

JUDGE(judge_daemon);
JUDGE(judge_interface_missing);
JUDGE(judge_interface_down);
JUDGE(judge_interface_mtu);
JUDGE(judge_xdp_missing);
JUDGE(judge_xdp_foreign);
JUDGE(judge_xdp_generic);
JUDGE(judge_jit);
JUDGE(judge_lro);
JUDGE(judge_veth_peer_xdp);
JUDGE(judge_veth_checksum);
JUDGE(judge_store);
JUDGE(judge_drops);

JUDGE(judge_vip_announced);
JUDGE(judge_vip_stale);
JUDGE(judge_vip_on_gateway);
JUDGE(judge_sid_route);
JUDGE(judge_neighbour);

JUDGE(judge_probe_source);
JUDGE(judge_sid_unreachable);
JUDGE(judge_agent_silent);
JUDGE(judge_heartbeat);
JUDGE(judge_path_mtu);
JUDGE(judge_secret);
JUDGE(judge_prefix);
JUDGE(judge_clock);

JUDGE(judge_vip_on_lo);
JUDGE(judge_rp_filter);
JUDGE(judge_arp);
JUDGE(judge_timestamps);
JUDGE(judge_timestamps_usec);
JUDGE(judge_return_route);
JUDGE(judge_stamp);
