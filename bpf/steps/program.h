/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every BPF program of ours includes first, and the words that all steps use. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define step static __always_inline

/* Which of a node's two SIDs a packet takes: the index of destination.sids. */
enum family {
	FAMILY_V4,
	FAMILY_V6,
};

/*
 * A number of which the compiler knows nothing. So it has one register, and a bound that is checked is the bound
 * of what is used; and what is true of some packets only is not written down for all of them.
 */
step __u32 opaque(__u32 number)
{
	asm volatile("" : "+r"(number));
	return number;
}

/*
 * A number that becomes an index, and is no more than `most`, a power of two less one. Kernels before 6.10 take
 * the OR, XOR or product of two numbers, and one whose bytes were swapped, for any number; the compiler
 * knows better and would leave the mask out.
 */
step __u32 bounded(__u32 number, __u32 most)
{
	return opaque(number) & most;
}
