/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs one packet through a loaded program (BPF_PROG_TEST_RUN) and finds its verdict: the counter
 * that rose. Every packet must raise exactly one counter, by one packet and its own length.
 */
#pragma once

#include <linux/bpf.h>

#include "tests/packet/packets.h"
#include "wire/maps.h"

#define VERDICTS_MAX 64

enum verdict_action {
	ACTION_NONE,
	ACTION_PASS,
	ACTION_DROP,
	ACTION_SEND,
};

/* One row of wire/verdicts.h. */
struct verdict_row {
	const char *name;
	enum verdict_action action;
};

#define VERDICT_ROW(prefix, symbol, text, what)                                                    \
	[prefix##_##symbol] = {.name = text, .action = ACTION_##what},

/* A loaded program under test. */
struct subject {
	int program;
	int counters;
	const struct verdict_row *verdicts;
	int verdicts_end;
	int send_action; /* what SEND is expected to be: XDP_TX or XDP_REDIRECT */
	__u32 metadata;	 /* bytes of XDP metadata, which narrow the headroom */
};

/* What a packet turns into, where it is no packet that could be written down. */
#define NOTHING ((struct frame){.size = 0})		  /* dropped */
#define UNCHANGED ((struct frame){.size = FRAME_MAX + 1}) /* the very packet that came */

/* A case: the packet `in` ends in `verdict` as `out`. Fails the test at file:line otherwise. */
void subject_check(const struct subject *subject, const struct frame *in, int verdict,
		   const struct frame *out, const char *file, int line);

/* The verdict alone; *ret_out is the packet as it left. */
int subject_run(const struct subject *subject, const struct frame *in, struct frame *ret_out,
		const char *file, int line);

/* Does this kernel run a program behind so much metadata? 6.1 takes 32 bytes at most. */
bool subject_takes_metadata(const struct subject *subject);

/* A program of Ethernet frames in sockets' buffers (tc): what comes out. */
struct frame buffer_run(int program, const struct frame *in, int action);

/*
 * Tests need CAP_BPF, CAP_NET_ADMIN and a new network namespace of their own. Without them says so,
 * as a skipped TAP plan, and returns false.
 */
bool tests_possible(void);
