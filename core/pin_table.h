/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The daemon's side of the pin table (wire/pins.h), while programs use the same memory. Times are
 * CLOCK_MONOTONIC in ns, and the table knows how far its programs' clock is ahead; hashes are those of the flow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/pins.h"

/* 1 << settings.bucket_bits buckets. */
struct pin_table {
	struct pin_bucket *buckets;
	struct pin_settings settings;
	uint64_t ahead_ns;
};

/* How many pins a table of so many buckets holds, and how many buckets so many pins need. */
uint32_t pin_table_capacity(uint32_t bucket_bits);
uint32_t pin_table_bits(uint32_t pins);

/*
 * Pins the flow to the backend, whatever it was pinned to: for who knows it from the connection's holder.
 * 0; -EAGAIN: a program writes in that bucket just now.
 */
int pin_table_put(const struct pin_table *table, const struct flow *flow, uint32_t service,
		  uint64_t hash, uint64_t now_ns, uint16_t backend);

/* The backend that the flow is pinned to; 0: none. */
uint16_t pin_table_find(const struct pin_table *table, const struct flow *flow, uint32_t service,
			uint64_t hash, uint64_t now_ns);

/* Each pin that is to be honoured. What changes meanwhile is seen or not. */
typedef void (*pin_table_visit)(const struct pin *pin, uint32_t service, uint16_t backend,
				void *userdata);
void pin_table_walk(const struct pin_table *table, uint64_t now_ns, pin_table_visit visit,
		    void *userdata);

/* How many pins to be honoured there are, of all, and of a service and backend (some millions of pins are
 * walked for it). 0, or -ENOMEM. */
struct pin_counts;
int pin_counts_new(const struct pin_table *table, uint64_t now_ns, struct pin_counts **ret);
struct pin_counts *pin_counts_free(struct pin_counts *counts);
uint32_t pin_counts_all(const struct pin_counts *counts);
uint32_t pin_counts_of(const struct pin_counts *counts, uint32_t service, uint16_t backend);

/*
 * What `from` holds and `to`, which may be of another size, does not. A pin and its place tell enough of
 * the hash. Of pins that end meanwhile, or have ended, some may come along. Returns how many.
 */
size_t pin_table_copy(const struct pin_table *from, const struct pin_table *to);

/* Ends the pins of `n` buckets from `first` on that are honoured no more. Returns how many. */
size_t pin_table_sweep(const struct pin_table *table, uint32_t first, uint32_t n, uint64_t now_ns);

/*
 * After a daemon that was killed while it wrote: its locks are lifted, and what it had not finished is
 * cleared. Only for the one daemon that there is. Returns how many locks there were.
 */
size_t pin_table_recover(const struct pin_table *table);
