/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "tests/packet/run.h"
#include "bpf/direct.h"
#include "tests/packet/world.h"

int families[2] = {V4, V6};

struct prefix prefix_of(const char *text, int bits)
{
	struct prefix prefix = {.base = address_of(text)};

	for (int bit = 0; bit < bits; bit++)
		prefix.mask.bytes[bit / 8] |= 0x80 >> bit % 8;
	return prefix;
}

struct flow flow_of(int v, int protocol, int vip_port)
{
	struct flow flow = {
		.client = address_of(CLIENT(v)),
		.vip = address_of(VIP(v)),
		.client_port = htons(CLIENT_PORT),
		.vip_port = htons(vip_port),
		.protocol = protocol,
	};

	return flow;
}

__u32 kernel_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct siphash_key whohas_key = {{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL}};

struct whohas whohas_sealed(const char *from, const char *to, struct whohas message)
{
	struct whohas_sealed sealed = {address_of(from), address_of(to), message};

	sealed.message.magic = WHOHAS_MAGIC;
	sealed.message.tag = whohas_tag(&sealed, &whohas_key);
	return sealed.message;
}

#define PORTS(protocol, low, high, number)                                                         \
	{                                                                                          \
		.first = (protocol) << 16 | (low), .last = (protocol) << 16 | (high),              \
		.service = (number)                                                                \
	}

#define PORTS_WITH(protocol, low, high, number, with)                                              \
	{                                                                                          \
		.first = (protocol) << 16 | (low), .last = (protocol) << 16 | (high),              \
		.service = (number), .flags = (with)                                               \
	}

/* Sorted, as the programs' search wants them. */
static const struct interval offered[] = {
	PORTS(IPPROTO_TCP, 80, 80, WEB),      PORTS(IPPROTO_TCP, 443, 443, PLAIN),
	PORTS_WITH(IPPROTO_TCP, 8000, 8100, MANY, SERVICE_COOKIE),
	PORTS_WITH(IPPROTO_TCP, 9000, 9000, BACK, SERVICE_COOKIE | SERVICE_RETURN),
	PORTS(IPPROTO_UDP, 53, 53, NAMES),
	PORTS_WITH(IPPROTO_UDP, 500, 500, BACK_NAMES, SERVICE_RETURN),
	PORTS(IPPROTO_UDP, 1024, 65535, ANY),
};

#define OFFERED (sizeof(offered) / sizeof(offered[0]))
#define OFFERED_FIRST 100 /* where the list begins in the map */
#define OFFERED_LIST ((__u64)OFFERED_FIRST << 16 | OFFERED)

#define TABLES_MAX 64

void *table_memory(int map)
{
	static struct {
		__u32 id; /* the same map has other descriptors, and a descriptor other maps */
		void *memory;
	} tables[TABLES_MAX];
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int i = 0;

	assert_int_equal(bpf_obj_get_info_by_fd(map, &info, &size), 0);
	while (tables[i].memory && tables[i].id != info.id)
		assert_true(++i < TABLES_MAX);
	if (!tables[i].memory) {
		tables[i].id = info.id;
		tables[i].memory = mmap(NULL, info.value_size, PROT_READ | PROT_WRITE, MAP_SHARED,
					map, 0);
		assert_ptr_not_equal(tables[i].memory, MAP_FAILED);
	}
	return tables[i].memory;
}

static void put_vip(int vips, const char *text)
{
	struct vip_slot slot = {.address = address_of(text), .intervals = OFFERED_LIST};
	struct vip_slot *at = (struct vip_slot *)table_memory(vips) + vip_slot_of(&slot.address);

	assert_true(!at->intervals || address_equal(&at->address, &slot.address));
	for (__u32 i = 0; i < VIP_INTERVALS; i++)
		slot.near[i] = vip_interval_of(&offered[i]);
	*at = slot;
}

static void put_vip_prefix(int vip_prefixes, const char *text, int bits)
{
	struct vip_prefix_key key = {.bits = bits, .address = address_of(text)};
	__u64 list = OFFERED_LIST;

	assert_int_equal(bpf_map_update_elem(vip_prefixes, &key, &list, BPF_ANY), 0);
}

void world_vips(int vips, int vip_prefixes, int intervals)
{
	memcpy((struct interval *)table_memory(intervals) + OFFERED_FIRST, offered, sizeof(offered));
	put_vip(vips, VIP(V4));
	put_vip(vips, VIP(V6));
	put_vip_prefix(vip_prefixes, "198.51.100.0", 96 + 28);
	put_vip_prefix(vip_prefixes, "2001:db8:f::", 48);
}

#define TESTS_MAX 128

int world_run(const char *group, const struct CMUnitTest *tests, size_t count, int (*load)(void **),
	      int (*begin)(void **), int (*unload)(void **))
{
	static struct CMUnitTest begun[TESTS_MAX];

	if (!tests_possible())
		return 0;
	if (direct_tables() < 0)
		return 1;
	if (count > TESTS_MAX)
		return 1;
	memcpy(begun, tests, count * sizeof(*tests));
	for (size_t i = 0; i < count; i++)
		begun[i].setup_func = begin;
	return _cmocka_run_group_tests(group, begun, count, load, unload);
}
