/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/former_pins.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/log.h"
#include "gateway/former_map.h"

#define BUCKETS "pin_buckets"

struct former_pins {
	struct former_map buckets;
	struct pin_table table;
};

static uint32_t bits_of(size_t size)
{
	return __builtin_ctzl(size / sizeof(struct pin_bucket));
}

static int set_aside(const struct pins *pins, struct former_pins *former)
{
	int r = former_map_begin(pins, BUCKETS, &former->buckets);

	former->table.buckets = former->buckets.memory;
	return r;
}

/* The table of those pinned now, or of those set aside; its memory is `ret_size` long. */
static int share_table(const struct pins *pins, bool aside, struct pin_table *ret, size_t *ret_size)
{
	void *memory;
	int r = pins_share_map(pins, BUCKETS, aside, ret_size, &memory);

	if (r < 0)
		return r;
	*ret = (struct pin_table){.buckets = memory, .settings.bucket_bits = bits_of(*ret_size)};
	pin_table_recover(ret);
	return 0;
}

static int copy_newer(const struct pins *pins, const struct pin_table *former)
{
	struct pin_table newer;
	size_t size;
	int r = share_table(pins, false, &newer, &size);

	if (r < 0)
		return r;
	pin_table_copy(&newer, former);
	munmap(newer.buckets, size);
	return 0;
}

int former_pins_recover(const struct pins *pins)
{
	struct pin_table former;
	size_t size;
	int r = share_table(pins, true, &former, &size);

	if (r < 0)
		return r;
	r = copy_newer(pins, &former);
	munmap(former.buckets, size);
	return r < 0 && r != -ENOENT ? r : pins_put_back(pins, BUCKETS);
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
	former->table.settings.bucket_bits = bits_of(size);
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
