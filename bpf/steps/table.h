/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables that a program reaches as if they were variables of its own: by an address in its code and an index,
 * where a look-up takes some ten instructions, a key on the stack and the wait for it. Each is an array map
 * of one entry, the whole table. daemon/direct.h makes the program's loads of the map loads of that entry's
 * address, which works where the index is bounded by what the verifier knows: a mask, or a size of the settings.
 *
 * No helper takes such a map.
 */
#pragma once

#include "bpf/steps/program.h"

/* A table of `count` entries (or as many as the daemon says before load), and NAME_at(index), the entry. */
#define TABLE(name, entry, count)                                                                  \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(map_flags, BPF_F_MMAPABLE);                                                 \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, sizeof(entry) * (count));                                       \
	} name SEC(".maps");                                                                       \
                                                                                                   \
	step entry *name##_at(__u64 index)                                                         \
	{                                                                                          \
		return (entry *)(void *)&name + index;                                             \
	}                                                                                          \
	_Static_assert((count) > 0, "")
