/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/former_map.h"

#include <sys/mman.h>

int former_map_begin(const struct pins *pins, const char *name, struct former_map *ret)
{
	int r = pins_set_aside(pins, name);

	if (r < 0)
		return r;
	*ret = (struct former_map){.pins = pins, .name = name};
	return pins_share_map(pins, name, true, &ret->size, &ret->memory);
}

void former_map_end(struct former_map *map, bool failed)
{
	if (map->memory)
		munmap(map->memory, map->size);
	if (map->name && failed)
		pins_put_back(map->pins, map->name);
	else if (map->name)
		pins_end_aside(map->pins, map->name);
	*map = (struct former_map){};
}
