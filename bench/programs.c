/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent_accept.skel.h"
#include "agent_restore.skel.h"
#include "agent_stamp.skel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "bench/egress.h"
#include "bench/home.h"
#include "bench/reference.h"
#include "bpf/clock.h"
#include "bpf/direct.h"
#include "core/index.h"
#include "core/pin_table.h"
#include "driver.skel.h"
#include "gateway.skel.h"
#include "reference.skel.h"
#include "wire/connection.h"
#include "wire/recent.h"
#include "wire/srv6.h"
#include "wire/whohas.h"

struct programs {
	struct bench_driver *driver;
	struct gateway *gateway;
	struct agent_accept *accept;
	struct agent_stamp *stamp;
	struct agent_restore *restore;
	struct bench_reference *reference;
	struct tables gateway_tables, agent_tables;
	struct pin_table pins; /* the gateway's */
	__u64 *recents;	       /* its marks of flows */
};

/* An array's elements as memory; they stay mapped as long as the process lives. */
static int map_memory(const struct bpf_map *map, size_t size, void *ret)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	memcpy(ret, &memory, sizeof(memory));
	return 0;
}

static size_t pin_buckets_size(const struct programs *programs)
{
	return sizeof(struct pin_bucket) << programs->pins.settings.bucket_bits;
}

#define RECENTS_SIZE (sizeof(__u64) << RECENT_BITS)

#define MAP_TABLE(skeleton, tables, name, count)                                                   \
	(r = r < 0 ? r                                                                             \
		   : map_memory((skeleton)->maps.name, (count) * sizeof(*(tables)->name),          \
				&(tables)->name))

static int load_gateway(struct programs *programs, struct world *world)
{
	struct gateway_settings settings = world_gateway_settings(world);
	struct tables *tables = &programs->gateway_tables;
	struct gateway *gateway = programs->gateway = gateway__open();
	int r;

	if (!gateway)
		return -errno;

	settings.rows = ROWS_MIN;
	settings.services = SERVICES_MIN;
	settings.pins.jiffy_ns = clock_jiffy_ns();
	memcpy((void *)&gateway->rodata->settings, &settings, sizeof(settings));
	programs->pins.settings = settings.pins;
	r = bpf_map__set_value_size(gateway->maps.pin_buckets, pin_buckets_size(programs));
	if (r == 0)
		r = gateway__load(gateway);
	if (r == 0)
		r = map_memory(gateway->maps.pin_buckets, pin_buckets_size(programs),
			       &programs->pins.buckets);
	if (r == 0)
		r = map_memory(gateway->maps.recents, RECENTS_SIZE, &programs->recents);
	MAP_TABLE(gateway, tables, vips, VIP_SLOTS);
	MAP_TABLE(gateway, tables, intervals, INTERVALS_MAX);
	MAP_TABLE(gateway, tables, services, SERVICES_MAX);
	MAP_TABLE(gateway, tables, members, MEMBER_WORDS_MIN);
	MAP_TABLE(gateway, tables, rows, ROWS_MIN);
	MAP_TABLE(gateway, tables, backends, DESTINATIONS_MAX);
	MAP_TABLE(gateway, tables, routers, ROUTERS_MAX);
	MAP_TABLE(gateway, tables, site, 1);
	MAP_TABLE(gateway, tables, next_hops, NEXT_HOPS_MAX);
	MAP_TABLE(gateway, tables, links, LINKS_MAX);
	tables->n_rows = ROWS_MIN;
	tables->n_services = SERVICES_MIN;
	if (r == 0)
		r = tables_number(tables);
	return r < 0 ? r : world_put_gateway(world, tables);
}

/* Both programs over the same maps, as the agent has it. */
static int load_agent(struct programs *programs, struct world *world)
{
	struct agent_settings settings = world_agent_settings(world);
	struct tables *tables = &programs->agent_tables;
	struct agent_accept *accept = programs->accept = agent_accept__open();
	struct agent_stamp *stamp = programs->stamp = agent_stamp__open();
	int r;

	if (!accept || !stamp)
		return -errno;
	memcpy((void *)&accept->rodata->settings, &settings, sizeof(settings));
	memcpy((void *)&stamp->rodata->settings, &settings, sizeof(settings));
	r = agent_accept__load(accept);
	if (r == 0)
		r = bpf_map__reuse_fd(stamp->maps.vips, bpf_map__fd(accept->maps.vips));
	if (r == 0)
		r = bpf_map__reuse_fd(stamp->maps.intervals, bpf_map__fd(accept->maps.intervals));
	if (r == 0)
		r = agent_stamp__load(stamp);
	MAP_TABLE(accept, tables, vips, VIP_SLOTS);
	MAP_TABLE(accept, tables, intervals, INTERVALS_MAX);
	return r < 0 ? r : world_put_agent(world, tables);
}

static int load_restore(struct programs *programs, struct world *world)
{
	struct agent_settings settings = world_agent_settings(world);
	struct agent_restore *restore = programs->restore = agent_restore__open();
	int r;

	if (!restore)
		return -errno;
	memcpy((void *)&restore->rodata->settings, &settings, sizeof(settings));
	r = bpf_map__reuse_fd(restore->maps.vips, bpf_map__fd(programs->accept->maps.vips));
	if (r == 0)
		r = bpf_map__reuse_fd(restore->maps.intervals,
				      bpf_map__fd(programs->accept->maps.intervals));
	if (r == 0)
		r = bpf_map__reuse_fd(restore->maps.connections, programs_connections(programs));
	return r < 0 ? r : agent_restore__load(restore);
}

static struct flow flow_of(uint32_t number, bool v6, uint16_t port)
{
	struct flow flow = {
		.client = {.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0c}},
		.vip = *world_vip(v6),
		.client_port = flow_client_port(number),
		.vip_port = WIRE_BE16(port),
		.protocol = 6,
	};

	flow.client.halves[1] = flow_client_low(number);
	if (!v6)
		address_from_v4(&flow.client, flow_client_v4(number));
	return flow;
}

#define BATCH 10000

_Static_assert(DRIVER_FLOWS_MAX % BATCH == 0, "only whole batches");

static int fill_flows(const struct bench_reference *reference)
{
	_cleanup_free_ struct flow *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_free_ uint32_t *values = calloc(BATCH, sizeof(*values));
	int r = keys && values ? 0 : -ENOMEM;

	for (uint32_t first = 0; r == 0 && first < 2 * DRIVER_FLOWS_MAX; first += BATCH) {
		__u32 n = BATCH;

		for (uint32_t i = 0; i < BATCH; i++) {
			keys[i] = flow_of((first + i) / 2, i % 2, PORT_LISTENING);
			values[i] = (first + i) / 2 % REFERENCE_BACKENDS;
		}
		r = bpf_map_update_batch(bpf_map__fd(reference->maps.flows), keys, values, &n, NULL);
	}
	return r;
}

static int load_reference(struct programs *programs)
{
	struct bench_reference *reference = programs->reference = bench_reference__open();
	int r;

	if (!reference)
		return -errno;
	r = bpf_map__reuse_fd(reference->maps.connections,
			      bpf_map__fd(programs->stamp->maps.connections));
	if (r == 0)
		r = bench_reference__load(reference);
	for (uint32_t i = 0; r == 0 && i < REFERENCE_BACKENDS; i++) {
		struct reference_backend node = {
			.source = world_gateway_sid(1),
			.sid = world_backend_sid(i + 1),
		};

		r = bpf_map__update_elem(reference->maps.nodes, &i, sizeof(i), &node, sizeof(node), 0);
	}
	return r < 0 ? r : fill_flows(reference);
}

static uint16_t backend_of_row(const struct programs *programs, uint32_t service, uint64_t hash)
{
	const struct tables *tables = &programs->gateway_tables;
	const struct rows *rows = &tables->services[service].rows;

	return tables_row(tables, rows, 0, hash_row(hash, rows->size));
}

static uint64_t hash_of(const struct programs *programs, uint32_t number, bool v6, uint16_t port)
{
	struct flow flow = flow_of(number, v6, port);

	return flow_hash(&flow, &programs->gateway->rodata->settings.key);
}

/*
 * Flows' numbers by where in the table their pins are: by parts of it that the processor's caches hold. In the
 * order of their numbers each pin is a miss or two, and a sample's pins take half a second.
 */
#define PART_BITS 12

static uint32_t *flows_by_place(const struct programs *programs, bool v6, uint16_t port)
{
	uint32_t *numbers = calloc(DRIVER_FLOWS_MAX, sizeof(*numbers));
	_cleanup_free_ uint32_t *part_of = calloc(DRIVER_FLOWS_MAX, sizeof(*part_of));
	_cleanup_free_ uint32_t *next = calloc((1 << PART_BITS) + 1, sizeof(*next));

	if (!numbers || !part_of || !next) {
		free(numbers);
		return NULL;
	}
	for (uint32_t i = 0; i < DRIVER_FLOWS_MAX; i++) {
		part_of[i] = pin_bucket_of(hash_of(programs, i, v6, port), PART_BITS);
		next[part_of[i] + 1]++;
	}
	for (uint32_t part = 0; part < 1 << PART_BITS; part++)
		next[part + 1] += next[part];
	for (uint32_t i = 0; i < DRIVER_FLOWS_MAX; i++)
		numbers[next[part_of[i]]++] = i;
	return numbers;
}

int programs_pin_flows(struct programs *programs, const struct world *world, bool v6,
		       enum world_port port)
{
	_cleanup_free_ uint32_t *numbers = flows_by_place(programs, v6, port);
	uint32_t service = world_service(world, port);
	struct timespec now;
	uint64_t now_ns;
	int r = numbers ? clock_ahead(bpf_program__fd(programs->gateway->progs.pins_clock),
				      &programs->pins.ahead_ns)
			: -ENOMEM;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
	memset(programs->pins.buckets, 0, pin_buckets_size(programs));
	for (uint32_t i = 0; i < DRIVER_FLOWS_MAX && r == 0; i++) {
		struct flow flow = flow_of(numbers[i], v6, port);
		uint64_t hash = hash_of(programs, numbers[i], v6, port);

		r = pin_table_put(&programs->pins, &flow, service, hash, now_ns,
				  port == PORT_AGENTLESS
					  ? WORLD_BACKENDS + 1 + numbers[i] % WORLD_AGENTLESS
					  : backend_of_row(programs, service, hash));
	}
	return r;
}

void programs_forget_recent(struct programs *programs)
{
	memset(programs->recents, 0, RECENTS_SIZE);
}

int programs_ask(const struct programs *programs, const struct world *world, bool v6,
		 enum world_port port, bool too_much)
{
	const uint64_t hours_ns = UINT64_C(10000) * 1000000000;
	struct gateway_settings settings = world_gateway_settings(world);
	struct flow flow = flow_of(0, v6, port);
	uint64_t hash = flow_hash(&flow, &settings.key), now_ns;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
	uint64_t due_ns = too_much ? now_ns + hours_ns : 0;
	struct whohas_budget budget = {.open_ns = due_ns, .back_ns = due_ns};
	struct whohas_seen asked = {
		.hash = too_much ? 0 : hash >> 32,
		.time_ms = now_ns / 1000000,
	};
	uint32_t service = world_service(world, port), at = hash % WHOHAS_ASKED;
	int r = bpf_map_update_elem(bpf_map__fd(programs->gateway->maps.whohas_budgets), &service,
				    &budget, BPF_ANY);

	return r < 0 ? r
		     : bpf_map_update_elem(bpf_map__fd(programs->gateway->maps.whohas_asked), &at,
					   &asked, BPF_ANY);
}

/* Every flow's server is one that the service has open in all generations. */
static void fill_cookie_marks(const struct programs *programs, const struct world *world)
{
	struct gateway_settings settings = world_gateway_settings(world);

	for (uint32_t i = 0; i < 2 * DRIVER_FLOWS_MAX; i++) {
		struct flow flow = flow_of(i / 2, i % 2, PORT_STAMPED);

		programs->driver->bss->cookie_marks[i % 2][i / 2] =
			cookie_mark(1 + i / 2 % (WORLD_BACKENDS / 2),
				    flow_hash(&flow, &settings.key), settings.cookie.current,
				    &settings.cookie);
	}
}

/*
 * A test run of more than one packet enters its program into the dispatcher of XDP and takes it out again,
 * each of which waits for all CPUs: 16 ms. An attached program is in there already; no packet arrives.
 */
static int load_driver(struct programs *programs)
{
	struct bench_driver *driver = programs->driver = bench_driver__open_and_load();
	int r;

	if (!driver)
		return -errno;
	r = bpf_xdp_attach(if_nametoindex(HOME_IDLE), bpf_program__fd(driver->progs.drive_xdp),
			   XDP_FLAGS_SKB_MODE, NULL);
	return r < 0 ? r
		     : egress_attach(bpf_program__fd(driver->progs.egress_begin),
				     bpf_program__fd(driver->progs.drive_egress),
				     bpf_program__fd(driver->progs.egress_end));
}

int programs_new(struct world *world, struct programs **ret)
{
	struct programs *programs = calloc(1, sizeof(*programs));
	int r = -ENOMEM;

	if (programs)
		r = direct_tables();
	if (r == 0)
		r = load_driver(programs);
	if (r == 0)
		r = load_gateway(programs, world);
	if (r == 0)
		fill_cookie_marks(programs, world);
	if (r == 0)
		r = load_agent(programs, world);
	if (r == 0)
		r = load_restore(programs, world);
	if (r == 0)
		r = load_reference(programs);
	if (r < 0) {
		log_error("cannot load the programs: %s", strerror(-r));
		programs_free(programs);
		return r;
	}
	*ret = programs;
	return 0;
}

struct programs *programs_free(struct programs *programs)
{
	if (!programs)
		return NULL;
	bench_driver__destroy(programs->driver);
	gateway__destroy(programs->gateway);
	agent_accept__destroy(programs->accept);
	agent_stamp__destroy(programs->stamp);
	agent_restore__destroy(programs->restore);
	bench_reference__destroy(programs->reference);
	index_free(programs->gateway_tables.numbers);
	free(programs);
	return NULL;
}

struct driver *programs_driver(const struct programs *programs)
{
	return &programs->driver->bss->driver;
}

uint16_t programs_cookie_mark(const struct programs *programs, bool v6, uint32_t flow)
{
	return programs->driver->bss->cookie_marks[v6][flow];
}

static const struct bpf_program *program_of(const struct programs *programs, enum target target)
{
	switch (target) {
	case TARGET_GATEWAY:
		return programs->gateway->progs.gateway;
	case TARGET_ACCEPT:
		return programs->accept->progs.agent_accept;
	case TARGET_STAMP:
	case TARGET_STAMP_EGRESS:
		return programs->stamp->progs.agent_stamp;
	case TARGET_RESTORE:
		return programs->restore->progs.agent_restore;
	case TARGET_REFERENCE_ENCAP:
		return programs->reference->progs.reference_encap;
	case TARGET_REFERENCE_LINE:
		return programs->reference->progs.reference_line;
	case TARGET_REFERENCE_LRU_HASH:
		return programs->reference->progs.reference_lru_hash;
	case TARGET_REFERENCE_CLAIM:
		return programs->reference->progs.reference_claim;
	case TARGET_REFERENCE_STAMP:
		return programs->reference->progs.reference_stamp;
	case TARGET_FLOOR_SKB:
	case TARGET_FLOOR_EGRESS:
		return programs->driver->progs.floor_tc;
	default:
		return programs->driver->progs.floor_xdp;
	}
}

bool programs_is_skb(enum target target)
{
	switch (target) {
	case TARGET_STAMP:
	case TARGET_STAMP_EGRESS:
	case TARGET_RESTORE:
	case TARGET_REFERENCE_STAMP:
	case TARGET_FLOOR_SKB:
	case TARGET_FLOOR_EGRESS:
		return true;
	default:
		return false;
	}
}

int programs_store(const struct programs *programs, const struct sockets *sockets)
{
	int map = bpf_map__fd(programs->restore->maps.connections), r = 0;

	for (int v6 = 0; v6 < 2 && r == 0; v6++) {
		int server = sockets->fds[v6 * SOCKETS_EACH + SOCKETS_SERVER];
		struct connection connection = {.mark = programs_cookie_mark(programs, v6, 0)};
		__u32 echo = WIRE_BE32(flow_echo(0)) >> 16;

		clock_born(&connection.clock, RESTORED_LAG_MS, RESTORED_LAG_MS + echo);
		r = bpf_map_update_elem(map, &server, &connection, BPF_ANY);
	}
	return r;
}

int programs_store_living(const struct programs *programs, const struct sockets *sockets, bool v6)
{
	int map = bpf_map__fd(programs->stamp->maps.connections);
	int server = sockets->living[v6 * SOCKETS_EACH + SOCKETS_SERVER];
	struct connection connection = {.mark = EGRESS_MARK};

	clock_born(&connection.clock, EGRESS_LAG_MS, EGRESS_LAG_MS + EGRESS_CLOCK);
	connection.clock.echo += EGRESS_PACKETS_MAX;
	return bpf_map_update_elem(map, &server, &connection, BPF_ANY);
}

int programs_aim(const struct programs *programs, enum target target)
{
	const struct bench_driver *driver = programs->driver;
	bool skb = programs_is_skb(target);
	const struct bpf_map *map = skb ? driver->maps.tc_target : driver->maps.xdp_target;
	__u32 zero = 0, fd = bpf_program__fd(program_of(programs, target));
	int r = bpf_map_update_elem(bpf_map__fd(map), &zero, &fd, BPF_ANY);

	if (r < 0)
		return r;
	return bpf_program__fd(skb ? driver->progs.drive_tc : driver->progs.drive_xdp);
}

static int count_verdict(const struct bpf_map *map, uint32_t verdict, uint64_t *ret)
{
	int cpus = libbpf_num_possible_cpus(), r;
	_cleanup_free_ struct counter *each = NULL;
	uint64_t packets = 0;

	if (cpus < 0)
		return cpus;
	each = calloc(cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	r = bpf_map__lookup_elem(map, &verdict, sizeof(verdict), each, cpus * sizeof(*each), 0);
	for (int cpu = 0; cpu < cpus; cpu++)
		packets += each[cpu].packets;
	if (r == 0)
		*ret = packets;
	return r;
}

int programs_count(const struct programs *programs, enum target target, uint32_t verdict,
		   uint64_t *ret)
{
	switch (target) {
	case TARGET_GATEWAY:
		return count_verdict(programs->gateway->maps.counters, verdict, ret);
	case TARGET_ACCEPT:
		return count_verdict(programs->accept->maps.counters, verdict, ret);
	case TARGET_STAMP:
	case TARGET_STAMP_EGRESS:
		return count_verdict(programs->stamp->maps.reply_counters, verdict, ret);
	case TARGET_REFERENCE_ENCAP:
	case TARGET_REFERENCE_LINE:
	case TARGET_REFERENCE_LRU_HASH:
	case TARGET_REFERENCE_CLAIM:
	case TARGET_REFERENCE_STAMP:
		*ret = programs->reference->bss->hits;
		return 0;
	default:
		*ret = 0;
		return 0;
	}
}

int programs_fd(const struct programs *programs, enum target target)
{
	return bpf_program__fd(program_of(programs, target));
}

int programs_connections(const struct programs *programs)
{
	return bpf_map__fd(programs->stamp->maps.connections);
}
