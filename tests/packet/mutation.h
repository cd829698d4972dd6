/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Any packet: frames that are right, changed at random, the same ones in each run. What is asked of a program is
 * what subject_run asks of every packet: it ends in exactly one verdict, and does what that verdict says. And where
 * a packet comes, a packet leaves: a lie in the outermost header may be handed on.
 */
#pragma once

#include "tests/packet/packets.h"

#define MUTATIONS 250 /* of each frame that is right */

/* Number `number` of the frame's mutations. */
struct frame mutation_of(const struct frame *frame, unsigned int number);

/* Is what its Ethernet type says there, with a length that the frame has? */
bool is_packet(const struct frame *frame);

/* Before a test fails: what it was about. */
void mutation_print(const char *name, size_t which, unsigned int number, const struct frame *frame);
