/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/former_pins.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/log.h"

#define BUCKETS "pin_buckets"
#define SETS "pin_sets"

struct former_pins {
	const struct pins *pins;
	struct pin_table table;
};

static int map_aside(const struct pins *pins, const char *name, size_t size, void **ret)
{
	_cleanup_close_ int fd = pins_open_aside(pins, name);
	void *memory;

	if (fd < 0)
		return fd;
	memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*ret = memory;
	return 0;
}

static int set_aside(struct former_pins *former)
{
	uint32_t bits = former->table.settings.bucket_bits;
	int r = pins_set_aside(former->pins, BUCKETS);

	if (r == 0)
		r = pins_set_aside(former->pins, SETS);
	if (r == 0)
		r = map_aside(former->pins, BUCKETS, sizeof(struct pin_bucket) << bits,
			      (void **)&former->table.buckets);
	if (r == 0)
		r = map_aside(former->pins, SETS, sizeof(struct pin_set) << bits,
			      (void **)&former->table.sets);
	return r;
}

int former_pins_begin(const struct pins *pins, uint32_t bucket_bits, struct former_pins **ret)
{
	int entries = pins_map_entries(pins, SETS), r;
	struct former_pins *former;

	*ret = NULL;
	if (entries == -ENOENT || entries == 1 << bucket_bits)
		return 0;
	if (entries < 0)
		return entries;
	former = calloc(1, sizeof(*former));
	if (!former)
		return -ENOMEM;
	former->pins = pins;
	former->table.settings.bucket_bits = __builtin_ctz(entries);
	r = set_aside(former);
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
	static const char *const names[] = {BUCKETS, SETS};
	uint32_t bits;

	if (!former)
		return NULL;
	bits = former->table.settings.bucket_bits;
	if (former->table.buckets)
		munmap(former->table.buckets, sizeof(struct pin_bucket) << bits);
	if (former->table.sets)
		munmap(former->table.sets, sizeof(struct pin_set) << bits);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (failed)
			pins_put_back(former->pins, names[i]);
		else
			pins_end_aside(former->pins, names[i]);
	free(former);
	return NULL;
}
