/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pin table of another size that the program before this one works with. Its maps are set aside, the
 * new program gets new ones, and the pins are copied twice: before the new program is attached, so that
 * it finds them, and afterwards, for those that were made in between.
 */
#pragma once

#include "core/pin_table.h"
#include "daemon/pins.h"

struct former_pins;

/*
 * After a daemon that was killed with the table set aside: puts that one back, with the pins that the new one has
 * besides, which a program that was attached already has made. 0; -ENOENT: none is set aside.
 */
int former_pins_recover(const struct pins *pins);

/* Sets the pinned table aside if it is of another size. 0: *ret is NULL if there is none, or it fits. */
int former_pins_begin(const struct pins *pins, uint32_t bucket_bits, struct former_pins **ret);

/* Copies to the new table what that does not have. */
void former_pins_copy(const struct former_pins *former, const struct pin_table *to);

/* The new one has taken its place; or, `failed`, it has not, and the former one is pinned as before. */
struct former_pins *former_pins_end(struct former_pins *former, bool failed);
