/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bpf/direct.h"

#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* An array of one entry that is memory to the daemon too: no other map of ours is one. */
static bool is_table(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.max_entries == 1 && info.map_flags & BPF_F_MMAPABLE;
}

static bool is_wide(const struct bpf_insn *instruction)
{
	return instruction->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* The program is libbpf's own copy, which is about to be loaded: no instruction comes or goes. */
static int reach_directly(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	struct bpf_insn *at = (struct bpf_insn *)bpf_program__insns(program);
	const struct bpf_insn *end = at + bpf_program__insn_cnt(program);

	for (; at < end; at += is_wide(at) ? 2 : 1)
		if (is_wide(at) && at->src_reg == BPF_PSEUDO_MAP_FD && is_table(at->imm)) {
			at->src_reg = BPF_PSEUDO_MAP_VALUE;
			at[1].imm = 0; /* where in the entry */
		}
	return 0;
}

/* As libbpf has them, but for the handler. */
static const struct {
	const char *section;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
} kinds[] = {
	{"xdp", BPF_PROG_TYPE_XDP, BPF_XDP},
	{"tc", BPF_PROG_TYPE_SCHED_CLS, 0},
	{"sockops", BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS},
};

int direct_tables(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = reach_directly);
	static size_t registered;

	for (; registered < sizeof(kinds) / sizeof(kinds[0]); registered++) {
		int r = libbpf_register_prog_handler(kinds[registered].section,
						     kinds[registered].type,
						     kinds[registered].attach, &options);

		if (r < 0)
			return r;
	}
	return 0;
}
