/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/dataplane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "bpf/clock.h"
#include "bpf/direct.h"
#include "core/index.h"
#include "core/room.h"
#include "core/vips.h"
#include "daemon/counters.h"
#include "daemon/networks.h"
#include "gateway/former_map.h"
#include "gateway/former_pins.h"
#include "gateway/standing.h"
#include "gateway.skel.h"
#include "wire/whohas.h"

struct dataplane {
	struct gateway *program;
	struct tables tables;
	struct pin_table pins;
	struct former_pins *former; /* until the program is attached: a table of another size */
	struct former_map former_rows, former_members; /* likewise, smaller ones */
	bool recovered; /* the attached program may have other maps than those that were pinned */
	struct gateway_settings settings;
};

/* A map, the table that is its memory, and the bytes of it. */
struct region {
	const struct bpf_map *map;
	void **memory;
	size_t size;
};

#define REGIONS 11

static void list_regions(struct dataplane *dataplane, struct region regions[static REGIONS])
{
	struct gateway *program = dataplane->program;
	struct tables *tables = &dataplane->tables;
	const struct pin_settings *pins = &dataplane->settings.pins;

#define REGION(name, count)                                                                        \
	(struct region){program->maps.name, (void **)&tables->name, (count) * sizeof(*tables->name)}
	regions[0] = REGION(vips, VIP_SLOTS);
	regions[1] = REGION(intervals, INTERVALS_MAX);
	regions[2] = REGION(services, SERVICES_MAX);
	regions[3] = REGION(rows, tables->n_rows);
	regions[4] = REGION(backends, DESTINATIONS_MAX);
	regions[5] = REGION(routers, ROUTERS_MAX);
	regions[6] = REGION(site, 1);
	regions[7] = REGION(next_hops, NEXT_HOPS_MAX);
	regions[8] = REGION(members, tables->n_services * MEMBER_WORDS);
	regions[10] = REGION(links, LINKS_MAX);
#undef REGION
	regions[9] = (struct region){program->maps.pin_buckets, (void **)&dataplane->pins.buckets,
				     sizeof(struct pin_bucket) << pins->bucket_bits};
}

static int map_tables(struct dataplane *dataplane)
{
	struct region regions[REGIONS];

	list_regions(dataplane, regions);
	for (size_t i = 0; i < REGIONS; i++) {
		int r = pins_map_memory(regions[i].map, regions[i].size, regions[i].memory);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The pinned map if it is large enough, with *entries set to what it has; else one of so many, and the
 * pinned one set aside. A map is a table of entries of `size` bytes (bpf/steps/table.h).
 */
static int size_map(const struct pins *pins, struct bpf_map *map, size_t size, uint32_t *entries,
		    struct former_map *ret_former)
{
	const char *name = bpf_map__name(map);
	ssize_t pinned = pins_map_size(pins, name);
	int r;

	if (pinned < 0 && pinned != -ENOENT)
		return pinned;
	if (pinned >= 0 && pinned / size >= *entries)
		*entries = pinned / size;
	else if (pinned > 0) {
		r = former_map_begin(pins, name, ret_former);
		if (r < 0)
			return r;
	}
	return bpf_map__set_value_size(map, *entries * size);
}

/* A gateway that serves less than before keeps its tables: they are not made smaller. */
static int size_tables(const struct pins *pins, const struct plan_sizes *sizes,
		       struct dataplane *dataplane)
{
	struct gateway *program = dataplane->program;
	struct gateway_settings *settings = (struct gateway_settings *)&program->rodata->settings;
	struct tables *tables = &dataplane->tables;
	int r;

	tables->n_rows = sizes->rows;
	tables->n_services = sizes->services;
	r = size_map(pins, program->maps.rows, sizeof(*tables->rows), &tables->n_rows,
		     &dataplane->former_rows);
	if (r == 0)
		r = size_map(pins, program->maps.members, MEMBER_WORDS * sizeof(*tables->members),
			     &tables->n_services, &dataplane->former_members);
	settings->rows = tables->n_rows;
	settings->services = tables->n_services;
	settings->pins.jiffy_ns = clock_jiffy_ns();
	return r ? r : bpf_map__set_value_size(program->maps.pin_buckets,
						sizeof(struct pin_bucket) << settings->pins.bucket_bits);
}

/* All services are, for the program to come, where they are for the one before. */
static void copy_former_tables(const struct dataplane *dataplane)
{
	const struct former_map *rows = &dataplane->former_rows;
	const struct former_map *members = &dataplane->former_members;

	if (rows->memory)
		memcpy(dataplane->tables.rows, rows->memory, rows->size);
	if (members->memory)
		memcpy(dataplane->tables.members, members->memory, members->size);
}

static void end_former_tables(struct dataplane *dataplane, bool failed)
{
	former_map_end(&dataplane->former_rows, failed);
	former_map_end(&dataplane->former_members, failed);
}

/* Of a daemon that was killed before it had done: maps that it had set aside. */
static int recover(const struct pins *pins, struct dataplane *dataplane)
{
	const struct gateway *program = dataplane->program;
	const int results[] = {
		former_pins_recover(pins),
		pins_put_back(pins, bpf_map__name(program->maps.rows)),
		pins_put_back(pins, bpf_map__name(program->maps.members)),
	};

	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		if (results[i] < 0 && results[i] != -ENOENT)
			return results[i];
		dataplane->recovered |= results[i] == 0;
	}
	if (dataplane->recovered)
		log_info("a daemon was ended while it exchanged maps: the former ones are put back");
	return 0;
}

static int read_clock(struct dataplane *dataplane)
{
	return clock_ahead(bpf_program__fd(dataplane->program->progs.pins_clock),
			   &dataplane->pins.ahead_ns);
}

static int load(const struct pins *pins, const struct gateway_settings *settings,
		const struct plan *plan, struct dataplane *dataplane)
{
	struct plan_sizes sizes;
	int r = direct_tables();

	if (r < 0)
		return r;
	dataplane->program = gateway__open();
	if (!dataplane->program)
		return -errno;
	memcpy((void *)&dataplane->program->rodata->settings, settings, sizeof(*settings));
	dataplane->settings = *settings;
	dataplane->pins.settings = settings->pins;
	r = recover(pins, dataplane);
	if (r == 0)
		r = standing_sizes(pins, plan, &sizes);
	if (r == 0)
		r = former_pins_begin(pins, settings->pins.bucket_bits, &dataplane->former);
	if (r == 0)
		r = size_tables(pins, &sizes, dataplane);
	if (r == 0)
		r = pins_use_maps(pins, dataplane->program->obj);
	if (r == 0)
		r = gateway__load(dataplane->program);
	if (r == 0)
		r = map_tables(dataplane);
	if (r == 0)
		r = read_clock(dataplane);
	if (r < 0)
		return r;
	copy_former_tables(dataplane);
	if (dataplane->former)
		former_pins_copy(dataplane->former, &dataplane->pins);
	return tables_number(&dataplane->tables);
}

int dataplane_new(const struct pins *pins, const struct gateway_settings *settings,
		  const struct plan *plan, struct dataplane **ret)
{
	struct dataplane *dataplane = calloc(1, sizeof(*dataplane));
	int r;

	if (!dataplane)
		return -ENOMEM;
	r = load(pins, settings, plan, dataplane);
	if (r < 0) {
		log_error("the kernel refuses the gateway's program: %s", strerror(-r));
		dataplane_free(dataplane);
		return r;
	}
	*ret = dataplane;
	return 0;
}

struct dataplane *dataplane_free(struct dataplane *dataplane)
{
	struct region regions[REGIONS];

	if (!dataplane)
		return NULL;
	if (dataplane->program) {
		list_regions(dataplane, regions);
		for (size_t i = 0; i < REGIONS; i++)
			if (*regions[i].memory)
				munmap(*regions[i].memory, regions[i].size);
	}
	former_pins_end(dataplane->former, true);
	end_former_tables(dataplane, true);
	index_free(dataplane->tables.numbers);
	gateway__destroy(dataplane->program);
	free(dataplane);
	return NULL;
}

int dataplane_attach(struct dataplane *dataplane, const struct pins *pins,
		     char *const *interfaces, size_t n)
{
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		int r = pins_attach_xdp(pins, interfaces[i], dataplane->program->progs.gateway,
					dataplane->program->maps.stages);

		if (r < 0) {
			log_error("%s: cannot attach the gateway's program: %s", interfaces[i],
				  strerror(-r));
			result = r;
		}
	}
	if (dataplane->former)
		former_pins_copy(dataplane->former, &dataplane->pins);
	dataplane->former = former_pins_end(dataplane->former, false);
	end_former_tables(dataplane, false);
	dataplane->recovered = false;
	return result;
}

/*
 * With the clock as it is now. It was read once at load, and runs away from ours so slowly that a reading that
 * fails may be left out.
 */
const struct pin_table *dataplane_pins(struct dataplane *dataplane)
{
	read_clock(dataplane);
	return &dataplane->pins;
}

const struct tables *dataplane_tables(const struct dataplane *dataplane)
{
	return &dataplane->tables;
}

bool dataplane_fits(const struct dataplane *dataplane, const struct gateway_settings *settings,
		    const struct plan *plan)
{
	struct plan_sizes sizes = room_sizes(&dataplane->tables, plan);

	return memcmp(&dataplane->settings, settings, sizeof(*settings)) == 0 &&
	       dataplane->tables.n_rows >= sizes.rows &&
	       dataplane->tables.n_services >= sizes.services;
}

bool dataplane_has_others(const struct dataplane *dataplane)
{
	return dataplane->recovered || dataplane->former_rows.memory ||
	       dataplane->former_members.memory;
}

int dataplane_whohas_fd(const struct dataplane *dataplane)
{
	return bpf_map__fd(dataplane->program->maps.whohas_events);
}

int dataplane_deny(const struct dataplane *dataplane, const struct flow *flow, uint32_t sequence,
		   uint64_t until_ns)
{
	struct whohas_denial denial = {.until_ns = until_ns, .sequence = sequence};

	return bpf_map__update_elem(dataplane->program->maps.whohas_denials, flow, sizeof(*flow),
				    &denial, sizeof(denial), BPF_ANY);
}

bool dataplane_denies(const struct dataplane *dataplane, const struct flow *flow, uint64_t now_ns)
{
	struct whohas_denial denial;

	return bpf_map__lookup_elem(dataplane->program->maps.whohas_denials, flow, sizeof(*flow),
				    &denial, sizeof(denial), 0) == 0 &&
	       now_ns < denial.until_ns;
}

/* What the network has spent is as it was, but for what it spends just now. */
int dataplane_know(const struct dataplane *dataplane, const struct flow *flow, uint32_t service,
		   uint64_t until_ns)
{
	const struct bpf_map *map = dataplane->program->maps.whohas_known;
	struct whohas_network network = whohas_network_of(&flow->client, service);
	struct whohas_known known = {};

	bpf_map__lookup_elem(map, &network, sizeof(network), &known, sizeof(known), 0);
	known.until_ns = until_ns;
	return bpf_map__update_elem(map, &network, sizeof(network), &known, sizeof(known), BPF_ANY);
}

int dataplane_trace_fd(const struct dataplane *dataplane)
{
	return bpf_map__fd(dataplane->program->maps.trace_events);
}

int dataplane_counters(const struct dataplane *dataplane, json_t **ret)
{
	return counters_read(dataplane->program->maps.counters, gateway_verdict_rows,
			     n_gateway_verdict_rows, ret);
}

uint64_t dataplane_packets(const struct dataplane *dataplane, uint32_t verdict)
{
	return counters_packets(dataplane->program->maps.counters, verdict);
}

int dataplane_put_networks(const struct dataplane *dataplane, const struct plan *plan,
			   const uint64_t *words)
{
	return networks_put(dataplane->program->maps.vip_prefixes, plan, words);
}

uint64_t dataplane_vip(const struct dataplane *dataplane, const union address *vip)
{
	uint64_t word = vips_word(&dataplane->tables, vip);

	return word ? word : networks_find(dataplane->program->maps.vip_prefixes, vip);
}
