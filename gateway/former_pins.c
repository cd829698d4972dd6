/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/former_pins.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "gateway/former_map.h"

#define BUCKETS "pin_buckets"

struct former_pins {
	struct former_map buckets;
	struct pin_table table;
};

static int set_aside(const struct pins *pins, struct former_pins *former)
{
	uint32_t bits = former->table.settings.bucket_bits;
	int r = former_map_begin(pins, BUCKETS, sizeof(struct pin_bucket) << bits, &former->buckets);

	former->table.buckets = (struct pin_bucket *)former->buckets.memory;
	return r;
}

int former_pins_begin(const struct pins *pins, uint32_t bucket_bits, struct former_pins **ret)
{
	ssize_t size = pins_map_size(pins, BUCKETS);
	struct former_pins *former;
	int r;

	*ret = NULL;
	if (size == -ENOENT || size == (ssize_t)sizeof(struct pin_bucket) << bucket_bits)
		return 0;
	if (size < 0)
		return size;
	former = calloc(1, sizeof(*former));
	if (!former)
		return -ENOMEM;
	former->table.settings.bucket_bits = __builtin_ctzl(size / sizeof(struct pin_bucket));
	r = set_aside(pins, former);
	if (r < 0) {
		former_pins_end(former, true);
		return r;
	}
	*ret = former;
	return 0;
}

void former_pins_copy(const struct former_pins *former, const struct pin_table *to)
{
	size_t copied = pin_table_copy(&former->table, to);

	log_info("%zu pins taken over from a table for %u to one for %u", copied,
		 pin_table_capacity(former->table.settings.bucket_bits),
		 pin_table_capacity(to->settings.bucket_bits));
}

struct former_pins *former_pins_end(struct former_pins *former, bool failed)
{
	if (!former)
		return NULL;
	former_map_end(&former->buckets, failed);
	free(former);
	return NULL;
}
