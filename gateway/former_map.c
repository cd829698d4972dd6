/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/former_map.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/cleanup.h"

int former_map_begin(const struct pins *pins, const char *name, size_t size, struct former_map *ret)
{
	_cleanup_close_ int fd = -1;
	void *memory;
	int r = pins_set_aside(pins, name);

	if (r < 0)
		return r;
	*ret = (struct former_map){.pins = pins, .name = name, .size = size};
	fd = pins_open_aside(pins, name);
	if (fd < 0)
		return fd;
	memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	ret->memory = memory;
	return 0;
}

void former_map_end(struct former_map *map, bool failed)
{
	if (map->memory)
		munmap((void *)map->memory, map->size);
	if (map->name && failed)
		pins_put_back(map->pins, map->name);
	else if (map->name)
		pins_end_aside(map->pins, map->name);
	*map = (struct former_map){};
}
