/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows with random hashes are pinned one after the other, all of them alive, until so many were that
 * the table would be full to so much. Then each is looked for, as packets do.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "bench/tables.h"
#include "core/pin_table.h"
#include "wire/hash.h"

#define PINS_FULL 8000000
#define PINS_QUICK 1000000
#define MARK_BYTES 48 /* for each living pin, at MARK_PERCENT */
#define MARK_PERCENT 90
#define SERVICE 1
#define BACKENDS 1000
#define FLOWS_A_SECOND 20000
#define TIMEOUT_TICKS 36000

static const unsigned int percents[] = {50, 80, 90, 95, 100};

static const struct hash_key key = {
	.words = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0x082efa98,
		  0xec4e6c89, 0x452821e6, 0x38d01377},
	.finish = 0xbe5466cf34e90c6cULL,
};

struct fill {
	uint32_t flows, found, words_99;
	double find_ns; /* for each, in no order that caches know */
};

static struct flow flow_number(uint32_t i)
{
	return (struct flow){
		.client.groups = {WIRE_BE16(0x2001), WIRE_BE16(0xdb8), 0, 0, 0, 0,
				  WIRE_BE16(i >> 16), WIRE_BE16(i & 0xffff)},
		.vip.groups = {WIRE_BE16(0x2001), WIRE_BE16(0xdb8), WIRE_BE16(1)},
		.client_port = WIRE_BE16(1024 + i % 60000),
		.vip_port = WIRE_BE16(443),
		.protocol = IPPROTO_TCP,
	};
}

static uint64_t time_of(uint32_t flow)
{
	return flow * (1000000000ULL / FLOWS_A_SECOND);
}

static int put(const struct pin_table *table, uint32_t i)
{
	struct flow flow = flow_number(i);

	return pin_table_put(table, &flow, SERVICE, flow_hash(&flow, &key), time_of(i),
			     1 + i % BACKENDS);
}

/* How many words of its bucket were looked at until the flow's pin was found; 0: it is not there. */
static uint32_t words_to(const struct pin_table *table, uint32_t i, uint32_t now)
{
	struct flow flow = flow_number(i);
	uint64_t hash = flow_hash(&flow, &key);
	struct pin_seek seek = pin_seek_of(&flow, SERVICE, hash, pin_ticks(time_of(now)));
	uint32_t bucket = pin_bucket_of(hash, table->settings.bucket_bits), slot;
	__u64 state;

	seek.bucket = &table->buckets[bucket];
	slot = pin_search(&seek, &state);
	if (slot == PIN_WAYS || !pin_lives(state, seek.now, &table->settings))
		return 0;
	return (slot / PIN_WORD_LANES + PIN_WORDS - pin_home(seek.tag)) % PIN_WORDS + 1;
}

static struct fill look_for_all(const struct pin_table *table, uint32_t flows)
{
	struct fill fill = {.flows = flows};
	uint32_t counts[PIN_WORDS + 1] = {}, seen = 0;
	double start = cpu_ms();

	for (uint32_t i = 0; i < flows; i++)
		counts[words_to(table, i, flows)]++;
	fill.find_ns = (cpu_ms() - start) * 1e6 / flows;
	fill.found = flows - counts[0];
	while (seen < fill.found - fill.found / 100)
		seen += counts[++fill.words_99];
	return fill;
}

static void tell(const struct pin_table *table, unsigned int percent, const struct fill *fill,
		 json_t *lines)
{
	uint32_t bits = table->settings.bucket_bits;
	double bytes = (double)sizeof(struct pin_bucket) *
		       (1U << bits) / fill->found;
	double early = 100.0 * (fill->flows - fill->found) / fill->flows;
	json_t *line = json_pack("{s:s s:i s:i s:i s:f s:i s:f s:f}", "table", "pins", "places",
				 (int)pin_table_capacity(bits), "full_percent", percent, "living",
				 (int)fill->found, "bytes_per_pin", bytes, "probes_p99",
				 (int)fill->words_99, "early_evictions_percent", early, "find_ns",
				 fill->find_ns);

	printf("%9u %6u %% %10u %9.1f %10u %12.3f %9.0f", pin_table_capacity(bits), percent,
	       fill->found, bytes, fill->words_99, early, fill->find_ns);
	if (percent == MARK_PERCENT) {
		json_object_set_new(line, "mark_bytes", json_integer(MARK_BYTES));
		json_object_set_new(line, "reached", json_boolean(bytes <= MARK_BYTES));
		printf("   mark %u: %s", MARK_BYTES, bytes <= MARK_BYTES ? "reached" : "MISSED");
	}
	puts("");
	json_array_append_new(lines, line);
}

static void *memory(size_t size)
{
	void *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return place == MAP_FAILED ? NULL : place;
}

int bench_pins(bool quick, json_t *lines)
{
	uint32_t bits = pin_table_bits(quick ? PINS_QUICK : PINS_FULL), flows = 0;
	size_t buckets = sizeof(struct pin_bucket) << bits;
	struct pin_table table = {
		.buckets = memory(buckets),
		.settings = {.bucket_bits = bits, .timeouts = {[PIN_ESTABLISHED] = TIMEOUT_TICKS}},
	};

	if (!table.buckets)
		return -ENOMEM;
	printf("%9s %8s %10s %9s %10s %12s %9s\n", "places", "full", "living", "B a pin",
	       "probes 99%", "early, %", "find, ns");
	for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
		uint32_t until = (uint64_t)pin_table_capacity(bits) * percents[i] / 100;
		struct fill fill;

		while (flows < until)
			put(&table, flows++);
		fill = look_for_all(&table, flows);
		tell(&table, percents[i], &fill, lines);
	}
	munmap(table.buckets, buckets);
	return 0;
}
