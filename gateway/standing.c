/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/standing.h"

#include <errno.h>
#include <sys/mman.h>

#include "core/index.h"
#include "core/room.h"

/* One map of those pinned. */
struct region {
	void *memory;
	size_t size;
};

static void region_clear(struct region *region)
{
	if (region->memory)
		munmap(region->memory, region->size);
}

/* Of one layout, all are at least as large as this build reads them. */
static int region_read(const struct pins *pins, const char *name, size_t least, struct region *ret)
{
	int r = pins_share_map(pins, name, false, &ret->size, &ret->memory);

	return r == 0 && ret->size < least ? -EPROTO : r;
}

static int count_numbers(const struct pins *pins, uint32_t *ret)
{
	ssize_t size = pins_map_size(pins, "members");

	if (size < 0)
		return size;
	*ret = size / (MEMBER_WORDS * sizeof(uint64_t));
	return 0;
}

static int sizes_beside(struct tables *tables, const struct plan *plan, struct plan_sizes *ret)
{
	int r = tables_number(tables);

	if (r == 0)
		*ret = room_sizes(tables, plan);
	index_free(tables->numbers);
	return r;
}

int standing_sizes(const struct pins *pins, const struct plan *plan, struct plan_sizes *ret)
{
	_cleanup_(region_clear) struct region services = {}, site = {};
	struct tables tables = {};
	int r = region_read(pins, "services", SERVICES_MAX * sizeof(*tables.services), &services);

	if (r == 0)
		r = region_read(pins, "site", sizeof(*tables.site), &site);
	if (r == 0)
		r = count_numbers(pins, &tables.n_services);
	if (r == -ENOENT) {
		*ret = plan_sizes(plan);
		return 0;
	}
	if (r < 0)
		return r;
	tables.services = services.memory;
	tables.site = site.memory;
	return sizes_beside(&tables, plan, ret);
}
