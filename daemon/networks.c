/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/networks.h"

#include <errno.h>

static struct vip_prefix_key key_of(const struct network *network)
{
	return (struct vip_prefix_key){.bits = network->length, .address = network->address};
}

static bool planned(const struct plan *plan, const struct vip_prefix_key *key)
{
	struct network network = {.address = key->address, .length = key->bits};

	for (size_t i = 0; i < plan->n_vips; i++)
		if (network_compare(&plan->vips[i].network, &network) == 0)
			return true;
	return false;
}

static int remove_others(const struct bpf_map *trie, const struct plan *plan)
{
	struct vip_prefix_key key, next;
	const void *before = NULL;
	int r;

	/* The key after a deleted one cannot be asked for, so the walk starts again behind each. */
	while (bpf_map__get_next_key(trie, before, &next, sizeof(next)) == 0) {
		key = next;
		before = &key;
		if (planned(plan, &key))
			continue;
		r = bpf_map__delete_elem(trie, &key, sizeof(key), 0);
		if (r < 0)
			return r;
		before = NULL;
	}
	return 0;
}

int networks_put(const struct bpf_map *trie, const struct plan *plan, const uint64_t *words)
{
	for (size_t i = 0; i < plan->n_vips; i++) {
		struct vip_prefix_key key = key_of(&plan->vips[i].network);
		int r;

		if (key.bits == 128)
			continue;
		r = bpf_map__update_elem(trie, &key, sizeof(key), &words[i], sizeof(words[i]),
					 BPF_ANY);
		if (r < 0)
			return r;
	}
	return remove_others(trie, plan);
}

uint64_t networks_find(const struct bpf_map *trie, const union address *address)
{
	struct vip_prefix_key key = {.bits = 128, .address = *address};
	uint64_t word = 0;

	if (bpf_map__lookup_elem(trie, &key, sizeof(key), &word, sizeof(word), 0) < 0)
		return 0;
	return word;
}
