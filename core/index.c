/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/index.h"

#include <errno.h>
#include <stdlib.h>

#define PLACES_MIN 64

struct place {
	uint64_t identity; /* 0: free */
	uint32_t number;
};

struct index {
	struct place *places;
	size_t n, size; /* a power of two */
};

struct index *index_new(void)
{
	struct index *index = calloc(1, sizeof(*index));

	if (!index)
		return NULL;
	index->size = PLACES_MIN;
	index->places = calloc(index->size, sizeof(*index->places));
	return index->places ? index : index_free(index);
}

struct index *index_free(struct index *index)
{
	if (!index)
		return NULL;
	free(index->places);
	free(index);
	return NULL;
}

static size_t home_of(const struct index *index, uint64_t identity)
{
	return (identity ^ identity >> 32) & (index->size - 1);
}

/* Where it stands, or would. */
static size_t place_of(const struct index *index, uint64_t identity)
{
	size_t at = home_of(index, identity);

	while (index->places[at].identity && index->places[at].identity != identity)
		at = (at + 1) & (index->size - 1);
	return at;
}

static int grow(struct index *index)
{
	struct index larger = {.size = 2 * index->size,
			       .places = calloc(2 * index->size, sizeof(*larger.places))};

	if (!larger.places)
		return -ENOMEM;
	for (size_t i = 0; i < index->size; i++)
		if (index->places[i].identity)
			larger.places[place_of(&larger, index->places[i].identity)] =
				index->places[i];
	free(index->places);
	index->places = larger.places;
	index->size = larger.size;
	return 0;
}

int index_put(struct index *index, uint64_t identity, uint32_t number)
{
	struct place *place = &index->places[place_of(index, identity)];

	if (!place->identity && 2 * (index->n + 1) > index->size) {
		if (grow(index) < 0)
			return -ENOMEM;
		place = &index->places[place_of(index, identity)];
	}
	index->n += !place->identity;
	*place = (struct place){identity, number};
	return 0;
}

/* Those behind it that could not stand nearer to their home move up. */
void index_remove(struct index *index, uint64_t identity)
{
	size_t mask = index->size - 1, gap = place_of(index, identity);

	if (!index->places[gap].identity)
		return;
	index->n--;
	for (size_t at = (gap + 1) & mask; index->places[at].identity; at = (at + 1) & mask) {
		size_t home = home_of(index, index->places[at].identity);

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			index->places[gap] = index->places[at];
			gap = at;
		}
	}
	index->places[gap] = (struct place){};
}

uint32_t index_get(const struct index *index, uint64_t identity)
{
	return index && identity ? index->places[place_of(index, identity)].number : 0;
}
