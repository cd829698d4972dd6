/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The verdicts' counters, summed over the CPUs, as JSON. */
#pragma once

#include <stddef.h>

#include <bpf/libbpf.h>
#include <jansson.h>

/* A verdict as people know it: one row of wire/verdicts.h. */
struct verdict_row {
	const char *name;
	const char *action; /* PASS, DROP or SEND */
	const char *help;
};

/* Indexed by the enums of wire/verdicts.h; row 0, which no packet has, is empty. */
extern const struct verdict_row gateway_verdict_rows[];
extern const struct verdict_row agent_verdict_rows[];
extern const struct verdict_row reply_verdict_rows[];
extern const size_t n_gateway_verdict_rows, n_agent_verdict_rows, n_reply_verdict_rows;

/*
 * {"not-ours": {"packets": N, "bytes": N, "action": "PASS", "help": "..."}, ...} in the order of the
 * rows, verdicts without packets included. 0 or a negative errno.
 */
int counters_read(const struct bpf_map *map, const struct verdict_row *rows, size_t n_rows,
		  json_t **ret);

/* The packets of one verdict. 0 also on an error. */
uint64_t counters_packets(const struct bpf_map *map, uint32_t verdict);
