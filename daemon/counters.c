/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/counters.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "wire/maps.h"
#include "wire/verdicts.h"

#define VERDICT_ROW(symbol, name, action, help) {name, #action, help},

const struct verdict_row gateway_verdict_rows[] = {{}, GATEWAY_VERDICTS(VERDICT_ROW)};
const struct verdict_row agent_verdict_rows[] = {{}, AGENT_VERDICTS(VERDICT_ROW)};
const struct verdict_row reply_verdict_rows[] = {{}, REPLY_VERDICTS(VERDICT_ROW)};
const size_t n_gateway_verdict_rows = GATEWAY_VERDICTS_END;
const size_t n_agent_verdict_rows = AGENT_VERDICTS_END;
const size_t n_reply_verdict_rows = REPLY_VERDICTS_END;

static int sum(const struct bpf_map *map, uint32_t verdict, struct counter *each, int n_cpus,
	       struct counter *ret)
{
	struct counter total = {};
	int r = bpf_map__lookup_elem(map, &verdict, sizeof(verdict), each, n_cpus * sizeof(*each), 0);

	if (r < 0)
		return r;
	for (int cpu = 0; cpu < n_cpus; cpu++) {
		total.packets += each[cpu].packets;
		total.bytes += each[cpu].bytes;
	}
	*ret = total;
	return 0;
}

int counters_read(const struct bpf_map *map, const struct verdict_row *rows, size_t n_rows,
		  json_t **ret)
{
	int n_cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct counter *each = NULL;
	json_t *all;

	if (n_cpus < 0)
		return n_cpus;
	each = calloc(n_cpus, sizeof(*each));
	all = json_object();
	if (!each || !all) {
		json_decref(all);
		return -ENOMEM;
	}
	for (size_t i = 1; i < n_rows; i++) {
		struct counter total;
		int r = sum(map, i, each, n_cpus, &total);

		if (r < 0) {
			json_decref(all);
			return r;
		}
		json_object_set_new(all, rows[i].name,
				    json_pack("{s:I s:I s:s s:s}", "packets",
					      (json_int_t)total.packets, "bytes",
					      (json_int_t)total.bytes, "action", rows[i].action,
					      "help", rows[i].help));
	}
	*ret = all;
	return 0;
}

uint64_t counters_packets(const struct bpf_map *map, uint32_t verdict)
{
	int n_cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct counter *each = n_cpus > 0 ? calloc(n_cpus, sizeof(*each)) : NULL;
	struct counter total = {};

	return each && sum(map, verdict, each, n_cpus, &total) == 0 ? total.packets : 0;
}
