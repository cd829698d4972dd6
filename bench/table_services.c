/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A whole configuration: the rows of all services, planned and written into tables. */
#include <stdio.h>

#include "base/cleanup.h"
#include "bench/configuration.h"
#include "bench/fleet.h"
#include "bench/tables.h"
#include "core/plan.h"

#define ROUNDS 5
#define ROUNDS_QUICK 3
#define MARK_MS 2000

static const struct plan_keys keys = {.rows = 0xc0ac29b7c97c50ddULL};
static const struct fleet fleet = {.services = 1000, .backends = 1000, .members = 100, .weight = 1};

static void write_fleet(FILE *file, const void *what)
{
	fleet_write(file, what);
}

/* All rows of all services, as on every start. */
static int time_plan(const struct config *config, double *ret_ms)
{
	_cleanup_plan_ struct plan *plan = NULL;
	double start = cpu_ms();
	int r = plan_gateway(config, config_gateway(config, "g1"), &keys, &plan);

	*ret_ms = cpu_ms() - start;
	return r;
}

int bench_services(bool quick, json_t *lines)
{
	_cleanup_config_ struct config *config = NULL;
	size_t rounds = quick ? ROUNDS_QUICK : ROUNDS;
	double values[ROUNDS];
	struct spread ms;
	int r = configuration_read(write_fleet, &fleet, &config);

	for (size_t i = 0; r == 0 && i < rounds; i++)
		r = time_plan(config, &values[i]);
	if (r < 0)
		return r;
	ms = spread_of(values, rounds);
	printf("\n%u services of %u backends, all rows: %.0f ms (%.0f to %.0f)   mark %u ms: %s\n",
	       fleet.services, fleet.members, ms.median, ms.low, ms.high, MARK_MS,
	       ms.median < MARK_MS ? "reached" : "MISSED");
	json_array_append_new(lines,
			      json_pack("{s:s s:i s:i s:f s:f s:f s:i s:b}", "table", "services",
					"services", (int)fleet.services, "backends",
					(int)fleet.members, "rebuild_ms", ms.median,
					"rebuild_ms_low", ms.low, "rebuild_ms_high", ms.high,
					"mark_ms", MARK_MS, "reached", ms.median < MARK_MS));
	return 0;
}
