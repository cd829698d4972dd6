/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One service's rows: how long they take, how even they are, and what moves when somebody leaves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bench/tables.h"
#include "core/maglev.h"
#include "wire/maps.h"

#define KEY 0xc0ac29b7c97c50ddULL
#define ROUNDS 31
#define ROUNDS_QUICK 9
#define MARK_BACKENDS 1000
#define MARK_MS 10

/* As many slots as their number asks for, or Maglev's own; the last one is nobody's but the paper's. */
static const struct {
	uint32_t backends, slots;
	bool weighted;
} cases[] = {
	{10, 0, false},	  {64, 0, false},    {100, 0, false},
	{655, 65537, false}, {1000, 0, false}, {1000, 0, true},
};

struct rows_case {
	uint32_t n, size;
	struct maglev_entry *entries;
	uint16_t *before, *after;
};

static void rows_case_clear(struct rows_case *this)
{
	free(this->entries);
	free(this->before);
	free(this->after);
}

static double percent(uint32_t part, uint32_t whole)
{
	return 100.0 * part / whole;
}

static struct spread time_rows(const struct rows_case *this, size_t rounds)
{
	double values[ROUNDS];

	for (size_t i = 0; i < rounds; i++) {
		double start = cpu_ms();

		maglev_fill(this->entries, this->n, this->before, this->size);
		values[i] = cpu_ms() - start;
	}
	return spread_of(values, rounds);
}

/* The slots of who has the most, by those that its weight asks for. */
static double unevenness(const struct rows_case *this)
{
	uint32_t counts[UINT16_MAX + 1] = {};
	double weights = 0, most = 0;

	for (uint32_t i = 0; i < this->size; i++)
		counts[this->before[i]]++;
	for (uint32_t i = 0; i < this->n; i++)
		weights += this->entries[i].weight;
	for (uint32_t i = 0; i < this->n; i++) {
		double ideal = this->size * this->entries[i].weight / weights;

		if (counts[this->entries[i].value] / ideal > most)
			most = counts[this->entries[i].value] / ideal;
	}
	return most;
}

/* Slots that change when the first one leaves, and those that must: its own. */
static uint32_t moved_slots(const struct rows_case *this, uint32_t *ret_must)
{
	uint32_t moved = 0, must = 0, weight = this->entries[0].weight;

	this->entries[0].weight = 0;
	maglev_fill(this->entries, this->n, this->after, this->size);
	this->entries[0].weight = weight;
	for (uint32_t i = 0; i < this->size; i++) {
		must += this->before[i] == this->entries[0].value;
		moved += this->before[i] != this->after[i];
	}
	*ret_must = must;
	return moved;
}

static int rows_case_fill(struct rows_case *this, uint32_t n, uint32_t slots, bool weighted)
{
	this->n = n;
	this->size = slots ? slots : maglev_size(n);
	this->entries = calloc(n, sizeof(*this->entries));
	this->before = calloc(this->size, sizeof(*this->before));
	this->after = calloc(this->size, sizeof(*this->after));
	if (!this->entries || !this->before || !this->after)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		this->entries[i] = (struct maglev_entry){.seed = maglev_seed(KEY, i + 1),
							 .weight = weighted ? 1 + i % 100 : 1,
							 .value = i + 1};
	return 0;
}

static void tell(const struct rows_case *this, bool weighted, struct spread ms, json_t *lines)
{
	uint32_t must, moved = moved_slots(this, &must);
	size_t bytes = this->size * (size_t)ROW_PLACE_BITS / 8 * ROW_BANKS;
	double most = unevenness(this);
	json_t *line = json_pack("{s:s s:i s:b s:i s:i s:f s:f s:f s:f s:f s:f}", "table", "rows",
				 "backends", (int)this->n, "weighted", weighted, "slots",
				 (int)this->size, "bytes", (int)bytes, "rebuild_ms", ms.median,
				 "rebuild_ms_low", ms.low, "rebuild_ms_high", ms.high, "most_to_ideal",
				 most, "moved_percent", percent(moved, this->size),
				 "moved_ideal_percent", percent(must, this->size));

	printf("%8u%s %8u %9.1f %8.2f %5.2f-%5.2f %9.3f %9.3f %9.3f", this->n,
	       weighted ? "*" : " ", this->size, bytes / 1024.0, ms.median, ms.low, ms.high, most,
	       percent(moved, this->size), percent(must, this->size));
	if (this->n == MARK_BACKENDS) {
		json_object_set_new(line, "mark_ms", json_integer(MARK_MS));
		json_object_set_new(line, "reached", json_boolean(ms.median < MARK_MS));
		printf("   mark %u ms: %s", MARK_MS, ms.median < MARK_MS ? "reached" : "MISSED");
	}
	puts("");
	json_array_append_new(lines, line);
}

int bench_rows(bool quick, json_t *lines)
{
	printf("\n%8s  %8s %9s %8s %11s %9s %9s %9s\n", "backends", "slots", "KiB", "ms",
	       "quartiles", "most", "moved, %", "ideal, %");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_(rows_case_clear) struct rows_case this = {};
		int r = rows_case_fill(&this, cases[i].backends, cases[i].slots, cases[i].weighted);

		if (r < 0)
			return r;
		tell(&this, cases[i].weighted, time_rows(&this, quick ? ROUNDS_QUICK : ROUNDS), lines);
	}
	puts("* weights of 1 to 100; `most`: slots of who has the most, to those that are due");
	return 0;
}
