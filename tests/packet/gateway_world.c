/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/mman.h>

#include "bpf/clock.h"
#include "tests/packet/gateway_world.h"
#include "wire/srv6.h"

#include "gateway.skel.h"

#define BACKENDS 4
#define NEXT_HOP 9	   /* its place in the table: not the first, so that an offset shows */
#define SERVICE_ROWS 5000	   /* a service's share of the map of rows */
#define HOME_ROWS 4000	   /* behind its first: where those begin that other sites' packets go by */
#define ROUTER_ROWS 100000
#define LOOPBACK 1 /* the interface that test packets come from */

static const struct hash_key key = {
	.words = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
		  0x082efa98, 0xec4e6c89, 0x452821e6, 0x38d01377},
	.finish = 0xbe5466cf34e90c6cULL,
};

/* Epoch 1 has a key too, but is not live. */
const struct cookie_keys cookie_keys = {
	.epochs = {{{0x0123456789abcdefULL, 0xfedcba9876543210ULL}},
		   {{7, 8}}},
	.live = 1 << 0,
};

static struct gateway *skeleton;
static struct pin_table pins = {
	.settings = {.timeouts = {[PIN_NEW] = 60, [PIN_ESTABLISHED] = 7000, [PIN_DATAGRAMS] = 110,
				  [PIN_CLOSING] = 100, [PIN_RESET] = 10},
		     .bucket_bits = PIN_BUCKET_BITS_MIN},
};
static struct subject subject;
static __u32 tracing; /* one packet in so many; 0: none */

#define ROW(symbol, name, action, help) VERDICT_ROW(GATEWAY, symbol, name, action)
static const struct verdict_row verdicts[] = {GATEWAY_VERDICTS(ROW)};
#undef ROW

/* The entry of a table of the program's. */
#define ENTRY(table, type, at) ((type *)table_memory(bpf_map__fd(skeleton->maps.table)) + (at))

static void put_place(__u32 row, __u32 bank, __u16 value)
{
	__u64 *places = ENTRY(rows, __u64, row);
	__u32 shift = bank * ROW_PLACE_BITS;

	*places = (*places & ~(0xffffULL << shift)) | (__u64)value << shift;
}

static void put(const struct bpf_map *map, __u32 at, const void *value)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), &at, value, BPF_ANY), 0);
}

struct service *gateway_service(int service)
{
	return ENTRY(services, struct service, service);
}

static __u32 service_first(int service)
{
	return service * SERVICE_ROWS + 3; /* no multiple of anything */
}

static const __u32 flags_of[SERVICES] = {
	[WEB] = SERVICE_COOKIE, [MANY] = SERVICE_COOKIE, [PLAIN] = SERVICE_AGENTLESS | SERVICE_STICKY};

static void put_service(int service, __u32 size, __u32 banks)
{
	struct service value = {
		.rows = {.first = service_first(service), .size = size, .banks = banks},
		.flags = flags_of[service],
	};

	*gateway_service(service) = value;
}

/* Generation 0 stands in bank 2, 1 in bank 0, 2 in bank 3: any order must do. */
static const __u8 bank_of[] = {2, 0, 3};

void given_generations(int service, const int *backends, int count)
{
	__u32 banks = (__u32)count << 24;

	for (int generation = 0; generation < count; generation++) {
		__u32 bank = bank_of[generation];

		banks |= bank << 8 * generation;
		for (__u32 row = 0; row < ROW_SIZE; row++)
			put_place(service_first(service) + row, bank, backends[generation]);
	}
	put_service(service, ROW_SIZE, banks);
}

void given_home_of(int service, const int *backends, int count)
{
	__u32 home = service_first(service) + HOME_ROWS;

	for (int generation = 0; generation < count; generation++)
		for (__u32 row = 0; row < ROW_SIZE; row++)
			put_place(home + row, bank_of[generation], backends[generation]);
	gateway_service(service)->home = home;
}

void given_agreement(int service, int backend)
{
	given_candidates(service, backend, backend, backend);
	for (__u32 row = 0; row < ROW_SIZE; row++)
		for (__u32 bank = 0; bank < ROW_BANKS; bank++)
			put_place(service_first(service) + row, bank, backend);
}

void given_rows(int service, int size, int (*backend_of)(int row))
{
	for (int row = 0; row < size; row++)
		put_place(service_first(service) + row, 1, backend_of(row));
	put_service(service, size, 1 << 24 | 1);
}

void given_router(int router)
{
	struct site site = {
		.routers = {.first = ROUTER_ROWS, .size = ROW_SIZE, .banks = 1 << 24 | 1},
	};

	for (int row = 0; row < ROW_SIZE; row++)
		put_place(ROUTER_ROWS + row, 1, router);
	*ENTRY(site, struct site, 0) = site;
}

void given_no_router(void)
{
	struct site site = {.routers = {.first = ROUTER_ROWS, .size = ROW_SIZE}};

	*ENTRY(site, struct site, 0) = site;
}

void given_next_hop(const struct next_hop *hop)
{
	struct next_hop full = {
		.ifindex = hop->ifindex ? hop->ifindex : LOOPBACK,
		.mtu = hop->mtu ? hop->mtu : 1500,
		.vlan = hop->vlan,
		.to = {0x02, 0, 0, 0, 0, 0xee},	  /* NEXT_MAC */
		.from = {0x02, 0, 0, 0, 0, 0x01}, /* OUR_MAC */
	};

	*ENTRY(next_hops, struct next_hop, NEXT_HOP) = full;
}

void given_vlan_device(__u32 ifindex, __u32 below, __u16 id)
{
	__u64 word = id ? LINK_WORD(below, id) : 0;

	put(skeleton->maps.links, ifindex, &word);
}

/* An agent has one SID for both families; an agentless backend one for each, which service PLAIN
 * alone uses: backend 4. */
static void put_backend(int backend, __u32 next_hops, __u32 flags)
{
	struct destination value = {.next_hops = next_hops, .flags = flags};
	union address locator = address_of("fdf0:0:0:b0::");

	locator.bytes[7] += backend;
	value.sids[V4] = sid_make(&locator, backend == 4 ? SRV6_DECAP_V4 : SRV6_ACCEPT);
	value.sids[V6] = sid_make(&locator, backend == 4 ? SRV6_DECAP_V6 : SRV6_ACCEPT);
	*ENTRY(backends, struct destination, backend) = value;
}

static void put_site(void)
{
	union address sid = address_of(AWAY_SID);
	struct destination value = {.sids = {sid, sid}, .next_hops = NEXT_HOP << 8 | 1};

	*ENTRY(backends, struct destination, AWAY) = value;
}

void given_unreachable_backend(int backend)
{
	put_backend(backend, NEXT_HOP << 8, 0);
}

void given_dark_backend(int backend)
{
	put_backend(backend, NEXT_HOP << 8 | 1, DESTINATION_DARK);
}

static void put_routers(void)
{
	struct destination self = {
		.sids = {address_of(ROUTE_SID), address_of(ROUTE_SID)},
		.flags = DESTINATION_SELF,
	};
	struct destination other = {
		.sids = {address_of(OTHER_SID), address_of(OTHER_SID)},
		.next_hops = NEXT_HOP << 8 | 1,
	};

	*ENTRY(routers, struct destination, ROUTER_SELF) = self;
	*ENTRY(routers, struct destination, ROUTER_OTHER) = other;
}

void given_members_of(int service, const int *members, int count)
{
	__u64 word = 0;

	for (int i = 0; i < count; i++)
		word |= 1ULL << members[i];
	*ENTRY(members, __u64, member_word(service, 0)) = word;
}

static void change_flags(int service, __u32 on, __u32 off)
{
	struct service *entry = gateway_service(service);

	entry->flags = (entry->flags | on) & ~off;
}

void given_cookies_of(int service, const int *members, int count)
{
	given_members_of(service, members, count);
	change_flags(service, SERVICE_COOKIE, 0);
}

void given_no_cookies(int service)
{
	change_flags(service, 0, SERVICE_COOKIE);
}

void given_sticky(int service)
{
	change_flags(service, SERVICE_STICKY, 0);
}

void given_off(int service)
{
	change_flags(service, SERVICE_OFF, 0);
}

void given_one_way(int service)
{
	change_flags(service, SERVICE_ONE_WAY, 0);
}

void given_closed(int service)
{
	change_flags(service, SERVICE_CLOSED, 0);
}

const struct pin_table *gateway_pins(void)
{
	return &pins;
}

static void put_stages(void)
{
	const struct bpf_program *stages[] = {skeleton->progs.gateway_sid, skeleton->progs.gateway_reply,
					      skeleton->progs.gateway_odd,
					      skeleton->progs.gateway_unclaimed,
					      skeleton->progs.gateway_sid_odd};

	for (__u32 i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		int fd = bpf_program__fd(stages[i]);

		put(skeleton->maps.stages, i, &fd);
	}
}

void given_no_stages(void)
{
	for (__u32 i = 0; i < bpf_map__max_entries(skeleton->maps.stages); i++)
		assert_int_equal(bpf_map_delete_elem(bpf_map__fd(skeleton->maps.stages), &i), 0);
}

bool given_no_headroom(void)
{
	subject.metadata = 204;
	return subject_takes_metadata(&subject);
}

void given_send_action(int action)
{
	subject.send_action = action;
}

__u64 hash_of(const struct flow *flow)
{
	return flow_hash(flow, &key);
}

__u32 label_of(int v, int protocol, int vip_port)
{
	struct flow flow = flow_of(v, protocol, vip_port);

	return hash_flow_label(hash_of(&flow));
}

void gateway_check(const struct frame *in, int verdict, const struct frame *out, const char *file,
		   int line)
{
	subject_check(&subject, in, verdict, out, file, line);
}

int gateway_run(const struct frame *in, struct frame *ret_out)
{
	return subject_run(&subject, in, ret_out, __FILE__, __LINE__);
}

void gateway_one_bucket(void)
{
	pins.settings.bucket_bits = 0;
}

void gateway_tracing(void)
{
	tracing = 1;
}

int gateway_program(void)
{
	return subject.program;
}

int gateway_map(const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(skeleton->obj, name);

	assert_true(fd >= 0);
	return fd;
}

static __u64 *recents;

__u64 *gateway_recents(void)
{
	return recents;
}

static int gateway_load(void **state)
{
	struct gateway_settings *settings;

	skeleton = gateway__open();
	assert_non_null(skeleton);
	settings = (struct gateway_settings *)&skeleton->rodata->settings;
	settings->key = key;
	settings->infrastructure = prefix_of(INFRASTRUCTURE, INFRASTRUCTURE_BITS);
	settings->route = address_of(ROUTE_SID);
	settings->site = address_of(SITE_SID);
	settings->cookie = cookie_keys;
	settings->vip_prefixes = 1;
	settings->fingerprint = FINGERPRINT;
	settings->who_has = whohas_key;
	settings->pins = pins.settings;
	settings->trace.one_in = tracing;
	settings->rows = ROWS_MIN;
	settings->services = SERVICES_MIN;
	settings->pins.jiffy_ns = clock_jiffy_ns();
	assert_int_equal(bpf_map__set_value_size(skeleton->maps.pin_buckets,
						 sizeof(*pins.buckets) << pins.settings.bucket_bits),
			 0);
	assert_int_equal(gateway__load(skeleton), 0);
	assert_int_equal(
		clock_ahead(bpf_program__fd(skeleton->progs.pins_clock), &pins.ahead_ns), 0);
	pins.buckets = table_memory(bpf_map__fd(skeleton->maps.pin_buckets));
	recents = table_memory(bpf_map__fd(skeleton->maps.recents));
	world_vips(bpf_map__fd(skeleton->maps.vips), bpf_map__fd(skeleton->maps.vip_prefixes),
		   bpf_map__fd(skeleton->maps.intervals));
	return 0;
}

static int gateway_begin(void **state)
{
	subject = (struct subject){
		.program = bpf_program__fd(skeleton->progs.gateway),
		.counters = bpf_map__fd(skeleton->maps.counters),
		.verdicts = verdicts,
		.verdicts_end = GATEWAY_VERDICTS_END,
		.send_action = XDP_TX,
	};
	for (int service = 0; service < SERVICES; service++) {
		given_candidates(service, service == PLAIN ? 4 : 1);
		given_members(service, 1, 2, 3, 4);
	}
	memset(pins.buckets, 0, sizeof(*pins.buckets) << pins.settings.bucket_bits);
	memset(gateway_recents(), 0, sizeof(__u64) << RECENT_BITS);
	put_stages();
	put_site();
	for (int backend = 1; backend <= BACKENDS; backend++)
		put_backend(backend, NEXT_HOP << 8 | 1, 0);
	put_routers();
	given_router(ROUTER_SELF);
	given_next_hop(&(struct next_hop){});
	return 0;
}

static int gateway_unload(void **state)
{
	gateway__destroy(skeleton);
	return 0;
}

int gateway_tests(const struct CMUnitTest *tests, size_t count)
{
	return world_run("gateway", tests, count, gateway_load, gateway_begin, gateway_unload);
}
