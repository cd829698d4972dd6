/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does a TCP segment carry the timestamp option (RFC 7323, 3), and what does it echo? Nearly every stack writes it at one of
 * two places, recommended by RFC 7323 appendix A: behind two NOPs in a segment, behind MSS and
 * SACK-permitted in a SYN. Those are compared as words; anything else is walked.
 */
#pragma once

#include "bpf/steps/cursor.h"

#define TCP_OPTIONS_MAX 40
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define TCP_OPTION_TIMESTAMPS 8
#define TCP_OPTION_TIMESTAMPS_SIZE 10

#define NOP_NOP_TIMESTAMPS bpf_htonl(0x0101080a)      /* at 0                    */
#define SACK_PERMITTED_TIMESTAMPS bpf_htonl(0x0402080a) /* at 4, behind the MSS    */
#define MSS_HEAD bpf_htonl(0x02040000)
#define MSS_HEAD_MASK bpf_htonl(0xffff0000)

struct tcp_options {
	const __u8 *at;
	const __u8 *end; /* of the packet */
	__u32 size;
	__u32 offset;
	bool found;
	__be32 echo;
};

/* One option for each call: a loop over packet bytes with two possible bases exceeds the verifier. */
static long tcp_option_next(__u32 i, void *context)
{
	struct tcp_options *options = context;
	const __u8 *option;
	__u32 offset = options->offset;

	if (offset >= options->size || offset >= TCP_OPTIONS_MAX)
		return 1;
	option = options->at + offset;
	if ((const void *)option + 2 > (const void *)options->end || option[0] == TCP_OPTION_END)
		return 1;
	if (option[0] == TCP_OPTION_NOP) {
		options->offset++;
		return 0;
	}
	if (option[0] == TCP_OPTION_TIMESTAMPS) {
		if (option[1] != TCP_OPTION_TIMESTAMPS_SIZE ||
		    offset + TCP_OPTION_TIMESTAMPS_SIZE > options->size ||
		    (const void *)option + TCP_OPTION_TIMESTAMPS_SIZE > (const void *)options->end)
			return 1;
		__builtin_memcpy(&options->echo, option + 6, sizeof(options->echo));
		options->found = true;
		return 1;
	}
	if (option[1] < 2)
		return 1;
	options->offset += option[1];
	return 0;
}

/*
 * The usual places, in `size` bytes of options at `words`. False: they may be elsewhere. *ret_echo: TSecr,
 * but not of a SYN.
 */
step bool tcp_timestamps_usual(const __be32 *words, const void *end, __u32 size, __u32 *ret_echo)
{
	if (size < 12 || (const void *)(words + 3) > end)
		return false;
	if (words[0] == NOP_NOP_TIMESTAMPS) {
		*ret_echo = bpf_ntohl(words[2]);
		return true;
	}
	return size >= 16 && (words[0] & MSS_HEAD_MASK) == MSS_HEAD &&
	       words[1] == SACK_PERMITTED_TIMESTAMPS;
}

/* The cursor stands behind the fixed header; `size` bytes of options follow. */
step bool tcp_timestamps(struct cursor *cursor, __u32 size, __u32 *ret_echo)
{
	struct tcp_options options = {
		.at = cursor->at,
		.end = cursor->end,
		.size = size,
	};

	if (size < TCP_OPTION_TIMESTAMPS_SIZE)
		return false;
	if (tcp_timestamps_usual(cursor->at, cursor->end, size, ret_echo))
		return true;
	bpf_loop(TCP_OPTIONS_MAX, tcp_option_next, &options, 0);
	*ret_echo = bpf_ntohl(options.echo);
	return options.found;
}
